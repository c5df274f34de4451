"""Several statistics, one answer: the joint score, and p-values over several teachers.

The joint score is the sum of four terms of equal weight (docs/method.md, section 2): for each of three
channels (first tokens, first sentence, wording) the length-matched contrast plus half of the plain one, and
the opening log-odds contrast; every term is divided by its standard deviation first. Nothing is fitted to
labels. It is computed for the student and every reference alike and then ranked and t-tested
like any statistic. Leaves out Fisher's method and products of likelihood ratios: the detectors are
dependent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.null import Columns, length_matched_contrast, plain_contrast
from detectors.types import Float64

# (detector, statistic) of the three channels that enter with both contrasts, and of the log-odds.
CHANNELS = (("opening", "first_tokens"), ("opening", "first_sentence"), ("wording", "cosine"))
LOG_ODDS = ("opening", "log_odds")
# Weight of the plain contrast beside the length-matched one (docs/decisions/0002-joint-score.md).
PLAIN = 0.5
JOINT_STATISTICS = (*CHANNELS, LOG_ODDS)

Means = dict[tuple[str, str], Float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """Contrasts before scaling.

    Attributes
    ----------
    plain, matched : (3, n_rows, n_columns) contrasts A and B of the three channels.
    log_odds : (n_rows, n_columns) contrast A of the opening log-odds.
    """

    plain: Float64
    matched: Float64
    log_odds: Float64


@dataclass(frozen=True)
class Scales:
    """Standard deviations that put the terms on one scale: (3,), (3,), (3,) and one number."""

    plain: Float64
    matched: Float64
    channel: Float64
    log_odds: float


def contrast_terms(means: Means, columns: Columns, student: int) -> Terms:
    """Contrasts of every subject towards every column.

    Parameters
    ----------
    means : (n_subjects, n_columns) mean over probes for each of `JOINT_STATISTICS`.
    student : row of the student, whose provider is never a decoy.
    """
    n_subjects, n_columns = means[LOG_ODDS].shape
    plain = np.empty((len(CHANNELS), n_subjects, n_columns))
    matched = np.empty_like(plain)
    log_odds = np.empty((n_subjects, n_columns))
    for t in range(n_columns):
        mask = columns.decoys_for(t, student)
        log_odds[:, t] = plain_contrast(means[LOG_ODDS], mask, t)
        for c, channel in enumerate(CHANNELS):
            plain[c, :, t] = plain_contrast(means[channel], mask, t)
            matched[c, :, t] = length_matched_contrast(means[channel], mask, t, columns.length)
    return Terms(plain, matched, log_odds)


def scales(terms: Terms, rows: Rows) -> Scales:
    """Standard deviation of each term over `rows` and all columns, a model's own cell included.

    Own cells weigh wording less, where a model is far more like itself than anybody is like it; measured,
    that separates better (docs/decisions/0002-joint-score.md).
    """
    plain = np.array([_spread(a[rows]) for a in terms.plain])
    matched = np.array([_spread(b[rows]) for b in terms.matched])
    channel = np.array([_spread(c[rows]) for c in _both(terms, plain, matched)])
    return Scales(plain, matched, channel, _spread(terms.log_odds[rows]))


def _both(terms: Terms, plain: Float64, matched: Float64) -> Float64:
    """(3, n_rows, n_columns) the two contrasts of each channel as one term."""
    found: Float64 = PLAIN * terms.plain / plain[:, None, None] + terms.matched / matched[:, None, None]
    return found


def _spread(values: Float64) -> float:
    spread = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    return spread if spread > 1e-12 else 1.0


def joint_score(terms: Terms, by: Scales) -> Float64:
    """(n_rows, n_columns) sum of the four scaled terms."""
    channels = (_both(terms, by.plain, by.matched) / by.channel[:, None, None]).sum(axis=0)
    score: Float64 = channels + terms.log_odds / by.log_odds
    return score


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm-adjusted p-values (Holm 1979), in the order given; valid under any dependence."""
    order = np.argsort(p_values)
    adjusted = [0.0] * len(order)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
