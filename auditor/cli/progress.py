"""`Bars`: how far a long job is; bars when stderr is a terminal, lines when it is not.

Of a stage that says what it counts, it shows rate and time left, and off a terminal a line now and then; of
other stages a line with -v. Leaves out what the stages are: the job names them.
"""

from __future__ import annotations

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY = 15.0  # seconds


class Bars:
    """Takes what a job reports of itself, and shows it; a context manager that cleans up after itself."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._total: int | None = None
        self._unit = ""
        self._done = 0
        self._started = self._said = monotonic()

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

    def stage(self, text: str, total: int | None = None, unit: str = "") -> None:
        """Begin a stage of `total` steps, None = unknown; with a `unit`, rate and time left are shown."""
        self._total, self._unit, self._done = total, unit, 0
        self._started = self._said = monotonic()
        if self._progress is None:
            return self._terminal.say(text, verbosity=1)
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=total, pace="")

    def advance(self, steps: int = 1) -> None:
        """Count `steps` of the stage as done."""
        self._done += steps
        now = monotonic()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=steps, pace=self._pace(now))
        elif self._unit and now - self._said >= LINE_EVERY:
            self._said = now
            whole = "" if self._total is None else f" of {self._total}"
            self._terminal.say(
                ", ".join(filter(None, [f"{self._done}{whole} {self._unit}", self._pace(now)]))
            )

    def warn(self, text: str) -> None:
        """Say what the user should know, above the bars."""
        self._terminal.warn(text)

    def _pace(self, now: float) -> str:
        """Steps a second since the stage began, and the time left at that."""
        rate = self._done / max(now - self._started, 1e-9)
        if not self._unit or not self._done:
            return ""
        if self._total is None:
            return f"{rate:.1f}/s"
        return f"{rate:.1f}/s, {duration((self._total - self._done) / rate)} left"


def duration(seconds: float) -> str:
    """Write a time as people do: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _drawn() -> Progress:
    """Return bars on stderr that vanish at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
