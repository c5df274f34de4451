"""Several statistics, one answer: the joint score, and p-values over several teachers.

The joint score is the sum of four terms of equal weight (docs/method.md, section 2): the length-matched
contrast of three channels (first tokens, first sentence, wording), and the plain contrast of the opening
log-odds; every term is divided by its standard deviation first. Nothing is fitted to labels. It is
computed for the student and every reference alike and then ranked and t-tested like any statistic. Leaves
out Fisher's method and products of likelihood ratios: the detectors are dependent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.null import Columns, length_matched_contrast, plain_contrast
from detectors.types import Float64

# (detector, statistic) of the channels that enter with the length-matched contrast, and of the log-odds.
CHANNELS = (("opening", "first_tokens"), ("opening", "first_sentence"), ("wording", "cosine"))
LOG_ODDS = ("opening", "log_odds")
JOINT_STATISTICS = (*CHANNELS, LOG_ODDS)

Means = dict[tuple[str, str], Float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Terms:
    """Contrasts before scaling.

    Attributes
    ----------
    channels : (3, n_rows, n_columns) length-matched contrast B of the three channels.
    log_odds : (n_rows, n_columns) plain contrast A of the opening log-odds.
    """

    channels: Float64
    log_odds: Float64


@dataclass(frozen=True)
class Scales:
    """Standard deviations that put the terms on one scale: (3,) and one number."""

    channels: Float64
    log_odds: float


def contrast_terms(means: Means, columns: Columns, student: int) -> Terms:
    """Contrasts of every subject towards every column.

    Parameters
    ----------
    means : (n_subjects, n_columns) mean over probes for each of `JOINT_STATISTICS`.
    student : row of the student, whose provider is never a decoy.
    """
    n_subjects, n_columns = means[LOG_ODDS].shape
    channels = np.empty((len(CHANNELS), n_subjects, n_columns))
    log_odds = np.empty((n_subjects, n_columns))
    for t in range(n_columns):
        mask = columns.decoys_for(t, student)
        log_odds[:, t] = plain_contrast(means[LOG_ODDS], mask, t)
        for c, channel in enumerate(CHANNELS):
            channels[c, :, t] = length_matched_contrast(means[channel], mask, t, columns.length)
    return Terms(channels, log_odds)


def scales(terms: Terms, rows: Rows) -> Scales:
    """Standard deviation of each term over `rows` and all columns, a model's own cell included.

    Own cells weigh wording less, where a model is far more like itself than anybody is like it; measured,
    that separates better (docs/decisions/0002-joint-score.md).
    """
    return Scales(np.array([_spread(c[rows]) for c in terms.channels]), _spread(terms.log_odds[rows]))


def _spread(values: Float64) -> float:
    spread = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    return spread if spread > 1e-12 else 1.0


def joint_score(terms: Terms, by: Scales) -> Float64:
    """(n_rows, n_columns) sum of the four scaled terms."""
    channels = (terms.channels / by.channels[:, None, None]).sum(axis=0)
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
