"""What two signatures say of two documents: estimates of Jaccard similarity and containment.

The share of equal minima estimates Jaccard similarity without bias (Broder 1997); its error is at most
sqrt(J (1 - J) / k). Leaves out exact counts (`exact.py`), which every reported pair gets.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import EMPTY
from detectors.minhash.texts import Hashes, Positions
from detectors.types import Float32, Float64


def jaccard(left: Hashes, right: Hashes, pairs: tuple[Positions, Positions] | None = None) -> Float32:
    """Estimated Jaccard similarity of row i of `left` and row i of `right`, or of the pairs given.

    Parameters
    ----------
    left, right : (n_left, k) and (n_right, k) uint32, signatures of one family.
    pairs : (n_pairs,) int64 rows of `left` and of `right`; None = row with row.

    Returns
    -------
    (n_pairs,) float32; NaN where a document has no shingle.
    """
    if left.shape[1] != right.shape[1]:
        raise ValueError(f"signatures must be equally long, got {left.shape[1]} and {right.shape[1]} minima.")
    if pairs is None:
        if len(left) != len(right):
            raise ValueError(
                f"without pairs both sides must be equally many, got {len(left)} and {len(right)}."
            )
        pairs = np.arange(len(left)), np.arange(len(right))
    out = np.empty(len(pairs[0]), np.float32)
    _agreement(left, right, pairs[0], pairs[1], out)
    return out


def containment(jaccard: Float32 | Float64, size: Positions, other_size: Positions) -> Float64:
    """Estimated share of a document's shingles that the other has, from their Jaccard similarity and sizes.

    Follows from |A n B| = J (|A| + |B|) / (1 + J); at most 1.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = jaccard * (size + other_size) / (1 + jaccard)
        return np.minimum(shared / size, 1.0)


@compiled()
def _agreement(left: Hashes, right: Hashes, a: Positions, b: Positions, out: Float32) -> None:
    k = left.shape[1]
    for pair in range(len(out)):
        x, y = left[a[pair]], right[b[pair]]
        equal, used_x, used_y = 0, 0, 0
        for j in range(k):
            equal += x[j] == y[j]
            used_x += x[j] != EMPTY
            used_y += y[j] != EMPTY
        out[pair] = equal / k if used_x and used_y else np.nan
