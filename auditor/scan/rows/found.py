"""`RowsFound`: everything that rows say; what a scan takes over from here."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.scan.finding import Finding
from auditor.scan.result import FileRead, Generator


@dataclass(frozen=True)
class Licence:
    """A licence that rows name, as it stands there. field : the column."""

    value: str
    field: str
    rows: int


@dataclass(frozen=True)
class Days:
    """The first and last day that rows carry, ISO 8601; `generated` : of rows that name a generator alone."""

    field: str
    first: str
    last: str
    generated: bool


@dataclass(frozen=True)
class RowsFound:
    """What rows say.

    Attributes
    ----------
    generators : by model and the set it came through; a row that names two counts for both, and a row of a
        set by several models for each of them, and rows that are near copies of a known set once more for its
        models, so shares may add up to more than 1.
    human : id of a known human set -> rows. unknown : rows with nothing that tells who wrote them.
    rows : looked at. days : None = no such field. notes : what could not be told, in words.
    """

    findings: tuple[Finding, ...]
    generators: tuple[Generator, ...]
    human: dict[str, int]
    unknown: int
    licences: tuple[Licence, ...]
    files: tuple[FileRead, ...]
    rows: int
    days: Days | None
    notes: tuple[str, ...]
