"""The model-level null: how unusual a subject's contrast with decoy teachers is among reference models.

The unit of replication is the model, not the prompt (docs/method.md, section 2): prompts only make one
model's value precise. Arrays are means over probes, (n_subjects, n_columns), where the columns are the
teacher and decoy models. Leaves out how several statistics become one score (`combine.py`) and which
models are eligible references (the application knows their history).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from detectors.types import Bool, Float32, Float64

# Width of the length kernel, in units of mean ln(1 + characters), and its floor. Where too few decoys are of
# the teacher's length, it widens by steps until so many count: one decoy's habits are no register.
LENGTH_WIDTH = 0.1
LENGTH_FLOOR = 1e-6
FEWEST_ALIKE, WIDER, WIDEST = 3.0, 1.25, 5.0
# Where references are few, the tail of a distribution is an assumption, not a measurement.
MODEL_BASED_FLOOR = 0.001


@dataclass(frozen=True)
class Columns:
    """Who may stand as a decoy for whom.

    Attributes
    ----------
    provider : (n_columns,) provider of each column; row_provider : (n_subjects,) of every subject.
    decoy : (n_columns,) whether the column may serve as a decoy at all.
    length : (n_columns,) mean over probes of ln(1 + characters) of the column's answers.
    """

    provider: np.ndarray
    row_provider: np.ndarray
    decoy: Bool
    length: Float64

    def decoys_for(self, teacher: int, student: int) -> Bool:
        """(n_subjects, n_columns) mask: decoys of each row for the teacher in column `teacher`.

        Never the teacher's provider, the student's, or the row's own: a first-party reference must not
        be contrasted with its own siblings.
        """
        barred = (self.provider == self.provider[teacher]) | (self.provider == self.row_provider[student])
        own = self.row_provider[:, None] == self.provider[None, :]
        mask: Bool = (self.decoy & ~barred)[None, :] & ~own
        return mask


def plain_contrast(means: Float64, mask: Bool, teacher: int) -> Float64:
    """`A(m, T)`: value towards the teacher minus the mean towards the decoys.

    Parameters
    ----------
    means : (n_rows, n_columns); mask : (n_rows, n_columns) decoys of each row; teacher : a column.

    Returns
    -------
    (n_rows,) float64; NaN where a row has no decoy.
    """
    return _against(means, mask.astype(np.float64), teacher)


def length_matched_contrast(means: Float64, mask: Bool, teacher: int, length: Float64) -> Float64:
    """`B(m, T)`: the same, with decoys weighted by how close their answer length is to the teacher's."""
    return _against(means, mask * length_kernel(length, teacher, np.any(mask, axis=0))[None, :], teacher)


def length_kernel(length: Float64, teacher: int, decoys: Bool) -> Float64:
    """Weight of every column as a decoy of the teacher, by its length.

    Parameters
    ----------
    length : (n_columns,); decoys : (n_columns,) the columns that are decoys of any row.

    Returns
    -------
    (n_columns,) float64: a Gaussian kernel, as narrow as leaves an effective number of decoys (Kish 1965,
    sum(w)^2 / sum(w^2)) of at least `FEWEST_ALIKE`.
    """
    apart = (length[teacher] - length) ** 2
    width = LENGTH_WIDTH
    while True:
        kernel: Float64 = np.exp(-apart / (2 * width**2)) + LENGTH_FLOOR
        alike = kernel[decoys].sum() ** 2 / max((kernel[decoys] ** 2).sum(), 1e-300)
        if alike >= min(FEWEST_ALIKE, decoys.sum()) * (1 - 1e-9) or width > WIDEST:
            return kernel
        width *= WIDER


def _against(means: Float64, weights: Float64, teacher: int) -> Float64:
    weights = np.where(np.isnan(means), 0.0, weights)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        towards_decoys = (np.nan_to_num(means) * weights).sum(axis=1) / total
    contrast: Float64 = means[:, teacher] - towards_decoys
    return contrast


@dataclass(frozen=True)
class Significance:
    """How unusual a value is among innocents.

    `p_rank` is (1 + references at or above) / (K + 1), `p_floor` the smallest it can be; `p_t` the
    predictive p-value of `hierarchy.py` and `z` the standardised value behind it, None where nothing is
    known about the column.
    """

    p_rank: float
    p_floor: float
    p_t: float | None
    z: float | None
    references: int


def rank_p(value: float, references: Float64) -> tuple[float, float]:
    """(rank p-value, its floor) of one value among reference values; one-sided, large = unusual."""
    k = len(references)
    return (1 + int(np.count_nonzero(references >= value))) / (k + 1), 1 / (k + 1)


@lru_cache(maxsize=4)
def resample_counts(n_probes: int, resamples: int, seed: int) -> Float64:
    """How often each probe is drawn in each bootstrap resample: (resamples, n_probes) float64, not writable.

    Kept, because every statistic of every teacher is resampled by the same draws.
    """
    draws = np.random.default_rng(seed).multinomial(n_probes, np.full(n_probes, 1 / n_probes), size=resamples)
    counts = draws.astype(np.float64)
    counts.flags.writeable = False
    return counts


def resampled_means(values: Float32, counts: Float64) -> Float64:
    """Means of one subject's values over resampled probes.

    Parameters
    ----------
    values : (n_columns, n_probes), NaN = not measurable; counts : (resamples, n_probes).

    Returns
    -------
    (resamples, n_columns) float64.
    """
    present = (~np.isnan(values)).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Float64 = (counts @ np.nan_to_num(values).T) / (counts @ present.T)
    return means
