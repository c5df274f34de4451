"""`check`: whether the top-level package `detectors` is ours, or another project overwrote it.

PyPI has a project that installs a package of the same name; installed after this one, it silently
replaces our files. Reads one small file and imports nothing. Leaves out repairing the environment.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from auditor.errors import AuditError

_NAME = "detectors"
_MARK = 'DISTRIBUTION = "distill-audit"'


def check() -> None:
    """Raise AuditError with the way out when `detectors` is missing or somebody else's."""
    spec = find_spec(_NAME)
    if spec is not None and _MARK in _source(spec):
        return
    where = f"the one at {spec.origin} is another project's" if spec and spec.origin else "none was found"
    raise AuditError(
        f"distill-audit needs its own package {_NAME!r}, but {where}. Another project on PyPI installs a "
        "package of that name and overwrites ours. Install distill-audit by itself with "
        "'uv tool install distill-audit' or 'pipx install distill-audit', or in a fresh environment."
    )


def _source(spec: ModuleSpec) -> str:
    """Read the package's own `__init__` without running it: a stranger's may load torch."""
    get_source = getattr(spec.loader, "get_source", None)
    try:
        return get_source(_NAME) or "" if get_source else ""
    except (ImportError, OSError):
        return ""
