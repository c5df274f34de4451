"""Judge whether a student language model was distilled from a teacher, and keep the evidence.

Leaves out the measurements themselves (`detectors`). Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Look the version up only when somebody asks for it: reading metadata takes milliseconds."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("distill-audit")
        except PackageNotFoundError:
            return "0+not.installed"
