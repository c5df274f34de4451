"""`Bars`: how far a long job is; bars when stderr is a terminal, lines with -v when it is not.

Leaves out what the stages are: the job names them.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bars:
    """Takes what a job reports of itself, and shows it; a context manager that cleans up after itself."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Begin to draw, if there is somebody to see it."""
        if sys.stderr.isatty() and not self._terminal.quiet:
            self._progress = _drawn()
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the bars, also after an error."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a stage of `total` steps; None = unknown."""
        if self._progress is None:
            return self._terminal.say(text, verbosity=1)
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=total)

    def advance(self, steps: int = 1) -> None:
        """Count `steps` of the stage as done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)

    def warn(self, text: str) -> None:
        """Say what the user should know, above the bars."""
        self._terminal.warn(text)


def _drawn() -> Progress:
    """Return bars on stderr that vanish at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
