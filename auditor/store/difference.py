"""`Difference`: something in an evidence file that is not as it was sealed, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What differs.

    Attributes
    ----------
    table : the table. row : place of the row among those of its run, from 0; None = the table as a whole.
    about : what the row is about, in words; "" = nothing to say. problem : what is wrong with it.
    """

    table: str
    row: int | None
    about: str
    problem: str

    def __str__(self) -> str:
        """The difference as one line that begins with the table."""
        place = "" if self.row is None else f" row {self.row}"
        return f"{self.table}{place}{f' ({self.about})' if self.about else ''}: {self.problem}"
