"""From texts to keys: one pure function from a RecordBatch to a RecordBatch, for every engine.

In: columns document (int64) and text (strings or bytes). Out: document (int64) and key (uint64), a row for
every key of every document. Two documents that share a key are looked at as a pair. Leaves out who calls it,
in what order and on which machine: the result for a document hangs on its text alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from auditor.overlap.config import OverlapConfig
from detectors.minhash.bands import NO_KEY, Bands, bands_for
from detectors.minhash.exact import ShingleSets, shingle_sets
from detectors.minhash.sampled import Sample
from detectors.minhash.signatures import MinHash
from detectors.types import Float64

KEYS = pa.schema([("document", pa.int64()), ("key", pa.uint64())])
RATE = 0.25
"""Share of the shingles that are kept to find answers inside longer records."""


@dataclass(frozen=True)
class Recipe:
    """How documents get keys. `kind` : "bands" finds near copies, "sample" answers inside longer records.

    Attributes
    ----------
    unit, n : what a shingle is. k, bands, rows : of a signature (`bands`). rate : of a sample.
    containment : share of a right document that must be in a left one (`sample`).
    """

    kind: str
    unit: str
    n: int
    k: int = 128
    bands: int = 0
    rows: int = 0
    rate: float = RATE
    containment: float = 1.0
    device: str = "auto"

    @property
    def cut(self) -> Bands:
        """The cut of a signature into bands."""
        return Bands(self.bands, self.rows)

    def least_shared(self, sizes: np.ndarray) -> np.ndarray:
        """Sampled shingles that a pair must share, for (n,) sample sizes of the right document.

        Half of what is expected of a pair at the threshold: one frequent phrase is not enough.
        """
        return np.maximum(1, np.ceil(self.containment * sizes / 2 - 1e-9)).astype(np.int64)

    def recall(self, size: int) -> float:
        """P(a right document of `size` shingles is found in one that holds the least share of them)."""
        from scipy.stats import binom

        kept = np.arange(1, size + 1)
        least = self.least_shared(kept)
        held = binom.sf(least - 1, kept, self.containment)
        return float(np.sum(binom.pmf(kept, size, self.rate) * held))


def recipes_for(config: OverlapConfig) -> tuple[Recipe, ...]:
    """The recipes a run needs."""
    unit, n = config.cut()
    cut = bands_for(config.threshold, config.recall, config.k)
    found = [Recipe("bands", unit, n, config.k, cut.bands, cut.rows, device=config.device)]
    if config.containment is not None:
        found.append(Recipe("sample", unit, n, containment=config.containment))
    return tuple(found)


def keys_of(batch: pa.RecordBatch, recipe: Recipe, threads: int = 0) -> pa.RecordBatch:
    """Keys of the documents of a batch, by document; documents without a shingle have none."""
    documents = batch.column("document").to_numpy()
    texts = batch.column("text")
    if recipe.kind == "sample":
        return of_sets(documents, shingle_sets(texts, recipe.unit, recipe.n, threads), recipe)
    family = MinHash(recipe.k, recipe.unit, recipe.n, threads=threads, device=recipe.device)
    keys = family.keys(texts, recipe.cut)
    some = keys[:, 0] != NO_KEY
    return _batch(np.repeat(documents[some], recipe.bands), keys[some].reshape(-1))


def of_sets(documents: np.ndarray, sets: ShingleSets, recipe: Recipe) -> pa.RecordBatch:
    """Keys of a sample, from shingles that are there already: (n,) int64 document numbers, n sets."""
    chosen = Sample(recipe.rate, recipe.unit, recipe.n)
    keys, rows = chosen.of(sets)
    return _batch(documents[rows], keys)


def curve(recipe: Recipe, jaccards: ArrayLike) -> Float64:
    """Recall of the bands at some Jaccard similarities."""
    return recipe.cut.recall(jaccards)


def _batch(documents: np.ndarray, keys: np.ndarray) -> pa.RecordBatch:
    columns = [pa.array(documents, pa.int64()), pa.array(keys, pa.uint64())]
    return pa.RecordBatch.from_arrays(columns, schema=KEYS)
