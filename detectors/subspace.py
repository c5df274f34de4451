"""`subspace`: whether a model's logits lie in the span of a teacher's output matrix, and bottom-k overlap.

A model's logits are its output matrix times a hidden state, so they fill a space of few dimensions that
survives fine-tuning as long as the matrix does (Finlayson, Ren & Swayamdipta 2024, arXiv 2403.09539, sections
3 and 4). Both statistics here speak of the *same model or an inherited output matrix*; neither sees
distillation from text, and the overlap of lowest tokens is wrong about innocents of another base in half of
the cases (docs/detectors/subspace.md). Leaves out vocabularies that differ, logits that are capped or
otherwise bent after the output matrix, and finding the hidden size of a model that shows no weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.types import Float64

# Tokens taken at once: 2,048 rows of 8,192 float64 are 128 MiB.
TOKENS = 2048
# Directions with a smaller share of the largest eigenvalue are rounding.
RANK = 1e-10
# Positions compared at once in the overlap.
BATCH = 256


def share_within(logits: NDArray[Any], output_matrix: NDArray[Any]) -> Float64:
    """Share of the logits' variance over tokens that a linear combination of the matrix' columns explains.

    Both are centred over tokens first: logits are known up to a constant a position.

    Parameters
    ----------
    logits : (n_positions, n_vocabulary) floating, of the one model; nothing masked.
    output_matrix : (n_vocabulary, n_hidden) floating, of the other, or as many of its own logit vectors as
        columns; more columns than it has dimensions do no harm.

    Returns
    -------
    (n_positions,) float64 in [0, 1]; 1 = within the span. Unrelated directions have about
    n_hidden / n_vocabulary. NaN where the logits do not vary.
    """
    _refuse(logits, output_matrix)
    n, width = logits.shape
    mean = np.zeros(output_matrix.shape[1])
    for tile in _tiles(width):
        mean += output_matrix[tile].sum(axis=0, dtype=np.float64) / width
    level = logits.mean(axis=1, dtype=np.float64, keepdims=True)
    gram = np.zeros((len(mean), len(mean)))
    towards = np.zeros((n, len(mean)))
    for tile in _tiles(width):
        w = output_matrix[tile].astype(np.float64) - mean
        gram += w.T @ w
        towards += (logits[:, tile].astype(np.float64) - level) @ w
    values, vectors = np.linalg.eigh(gram)
    kept = values > RANK * max(values[-1], np.finfo(np.float64).tiny)
    inverse = vectors[:, kept] / np.sqrt(values[kept])
    weights = towards @ inverse @ inverse.T
    left, whole = np.zeros(n), np.zeros(n)
    for tile in _tiles(width):
        centred = logits[:, tile].astype(np.float64) - level
        whole += (centred**2).sum(axis=1)
        left += ((centred - weights @ (output_matrix[tile].astype(np.float64) - mean).T) ** 2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        within: Float64 = np.where(whole > 0, np.clip(1 - left / whole, 0.0, 1.0), np.nan)
    return within


def overlap(a: NDArray[np.int32], b: NDArray[np.int32]) -> Float64:
    """Share of tokens that two lists have in common at each position, order ignored.

    For bottom-k overlap the lists are `Logits(depth=k).ranked(logits, lowest=True).ids`.

    Parameters
    ----------
    a, b : (n_positions, k) int32 token ids, no id twice, -1 where a list is shorter.

    Returns
    -------
    (n_positions,) float64 in [0, 1], of the longer list; NaN where both are empty.
    """
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise ValueError(
            f"Both lists must be (n_positions, k) with as many positions, got {a.shape} and {b.shape}."
        )
    longest = np.maximum((a >= 0).sum(axis=1), (b >= 0).sum(axis=1))
    common = np.zeros(len(a), dtype=np.int64)
    for i in range(0, len(a), BATCH):
        x, y = a[i : i + BATCH, :, None], b[i : i + BATCH, None, :]
        common[i : i + BATCH] = ((x == y) & (x >= 0)).sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        return common / np.where(longest > 0, longest, np.nan)


def _tiles(width: int) -> list[slice]:
    return [slice(i, min(i + TOKENS, width)) for i in range(0, width, TOKENS)]


def _refuse(logits: NDArray[Any], output_matrix: NDArray[Any]) -> None:
    if logits.ndim != 2 or output_matrix.ndim != 2 or logits.shape[1] != len(output_matrix):
        raise ValueError(
            "Logits must be (n_positions, n_vocabulary) and the output matrix (n_vocabulary, n_hidden), of "
            f"the same vocabulary, got {logits.shape} and {output_matrix.shape}. Cut padding rows off: "
            "models of different vocabularies share no output matrix."
        )
    vocabulary, hidden = output_matrix.shape
    if not hidden or hidden + 1 >= vocabulary:
        raise ValueError(
            f"The output matrix must have fewer columns than tokens, got {hidden} for {vocabulary}: it spans "
            "everything. Leave this statistic out."
        )
    for name, array in (("logits", logits), ("output_matrix", output_matrix)):
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise ValueError(
                f"{name} must be finite numbers, got NaN or an infinity. Leave masked tokens out of both."
            )
