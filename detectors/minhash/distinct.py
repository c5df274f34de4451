"""Equal documents found as they come: which earlier document each one repeats.

Documents are known by 128 bits of a digest that the caller makes. An open table with linear probing that
doubles when it is half full: 24 bytes a place. Leaves out the digest.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.bands import Keys
from detectors.minhash.texts import Positions

SMALLEST = 1 << 12


class Distinct:
    """The different documents seen so far."""

    def __init__(self) -> None:
        self._digests = np.zeros((SMALLEST, 2), np.uint64)
        self._firsts = np.full(SMALLEST, -1, np.int64)
        self.count = 0

    def firsts(self, digests: Keys, numbers: Positions) -> Positions:
        """(n,) int64, number of the first document seen with the digest of each; its own if it is the first.

        digests : (n, 2) uint64; numbers : (n,) int64, of these documents, each once over all calls.
        """
        while 2 * (self.count + len(digests)) > len(self._firsts):
            self._grow()
        out = np.empty(len(digests), np.int64)
        self.count += _insert(self._digests, self._firsts, digests, numbers, out)
        return out

    def _grow(self) -> None:
        digests, firsts = self._digests, self._firsts
        self._digests = np.zeros((2 * len(firsts), 2), np.uint64)
        self._firsts = np.full(2 * len(firsts), -1, np.int64)
        there = firsts >= 0
        kept = firsts[there]
        _insert(self._digests, self._firsts, digests[there], kept, np.empty(len(kept), np.int64))


@compiled()
def _insert(table: Keys, firsts: Positions, digests: Keys, numbers: Positions, out: Positions) -> int:
    """Put what is new into the table, note the first of each; how many were new."""
    last = len(firsts) - 1
    new = 0
    for i in range(len(digests)):
        a, b = digests[i, 0], digests[i, 1]
        at = np.int64(a & np.uint64(last))
        while firsts[at] >= 0 and (table[at, 0] != a or table[at, 1] != b):
            at = (at + 1) & last
        if firsts[at] < 0:
            table[at, 0], table[at, 1] = a, b
            firsts[at] = numbers[i]
            new += 1
        out[i] = firsts[at]
    return new
