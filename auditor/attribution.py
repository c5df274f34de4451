"""Which teacher: whether the nearest candidate is the documented one, against always naming the commonest.

Leaves out whether there was any teacher (`counts.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

import numpy as np

from auditor.pairs import Pair
from auditor.rates import Rate, rate


def attribution(clear: Sequence[Pair]) -> tuple[Rate, Rate, Rate]:
    """Students whose nearest candidate is their teacher; whose provider is right; who would be, by habit."""
    provider_of = {p.group: p.provider for p in clear}
    students: dict[str, list[Pair]] = {}
    for p in clear:
        if p.positive and nearest_candidate(p, provider_of):
            students.setdefault(p.student, []).append(p)
    firsts = [mine[0] for mine in students.values()]
    makers = [{p.provider for p in mine} for mine in students.values()]
    usual = Counter(m for mine in makers for m in mine).most_common(1)[0][0] if makers else ""
    nearest = [nearest_candidate(p, provider_of) for p in firsts]
    right = [n in {p.group for p in mine} for n, mine in zip(nearest, students.values(), strict=True)]
    maker = [provider_of[n] in mine for n, mine in zip(nearest, makers, strict=True)]
    families = np.array([p.family for p in firsts], dtype=str)
    every = np.ones(len(firsts), dtype=bool)
    habit = [usual in m for m in makers]
    by_teacher, by_provider, constant = (
        rate(np.array(hits, dtype=bool), families, every) for hits in (right, maker, habit)
    )
    return by_teacher, by_provider, constant


def nearest_candidate(pair: Pair, candidates: Container[str]) -> str:
    """The candidate group with the highest joint score; "" where none could have taught the student."""
    known = {group: score for group, score in pair.others.items() if group in candidates}
    return max(known, key=lambda g: known[g]) if known else ""
