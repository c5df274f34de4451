"""Pairs of known history made up for tests, and their answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.judged import Judged
from auditor.pairs import Pair


def pair(student: str, label: str, score: float, family: str, others: dict[str, float] | None = None) -> Pair:
    """A pair towards T of "acme", on enough references and probes; a score above 2 is unusual."""
    return Pair(
        *(student, "T", "T", label, family, "acme", False, False, score, 0.001 if score > 2 else 0.5, 0.02),
        *({"joint score": score}, {}, 40, 20, 12, 4, 200, False, False, False, others or {}),
    )


def answered(pairs: Sequence[Pair], log10_lr: Sequence[float]) -> Judged:
    """The pairs with these likelihood ratios; accused from 10 on, the reason being the first word of it."""
    lr = np.array(log10_lr, dtype=float)
    accused = lr >= 1
    reasons = tuple("unusual" if a else "not_unusual" for a in accused)
    levels = tuple("moderate" if a else "insufficient" for a in accused)
    return Judged(tuple(pairs), lr, levels, reasons, accused, accused)
