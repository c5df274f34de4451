"""A null for each teacher that borrows strength from the other columns: location and spread by stratum.

Every innocent pair of the panel (a model that did not learn from the column's models) is a draw from its
stratum's distribution in that column. A stratum's location in a column is shrunk towards what the column's
other strata say, its spread towards the stratum's usual one (empirical Bayes: Efron & Morris 1975 for
locations; a scaled-inverse-chi-squared prior for variances, Smyth 2004). Families weigh equally. Leaves
out who is innocent of whom (the application knows histories) and how p-values become words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import digamma

from detectors.types import Bool, Float64

# The usual spread of a stratum counts as this many models beside those of the column itself.
PRIOR_MODELS = 20.0
# Tail of the predictive t: the innocents' tails are heavier than a normal's (docs/decisions/0003).
TAIL_DOF = 8.0
# Variance of a stratum's offset between columns, at least this share of its usual variance.
SMALLEST_SHIFT = 0.05
Codes = NDArray[np.int8]


@dataclass(frozen=True)
class StratumNull:
    """Predictive distribution of one more innocent, by stratum and column.

    Attributes
    ----------
    location, scale : (n_strata, n_columns) float64; the scale holds the spread between models and the
        uncertainty of the location. models, families : (n_strata, n_columns) how many of the column's own
        innocents there are, and of how many families.
    """

    location: Float64
    scale: Float64
    models: Float64
    families: Float64

    def z(self, values: Float64) -> Float64:
        """(n_strata, ..., n_columns) standardised values; `values` has the columns last."""
        shape = (len(self.location), *(1,) * (values.ndim - 1), -1)
        z: Float64 = (values - self.location.reshape(shape)) / self.scale.reshape(shape)
        return z

    def p_value(self, values: Float64) -> Float64:
        """One-sided p-value, the largest over strata that the panel knows (large values are unusual)."""
        p: Float64 = stats.t.sf(self.z(values), TAIL_DOF)
        known = self.models.sum(axis=1) > 0
        largest: Float64 = p[known].max(axis=0) if known.any() else np.full(values.shape, np.nan)
        return largest


def fit(scores: Float64, strata: Codes, families: NDArray[np.int64], n_strata: int) -> StratumNull:
    """Fit the null of every column.

    Parameters
    ----------
    scores : (n_rows, n_columns) of unit order, NaN = not measured.
    strata : (n_rows, n_columns) stratum of the row as an innocent of the column; -1 = not one.
    families : (n_rows,) family of each row, as codes 0, 1, ...

    Returns
    -------
    `StratumNull`; a stratum without any innocent in the panel has `models` 0 everywhere and is ignored.
    """
    strata = np.where(np.isnan(scores), np.int8(-1), strata)
    moments = [_moments(scores, strata == s, families) for s in range(n_strata)]
    mean, variance, number = (np.stack(part) for part in zip(*moments, strict=True))
    models = np.stack([(strata == s).sum(axis=0) for s in range(n_strata)]).astype(np.float64)
    known = number > 0
    column = _column_location(mean, number)
    location, scale = np.zeros_like(mean), np.ones_like(mean)
    for s in range(n_strata):
        if known[s].any():
            location[s], scale[s] = _shrunk(mean[s], variance[s], number[s], column)
    return StratumNull(location, scale, models, number)


def _moments(scores: Float64, mask: Bool, families: NDArray[np.int64]) -> tuple[Float64, Float64, Float64]:
    """Mean, variance and number of families of a stratum in every column, families weighted equally.

    Models of a family may be one model in all but name, so a family counts once.
    """
    member = np.zeros((len(families), int(families.max(initial=0)) + 1))
    member[np.arange(len(families)), families] = 1.0
    models = member.T @ mask  # (n_families, n_columns)
    number = (models > 0).sum(axis=0).astype(np.float64)
    weight = mask / np.maximum(member @ models, 1.0) / np.maximum(number, 1.0)
    x = np.nan_to_num(scores)
    mean = (weight * x).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (weight * (x - mean) ** 2).sum(axis=0) / (1 - 1 / number)
    return mean, np.where(number > 1, variance, np.nan), number


def _column_location(mean: Float64, number: Float64) -> Float64:
    """(n_columns,) where the strata of a column lie together."""
    weight = np.sqrt(number)
    total = weight.sum(axis=0)
    location: Float64 = (weight * mean).sum(axis=0) / np.where(total > 0, total, 1.0)
    return location


def _shrunk(mean: Float64, variance: Float64, number: Float64, column: Float64) -> tuple[Float64, Float64]:
    """Location and scale of one stratum in every column."""
    own = number > 0
    known = own & (np.nan_to_num(variance) > 1e-12)
    weight = np.sqrt(number)
    free = np.maximum(number - 1, 0.0)
    usual = _usual_variance(variance[known], free[known]) if known.any() else 1.0
    spread = (PRIOR_MODELS * usual + np.where(known, free * np.nan_to_num(variance), free * usual)) / (
        PRIOR_MODELS + free
    )
    error = spread / np.maximum(number, 1e-9)
    shift = (mean - column)[own]
    offset = np.average(shift, weights=weight[own])
    between = float(np.average((shift - offset) ** 2, weights=weight[own]))
    between = max(between - float(np.average(error[own], weights=weight[own])), SMALLEST_SHIFT * usual)
    trust = np.where(own, between / (between + error), 0.0)
    location = trust * mean + (1 - trust) * (column + offset)
    uncertain = np.where(own, trust * error, between)
    return location, np.sqrt(spread + uncertain)


def _usual_variance(variance: Float64, free: Float64) -> float:
    """Geometric mean over columns, corrected for the downward bias of log variances of few models."""
    half = np.maximum(free, 0.5) / 2
    unbiased = np.log(variance) - (digamma(half) - np.log(half))
    return float(np.exp(np.average(unbiased, weights=np.sqrt(free))))
