"""The join on one machine: keys of the smaller side kept, the other side streamed past, candidates kept.

Of a key the lowest `CAP` numbers of the right side are looked at, whichever side is kept, so that the result
does not hang on that and a million templated answers stay linear; which left documents met a key with more is
told. Leaves out the recount (`recount.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.overlap.keys import Recipe, keys_of, of_sets
from auditor.overlap.sides import Batch, Side
from auditor.overlap.spill import Documents
from auditor.progress import Progress
from detectors.minhash.exact import ShingleSets, shingle_sets
from detectors.minhash.join import KeyIndex

CAP = 32
"""Right documents that are looked at for one key."""
NO_CAP = 1 << 62
Int64 = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Found:
    """What the join found; documents are named by the number of the first equal one.

    Attributes
    ----------
    left, right : (n_pairs,) int64, candidates, ascending by left, then right; each pair once.
    left_documents, right_documents : texts and shingles of all that are in a pair.
    left_sizes : (n_left,) int64, different shingles of each document that no earlier one equals, else 0.
    crowded : (n,) int64, left documents of which not every right one with the same key was looked at.
    """

    left: Int64
    right: Int64
    left_documents: Documents
    right_documents: Documents
    left_sizes: Int64
    crowded: Int64


@dataclass
class _Keys:
    """Keys of one recipe, gathered from batches."""

    keys: list[np.ndarray] = field(default_factory=list)
    documents: list[Int64] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        self.documents.append(batch.column("document").to_numpy())
        self.keys.append(batch.column("key").to_numpy())

    def index(self, cap: int) -> KeyIndex:
        none = np.empty(0, np.int64)
        return KeyIndex.of(
            np.concatenate(self.keys or [none.astype(np.uint64)]),
            np.concatenate(self.documents or [none]),
            cap,
        )


@dataclass
class _Joined:
    """One recipe while the other side streams past."""

    recipe: Recipe
    index: KeyIndex
    left_is_kept: bool
    sampled: Int64
    met: Int64 | None = None
    crowded: list[Int64] = field(default_factory=list)

    def pairs(self, batch: pa.RecordBatch) -> tuple[Int64, Int64]:
        """Left and right documents of the candidates that a batch of keys makes."""
        keys, documents = batch.column("key").to_numpy(), batch.column("document").to_numpy()
        found = self.index.candidates(keys, documents, self.met, CAP)
        left, right = (found.left, found.right) if self.left_is_kept else (found.right, found.left)
        self.crowded.append(found.crowded)
        if self.recipe.kind == "sample" and len(right):
            sizes = np.bincount(documents - documents[0]) if self.left_is_kept else self.sampled
            base = documents[0] if self.left_is_kept else 0
            enough = found.shared >= self.recipe.least_shared(sizes[right - base])
            left, right = left[enough], right[enough]
        return left, right

    def all_crowded(self) -> Int64:
        """Left documents that met a key with more right documents than were looked at."""
        if self.met is None:
            return np.concatenate(self.crowded or [np.empty(0, np.int64)])
        at = np.flatnonzero(self.met > CAP)
        ends = np.searchsorted(self.index.keys, self.index.keys[at], "right")
        hits = ends - at
        within = np.arange(hits.sum()) - np.repeat(np.cumsum(hits) - hits, hits)
        crowded: Int64 = self.index.documents[np.repeat(at, hits) + within]
        return crowded


def join(left: Side, right: Side, recipes: Sequence[Recipe], folder: Path, progress: Progress) -> Found:
    """All candidates of two sides."""
    left_is_kept = left.size <= right.size
    kept, streamed = (left, right) if left_is_kept else (right, left)
    sizes: list[Int64] = []
    gathered = [_Keys() for _ in recipes]
    for batch in kept.batches(progress):
        for into, keys in zip(
            gathered, _keys(batch, recipes, sizes if left_is_kept else None)[0], strict=True
        ):
            into.add(keys)
    progress.stage("Sorting keys")
    joined = []
    for recipe, own in zip(recipes, gathered, strict=True):
        index = own.index(NO_CAP if left_is_kept else CAP)
        documents = (
            np.concatenate(own.documents) if own.documents and not left_is_kept else np.empty(0, np.int64)
        )
        sampled = np.bincount(documents, minlength=1) if recipe.kind == "sample" else documents
        met = np.zeros(len(index.keys), np.int64) if left_is_kept else None
        joined.append(_Joined(recipe, index, left_is_kept, sampled, met))
        own.keys, own.documents = [], []
    pairs: list[tuple[Int64, Int64]] = []
    stored = Documents(folder, "streamed"), Documents(folder, "kept")
    for batch in streamed.batches(progress):
        keyed, sets = _keys(batch, recipes, None if left_is_kept else sizes)
        found = _once([one.pairs(keys) for one, keys in zip(joined, keyed, strict=True)])
        pairs.append(found)
        _store(stored[0], batch, np.unique(found[1 if left_is_kept else 0]), sets, recipes[0])
    stored[0].close()
    pairs_left, pairs_right = (np.concatenate([p[i] for p in pairs]) for i in (0, 1))
    crowded = np.unique(np.concatenate([one.all_crowded() for one in joined]))
    joined.clear()
    wanted = np.zeros(len(kept), bool)
    wanted[pairs_left if left_is_kept else pairs_right] = True
    if wanted.any():
        for batch in kept.again(wanted, progress):
            _store(stored[1], batch, batch.numbers, None, recipes[0])
    stored[1].close()
    order = np.lexsort((pairs_right, pairs_left)) if left_is_kept else np.arange(len(pairs_left))
    own_left, own_right = stored[::-1] if left_is_kept else stored
    return Found(
        *(pairs_left[order], pairs_right[order], own_left, own_right),
        *(np.concatenate(sizes), crowded),
    )


def _keys(
    batch: Batch, recipes: Sequence[Recipe], sizes: list[Int64] | None
) -> tuple[list[pa.RecordBatch], ShingleSets | None]:
    """Keys of a batch's documents that no earlier one equals, a batch a recipe; their shingles, if needed.

    `sizes` : to note in how many different shingles each document of the batch has.
    """
    numbers, texts = batch.numbers, batch.texts
    if not batch.fresh.all():
        numbers, texts = numbers[batch.fresh], texts.filter(pa.array(batch.fresh))
    sets = None
    if sizes is not None or any(r.kind == "sample" for r in recipes):
        sets = shingle_sets(texts, recipes[0].unit, recipes[0].n)
    if sizes is not None and sets is not None:
        here = np.zeros(len(batch.numbers), np.int64)
        here[batch.fresh] = sets.sizes
        sizes.append(here)
    given = pa.record_batch({"document": pa.array(numbers, pa.int64()), "text": texts})
    return [
        of_sets(numbers, sets, r) if r.kind == "sample" and sets is not None else keys_of(given, r)
        for r in recipes
    ], sets


def _once(found: list[tuple[Int64, Int64]]) -> tuple[Int64, Int64]:
    """The pairs of several recipes, each once, ascending by left, then right."""
    left, right = (np.concatenate([f[i] for f in found]) for i in (0, 1))
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.ones(len(left), bool)
    new[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return left[new], right[new]


def _store(into: Documents, batch: Batch, numbers: Int64, sets: ShingleSets | None, recipe: Recipe) -> None:
    """Keep the texts and shingles of some documents of a batch."""
    if not len(numbers):
        return
    rows = np.searchsorted(batch.numbers, numbers)
    taken = pa.array(rows)
    texts = batch.texts.take(taken)
    if sets is None:
        own = shingle_sets(texts, recipe.unit, recipe.n)
    else:
        own = sets.taken(np.cumsum(batch.fresh)[rows] - 1)
    into.add(numbers, texts, batch.ids.take(taken), own)
