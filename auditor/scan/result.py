"""`ScanReport`: everything a scan found and answers; what every format of the report is written from.

Leaves out how it comes about (`run.py`), and how it looks (`auditor/reports/scan*.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.scan.answer import Answer
from auditor.scan.finding import Finding


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file: what it was taken for, and whether it was read.

    Attributes
    ----------
    kind : "card", "metadata", "licence", "data" or "other". format : "jsonl", "parquet", ...; "" = none.
    size : bytes on disk. rows : records that were read; None = not a data file. whole : nothing was left out.
    status : "read", "sampled", "unreadable" or "left out". why : where it was not read whole.
    """

    path: str
    kind: str
    format: str
    size: int
    rows: int | None
    whole: bool
    status: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """One licence as it is declared: where, how, and what it was taken for.

    Attributes
    ----------
    text : as it stands there. licence : SPDX expression, with LicenseRefs; "" = not known.
    place : "card", "prose", "file", "metadata" or "rows". entries : ids in the knowledge base.
    part : folder it holds for; "." = all. rows : of "rows" alone.
    """

    text: str
    licence: str
    place: str
    file: str
    line: int | None = None
    part: str = "."
    entries: tuple[str, ...] = ()
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Generator:
    """Who wrote rows, as far as it shows.

    Attributes
    ----------
    name : plain name of a model; "" = not known. provider : None = not known. rows, share : of the rows that
        were looked at; None = not counted (a card, a name). through : known dataset they came through.
    confidence : of the surest finding. findings : fingerprints.
    """

    name: str
    provider: str | None
    rows: int | None
    share: float | None
    through: str | None
    confidence: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartRead:
    """One of several datasets, or of folders under a licence of their own, by itself.

    Attributes
    ----------
    path : relative folder; "." = the root. licences, generators : as they are called.
    answers : one for each use of the report's `answers`, in that order.
    """

    path: str
    name: str
    licences: tuple[str, ...]
    generators: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class ScanReport:
    """One scan.

    Attributes
    ----------
    name : of the dataset, as its card or folder has it. target : as it was given. created : UTC, ISO 8601.
    package : version of this package. knowledge : how many entries on file, and the last day one was read.
    channel, when, host : as given. sample : rows read of each file at most; 0 = all.
    rows : looked at. human : the card says that people wrote it, or it is a known human set.
    ignored : findings that an ignore list takes out, with its reason, not counted in the answers.
    notes : what could not be told, in words. parts : where there are several.
    people : rows of which a field says that they come from known sets by people.
    """

    name: str
    target: str
    created: str
    package: str
    knowledge: str
    channel: str | None
    when: str | None
    host: str | None
    sample: int
    rows: int
    human: bool
    answers: tuple[Answer, ...]
    declared: tuple[Declared, ...]
    generators: tuple[Generator, ...]
    findings: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, str], ...]
    files: tuple[FileRead, ...]
    notes: tuple[str, ...]
    parts: tuple[PartRead, ...] = ()
    people: int = 0
