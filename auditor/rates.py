"""Counts and shares with their intervals, over pairs that are not independent of each other.

Every interval comes twice where it can: one that takes pairs as independent, and one that resamples
families. Leaves out what is counted (`counts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score

from detectors.types import Bool, Float64

Families = NDArray[np.str_]
RESAMPLES = 2000


@dataclass(frozen=True)
class Rate:
    """`n` of `of`, with a Clopper-Pearson 95 % interval over pairs and one that resamples families.

    `n` is whole unless it is a mean over several draws.
    """

    n: float
    of: int
    rate: float | None
    lower95: float | None
    upper95: float | None
    family_lower95: float | None
    family_upper95: float | None


def rate(hits: Bool, families: Families, among: Bool) -> Rate:
    """How many of the pairs in `among` are hits; all arguments are (n_pairs,)."""
    n, of = int((hits & among).sum()), int(among.sum())
    if not of:
        return Rate(0, 0, None, None, None, None, None)
    exact = stats.binomtest(n, of).proportion_ci()
    names, inverse = np.unique(families[among], return_inverse=True)
    hit, size = np.bincount(inverse, hits[among], len(names)), np.bincount(inverse, minlength=len(names))
    counts = resampled(len(names))
    low, high = np.quantile((counts @ hit) / (counts @ size), (0.025, 0.975))
    return Rate(n, of, n / of, float(exact.low), float(exact.high), float(low), float(high))


def mean_rate(rates: Sequence[Rate]) -> Rate:
    """Rate over several draws of probes: counts, shares and ends of intervals, each averaged.

    The interval is that of one draw; it does not shrink with the number of draws.
    """
    if len(rates) == 1 or not rates[0].of:
        return rates[0]
    ends = ("rate", "lower95", "upper95", "family_lower95", "family_upper95")
    n = float(np.mean([r.n for r in rates]))
    return Rate(n, rates[0].of, *(float(np.mean([getattr(r, end) for r in rates])) for end in ends))


def resampled(n_families: int) -> NDArray[np.int64]:
    """(RESAMPLES, n_families) how often each family is drawn; always the same draws."""
    drawn = np.random.default_rng(0).integers(n_families, size=(RESAMPLES, n_families))
    return np.stack([np.bincount(d, minlength=n_families) for d in drawn])


def auc(positive: Float64, negative: Float64) -> float | None:
    """Area under the ROC curve; None without both kinds."""
    positive, negative = positive[np.isfinite(positive)], negative[np.isfinite(negative)]
    if not len(positive) or not len(negative):
        return None
    labels = np.repeat((1, 0), (len(positive), len(negative)))
    return float(roc_auc_score(labels, np.concatenate((positive, negative))))


def area(value: Float64, families: Families, positive: Bool, negative: Bool) -> dict[str, Any]:
    """AUC and its 95 % interval, families resampled: a family's students and innocents move together.

    value, families, positive, negative : (n_pairs,); pairs in neither mask do not count.
    """
    found = auc(value[positive], value[negative])
    if found is None:
        return {"auc": None, "auc_family95": None}
    names, inverse = np.unique(families, return_inverse=True)
    member = inverse[:, None] == np.arange(len(names))
    a, b = member[positive].astype(float), member[negative].astype(float)
    above = np.sign(value[positive][:, None] - value[negative]) / 2 + 0.5
    wins = a.T @ above @ b
    counts = resampled(len(names))
    pairs = (counts @ a.sum(axis=0)) * (counts @ b.sum(axis=0))
    drawn = ((counts @ wins) * counts).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"auc": found, "auc_family95": [float(low), float(high)]}


def tpr(
    value: Float64, families: Families, students: Bool, controls: Bool, fpr: float, of: Bool | None = None
) -> Rate:
    """Students above the (1 - fpr) quantile of all controls; `of` : which students, all without it."""
    among = students if of is None else students & of
    if not controls.any():
        return rate(among, families, np.zeros(len(value), dtype=bool))
    return rate(value > np.quantile(value[controls], 1 - fpr), families, among)
