"""Sampled shingles: candidates for containment, where Jaccard similarity is small by size alone.

A short answer inside a long record has a small Jaccard similarity, so bands miss it. Here each document keeps
the shingles whose hash lies below rate * 2**32 (FracMinHash: Irber et al. 2022; Hera, Pierce-Ward & Koslicki
2023, Genome Research 33): the same choice in every document, so the kept shingles two documents share are an
unbiased sample of those they share. Leaves out the recount (`exact.py`) and the join (`join.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from detectors.minhash.bands import Keys
from detectors.minhash.exact import ShingleSets, shingle_sets
from detectors.minhash.texts import Positions, texts_of
from detectors.types import Float64


@dataclass(frozen=True)
class Sample:
    """Which shingles are kept: each with probability `rate`, the same ones in every document."""

    rate: float = 0.125
    shingle: str = "words"
    n: int = 5
    threads: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate must be above 0 and at most 1, got {self.rate}.")

    def recall(self, shared: ArrayLike, at_least: int = 1) -> Float64:
        """P(a pair that shares this many shingles has at least so many of them in the sample)."""
        from scipy.stats import binom

        return np.asarray(binom.sf(at_least - 1, np.asarray(shared), self.rate), np.float64)

    def keys(self, documents: Any) -> tuple[Keys, Positions]:
        """Kept shingles of all documents and whose each is: (n,) uint64, (n,) int64, by document."""
        return self.of(shingle_sets(texts_of(documents), self.shingle, self.n, self.threads))

    def of(self, sets: ShingleSets) -> tuple[Keys, Positions]:
        """The same from shingles that were gathered already."""
        # The low half of a value chooses, being a hash of its own; the whole is the key.
        kept = (sets.values & np.uint64(0xFFFFFFFF)) < np.uint64(round(self.rate * 2**32))
        return sets.values[kept], np.repeat(np.arange(len(sets)), sets.sizes)[kept]
