"""Counts of what the recount kept: by corpus, by source of the left side, by teacher of the right side.

A near copy of a document is one of every document equal to it, so counts are over documents as they come.
Leaves out words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from auditor.overlap.join import Found
from auditor.overlap.recount import LEAST_HELD, Pairs, explained
from auditor.overlap.result import CorpusFigures, GroupFigures
from auditor.overlap.sides import Side

GROUPS_KEPT = 200
Int64 = np.ndarray[Any, np.dtype[np.int64]]
Bool = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Counted:
    """Per document of the left side (n_left,), by its first equal one, unless it says otherwise.

    matched, contained : bool. covered : int64, shingles that are in near copies. right_matched : (n_right,).
    exact : whether `covered` was counted.
    """

    left: Side
    right: Side
    sizes: Int64
    matched: Bool
    contained: Bool | None
    covered: Int64
    right_matched: Bool
    exact: bool = True


def count(
    left: Side, right: Side, found: Found, pairs: Pairs, containment: float | None, exact: bool = True
) -> Counted:
    """What every document is, from the near copies; `exact` : whether RIGHT's shingles are known."""
    matched, right_matched = np.zeros(len(left), bool), np.zeros(len(right), bool)
    matched[pairs.left] = True
    own = np.isin(pairs.left, np.flatnonzero(left.corpus == 0)) if len(pairs) else np.empty(0, bool)
    right_matched[pairs.right[own]] = True
    contained = None
    if containment is not None:
        contained = np.zeros(len(left), bool)
        held = (pairs.counts.right_in_left >= containment) & (pairs.counts.right_size >= LEAST_HELD)
        contained[pairs.left[held]] = True
    covered = np.zeros(len(left), np.int64)
    documents, _, counts = explained(found, pairs)
    covered[documents] = counts
    return Counted(left, right, found.left_sizes, matched, contained, covered, right_matched, exact)


def corpora(counted: Counted) -> tuple[CorpusFigures, ...]:
    """Figures of every corpus: left, right, then the references."""
    every = [_left(counted, code) for code in range(len(counted.left.corpora))]
    return every[0], _right(counted), *every[1:]


def _left(counted: Counted, code: int) -> CorpusFigures:
    side, corpus = counted.left, counted.left.corpora[code]
    firsts = side.firsts[side.corpus == code]
    sizes = counted.sizes[firsts]
    return CorpusFigures(
        role=corpus.role,
        name=corpus.name,
        files=len(corpus.files),
        documents=len(firsts),
        distinct=len(np.unique(firsts)),
        without_text=side.without_text.get(code, 0),
        without_shingles=int((sizes == 0).sum()),
        not_utf8=side.not_utf8.get(code, 0),
        n_bytes=side.n_bytes.get(code, 0),
        matched=int(counted.matched[firsts].sum()),
        contained=None if counted.contained is None else int(counted.contained[firsts].sum()),
        shingles=int(sizes.sum()),
        explained=int(counted.covered[firsts].sum()) if counted.exact else None,
    )


def _right(counted: Counted) -> CorpusFigures:
    side, corpus = counted.right, counted.right.corpora[0]
    return CorpusFigures(
        *("right", corpus.name, len(corpus.files), len(side), len(np.unique(side.firsts))),
        *(side.without_text.get(0, 0), None, side.not_utf8.get(0, 0), side.n_bytes.get(0, 0)),
        *(int(counted.right_matched[side.firsts].sum()), None, None, None),
    )


def by_source(counted: Counted) -> list[GroupFigures]:
    """The left corpus by its sources, those with most matched documents first."""
    side = counted.left
    own = side.corpus == 0
    firsts, codes = side.firsts[own], side.source[own]
    names = list(side.sources.of)
    n, matched, shingles, covered = (
        np.bincount(codes, weights, len(names)).astype(np.int64)
        for weights in (None, counted.matched[firsts], counted.sizes[firsts], counted.covered[firsts])
    )
    rows = [
        GroupFigures(
            *("source", names[i], int(n[i]), int(matched[i]), int(shingles[i])),
            int(covered[i]) if counted.exact else None,
        )
        for i in np.flatnonzero(n).tolist()
    ]
    return _most(rows)


def by_teacher(counted: Counted, found: Found, pairs: Pairs) -> list[GroupFigures]:
    """The left corpus by the teachers whose documents it matches; a document may match several."""
    side, right = counted.left, counted.right
    names = list(right.teachers.of)
    n = np.bincount(right.teacher, minlength=len(names))
    # Which teachers gave a right document: every pair of (first equal document, teacher) once.
    both = np.unique(right.firsts * len(names) + right.teacher)
    documents, codes = np.divmod(both, len(names))
    first = np.searchsorted(documents, pairs.right, "left")
    hits = np.searchsorted(documents, pairs.right, "right") - first
    row = np.repeat(np.arange(len(pairs)), hits)
    within = np.arange(hits.sum()) - np.repeat(np.cumsum(hits) - hits, hits)
    teacher = codes[np.repeat(first, hits) + within]
    order = np.lexsort((teacher, pairs.left[row]))
    left, label, counts = explained(found, pairs.taken(row[order]), teacher[order])
    copies = np.bincount(side.firsts[side.corpus == 0], minlength=len(side))
    matched = np.bincount(label, copies[left], len(names)).astype(np.int64)
    covered = np.bincount(label, counts * copies[left], len(names)).astype(np.int64)
    return _most(
        [
            GroupFigures(
                *("teacher", names[i], int(n[i]), int(matched[i]), None),
                int(covered[i]) if counted.exact else None,
            )
            for i in range(len(names))
        ]
    )


def short_matched(counted: Counted) -> int:
    """Documents of the left corpus that are matched and have fewer than `LEAST_HELD` shingles."""
    firsts = counted.left.firsts[counted.left.corpus == 0]
    return int((counted.matched[firsts] & (counted.sizes[firsts] < LEAST_HELD)).sum())


def matched_in_references(counted: Counted, pairs: Pairs) -> int | None:
    """Left documents whose every near copy on the right is a near copy of a reference's document, too."""
    side = counted.left
    if len(side.corpora) < 2:
        return None
    from_reference, from_left = np.zeros(len(side), bool), np.zeros(len(side), bool)
    from_reference[side.firsts[side.corpus > 0]] = True
    from_left[side.firsts[side.corpus == 0]] = True
    known = np.zeros(len(counted.right), bool)
    known[pairs.right[from_reference[pairs.left]]] = True
    alone = np.zeros(len(side), bool)
    alone[pairs.left[~known[pairs.right]]] = True
    public = counted.matched & from_left & ~alone
    return int(public[side.firsts[side.corpus == 0]].sum())


def _most(rows: list[GroupFigures]) -> list[GroupFigures]:
    return sorted(rows, key=lambda g: (-g.matched, g.name))[:GROUPS_KEPT]
