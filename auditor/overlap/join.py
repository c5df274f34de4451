"""The join on one machine: keys of the smaller side kept, the other side streamed past, candidates kept.

Where the keys of the smaller side are beyond the memory there is for them, those of both go to disk and are
joined there (`beyond.py`); the result is the same.

Of a key the lowest `CAP` numbers of the right side are looked at, whichever side is kept, so that the result
does not hang on that and a million templated answers stay linear; which left documents met a key with more is
told. Leaves out the recount (`recount.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.overlap.beyond import DiskKeys
from auditor.overlap.keyed import Asked, Keyed
from auditor.overlap.keys import Recipe
from auditor.overlap.memory import A_KEY
from auditor.overlap.sides import Batch, Side
from auditor.overlap.spill import Documents
from auditor.progress import Progress
from detectors.minhash.exact import shingle_sets
from detectors.minhash.join import KeyIndex

CAP = 32
"""Right documents that are looked at for one key."""
NO_CAP = 1 << 62
Int64 = np.ndarray[Any, np.dtype[np.int64]]
_Gathered = tuple[Int64, Keyed]


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
class _Joined:
    """One recipe while the other side streams past."""

    recipe: Recipe
    index: KeyIndex
    left_is_kept: bool
    sampled: Int64
    met: Int64 | None = None
    crowded: list[Int64] = field(default_factory=list)

    def pairs(self, batch: Batch, keyed: Keyed, at: int) -> tuple[Int64, Int64]:
        """Left and right documents of the candidates that a batch makes by its recipe number `at`."""
        documents = batch.numbers[keyed.rows[at]]
        found = self.index.candidates(keyed.keys[at], documents, self.met, CAP)
        left, right = (found.left, found.right) if self.left_is_kept else (found.right, found.left)
        self.crowded.append(found.crowded)
        if self.recipe.kind == "sample" and len(right):
            sizes, base = (keyed.counts[at], batch.numbers[0]) if self.left_is_kept else (self.sampled, 0)
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


def join(
    left: Side,
    right: Side,
    recipes: Sequence[Recipe],
    folder: Path,
    progress: Progress,
    memory: int,
) -> Found:
    """All candidates of two sides; `memory` : bytes that keys may take."""
    left_is_kept = left.size <= right.size
    kept, streamed = (left, right) if left_is_kept else (right, left)
    names = ("left", "right") if left_is_kept else ("right", "left")
    sizes: list[Int64] = []
    asked = Asked(tuple(recipes), left_is_kept)
    stored = Documents(folder, "streamed"), Documents(folder, "kept")
    gathered: list[_Gathered] = []
    disk: DiskKeys | None = None
    n_keys = 0
    for batch, keyed in _noted(kept.batches(asked, progress), sizes):
        gathered.append((batch.numbers, keyed))
        n_keys += sum(map(len, keyed.keys))
        if n_keys * A_KEY > memory:
            disk = disk or DiskKeys(folder, recipes, memory)
            for numbers, keys in gathered:
                disk.add(names[0], numbers, keys)
            gathered.clear()
    if disk is None:
        progress.stage("Sorting keys")
        joined = [_joined(r, i, gathered, left_is_kept) for i, r in enumerate(recipes)]
        gathered.clear()
        pairs, crowded, back = _streamed(joined, streamed, stored[0], sizes, progress)
    else:
        pairs, crowded = _on_disk(disk, recipes, streamed, names[1], sizes, progress)
        back = True
    by_side = pairs[::-1] if left_is_kept else pairs
    for side, into, numbers, needed in zip((streamed, kept), stored, by_side, (back, True), strict=True):
        if needed and len(numbers):
            wanted = np.zeros(len(side), bool)
            wanted[numbers] = True
            for batch in side.again(wanted, progress):
                _store(into, batch, batch.numbers, recipes[0])
        into.close()
    order = np.lexsort(pairs[::-1]) if left_is_kept else np.arange(len(pairs[0]))
    own_left, own_right = stored[::-1] if left_is_kept else stored
    return Found(
        *(pairs[0][order], pairs[1][order], own_left, own_right),
        *(np.concatenate(sizes), crowded),
    )


def _streamed(
    joined: list[_Joined], side: Side, into: Documents, sizes: list[Int64], progress: Progress
) -> tuple[tuple[Int64, Int64], Int64, bool]:
    """Pairs of the side with what is kept, crowded left documents, and whether its texts are still needed."""
    left_is_kept = joined[0].left_is_kept
    recipes = tuple(one.recipe for one in joined)
    asked = Asked(recipes, not left_is_kept, tuple(one.index.keys for one in joined))
    pairs: list[tuple[Int64, Int64]] = []
    back = False
    for batch, keyed in _noted(side.batches(asked, progress), sizes):
        found = _once([one.pairs(batch, keyed, i) for i, one in enumerate(joined)])
        pairs.append(found)
        if batch.texts is None:
            back = True
        else:
            _store(into, batch, np.unique(found[1 if left_is_kept else 0]), recipes[0])
    left, right = (np.concatenate([p[i] for p in pairs]) for i in (0, 1))
    crowded = np.unique(np.concatenate([one.all_crowded() for one in joined]))
    joined.clear()  # The index is done with.
    return (left, right), crowded, back


def _on_disk(
    disk: DiskKeys,
    recipes: Sequence[Recipe],
    side: Side,
    streams: str,
    sizes: list[Int64],
    progress: Progress,
) -> tuple[tuple[Int64, Int64], Int64]:
    """The same with the keys of the other side, which `streams`, on disk, too."""
    asked = Asked(tuple(recipes), streams == "left")
    for batch, keyed in _noted(side.batches(asked, progress), sizes):
        disk.add(streams, batch.numbers, keyed)
    progress.stage("Joining keys on disk")
    found = [disk.join(at, CAP) for at in range(len(recipes))]
    disk.close()
    return _once([pairs for pairs, _ in found]), np.unique(np.concatenate([crowded for _, crowded in found]))


def _noted(batches: Iterable[Batch], sizes: list[Int64]) -> Iterator[tuple[Batch, Keyed]]:
    """Batches with their keys; how many shingles each document has goes to `sizes`, where it was asked."""
    for batch in batches:
        assert batch.keyed is not None
        if batch.keyed.sizes is not None:
            sizes.append(batch.keyed.sizes)
        yield batch, batch.keyed


def _joined(recipe: Recipe, at: int, gathered: Sequence[_Gathered], left_is_kept: bool) -> _Joined:
    """Index of the kept side's keys by recipe number `at`."""
    keys = np.concatenate([keyed.keys[at] for _, keyed in gathered])
    documents = np.concatenate([numbers[keyed.rows[at]] for numbers, keyed in gathered])
    index = KeyIndex.of(keys, documents, NO_CAP if left_is_kept else CAP)
    counts = [np.empty(0, np.int64)]
    if recipe.kind == "sample" and not left_is_kept:
        counts += [keyed.counts[at] for _, keyed in gathered]
    met = np.zeros(len(index.keys), np.int64) if left_is_kept else None
    return _Joined(recipe, index, left_is_kept, np.concatenate(counts), met)


def _once(found: list[tuple[Int64, Int64]]) -> tuple[Int64, Int64]:
    """The pairs of several recipes, each once, ascending by left, then right."""
    left, right = (np.concatenate([f[i] for f in found]) for i in (0, 1))
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    new = np.ones(len(left), bool)
    new[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    return left[new], right[new]


def _store(into: Documents, batch: Batch, numbers: Int64, recipe: Recipe) -> None:
    """Keep the texts and shingles of some documents of a batch."""
    if not len(numbers):
        return
    assert batch.texts is not None and batch.ids is not None
    rows = np.searchsorted(batch.numbers, numbers)
    taken = pa.array(rows)
    texts = batch.texts.take(taken)
    if batch.sets is None:
        own = shingle_sets(texts, recipe.unit, recipe.n)
    else:
        own = batch.sets.taken(np.cumsum(batch.fresh)[rows] - 1)
    into.add(numbers, texts, batch.ids.take(taken), own)
