"""Exact recounts: the shingles two documents have in common, counted, not estimated.

A shingle is known by 64 bits (two MurmurHash3_x86_32 with different seeds): among the shingles of two
documents of 1,000 words two different ones are taken for the same with a probability below 1e-13. Leaves out
which pairs are worth it (`join.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import SEED, u32, u64
from detectors.minhash.bands import Keys
from detectors.minhash.shingles import Work, kind_for, next_shingles, work
from detectors.minhash.signatures import KINDS, shared
from detectors.minhash.texts import Bytes, Positions, Texts, texts_of
from detectors.types import Float64

OTHER_SEED = u32(0x5BD1E995)
ROOM = 1 << 26
"""Bytes of text up to which room for shingles is taken without counting them first."""


@dataclass(frozen=True)
class ShingleSets:
    """The different shingles of documents.

    Attributes
    ----------
    values : (n,) uint64, those of a document ascending, each once.
    offsets : (n_documents + 1,) int64; document i has values[offsets[i] : offsets[i + 1]].
    """

    values: Keys
    offsets: Positions

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> Positions:
        """(n_documents,) int64, how many different shingles."""
        return np.diff(self.offsets)

    def taken(self, rows: Positions) -> ShingleSets:
        """Those of some documents ((n,) int64), in that order."""
        sizes = self.sizes[rows]
        offsets = np.r_[0, np.cumsum(sizes)]
        place = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes) + np.repeat(self.offsets[rows], sizes)
        return ShingleSets(self.values[place], offsets)


@dataclass(frozen=True)
class Overlaps:
    """What pairs of documents share, all (n_pairs,).

    Attributes
    ----------
    shared, left_size, right_size : int64, different shingles in both, in the left, in the right document.
    """

    shared: Positions
    left_size: Positions
    right_size: Positions

    @property
    def jaccard(self) -> Float64:
        """Shared over all; NaN where neither has a shingle."""
        return _share(self.shared, self.left_size + self.right_size - self.shared)

    @property
    def left_in_right(self) -> Float64:
        """Containment: the share of the left document's shingles that the right one has."""
        return _share(self.shared, self.left_size)

    @property
    def right_in_left(self) -> Float64:
        """Containment: the share of the right document's shingles that the left one has."""
        return _share(self.shared, self.right_size)


def shingle_sets(documents: Any, shingle: str = "words", n: int = 5, threads: int = 0) -> ShingleSets:
    """The different shingles of every document; arguments as in `signatures.MinHash`."""
    texts = texts_of(documents)
    kind = KINDS[shingle]
    starts = room_for(texts, kind, n, threads)
    values = np.empty(starts[-1], np.uint64)
    distinct = np.empty(len(texts), np.int64)

    def gather(first: int, last: int) -> None:
        _gather(texts.data, texts.offsets, first, last, kind, n, values, starts, distinct, work(), work())

    shared(gather, texts, threads)
    offsets = np.r_[0, np.cumsum(distinct)]
    _packed(values, starts, offsets)
    return ShingleSets(values[: offsets[-1]], offsets)


def room_for(texts: Texts, kind: int, n: int, threads: int) -> Positions:
    """(n_documents + 1,) int64: where there is room for the shingles of each document.

    A document has no more shingles than bytes. Room that is not written to takes no memory, but for large
    documents the system may refuse it; those are walked once more, to count.
    """
    if texts.n_bytes <= ROOM:
        starts: Positions = texts.offsets - texts.offsets[0]
        return starts
    counts = np.empty(len(texts), np.int64)

    def count(first: int, last: int) -> None:
        _walk(texts.data, texts.offsets, first, last, kind, n, counts, work())

    shared(count, texts, threads)
    summed: Positions = np.r_[0, np.cumsum(counts)]
    return summed


def overlaps(left: ShingleSets, right: ShingleSets, pairs: tuple[Positions, Positions]) -> Overlaps:
    """Exact counts for pairs of a document of `left` and one of `right` ((n_pairs,) int64 each)."""
    a, b = pairs
    counts = np.empty(len(a), np.int64)
    _intersect(left.values, left.offsets, right.values, right.offsets, a, b, counts)
    return Overlaps(counts, left.sizes[a], right.sizes[b])


