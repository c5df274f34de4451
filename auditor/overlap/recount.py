"""The recount: of every candidate pair the shingles that both have, exactly; near copies are kept.

No figure of a report is an estimate: signatures choose what is looked at, and nothing else.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from os import cpu_count
from typing import Any

import numpy as np

from auditor.overlap.join import Found
from auditor.progress import Progress
from detectors.minhash.exact import Overlaps, covered, overlaps

BLOCK = 1 << 17
"""Pairs recounted at once by a thread."""
LEAST_HELD = 10
"""Shingles of a right document below which holding it says nothing: it is a phrase."""
Int64 = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Pairs:
    """Near copies, (n,) each, ascending by left, then right; documents by the number of the first equal one.

    left_rows, right_rows : int64, rows in the documents kept. counts : what they share.
    """

    left: Int64
    right: Int64
    left_rows: Int64
    right_rows: Int64
    counts: Overlaps

    def __len__(self) -> int:
        return len(self.left)

    def taken(self, rows: np.ndarray) -> Pairs:
        """Some of them: (n,) bool or int64."""
        own = self.counts
        counts = replace(own, **{f.name: getattr(own, f.name)[rows] for f in fields(own)})
        return Pairs(self.left[rows], self.right[rows], self.left_rows[rows], self.right_rows[rows], counts)


def recount(found: Found, threshold: float, containment: float | None, progress: Progress) -> Pairs:
    """The candidates of Jaccard similarity `threshold` or more, or that hold enough of the right one."""
    progress.stage("Recounting pairs", len(found.left), "pairs")
    left_rows = found.left_documents.rows(found.left)
    right_rows = found.right_documents.rows(found.right)
    sets = found.left_documents.sets, found.right_documents.sets

    def block(at: int) -> tuple[Int64, Overlaps]:
        end = min(at + BLOCK, len(left_rows))
        counts = overlaps(*sets, (left_rows[at:end], right_rows[at:end]))
        with np.errstate(invalid="ignore"):
            good = counts.jaccard >= threshold
            if containment is not None:
                good |= (counts.right_in_left >= containment) & (counts.right_size >= LEAST_HELD)
        kept = np.flatnonzero(good)
        return at + kept, Overlaps(counts.shared[kept], counts.left_size[kept], counts.right_size[kept])

    kept: list[Int64] = [np.empty(0, np.int64)]
    parts: list[Overlaps] = []
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for rows, counts in pool.map(block, range(0, len(left_rows), BLOCK)):
            kept.append(rows)
            parts.append(counts)
            progress.advance(BLOCK)
    rows = np.concatenate(kept)
    none = np.empty(0, np.int64)
    counts = Overlaps(
        *(
            np.concatenate([none, *(getattr(p, k) for p in parts)])
            for k in ("shared", "left_size", "right_size")
        )
    )
    return Pairs(found.left[rows], found.right[rows], left_rows[rows], right_rows[rows], counts)


def explained(found: Found, pairs: Pairs, labels: Int64 | None = None) -> tuple[Int64, Int64, Int64]:
    """How many shingles of a left document are in any right one that it matches, for its runs of pairs.

    labels : (n_pairs,) int64, to split a document's pairs further (by teacher); pairs must lie in order of
        (left, label). Returns left document, label and count of each run.
    """
    if not len(pairs):
        return (np.empty(0, np.int64),) * 3
    labels = np.zeros(len(pairs), np.int64) if labels is None else labels
    new = np.r_[True, (pairs.left[1:] != pairs.left[:-1]) | (labels[1:] != labels[:-1])]
    starts = np.flatnonzero(new)
    groups = np.r_[starts, len(pairs)]
    counts = covered(
        found.left_documents.sets, found.right_documents.sets, (pairs.left_rows, pairs.right_rows), groups
    )
    return pairs.left[starts], labels[starts], counts
