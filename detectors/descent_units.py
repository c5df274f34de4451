"""Hidden units of two MLP layers: how a unit is described, which units are drawn, who is matched with whom.

A description is the unit's weight row (what infinitely many Gaussian inputs would show: their activations
correlate as the rows do), or its activations on the embeddings of shared tokens, sent through the layer's
norm. Rows need the same residual basis; activations survive a rotation of it and another width, because the
embeddings turn along. Leaves out running the model: a deep layer sees embeddings, not its true inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1

import numpy as np
from scipy.optimize import linear_sum_assignment

from detectors.types import Float32

Indices = np.ndarray


@dataclass(frozen=True)
class Mlp:
    """One MLP layer as its hidden units see their input.

    Attributes
    ----------
    up : (n_units, width) float32; what goes into the hidden units (`up_proj`, `c_fc`), the gain of the
        norm before it multiplied in.
    gate : the same for the gate; None where the layer has none.
    """

    up: Float32
    gate: Float32 | None = None

    def __post_init__(self) -> None:
        if self.up.ndim != 2 or (self.gate is not None and self.gate.shape != self.up.shape):
            came = self.up.shape, None if self.gate is None else self.gate.shape
            raise ValueError(f"up and gate must both be (n_units, width), got {came}.")
        if not all(np.isfinite(w).all() for w in (self.up, self.gate) if w is not None):
            raise ValueError("up and gate must be finite; the checkpoint holds NaN or infinity.")


@dataclass(frozen=True)
class SharedTokens:
    """Embeddings of the same tokens in both models.

    Attributes
    ----------
    student : (n_tokens, student's width) float32; teacher : (n_tokens, teacher's width) float32.
    student_centred, teacher_centred : whether the model's norm takes the mean off (LayerNorm).
    """

    student: Float32
    teacher: Float32
    student_centred: bool = False
    teacher_centred: bool = False

    def __post_init__(self) -> None:
        if len(self.student) != len(self.teacher):
            raise ValueError(
                "student and teacher must hold the same tokens, got "
                f"{len(self.student)} and {len(self.teacher)} of them."
            )

    def inputs(self) -> tuple[Float32, Float32]:
        """Both sent through the norm without its gain, which the layers' weights hold."""
        return normed(self.student, self.student_centred), normed(self.teacher, self.teacher_centred)


def normed(embedding: Float32, centred: bool) -> Float32:
    """(n_tokens, width) rows at root mean square 1, for LayerNorm the mean taken off first."""
    values = embedding - embedding.mean(axis=1, keepdims=True) if centred else embedding
    size = np.sqrt((values**2).mean(axis=1, keepdims=True))
    scaled: Float32 = (values / np.maximum(size, 1e-12)).astype(np.float32)
    return scaled


def described(weights: Float32, inputs: Float32 | None) -> Float32:
    """Descriptions of units, each of length 1 (0 for a dead unit), so that their products are correlations.

    Parameters
    ----------
    weights : (n_units, width) float32; inputs : (n_tokens, width) float32, None = the rows themselves.

    Returns
    -------
    (n_units, width) or (n_units, n_tokens) float32.
    """
    values = weights
    if inputs is not None:
        values = weights @ inputs.T
        values -= values.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", values, values))[:, None]  # no copy of the squares
    unit: Float32 = (values / np.where(length > 0, length, 1.0)).astype(np.float32, copy=False)
    return unit


def drawn(layer: Mlp, units: int, draw: np.random.Generator) -> Indices:
    """Up to `units` hidden units of a layer that are worth matching, in random order, (n_drawn,) int64.

    Dead units (an all-zero row: padding, pruning) and all but one of equal units (a layer widened by copying)
    are left out: they tell nothing, and would be matched by their place and counted as independent.
    """
    live = layer.up.any(axis=1)
    if layer.gate is not None:
        live &= layer.gate.any(axis=1)
    order = draw.permutation(np.flatnonzero(live))
    first: dict[bytes, int] = {}
    for unit in order:
        first.setdefault(sha1(layer.up[unit].tobytes(), usedforsecurity=False).digest(), int(unit))
        if len(first) == units:
            break
    return np.fromiter(first.values(), dtype=np.int64, count=len(first))


def assigned(scores: Float32, draw: np.random.Generator) -> Indices:
    """Partner of every row that maximises the sum (linear assignment; Crouse 2016), (n_rows,) int64.

    Rows and columns are shuffled first: where scores tie, the solver goes by their order, and an order that
    two matchings share would look like agreement.

    Parameters
    ----------
    scores : (n_rows, n_columns) float32 with n_rows <= n_columns; no column is given twice.
    """
    rows, columns = draw.permutation(scores.shape[0]), draw.permutation(scores.shape[1])
    partners: Indices = np.empty(len(rows), dtype=np.int64)
    partners[rows] = columns[linear_sum_assignment(scores[np.ix_(rows, columns)], maximize=True)[1]]
    return partners
