"""Opening log-odds: whether a subject opens like this teacher rather than like the others.

Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words",
section 3.3.1) of binary token 1-2-grams of the first characters, one class a teacher checkpoint. The
weights are counted on one half of the probes and read off the other half, then the halves swap, so an
answer never meets weights that its own prompt made. Leaves out the contrast with decoys (`null.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detectors.tokens import tokens
from detectors.types import Float32, Float64, PanelView

# n-grams that no teacher uses in the counting half say nothing about which teacher it was, and their
# prior odds differ between teachers only through their totals: they are left out.
MIN_COUNT = 1
SMOOTHING = 0.01


@dataclass(frozen=True)
class Occurrences:
    """Which answer holds which n-gram: (n_probes * n_subjects, n_grams) binary, probe-major."""

    matrix: sparse.csr_array
    n_subjects: int

    def rows(self, probes: NDArray[np.int64], subjects: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row numbers of every (probe, subject) pair, probe-major."""
        return (probes[:, None] * self.n_subjects + subjects[None, :]).ravel()


def occurrences(panel: PanelView, characters: int) -> Occurrences:
    """Binary token 1-2-grams (lower-cased) of the first `characters` characters of every answer."""
    vocabulary: dict[object, int] = {}
    columns: list[int] = []
    ends = [0]
    for probe in range(len(panel.probes)):
        for text in panel.answers(probe):
            if text is not None:
                cut = tokens(text[:characters].lower())
                # dict.fromkeys keeps first-seen order: the same panel gives the same numbering.
                grams = dict.fromkeys((*cut, *pairwise(cut)))
                columns.extend(vocabulary.setdefault(g, len(vocabulary)) for g in grams)
            ends.append(len(columns))
    matrix = sparse.csr_array(
        (np.ones(len(columns), dtype=np.float32), np.asarray(columns, dtype=np.int64), np.asarray(ends)),
        shape=(len(ends) - 1, len(vocabulary)),
    )
    return Occurrences(matrix, len(panel.subjects))


def class_weights(counts: Float64, prior: float) -> Float64:
    """Log-odds of every n-gram for each class against the other classes together.

    Parameters
    ----------
    counts : (n_classes, n_grams) how many answers of a class hold the n-gram.
    prior : total pseudo-count, spread like the background.

    Returns
    -------
    (n_classes, n_grams) float64, natural log; zero rows for a single class (nothing to compare with).
    """
    if len(counts) < 2:
        return np.zeros_like(counts)
    background = counts.sum(axis=0)
    alpha = prior * (background + SMOOTHING) / (background + SMOOTHING).sum()
    rest = background - counts
    own = np.log((counts + alpha) / (counts.sum(axis=1, keepdims=True) + prior))
    others = np.log((rest + alpha) / (rest.sum(axis=1, keepdims=True) + prior))
    weights: Float64 = own - others
    return weights


def opening_log_odds(panel: PanelView, teachers: tuple[int, ...], characters: int, prior: float) -> Float32:
    """Mean log-odds per n-gram of each subject's opening under each teacher.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32, nats per n-gram; NaN where the subject gave no answer or
    the counting half holds none of its n-grams.
    """
    n_subjects, n_probes = len(panel.subjects), len(panel.probes)
    values = np.full((n_subjects, len(teachers), n_probes), np.nan, dtype=np.float32)
    found = occurrences(panel, characters)
    # Alternate in the order of probe ids, so that the order of the panel does not matter.
    half = np.argsort(np.argsort([p.id for p in panel.probes])) % 2
    for counted in (0, 1):
        counting = np.flatnonzero(half == counted)
        reading = np.flatnonzero(half != counted)
        counts = np.stack(
            [
                np.asarray(found.matrix[found.rows(counting, np.array([t]))].sum(axis=0)).ravel()
                for t in teachers
            ]
        ).astype(np.float64)
        known = counts.sum(axis=0) >= MIN_COUNT
        weights = class_weights(counts[:, known], prior).astype(np.float32)
        answers = found.matrix[found.rows(reading, np.arange(n_subjects))][:, np.flatnonzero(known)]
        n_grams = np.asarray(answers.sum(axis=1)).ravel()
        with np.errstate(invalid="ignore"):
            mean = (answers @ weights.T) / np.where(n_grams > 0, n_grams, np.nan)[:, None]
        values[:, :, reading] = mean.reshape(len(reading), n_subjects, -1).transpose(1, 2, 0)
    return values
