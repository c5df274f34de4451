"""Pairs of known history with the answers they were given, as arrays to count over.

Leaves out judging (`bench.py`) and counting (`counts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.attribution import nearest_candidate
from auditor.pairs import CONTROL, STUDENT, Pair
from detectors.types import Bool, Float64


@dataclass(frozen=True)
class Judged:
    """Pairs and their answers, in one order.

    Attributes
    ----------
    pairs : (n,) what was measured.
    log10_lr : (n,) held-out log10 LR, before the cap that `audit compare` puts on it; NaN = not calibrated.
    levels, reasons : (n,) what `audit compare` would answer.
    accused : (n,) whether that is moderate or above. accused_without_dates : the same with the rule on
        release dates off.
    """

    pairs: tuple[Pair, ...]
    log10_lr: Float64
    levels: tuple[str, ...]
    reasons: tuple[str, ...]
    accused: Bool
    accused_without_dates: Bool

    def of(self, *parts: str) -> Judged:
        """Only the pairs of these parts (`Pair.part`)."""
        kept = np.flatnonzero([p.part in parts for p in self.pairs])
        return Judged(
            *(tuple(self.pairs[i] for i in kept), self.log10_lr[kept]),
            *(tuple(self.levels[i] for i in kept), tuple(self.reasons[i] for i in kept)),
            *(self.accused[kept], self.accused_without_dates[kept]),
        )

    @property
    def students(self) -> Bool:
        """(n,) documented students."""
        return np.array([p.part == STUDENT for p in self.pairs], dtype=bool)

    @property
    def controls(self) -> Bool:
        """(n,) innocent pairs."""
        return np.array([p.part == CONTROL for p in self.pairs], dtype=bool)

    @property
    def families(self) -> NDArray[np.str_]:
        """(n,) family of each student, the unit of independence."""
        return np.array([p.family for p in self.pairs], dtype=str)

    @property
    def value(self) -> Float64:
        """(n,) what pairs are ordered by: the log10 LR, or the score where some LR is missing."""
        if np.isfinite(self.log10_lr).all():
            return self.log10_lr
        return np.array([p.score for p in self.pairs], dtype=np.float64)

    def where(self, name: str, value: str) -> Bool:
        """(n,) pairs whose field `name` is `value`."""
        return np.array([getattr(p, name) == value for p in self.pairs], dtype=bool)


def rows(judged: Judged, candidates: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Every pair as a record; `candidates` are the teacher groups that may be nearest."""
    return tuple(
        {
            "part": p.part,
            "student": p.student,
            "teacher": p.teacher,
            "label": p.label,
            "tuning": p.tuning,
            "family": p.family,
            "score": round(p.score, 4),
            "log10_lr": round(float(lr), 3) if np.isfinite(lr) else None,
            "p_t": round(p.p_t, 5),
            "p_rank": round(p.p_rank, 5),
            "level": level,
            "reason": reason,
            "accused": bool(accused),
            "documented_line": p.documented_line,
            "nearest": nearest_candidate(p, candidates),
        }
        for p, lr, level, reason, accused in zip(
            judged.pairs, judged.log10_lr, judged.levels, judged.reasons, judged.accused, strict=True
        )
    )
