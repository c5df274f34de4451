"""Near copies by signatures alone, where the right side is a sketch: estimates, and called so.

The share of equal minima estimates Jaccard similarity J without bias; its standard error is at most
sqrt(J (1 - J) / k) (Broder 1997). How many shingles a pair shares follows from it and from how many each has.
Leaves out exact counts (`recount.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.overlap.index.corpus import IndexCorpus
from auditor.overlap.join import Found
from auditor.overlap.recount import Pairs
from auditor.progress import Progress
from detectors.minhash import estimates
from detectors.minhash.exact import Overlaps
from detectors.minhash.signatures import MinHash
from detectors.types import Float64

BLOCK = 1 << 14
"""Left documents whose signatures are made at once."""


@dataclass(frozen=True)
class Estimates(Overlaps):
    """Counts that follow from estimates. similarity : (n_pairs,) float64, estimated Jaccard similarity."""

    similarity: Float64

    @property
    def jaccard(self) -> Float64:
        """The estimate itself, not what rounded counts make of it."""
        return self.similarity


def estimate(found: Found, right: IndexCorpus, threshold: float, progress: Progress) -> Pairs:
    """The candidates whose estimated Jaccard similarity is `threshold` or more."""
    progress.stage("Estimating pairs", len(found.left), "pairs")
    settings = right.manifest.settings
    unit, n = settings.shingle.split(":")
    family = MinHash(settings.k, unit, int(n), settings.scheme)
    left_rows = found.left_documents.rows(found.left)
    right_rows = found.right_documents.rows(found.right)
    others, other_sizes = right.signatures(found.right_documents.numbers)
    similarity = np.empty(len(found.left), np.float64)
    for at in range(0, len(found.left_documents), BLOCK):
        # Pairs are in the order of their left documents, so those of a block lie together.
        a, b = np.searchsorted(left_rows, (at, at + BLOCK))
        own = family.signatures(found.left_documents.texts(at, at + BLOCK))
        similarity[a:b] = estimates.jaccard(own, others, (left_rows[a:b] - at, right_rows[a:b]))
        progress.advance(int(b - a))
    kept = np.flatnonzero(similarity >= threshold)
    similarity, left_rows, right_rows = similarity[kept], left_rows[kept], right_rows[kept]
    left_sizes, right_sizes = found.left_documents.sets.sizes[left_rows], other_sizes[right_rows]
    shared = similarity / (1 + similarity) * (left_sizes + right_sizes)
    shared = np.minimum(np.rint(shared).astype(np.int64), np.minimum(left_sizes, right_sizes))
    counts = Estimates(shared, left_sizes, right_sizes, similarity)
    return Pairs(found.left[kept], found.right[kept], left_rows, right_rows, counts)
