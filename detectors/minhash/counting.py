"""How many different shingles documents have, where the shingles themselves are not wanted.

A table of the document's own size says which came before: twice as fast as sorting them. Leaves out sets
(`exact.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import u64
from detectors.minhash.bands import Keys
from detectors.minhash.exact import room_for, shingles_of, thinned
from detectors.minhash.shingles import Work, work
from detectors.minhash.signatures import KINDS, shared
from detectors.minhash.texts import Bytes, Positions, texts_of

MOST_IN_TABLE = 1 << 15
"""Shingles that are counted in a table; the places of more do not fit a processor's cache."""


def distinct_shingles(documents: Any, shingle: str = "words", n: int = 5, threads: int = 0) -> Positions:
    """(n_documents,) int64, the sizes of `exact.shingle_sets`; arguments as in `signatures.MinHash`."""
    texts = texts_of(documents)
    kind = KINDS[shingle]
    starts = room_for(texts, kind, n, threads)
    values = np.empty(starts[-1], np.uint64)
    counts = np.empty(len(texts), np.int64)

    def count(first: int, last: int) -> None:
        table = np.empty(2 * MOST_IN_TABLE, np.uint64)
        _count(texts.data, texts.offsets, first, last, kind, n, values, starts, counts, work(), work(), table)

    shared(count, texts, threads)
    return counts


@compiled()
def _count(
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
    table: Keys,
) -> None:
    """Count the different shingles of documents [first, last); of long ones by sorting them."""
    for i in range(first, last):
        own = values[starts[i] : starts[i + 1]]
        own = own[: shingles_of(data, offsets[i], offsets[i + 1], kind, n, own, low, high)]
        if len(own) > MOST_IN_TABLE:
            own.sort()
            counts[i] = thinned(own)
            continue
        places = 16
        while places < 2 * len(own):
            places *= 2
        table[:places] = 0
        distinct, zero = 0, False
        for value in own:
            if value == 0:  # An empty place; as a shingle it is counted apart.
                zero = True
                continue
            at = value & u64(places - 1)
            while table[at] != 0 and table[at] != value:
                at = (at + u64(1)) & u64(places - 1)
            distinct += table[at] == 0
            table[at] = value
        counts[i] = distinct + zero
