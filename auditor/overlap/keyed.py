"""Keys of documents as engines hand them on: one pure function from a RecordBatch to a RecordBatch.

In: a column text (strings or bytes). Out: a row for every document, with its keys by every recipe. Any engine
may call it, in any order, on any machine: what comes out for a document hangs on its text alone. Leaves out
what a key is (`keys.py`) and what is done with them (`join.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.overlap.keys import Recipe, keys_of, of_sets
from detectors.minhash.counting import distinct_shingles
from detectors.minhash.exact import ShingleSets, shingle_sets
from detectors.minhash.ordering import ordered

Int64 = np.ndarray[Any, np.dtype[np.int64]]
UInt64 = np.ndarray[Any, np.dtype[np.uint64]]
Bool = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Asked:
    """What is asked of documents.

    Attributes
    ----------
    counted : whether their different shingles are counted, too. held : by recipe the (n,) uint64 keys of the
        other side, ascending; keys that are not among them are left out. None = all are wanted.
    """

    recipes: tuple[Recipe, ...]
    counted: bool = False
    held: tuple[UInt64, ...] | None = None


@dataclass(frozen=True)
class Keyed:
    """Keys of n documents, by recipe.

    Attributes
    ----------
    rows : (n_keys,) int64 each, whose key it is, ascending. keys : (n_keys,) uint64 each. counts : (n,) int64
        each, keys of the document before any was left out. sizes : (n,) int64, different shingles, or None.
    """

    rows: tuple[Int64, ...]
    keys: tuple[UInt64, ...]
    counts: tuple[Int64, ...]
    sizes: Int64 | None

    def only(self, wanted: Bool) -> Keyed:
        """The same with nothing for documents that are not `wanted` ((n,) bool)."""
        kept = [wanted[rows] for rows in self.rows]
        return Keyed(
            tuple(r[k] for r, k in zip(self.rows, kept, strict=True)),
            tuple(v[k] for v, k in zip(self.keys, kept, strict=True)),
            tuple(np.where(wanted, c, 0) for c in self.counts),
            None if self.sizes is None else np.where(wanted, self.sizes, 0),
        )

    def spread(self, places: Int64, n: int) -> Keyed:
        """The same for n documents, of which document i here is number places[i]; the others have nothing."""

        def laid(values: Int64) -> Int64:
            whole = np.zeros(n, np.int64)
            whole[places] = values
            return whole

        return Keyed(
            tuple(places[r] for r in self.rows),
            self.keys,
            tuple(map(laid, self.counts)),
            None if self.sizes is None else laid(self.sizes),
        )

    def among(self, held: Sequence[UInt64]) -> Keyed:
        """Only keys that are held: (n,) uint64 by recipe, ascending."""
        kept = [_is_in(keys, other) for keys, other in zip(self.keys, held, strict=True)]
        return Keyed(
            tuple(r[k] for r, k in zip(self.rows, kept, strict=True)),
            tuple(v[k] for v, k in zip(self.keys, kept, strict=True)),
            self.counts,
            self.sizes,
        )

    def columns(self) -> dict[str, pa.Array]:
        """As columns of a RecordBatch, a row a document; `of_batch` reads them."""
        found: dict[str, pa.Array] = {}
        for i, (rows, keys, counts) in enumerate(zip(self.rows, self.keys, self.counts, strict=True)):
            ends = np.searchsorted(rows, np.arange(len(counts) + 1))
            found[f"keys_{i}"] = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), pa.array(keys))
            found[f"count_{i}"] = pa.array(counts)
        if self.sizes is not None:
            found["shingles"] = pa.array(self.sizes)
        return found

    @staticmethod
    def of_batch(batch: pa.RecordBatch) -> Keyed:
        """From the columns that `columns` makes."""
        n = sum(name.startswith("keys_") for name in batch.schema.names)
        lists = [batch.column(f"keys_{i}") for i in range(n)]
        sizes = [column.value_lengths().to_numpy(zero_copy_only=False) for column in lists]
        return Keyed(
            tuple(np.repeat(np.arange(len(batch)), s) for s in sizes),
            tuple(column.flatten().to_numpy() for column in lists),
            tuple(batch.column(f"count_{i}").to_numpy() for i in range(n)),
            batch.column("shingles").to_numpy() if "shingles" in batch.schema.names else None,
        )


def of_texts(texts: pa.Array, asked: Asked, threads: int = 0) -> tuple[Keyed, ShingleSets | None]:
    """Keys of (n,) texts, and their shingles if those had to be gathered."""
    sets, sizes = None, None
    first = asked.recipes[0]
    if any(r.kind == "sample" for r in asked.recipes):
        sets = shingle_sets(texts, first.unit, first.n, threads)
        sizes = sets.sizes if asked.counted else None
    elif asked.counted:
        sizes = distinct_shingles(texts, first.unit, first.n, threads)
    numbers = np.arange(len(texts), dtype=np.int64)
    given = pa.record_batch({"document": pa.array(numbers), "text": texts})
    made = [
        of_sets(numbers, sets, r) if r.kind == "sample" and sets is not None else keys_of(given, r, threads)
        for r in asked.recipes
    ]
    rows = tuple(m.column("document").to_numpy() for m in made)
    found = Keyed(
        rows,
        tuple(m.column("key").to_numpy() for m in made),
        tuple(np.bincount(r, minlength=len(texts)) for r in rows),
        sizes,
    )
    return (found if asked.held is None else found.among(asked.held)), sets


def keyed(batch: pa.RecordBatch, asked: Asked, threads: int = 0) -> pa.RecordBatch:
    """The function of every engine beyond one process: column text in, columns of keys out, row by row."""
    return pa.record_batch(of_texts(batch.column("text"), asked, threads)[0].columns())


def _is_in(keys: UInt64, held: UInt64) -> Bool:
    """Whether each key is held; looked up in order, since a search at random waits for memory."""
    found = np.zeros(len(keys), np.bool_)
    if not len(held):
        return found
    sorted_keys, order = ordered(keys, np.arange(len(keys), dtype=np.int64))
    at = np.minimum(np.searchsorted(held, sorted_keys), len(held) - 1)
    found[order] = held[at] == sorted_keys
    return found
