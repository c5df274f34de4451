"""What `audit overlap` found, as plain data that the evidence file stores and reports are written from.

Leaves out how anything was counted (`figures.py`) and said (`words.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report import Alternative, Run

Span = tuple[int, int]
SCHEMA_VERSION = "overlap-1.0"


@dataclass(frozen=True)
class CorpusFigures:
    """Counts of one corpus. A document counts as often as it comes; `distinct` counts equal ones once.

    Attributes
    ----------
    role : left, right or reference. without_text : rows with no text. without_shingles : documents with
        nothing to compare, those without text among them. not_utf8 : documents taken as bytes.
    matched : documents with a near copy on the other side. contained : left documents that hold enough of a
        right one (only where it was asked); these count as matched, too.
    shingles : different shingles, added up over documents (0 for the right side: not counted).
    explained : those of them that are in the near copies.
    """

    role: str
    name: str
    files: int
    documents: int
    distinct: int
    without_text: int
    without_shingles: int | None
    not_utf8: int
    n_bytes: int
    matched: int
    contained: int | None
    shingles: int | None
    explained: int | None


@dataclass(frozen=True)
class GroupFigures:
    """Left documents matched, by source of the left side or by teacher of the right side.

    `documents`, `shingles` : of the source; of a teacher `documents` counts the right side's.
    """

    kind: str
    name: str
    documents: int
    matched: int
    shingles: int | None
    explained: int | None


@dataclass(frozen=True)
class PairRow:
    """One near copy; equal documents are one, `*_copies` says how many there are of it on that side."""

    left_id: str
    left_source: str
    left_copies: int
    right_id: str
    right_source: str
    teacher: str
    right_copies: int
    shared: int
    left_size: int
    right_size: int
    jaccard: float
    left_in_right: float
    right_in_left: float


@dataclass(frozen=True)
class PassageRow:
    """A near copy to read: parts of both texts, and the passages they share as (start, end) offsets.

    `*_cut` : characters of the text left out before the part that is shown.
    """

    left_id: str
    right_id: str
    teacher: str
    jaccard: float
    right_in_left: float
    in_references: bool
    left_text: str
    right_text: str
    left_cut: int
    right_cut: int
    left_spans: tuple[Span, ...]
    right_spans: tuple[Span, ...]


@dataclass(frozen=True)
class Weighed:
    """What chance predicts: the left corpus among the reference corpora, by the share of documents matched.

    level : insufficient, weak or moderate; reason : a machine-readable word; words : the same in a sentence.
    p_rank, p_floor : rank p-value and the smallest it can be, None without references.
    """

    level: str
    reason: str
    words: str
    p_rank: float | None
    p_floor: float | None
    references: int


@dataclass(frozen=True)
class Recall:
    """How surely a pair is looked at. kind : "jaccard" (`at` is a similarity) or "containment" (shingles)."""

    kind: str
    at: float
    probability: float


@dataclass(frozen=True)
class OverlapReport:
    """Everything that a report shows of one run.

    Attributes
    ----------
    n_pairs : near copies in all; `pairs` holds the first of them.
    crowded : left documents of which not every right one with the same key was looked at.
    estimated : minima of the signatures from which similarity was estimated; None = counted exactly.
    matched_in_references : left documents whose every near copy a reference corpus matches, too.
    """

    run: Run
    headline: str
    weighed: Weighed
    threshold: float
    containment: float | None
    shingle: str
    n_candidates: int
    n_pairs: int
    crowded: int
    matched_in_references: int | None
    estimated: int | None
    recalls: tuple[Recall, ...]
    corpora: tuple[CorpusFigures, ...]
    groups: tuple[GroupFigures, ...]
    pairs: tuple[PairRow, ...]
    passages: tuple[PassageRow, ...]
    alternatives: tuple[Alternative, ...]
    notes: tuple[str, ...]
