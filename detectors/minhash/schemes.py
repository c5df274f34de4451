"""Schemes: from the shingles' hashes to k minima.

- `fss`: Fast Similarity Sketching (Dahlgaard, Knudsen & Thorup 2017, arXiv 1704.04370): each shingle goes
  to one bin; bins that stayed empty are filled by up to three further rounds with fresh hashes, what is then
  empty by a minimum over all shingles of a hash of its own. The least error of the three: bins are drawn
  without replacement.
- `oph`: one permutation (Li, Owen & Zhang 2012), empty bins filled by optimal densification (Shrivastava
  2017).
- `kperm`: k affine permutations (Broder 1997), with the coefficients and the finaliser of datasketch 2's
  `affine32`, whose signatures it equals for the same hashes.

Minima have no order, so a signature depends on the set of shingles alone.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import EMPTY, SEED, bin_of, detour, mix, permuted, rehashed, u32
from detectors.minhash.shingles import Work, next_shingles
from detectors.minhash.texts import Bytes, Hashes

FSS, OPH, KPERM = 0, 1, 2
ROUNDS = 4
"""Rounds in which a shingle of `fss` goes to one bin."""


@compiled()
def _fill(hashes: Hashes, count: int, row: Hashes) -> None:
    """Each hash into its bin, the least stays."""
    bins = u32(len(row))
    for i in range(count):
        h = hashes[i]
        b = bin_of(h, bins)
        row[b] = min(row[b], h)


@compiled()
def _fill_last(hashes: Hashes, count: int, b: int, row: Hashes) -> None:
    """The least of all shingles' hashes number ROUNDS + b into bin b."""
    least, turn = row[b], u32(ROUNDS + b)
    for i in range(count):
        least = min(least, rehashed(hashes[i], turn))
    row[b] = least


@compiled()
def _permute(hashes: Hashes, count: int, a: Hashes, b: Hashes, row: Hashes) -> None:
    """Minima of the affine permutations; eight shingles a walk over them, so a minimum is stored once."""
    whole = count - count % 8
    for i in range(0, whole, 8):
        h0, h1, h2, h3 = mix(hashes[i]), mix(hashes[i + 1]), mix(hashes[i + 2]), mix(hashes[i + 3])
        h4, h5, h6, h7 = mix(hashes[i + 4]), mix(hashes[i + 5]), mix(hashes[i + 6]), mix(hashes[i + 7])
        for j in range(len(row)):
            x, y = a[j], b[j]
            low = min(
                min(permuted(h0, x, y), permuted(h1, x, y)), min(permuted(h2, x, y), permuted(h3, x, y))
            )
            top = min(
                min(permuted(h4, x, y), permuted(h5, x, y)), min(permuted(h6, x, y), permuted(h7, x, y))
            )
            row[j] = min(row[j], min(low, top))
    for i in range(whole, count):
        h = mix(hashes[i])
        for j in range(len(row)):
            row[j] = min(row[j], permuted(h, a[j], b[j]))


@compiled()
def first_round(hashes: Hashes, count: int, scheme: int, a: Hashes, b: Hashes, row: Hashes) -> None:
    """One tile of shingles into the signature; `a` and `b` are used by `kperm` alone."""
    if scheme == KPERM:
        _permute(hashes, count, a, b, row)
    else:
        _fill(hashes, count, row)


@compiled()
def _gaps(row: Hashes) -> int:
    n = 0
    for b in range(len(row)):
        if row[b] == EMPTY:
            n += 1
    return n


@compiled()
def densify(row: Hashes, full: Hashes) -> None:
    """Fill an empty bin with the first full one's value on a way of its own; `full` is room for a row."""
    if _gaps(row) in (0, len(row)):  # all: the one shingle has the hash that stands for an empty bin
        return
    full[:] = row
    bins = u32(len(row))
    for b in range(len(row)):
        attempt = 0
        while row[b] == EMPTY:
            attempt += 1
            row[b] = full[detour(u32(b), u32(attempt), bins)]


@compiled()
def complete(hashes: Hashes, count: int, row: Hashes, fresh: Hashes, other: Hashes) -> None:
    """Further rounds of `fss`, for the bins of a document that its first round left empty.

    hashes : the document's shingles, the first `count`, repeated or not.
    fresh, other : room for `count` hashes and for a row.
    """
    for turn in range(1, ROUNDS):
        if not _gaps(row):
            return
        other[:] = EMPTY
        for i in range(count):
            fresh[i] = rehashed(hashes[i], u32(turn))
        _fill(fresh, count, other)
        for b in range(len(row)):
            row[b] = other[b] if row[b] == EMPTY else row[b]
    for b in range(len(row)):
        if row[b] == EMPTY:
            _fill_last(hashes, count, b, row)


@compiled()
def complete_long(data: Bytes, begin: int, end: int, kind: int, n: int, row: Hashes, work: Work) -> None:
    """The same for a document of more than one tile, which is read again.

    It can have empty bins only if it repeats itself, so its different shingles are few and can be listed.
    """
    if not _gaps(row):
        return
    seen = {SEED}
    seen.clear()
    at, held = begin, 0
    while at < end:
        count, at, held = next_shingles(data, begin, end, at, held, kind, n, SEED, work)
        for i in range(count):
            seen.add(work.hashes[i])
    hashes = np.empty(len(seen), np.uint32)
    for i, h in enumerate(seen):
        hashes[i] = h
    complete(hashes, len(hashes), row, np.empty(len(hashes), np.uint32), work.row)
