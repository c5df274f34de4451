"""Banding: which documents are looked at as a pair, and how surely a pair is.

A signature is cut into bands of `rows` minima; documents that agree on a whole band are candidates (Broder
1997; Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4). Keys of bands are 64-bit, so all bands
share one index. Leaves out the index (`join.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detectors.compiled import compiled
from detectors.minhash.arithmetic import EMPTY, absorb, mix, u32, u64
from detectors.minhash.texts import Hashes
from detectors.types import Float64

Keys = NDArray[np.uint64]
NO_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)
"""Key of a document that has no shingle: it is nobody's candidate."""


@dataclass(frozen=True)
class Bands:
    """A cut of signatures into `bands` times `rows` minima."""

    bands: int
    rows: int

    def __post_init__(self) -> None:
        if self.bands < 1 or self.rows < 1:
            raise ValueError(f"bands and rows must be 1 or more, got {self.bands} and {self.rows}.")

    def recall(self, jaccard: ArrayLike) -> Float64:
        """The S-curve: P(a pair of this Jaccard similarity is a candidate), minima taken as independent."""
        return 1 - (1 - np.asarray(jaccard, np.float64) ** self.rows) ** self.bands

    def check(self, k: int) -> None:
        """Raise ValueError unless signatures of k minima can be cut so."""
        if k < self.bands * self.rows:
            raise ValueError(f"signatures must have at least {self.bands} x {self.rows} minima, got {k}.")

    def keys(self, signatures: Hashes) -> Keys:
        """(n_documents, bands) uint64 from (n_documents, k) uint32, k at least bands * rows."""
        if signatures.ndim != 2:
            raise ValueError(f"signatures must be one row a document, got {signatures.ndim}-d.")
        self.check(signatures.shape[1])
        keys = np.empty((len(signatures), self.bands), np.uint64)
        _keys(signatures, self.rows, keys)
        return keys


def bands_for(threshold: float, recall: float = 0.95, k: int = 128) -> Bands:
    """The cut of at most k minima with the fewest candidates that finds pairs of `threshold` at `recall`.

    Fewest: the most rows that k allows. Raises ValueError when even single rows do not reach it.
    """
    if not 0 < threshold <= 1 or not 0 < recall < 1:
        raise ValueError(
            f"threshold must be above 0 and at most 1, recall between 0 and 1, got {threshold} and {recall}."
        )
    for rows in range(k, 0, -1):
        cut = Bands(k // rows, rows)
        if cut.recall(threshold) >= recall:
            needed = np.log1p(-recall) / np.log1p(-(threshold**rows)) if threshold < 1 else 1
            return Bands(min(cut.bands, max(1, int(np.ceil(needed - 1e-9)))), rows)
    raise ValueError(
        f"{k} minima find pairs of Jaccard {threshold} with probability "
        f"{Bands(k, 1).recall(threshold):.3f} at most, less than {recall}; "
        "take more minima, a higher threshold or a lower recall."
    )


@compiled()
def _keys(signatures: Hashes, rows: int, keys: Keys) -> None:
    for i in range(len(keys)):
        nothing = signatures[i, 0] == EMPTY and signatures[i, -1] == EMPTY
        for band in range(keys.shape[1]):
            low, high = u32(2 * band), u32(2 * band + 1)
            for j in range(band * rows, (band + 1) * rows):
                low, high = absorb(low, signatures[i, j]), absorb(high, signatures[i, j])
            key = u64(u64(mix(low)) | u64(u64(mix(high)) << u64(32)))
            keys[i, band] = NO_KEY if nothing else key
