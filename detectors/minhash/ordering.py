"""Sorting of keys with the rows they belong to: a radix sort, stable, linear in the number of keys.

One pass by the highest byte, then the other seven, lowest first, in pieces that fit a processor's cache.
Leaves out what the keys mean (`bands.py`, `sampled.py`) and what is done with them (`join.py`).
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.bands import Keys
from detectors.minhash.texts import Positions


def ordered(keys: Keys, rows: Positions) -> tuple[Keys, Positions]:
    """(n,) keys ascending, with their rows ascending within a key; new arrays."""
    rows = rows.astype(np.int64, copy=False)
    if len(rows) > 1 and np.any(rows[1:] < rows[:-1]):
        by_row = np.argsort(rows, kind="stable")
        keys, rows = keys[by_row], rows[by_row]
    sorted_keys, sorted_rows = np.empty(len(keys), np.uint64), np.empty(len(keys), np.int64)
    _radix(np.ascontiguousarray(keys), np.ascontiguousarray(rows), sorted_keys, sorted_rows)
    return sorted_keys, sorted_rows


@compiled()
def _scatter(
    keys: Keys, rows: Positions, shift: int, to_keys: Keys, to_rows: Positions, starts: Positions
) -> bool:
    """Move all by one byte of the key, in order; False, and nothing moved, if that byte never differs."""
    n = len(keys)
    starts[:] = 0
    for i in range(n):
        starts[((keys[i] >> np.uint64(shift)) & np.uint64(255)) + np.uint64(1)] += 1
    if starts[((keys[0] >> np.uint64(shift)) & np.uint64(255)) + np.uint64(1)] == n:
        return False
    for b in range(256):
        starts[b + 1] += starts[b]
    for i in range(n):
        b = (keys[i] >> np.uint64(shift)) & np.uint64(255)
        at = starts[b]
        starts[b] = at + 1
        to_keys[at] = keys[i]
        to_rows[at] = rows[i]
    return True


@compiled()
def _radix(keys: Keys, rows: Positions, to_keys: Keys, to_rows: Positions) -> None:
    n = len(keys)
    if n == 0:
        return
    starts = np.zeros(257, np.int64)
    if not _scatter(keys, rows, 56, to_keys, to_rows, starts):
        to_keys[:] = keys
        to_rows[:] = rows
        starts[:] = n
        starts[0] = n
    # After the scatter starts[b] is where byte b ends.
    ends = starts.copy()
    begin = 0
    for b in range(256):
        end = ends[b]
        if end - begin > 1:
            _piece(to_keys[begin:end], to_rows[begin:end], starts)
        begin = max(begin, end)


@compiled()
def _piece(keys: Keys, rows: Positions, starts: Positions) -> None:
    """Sort in place by the seven lower bytes; a short piece by insertion."""
    n = len(keys)
    if n <= 24:
        for i in range(1, n):
            key, row, j = keys[i], rows[i], i
            while j > 0 and keys[j - 1] > key:
                keys[j], rows[j] = keys[j - 1], rows[j - 1]
                j -= 1
            keys[j], rows[j] = key, row
        return
    from_keys, from_rows = keys, rows
    to_keys, to_rows = np.empty(n, np.uint64), np.empty(n, np.int64)
    moved = 0
    for shift in range(0, 56, 8):
        if _scatter(from_keys, from_rows, shift, to_keys, to_rows, starts):
            from_keys, to_keys = to_keys, from_keys
            from_rows, to_rows = to_rows, from_rows
            moved += 1
    if moved % 2:
        keys[:] = from_keys
        rows[:] = from_rows
