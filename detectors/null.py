"""The model-level null: how unusual a subject's contrast with decoy teachers is among reference models.

The unit of replication is the model, not the prompt (docs/method.md, section 2): prompts only make one
model's value precise. Arrays are means over probes, (n_subjects, n_columns), where the columns are the
teacher and decoy models. Leaves out how several statistics become one score (`combine.py`) and which
models are eligible references (the application knows their history).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from detectors.types import Bool, Float32, Float64

# Width of the length kernel, in units of mean ln(1 + characters), and its floor.
LENGTH_WIDTH = 0.1
LENGTH_FLOOR = 1e-6
# With fewer references than this the tail of the t distribution is an assumption, not a measurement.
MODEL_BASED_FLOOR = 0.001
FLOOR_LIFTED_AT = 100


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
    apart = (length[teacher] - length) ** 2
    kernel = np.exp(-apart / (2 * LENGTH_WIDTH**2)) + LENGTH_FLOOR
    return _against(means, mask * kernel[None, :], teacher)


def _against(means: Float64, weights: Float64, teacher: int) -> Float64:
    weights = np.where(np.isnan(means), 0.0, weights)
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        towards_decoys = (np.nan_to_num(means) * weights).sum(axis=1) / total
    contrast: Float64 = means[:, teacher] - towards_decoys
    return contrast


@dataclass(frozen=True)
class Significance:
    """How unusual a value is among reference values.

    `p_rank` is (1 + references at or above) / (K + 1), `p_floor` the smallest it can be; `p_t` the
    predictive-t p-value, and `z` = (value - mean) / sd; None where K < 2 or the references are constant.
    """

    p_rank: float
    p_floor: float
    p_t: float | None
    z: float | None
    references: int


def significance(value: float, references: Float64) -> Significance:
    """Rank and predictive-t p-value of one value; one-sided, large = unusual.

    The predictive t is (value - mean) / (sd * sqrt(1 + 1/K)) with K - 1 degrees of freedom, and never
    below .001 with fewer than 100 references.
    """
    k = len(references)
    floor = 1 / (k + 1)
    p_rank = (1 + int(np.count_nonzero(references >= value))) / (k + 1)
    p_t, z = predictive_t(value, references)
    return Significance(p_rank, floor, p_t, z, k)


def predictive_t(value: float, references: Float64) -> tuple[float | None, float | None]:
    """(p, z) of `value` as a further draw from the normal population of `references`; see above."""
    k = len(references)
    spread = float(np.std(references, ddof=1)) if k > 1 else 0.0
    if not spread > 1e-12:
        return None, None
    z = (value - float(np.mean(references))) / spread
    p = float(stats.t.sf(z / np.sqrt(1 + 1 / k), k - 1))
    return (p if k >= FLOOR_LIFTED_AT else max(p, MODEL_BASED_FLOOR)), z


def strictest(parts: Sequence[Significance]) -> Significance:
    """The least unusual of several answers: largest p_t, and largest p_rank with its own floor.

    Used over the pooled references and each stratum that is large enough, so that a stratum that lies
    low cannot flatter the null.
    """
    by_rank = max(parts, key=lambda s: s.p_rank)
    tested = [s for s in parts if s.p_t is not None]
    by_t = max(tested, key=lambda s: s.p_t or 0.0) if len(tested) == len(parts) else None
    return Significance(
        by_rank.p_rank,
        by_rank.p_floor,
        by_t.p_t if by_t else None,
        by_t.z if by_t else None,
        parts[0].references,
    )


def resample_counts(n_probes: int, resamples: int, rng: np.random.Generator) -> Float64:
    """How often each probe is drawn in each bootstrap resample: (resamples, n_probes) float64."""
    draws = rng.multinomial(n_probes, np.full(n_probes, 1 / n_probes), size=resamples)
    return draws.astype(np.float64)


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
