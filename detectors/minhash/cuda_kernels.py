"""The kernels: a block of threads signs a document, or a piece of a long one.

Compiled for one setting of a signature (about five seconds each, once a process). A document of more than
TILES tiles is cut into pieces that lower one row in global memory; what `fss` and `oph` still do to a row
then are launches of their own, since blocks do not wait for each other. Leaves out memory (`cuda.py`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import cuda

from detectors.minhash.arithmetic import EMPTY, absorb, mix, u32, u64
from detectors.minhash.bands import NO_KEY
from detectors.minhash.cuda_compiled import device, kernel
from detectors.minhash.cuda_schemes import consumer_of, densified_of
from detectors.minhash.cuda_text import SPAN
from detectors.minhash.cuda_tiles import GROUP, next_tile_of, room
from detectors.minhash.schemes import FSS, KPERM, OPH, ROUNDS

THREADS = 128
"""Threads of a block: a tile of 4 KiB, which most answers of a model are."""
TILES = 16
"""Tiles of a piece: 64 KiB."""


class Setting(NamedTuple):
    """What a kernel is compiled for. threads : a multiple of GROUP; tiles : of a piece."""

    kind: int
    n: int
    scheme: int
    k: int
    threads: int = THREADS
    tiles: int = TILES

    @property
    def piece(self) -> int:
        """Bytes of a piece."""
        return SPAN * self.threads * self.tiles

    @property
    def longest(self) -> int:
        """Bytes of the longest document that is not cut: with what may lie before it in its first load."""
        return self.piece - 3


class Kernels(NamedTuple):
    """The kernels of a setting; one block a document, piece, row.

    Attributes
    ----------
    documents(data, offsets, shift, n_bytes, a, b, out, status) : data (n,) uint32, the text in loads of four,
    its byte 0 at byte `shift` (0 to 3); offsets (n + 1,) int64; a, b (k,) uint32; out (n, k) uint32.
    status (2,) int64: adds up documents left out as too long; the number, from 1, of one with bad offsets.
    pieces(data, begins, ends, slots, starts, a, b, turn, rows, target) : begins, ends (n_long,) int64 of
    documents in bytes of data; slots, starts (n_pieces,) int64, which document, and where in it the piece
    begins; rows, target (n_long, k) uint32.
    merge(rows, target) : empty bins of rows from target, which is emptied.
    settle(rows, whose, out) : rows into rows `whose` (n_long,) int64 of out.
    """

    documents: Any
    pieces: Any
    merge: Any
    settle: Any


@lru_cache(maxsize=32)
def kernels(setting: Setting) -> Kernels:
    """The kernels of a setting, uncompiled until launched."""
    kind, n, scheme, k, threads, _ = setting
    next_tile = next_tile_of(kind, n, threads, scheme == KPERM)
    consume, densified = consumer_of(scheme, k, threads), densified_of(k)
    tile, piece, step, bins = u32(SPAN * threads), u32(setting.piece), u32(threads), u32(k)
    longest, numbers, n_groups = setting.longest, room(threads), threads // GROUP

    @device
    def walk(
        text: Any,
        first: Any,
        end: Any,
        start: Any,
        turn: Any,
        row: Any,
        into: Any,
        a: Any,
        b: Any,
        parts: Any,
        ended: Any,
        counts: Any,
        groups: Any,
    ) -> Any:
        """Consume the piece from `start` on; returns tiles, hashes, and where in `parts` the last lie."""
        none, one = u32(0), u32(1)
        base, until, tiles, seen = start, u32(start + piece), none, none
        state = (none, none, none, none if start else one)
        since, upto, going = none, none, bool(end > first)
        while going:
            since, upto, state = next_tile(text, first, end, until, base, state, parts, ended, counts, groups)
            consume(parts, since, upto, turn, row, into, a, b)
            cuda.syncthreads()
            tiles, seen, base = u32(tiles + 1), u32(seen + u32(upto - since)), u32(base + tile)
            going = bool(base < end and (base < until or state[2] > 0 or state[3] > 0))
        return tiles, seen, since, upto

    @device
    def gaps(row: Any) -> Any:
        """Whether a bin of the row is empty; all threads hear it."""
        mine = 0
        j = u32(cuda.threadIdx.x)
        while j < bins:
            if row[j] == EMPTY:
                mine = 1
            j = u32(j + step)
        return cuda.syncthreads_or(mine)

    @device
    def store(row: Any, out: Any, i: int) -> None:
        """The finished row into row i of out."""
        full = 0
        j = u32(cuda.threadIdx.x)
        while j < bins:
            if row[j] != EMPTY:
                full = 1
            j = u32(j + step)
        if scheme == OPH and cuda.syncthreads_or(full):
            j = u32(cuda.threadIdx.x)
            while j < bins:
                out[i, j] = densified(row, j)
                j = u32(j + step)
        else:
            j = u32(cuda.threadIdx.x)
            while j < bins:
                out[i, j] = row[j]
                j = u32(j + step)

    @kernel
    def documents(
        data: Any, offsets: Any, shift: int, n_bytes: int, a: Any, b: Any, out: Any, status: Any
    ) -> None:
        parts = cuda.shared.array(numbers, np.uint32)
        ended = cuda.shared.array(threads, np.uint32)
        counts = cuda.shared.array(threads, np.uint32)
        groups = cuda.shared.array(n_groups, np.uint32)
        row = cuda.shared.array(k, np.uint32)
        fresh = cuda.shared.array(k, np.uint32)
        t, i = u32(cuda.threadIdx.x), cuda.blockIdx.x
        begin, stop = offsets[i], offsets[i + 1]
        if begin < 0 or stop < begin or stop > n_bytes:
            if t == 0:
                cuda.atomic.max(status, 1, i + 1)
            return
        if stop - begin > longest:
            if t == 0:
                cuda.atomic.add(status, 0, 1)
            return
        first = u32((begin + shift) & 3)
        end = u32(first + u32(stop - begin))
        text = data[(begin + shift) >> 2 :]
        j = t
        while j < bins:
            row[j] = EMPTY
            j = u32(j + step)
        none = u32(0)
        turn, tiles, seen, since, upto, going = none, none, none, none, none, True
        while going:
            j = t
            while j < bins:
                fresh[j] = EMPTY
                j = u32(j + step)
            cuda.syncthreads()
            if tiles == 1:  # all of the document's hashes still lie in parts
                consume(parts, since, upto, turn, row, fresh, a, b)
                cuda.syncthreads()
            else:
                tiles, seen, since, upto = walk(
                    text, first, end, none, turn, row, fresh, a, b, parts, ended, counts, groups
                )
            j = t
            while j < bins:
                row[j] = fresh[j] if row[j] == EMPTY else row[j]
                j = u32(j + step)
            cuda.syncthreads()
            turn = u32(turn + 1)
            going = bool(scheme == FSS and seen > 0 and turn <= ROUNDS and gaps(row))
        store(row, out, i)

    @kernel
    def pieces(
        data: Any,
        begins: Any,
        ends: Any,
        slots: Any,
        starts: Any,
        a: Any,
        b: Any,
        turn: int,
        rows: Any,
        target: Any,
    ) -> None:
        parts = cuda.shared.array(numbers, np.uint32)
        ended = cuda.shared.array(threads, np.uint32)
        counts = cuda.shared.array(threads, np.uint32)
        groups = cuda.shared.array(n_groups, np.uint32)
        row = cuda.shared.array(k, np.uint32)
        fresh = cuda.shared.array(k, np.uint32)
        t, slot = u32(cuda.threadIdx.x), slots[cuda.blockIdx.x]
        begin = begins[slot]
        first = u32(begin & 3)
        end = u32(first + u32(ends[slot] - begin))
        j = t
        while j < bins:
            row[j] = rows[slot, j]
            fresh[j] = EMPTY
            j = u32(j + step)
        cuda.syncthreads()
        if turn > 0 and not gaps(row):
            return
        text, start = data[begin >> 2 :], u32(starts[cuda.blockIdx.x])
        walk(text, first, end, start, u32(turn), row, fresh, a, b, parts, ended, counts, groups)
        j = t
        while j < bins:
            if fresh[j] < EMPTY:
                cuda.atomic.min(target, (slot, j), fresh[j])
            j = u32(j + step)

    @kernel
    def merge(rows: Any, target: Any) -> None:
        j = u32(cuda.threadIdx.x)
        while j < bins:
            if rows[cuda.blockIdx.x, j] == EMPTY:
                rows[cuda.blockIdx.x, j] = target[cuda.blockIdx.x, j]
            target[cuda.blockIdx.x, j] = EMPTY
            j = u32(j + step)

    @kernel
    def settle(rows: Any, whose: Any, out: Any) -> None:
        row = cuda.shared.array(k, np.uint32)
        j = u32(cuda.threadIdx.x)
        while j < bins:
            row[j] = rows[cuda.blockIdx.x, j]
            j = u32(j + step)
        cuda.syncthreads()
        store(row, out, whose[cuda.blockIdx.x])

    return Kernels(documents, pieces, merge, settle)


@kernel
def band_keys(signatures: Any, rows: int, keys: Any) -> None:
    """`bands.Bands.keys`: (n, k) uint32 -> (n, bands) uint64, one thread a key."""
    at = cuda.grid(1)
    bands = keys.shape[1]
    i, band = at // bands, at % bands
    if i < keys.shape[0]:
        low, high = u32(2 * band), u32(2 * band + 1)
        for j in range(band * rows, (band + 1) * rows):
            low, high = absorb(low, signatures[i, j]), absorb(high, signatures[i, j])
        key = u64(u64(mix(low)) | u64(u64(mix(high)) << u64(32)))
        nothing = signatures[i, 0] == EMPTY and signatures[i, signatures.shape[1] - 1] == EMPTY
        keys[i, band] = NO_KEY if nothing else key
