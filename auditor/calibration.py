"""From the joint score to a log10 likelihood ratio: fitted on pairs of known history, families held out.

Regularised logistic regression (Morrison 2013, tutorial on logistic-regression calibration) with every
family of equal weight and both kinds of pair of equal weight, so that the log odds are a log likelihood
ratio. Leaves out measuring the pairs (`pairs.py`) and turning a ratio into a level (`verdict.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detectors.types import Bool, Float64

# Inverse of the L2 penalty; a family counts as one observation of a score in units of its spread.
PENALTY = 16.0
# The smallest effect of documented students is the score that all but this share of them reach.
SMALLEST_EFFECT_AT = 0.05
# Fewer families of either kind than this calibrate nothing.
FEWEST_FAMILIES = 5
RESAMPLES = 200
LN10 = math.log(10)


@dataclass(frozen=True)
class Known:
    """One pair of known history: its joint score, and whether the student learned from the teacher."""

    student: str
    teacher: str
    family: str
    positive: bool
    score: float


@dataclass(frozen=True)
class Calibration:
    """Pairs to calibrate on, and where they come from.

    `n_probes` is how many probes the scores rest on; `made` says with what they were measured.
    """

    name: str
    made: str
    n_probes: int
    pairs: tuple[Known, ...]

    def without(self, families: Iterable[str]) -> Calibration:
        """Leave out families, so that nobody is judged by a fit that knows it."""
        left = set(families)
        kept = tuple(p for p in self.pairs if p.family not in left)
        return Calibration(self.name, self.made, self.n_probes, kept)

    def families(self, positive: bool) -> set[str]:
        """Families of one kind of pair."""
        return {p.family for p in self.pairs if p.positive == positive}

    @property
    def usable(self) -> bool:
        """Whether there are enough families of both kinds."""
        return min(len(self.families(True)), len(self.families(False))) >= FEWEST_FAMILIES

    @property
    def cap(self) -> float:
        """Largest log10 LR that this many independent innocents can carry: log10(families + 1)."""
        return math.log10(len(self.families(False)) + 1)

    @property
    def students(self) -> tuple[Float64, Float64]:
        """(n,) scores of the documented students, ascending, and their weights: families equal, sum 1.

        A student of two teachers has two scores.
        """
        score, positive, family = _arrays(self.pairs)
        weight = equal_weights(positive, family)[positive]
        order = np.argsort(score[positive], kind="stable")
        return score[positive][order], weight[order]

    def found_at(self, score: float) -> float:
        """Share of the documented students, families weighted equally, whose score is at least this."""
        scores, weight = self.students
        return float(weight[scores >= score].sum())

    @property
    def smallest_effect(self) -> float | None:
        """Score that 95 % of the documented students reach, families weighted equally; None without any.

        In units of the joint score. With fewer than twenty families, the lowest may set it alone.
        """
        scores, weight = self.students
        if not len(scores):
            return None
        return float(scores[np.searchsorted(np.cumsum(weight), SMALLEST_EFFECT_AT + 1e-9)])


@dataclass(frozen=True)
class Line:
    """log10 LR = intercept + slope * score."""

    intercept: float
    slope: float

    def log10_lr(self, score: Float64) -> Float64:
        """Log10 likelihood ratio of scores of any shape."""
        ratio: Float64 = self.intercept + self.slope * score
        return ratio

    def score_at(self, log10_lr: float) -> float:
        """Score from which the log10 likelihood ratio reaches a value; infinity where it does not rise."""
        return (log10_lr - self.intercept) / self.slope if self.slope > 0 else math.inf


def fit(calibration: Calibration) -> Line:
    """Fit the line; call only where `usable`."""
    return _fit(*_arrays(calibration.pairs))


def interval(calibration: Calibration, scores: Float64, seed: int) -> tuple[float, float]:
    """95 % interval of the log10 LR: families resampled for the line, `scores` are of resampled probes."""
    lines = _resampled_lines(calibration, seed)
    drawn = np.random.default_rng(seed).choice(scores, size=len(lines))
    found = [float(line.log10_lr(score)) for line, score in zip(lines, drawn, strict=True)]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


@lru_cache(maxsize=4)
def _resampled_lines(calibration: Calibration, seed: int) -> tuple[Line, ...]:
    """Lines through resampled families; kept, because every teacher of a run asks for the same."""
    score, positive, family = _arrays(calibration.pairs)
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([_resampled_families(family, positive == kind, rng) for kind in (True, False)])
        lines.append(_fit(score[rows], positive[rows], family[rows]))
    return tuple(lines)


def held_out(pairs: Sequence[Known], judged: Sequence[Known] | None = None) -> Float64:
    """(n,) log10 LR of every pair by the line fitted without its family; NaN where too few are left.

    `judged` : whose ratios, instead of those of `pairs`; they take no part in the fit.
    """
    whole = Calibration("", "", 0, tuple(pairs))
    judged = pairs if judged is None else judged
    found = np.full(len(judged), np.nan)
    for family in {p.family for p in judged}:
        rest = whole.without([family])
        if rest.usable:
            rows = [i for i, p in enumerate(judged) if p.family == family]
            found[rows] = fit(rest).log10_lr(np.array([judged[i].score for i in rows]))
    return found


def equal_weights(positive: Bool, family: NDArray[np.str_]) -> Float64:
    """(n,) weights: each kind sums to 1, each family of a kind weighs the same."""
    weight = np.zeros(len(positive))
    for kind in (True, False):
        rows = positive == kind
        _, inverse, count = np.unique(family[rows], return_inverse=True, return_counts=True)
        weight[rows] = 1 / count[inverse] / max(len(count), 1)
    return weight


def cllr(log10_lr: Float64, positive: Bool, weight: Float64) -> float:
    """Log-likelihood-ratio cost in bits (Brummer & du Preez 2006); 0 is perfect, 1 says nothing."""
    nats = log10_lr * LN10
    cost = np.where(positive, np.logaddexp(0, -nats), np.logaddexp(0, nats)) / math.log(2)
    return float(0.5 * (weight * cost).sum())


def cllr_min(log10_lr: Float64, positive: Bool, weight: Float64) -> float:
    """Cllr after the best monotone recalibration: what discrimination allows."""
    return cllr(recalibrated(log10_lr, positive, weight), positive, weight)


def recalibrated(log10_lr: Float64, positive: Bool, weight: Float64) -> Float64:
    """(n,) log10 LR after the best monotone recalibration (pool adjacent violators), within 6 of 0.

    `weight` : (n,), each kind sums to 1, so that the odds of a pooled block are its likelihood ratio.
    """
    from sklearn.isotonic import IsotonicRegression

    limit = 1e-6
    odds = IsotonicRegression(y_min=limit, y_max=1 - limit, out_of_bounds="clip")
    p = odds.fit_transform(log10_lr, positive, sample_weight=weight)
    found: Float64 = np.log10(p / (1 - p))
    return found


def ece(log10_lr: Float64, positive: Bool, weight: Float64, log10_prior_odds: Float64) -> Float64:
    """(m,) empirical cross-entropy in bits at each of (m,) prior log10 odds of "student".

    Ramos & Gonzalez-Rodriguez 2013 (Forensic Science International 230, 156-169): what is left unknown by
    whoever takes the ratios at their word. Ratios of 1 leave the entropy of the prior; ratios that leave
    more than that do harm. At prior odds 1 it is Cllr, weights included: those of a kind sum to 1, and by
    `equal_weights` every family of a kind weighs the same.
    """
    prior = log10_prior_odds[:, None] * LN10
    nats = log10_lr * LN10 + prior
    students = np.logaddexp(0, -nats) @ (weight * positive)
    innocents = np.logaddexp(0, nats) @ (weight * ~positive)
    share = 1 / (1 + np.exp(-prior[:, 0]))
    found: Float64 = (share * students + (1 - share) * innocents) / math.log(2)
    return found


def tippett(log10_lr: Float64, positive: Bool, weight: Float64) -> tuple[Float64, Float64, Float64]:
    """Tippett plot: (m,) thresholds, and the share of students and of innocents at or above each.

    After Evett & Buckleton 1996. Thresholds are the different log10 LRs, rising. A share is a sum of
    weights: by `equal_weights` every family of a kind counts the same, as in Cllr.
    """
    at, inverse = np.unique(log10_lr, return_inverse=True)
    shares = [
        np.bincount(inverse, weight * kind, len(at))[::-1].cumsum()[::-1] for kind in (positive, ~positive)
    ]
    return at, shares[0], shares[1]


def _arrays(pairs: Sequence[Known]) -> tuple[Float64, Bool, NDArray[np.str_]]:
    return (
        np.array([p.score for p in pairs], dtype=np.float64),
        np.array([p.positive for p in pairs], dtype=bool),
        np.array([p.family for p in pairs], dtype=str),
    )


def _fit(score: Float64, positive: Bool, family: NDArray[np.str_]) -> Line:
    from sklearn.linear_model import LogisticRegression

    n_families = len(np.unique(family[positive])) + len(np.unique(family[~positive]))
    weight = equal_weights(positive, family) * n_families  # prior odds 1; the penalty sees families
    model = LogisticRegression(C=PENALTY).fit(score[:, None], positive, sample_weight=weight)
    return Line(float(model.intercept_[0]) / LN10, float(model.coef_[0, 0]) / LN10)


def _resampled_families(family: NDArray[np.str_], mask: Bool, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of one kind, whole families drawn with replacement."""
    names = np.unique(family[mask])
    drawn = rng.choice(names, size=len(names))
    return np.concatenate([np.flatnonzero(mask & (family == name)) for name in drawn])
