"""Join of two corpora on keys: which documents of one share a key with which of the other.

The smaller side is sorted once and kept (`KeyIndex`); the other streams past in batches, sorted too, since
a merge of sorted keys reads memory in order. Buckets are capped, so a million equal documents cost what a
million different ones do; what was left out is told. Leaves out what a key is (`bands.py`, `sampled.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.minhash.bands import NO_KEY, Keys
from detectors.minhash.ordering import ordered
from detectors.minhash.texts import Positions

_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Candidates:
    """Pairs that share a key.

    Attributes
    ----------
    left : (n_pairs,) int64, documents of the index; right : (n_pairs,) int64, rows of the batch.
    shared : (n_pairs,) int64, how many keys they share. Sorted by right, then left; each pair once.
    crowded : (n,) int64, rows of the batch that met a bucket whose documents were not all looked at.
    """

    left: Positions
    right: Positions
    shared: Positions
    crowded: Positions


@dataclass(frozen=True)
class KeyIndex:
    """Keys of the kept side, sorted.

    Attributes
    ----------
    keys : (n,) uint64, ascending. documents : (n,) int64, whose key it is, ascending within a key.
    sizes : (n,) int64, how many documents the bucket had before the cap.
    """

    keys: Keys
    documents: Positions
    sizes: Positions

    @staticmethod
    def of(keys: Keys, documents: Positions, cap: int = 64) -> KeyIndex:
        """Index of (n,) keys and whose each is; of a bucket the `cap` lowest document numbers stay.

        A document that has a key twice counts once. NO_KEY is left out.
        """
        if cap < 1:
            raise ValueError(f"cap must be 1 or more, got {cap}.")
        keys, documents = unique_rows(keys, documents)
        if not len(keys):
            return KeyIndex(keys, documents, np.empty(0, np.int64))
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        sizes = np.diff(np.r_[starts, len(keys)])
        place = np.arange(len(keys)) - np.repeat(starts, sizes)
        stays = place < cap
        return KeyIndex(keys[stays], documents[stays], np.repeat(sizes, sizes)[stays])

    def candidates(
        self, keys: Keys, rows: Positions, met: Positions | None = None, cap: int = 0
    ) -> Candidates:
        """Pairs of an indexed document and a row of the batch that share a key.

        Parameters
        ----------
        keys, rows : (n,), the batch's keys and which row has each, in any order.
        met : (len(self.keys),) int64, how many rows each bucket has met in earlier batches, at the bucket's
            first place; counted on here. With it a bucket meets no more than `cap` rows in all, those of the
            earlier batches and the lowest numbers, and nothing is said of crowded rows: the buckets with
            more than `cap` are crowded.
        """
        keys, rows = unique_rows(keys, rows)
        first = np.searchsorted(self.keys, keys, "left")
        hits = np.searchsorted(self.keys, keys, "right") - first
        hit = np.flatnonzero(hits)
        keys, rows, first, hits = keys[hit], rows[hit], first[hit], hits[hit]
        crowded = np.empty(0, np.int64)
        if met is None:
            crowded = np.unique(rows[self.sizes[first] > hits])
        elif len(first):
            starts = np.flatnonzero(np.r_[True, first[1:] != first[:-1]])
            sizes = np.diff(np.r_[starts, len(first)])
            place = np.arange(len(first)) - np.repeat(starts, sizes) + met[first]
            met[first[starts]] += sizes
            stays = place < cap
            rows, first, hits = rows[stays], first[stays], hits[stays]
        within = np.arange(hits.sum()) - np.repeat(np.cumsum(hits) - hits, hits)
        left = self.documents[np.repeat(first, hits) + within]
        left, right, shared = _counted(left, np.repeat(rows, hits))
        return Candidates(left, right, shared, crowded)


def unique_rows(keys: Keys, rows: NDArray[np.int64]) -> tuple[Keys, Positions]:
    """Keys with their rows, ascending by both, each pair once, NO_KEY left out."""
    keys, rows = ordered(keys, rows)
    fresh = keys != NO_KEY
    fresh[1:] &= (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    return keys[fresh], rows[fresh]


def _counted(left: Positions, right: Positions) -> tuple[Positions, Positions, Positions]:
    """Pairs, each once, and how often each came."""
    if len(left) and max(int(left.max()), int(right.max())) < 1 << 32:
        packed = np.sort(right.astype(np.uint64) << np.uint64(32) | left.astype(np.uint64))
        right, left = (packed >> np.uint64(32)).astype(np.int64), (packed & _LOW).astype(np.int64)
    else:
        order = np.lexsort((left, right))
        left, right = left[order], right[order]
    fresh = np.ones(len(left), np.bool_)
    fresh[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1])
    starts = np.flatnonzero(fresh)
    return left[starts], right[starts], np.diff(np.r_[starts, len(left)])