def covered(
    left: ShingleSets, right: ShingleSets, pairs: tuple[Positions, Positions], groups: Positions
) -> Positions:
    """How many shingles of a left document are in any of several right ones, exactly.

    Parameters
    ----------
    pairs : (n_pairs,) int64 each, left and right documents.
    groups : (n_groups + 1,) int64, where each run of pairs with one left document begins.

    Returns
    -------
    (n_groups,) int64.
    """
    counts = np.empty(len(groups) - 1, np.int64)
    _cover(left.values, left.offsets, right.values, right.offsets, *pairs, groups, counts)
    return counts


def _share(part: Positions, whole: Positions) -> Float64:
    with np.errstate(invalid="ignore"):
        return part / whole


@compiled()
def _walk(
    data: Bytes,
    offsets: Positions,
    first: int,
    last: int,
    kind: int,
    n: int,
    counts: Positions,
    low: Work,
) -> None:
    """Count the shingles of documents [first, last), repeated ones, too."""
    for i in range(first, last):
        begin, end = offsets[i], offsets[i + 1]
        how = kind_for(data, begin, end, kind)
        at, held, total = begin, 0, 0
        while at < end:
            count, at, held = next_shingles(data, begin, end, at, held, how, n, SEED, low)
            total += count
        counts[i] = total


@compiled()
def shingles_of(
    data: Bytes, begin: int, end: int, kind: int, n: int, values: Keys, low: Work, high: Work
) -> int:
    """The shingles of a document as 64-bit values, in any order; how many."""
    how = kind_for(data, begin, end, kind)
    at, held, total = begin, 0, 0
    while at < end:
        there = at
        count, at, kept = next_shingles(data, begin, end, at, held, how, n, SEED, low)
        next_shingles(data, begin, end, there, held, how, n, OTHER_SEED, high)
        for j in range(count):
            values[total + j] = u64(u64(low.hashes[j]) | u64(u64(high.hashes[j]) << u64(32)))
        held = kept
        total += count
    return total


@compiled()
def _gather(
    data: Bytes,
    offsets: Positions,
    first: int,
    last: int,
    kind: int,
    n: int,
    values: Keys,
    starts: Positions,
    counts: Positions,
    low: Work,
    high: Work,
) -> None:
    """Gather, sort and thin the shingles of documents [first, last)."""
    for i in range(first, last):
        own = values[starts[i] : starts[i + 1]]
        own = own[: shingles_of(data, offsets[i], offsets[i + 1], kind, n, own, low, high)]
        own.sort()
        counts[i] = thinned(own)


@compiled()
def thinned(own: Keys) -> int:
    """Ascending values, each once, at the front; how many."""
    distinct = 0
    for j in range(len(own)):
        if j == 0 or own[j] != own[j - 1]:
            own[distinct] = own[j]
            distinct += 1
    return distinct


@compiled()
def _packed(values: Keys, starts: Positions, offsets: Positions) -> None:
    """Move the values of every document to the front, in place: no document begins before its new place."""
    for i in range(len(offsets) - 1):
        for j in range(offsets[i + 1] - offsets[i]):
            values[offsets[i] + j] = values[starts[i] + j]


@compiled()
def _intersect(
    left: Keys,
    left_offsets: Positions,
    right: Keys,
    right_offsets: Positions,
    a: Positions,
    b: Positions,
    counts: Positions,
) -> None:
    """How many values two ascending lists share, for every pair."""
    for pair in range(len(a)):
        i, i_end = left_offsets[a[pair]], left_offsets[a[pair] + 1]
        j, j_end = right_offsets[b[pair]], right_offsets[b[pair] + 1]
        n = 0
        while i < i_end and j < j_end:
            x, y = left[i], right[j]
            n += x == y
            i += x <= y
            j += y <= x
        counts[pair] = n


@compiled()
def _cover(
    left: Keys,
    left_offsets: Positions,
    right: Keys,
    right_offsets: Positions,
    a: Positions,
    b: Positions,
    groups: Positions,
    counts: Positions,
) -> None:
    """How many values of one ascending list are in any of several, for every group of pairs."""
    for group in range(len(groups) - 1):
        if groups[group] == groups[group + 1]:
            counts[group] = 0
            continue
        begin, end = left_offsets[a[groups[group]]], left_offsets[a[groups[group]] + 1]
        there = np.zeros(end - begin, np.bool_)
        for pair in range(groups[group], groups[group + 1]):
            i = begin
            j, j_end = right_offsets[b[pair]], right_offsets[b[pair] + 1]
            while i < end and j < j_end:
                x, y = left[i], right[j]
                if x == y:
                    there[i - begin] = True
                i += x <= y
                j += y <= x
        counts[group] = there.sum()
