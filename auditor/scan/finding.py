"""`Finding`: a rule that was met, where, and how sure that is.

Leaves out what follows from it (`answer.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from auditor.scan.rules import rules

CONFIDENCES = ("low", "medium", "high")
EVIDENCE_KEPT = 20
EXCERPT = 200
"""Most characters of an excerpt; what is longer is cut around what was found."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place where it was seen.

    Attributes
    ----------
    file : relative to what was scanned, with slashes; "" = the dataset as a whole (its name).
    line : line of a text file, from 1. row : record of a data file, from 1. field : column, dotted where
        nested. excerpt : what stands there, at most `EXCERPT` characters; hostile, as all that a file holds.
    """

    file: str
    line: int | None = None
    row: int | None = None
    field: str | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that was met by one subject.

    Attributes
    ----------
    subject : what it is about: the plain name of a model, the id of a dataset, a licence; "" = none.
    message : one sentence with the figures. confidence : one of `CONFIDENCES`. severity : the rule's, unless
        given.
    count : rows, or places, in all; `evidence` keeps the first `EVIDENCE_KEPT`.
    total : rows that were looked at; None = not about rows.
    part : folder, relative, whose files it is about; "." = all.
    """

    rule: str
    message: str
    confidence: str
    subject: str = ""
    evidence: tuple[Evidence, ...] = ()
    count: int = 1
    total: int | None = None
    part: str = "."
    severity: str = ""

    def __post_init__(self) -> None:
        if not self.severity:
            object.__setattr__(self, "severity", rules()[self.rule].severity)

    @property
    def fingerprint(self) -> str:
        """Hash that stays when rows are added or lines move: of rule, subject, part, first file and field."""
        first = self.evidence[0] if self.evidence else Evidence("")
        named = "\x1f".join((self.rule, self.subject, self.part, first.file, first.field or ""))
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
