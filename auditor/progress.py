"""`Progress`: what a job tells of itself while it runs, and `Silent`, for nobody.

Leaves out how it is shown (`auditor/cli/progress.py`).
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What the job tells while it runs."""

    def stage(self, text: str, total: int | None = None, unit: str = "") -> None:
        """Begin a stage of `total` steps; None = unknown.

        `unit` : what is counted ("answers"), for a stage that waits for others: then rate and time left are
        shown; "" = they are not.
        """

    def advance(self, steps: int = 1) -> None:
        """Count steps of it as done."""

    def warn(self, text: str) -> None:
        """Say what the user should know but which stops nothing."""


class Silent:
    """Progress for nobody."""

    def stage(self, text: str, total: int | None = None, unit: str = "") -> None:
        """Ignore."""

    def advance(self, steps: int = 1) -> None:
        """Ignore."""

    def warn(self, text: str) -> None:
        """Ignore."""
