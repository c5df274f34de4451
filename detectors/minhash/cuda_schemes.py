"""Device functions of a block of threads: shingles' hashes into a row of minima, as `schemes.py` does.

A row lies in shared memory, so its size is a constant of the compiled kernel. Minima by atomic operations,
each only where a look says that it would change something; a look that comes late costs one operation more.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from detectors.minhash.arithmetic import EMPTY, bin_of, detour, permuted, rehashed, u32, u64
from detectors.minhash.cuda_compiled import device
from detectors.minhash.schemes import KPERM, ROUNDS

PERMUTED = 4
"""Permutations a thread applies to a hash it has read."""


def consumer_of(scheme: int, k: int, threads: int) -> Any:
    """The device function `consume` of a scheme.

    consume(hashes, begin, stop, turn, row, into, a, b) : lowers `into` by hashes[begin:stop], where `row` is
    empty. turn : 0, of `fss` also 1 to ROUNDS. a, b : of the permutations (`kperm`, whose hashes come mixed
    once more). hashes, row, into lie in shared memory, numbers are uint32; synchronise after it.
    """
    return _permute(k, threads) if scheme == KPERM else _fill(k, threads)


def _fill(k: int, threads: int) -> Any:
    bins, step = u32(k), u32(threads)

    @device
    def lower(into: Any, bin: Any, h: Any) -> None:
        if h < into[bin]:
            cuda.atomic.min(into, bin, h)

    @device
    def consume(hashes: Any, begin: Any, stop: Any, turn: Any, row: Any, into: Any, a: Any, b: Any) -> None:
        t = u32(cuda.threadIdx.x)
        i = u32(begin + t)
        if turn == 0:
            while i < stop:
                lower(into, bin_of(hashes[i], bins), hashes[i])
                i = u32(i + step)
        elif turn < ROUNDS:
            while i < stop:
                h = rehashed(hashes[i], turn)
                bin = bin_of(h, bins)
                if row[bin] == EMPTY:
                    lower(into, bin, h)
                i = u32(i + step)
        else:  # a hash of its own for every bin; a bin belongs to one thread
            while t < bins:
                if row[t] == EMPTY:
                    least, j, own = into[t], begin, u32(ROUNDS + t)
                    while j < stop:
                        least = min(least, rehashed(hashes[j], own))
                        j = u32(j + 1)
                    into[t] = least
                t = u32(t + step)

    return consume


def _permute(k: int, threads: int) -> Any:
    fours = u32((k + PERMUTED - 1) // PERMUTED)
    shares, last, step = u64(max(1, threads // int(fours))), u32(k - 1), u32(threads)

    @device
    def consume(hashes: Any, begin: Any, stop: Any, turn: Any, row: Any, into: Any, a: Any, b: Any) -> None:
        """Of every four permutations, `fours` apart, a thread takes its share of the hashes."""
        t = u32(cuda.threadIdx.x)
        share = u32(t // fours) if shares > 1 else u32(0)
        j = u32(t - u32(share * fours))
        while share < shares and j < fours:
            j1, j2, j3 = (
                min(u32(j + fours), last),
                min(u32(j + 2 * fours), last),
                min(u32(j + 3 * fours), last),
            )
            a0, a1, a2, a3 = a[j], a[j1], a[j2], a[j3]
            b0, b1, b2, b3 = b[j], b[j1], b[j2], b[j3]
            m0, m1, m2, m3 = EMPTY, EMPTY, EMPTY, EMPTY
            i, behind = u64(begin + share), u64(stop)  # 64-bit: one address, an offset for every hash
            while i < behind:
                h = hashes[i]
                m0, m1 = min(m0, permuted(h, a0, b0)), min(m1, permuted(h, a1, b1))
                m2, m3 = min(m2, permuted(h, a2, b2)), min(m3, permuted(h, a3, b3))
                i = u64(i + shares)
            cuda.atomic.min(into, j, m0)
            cuda.atomic.min(into, j1, m1)
            cuda.atomic.min(into, j2, m2)
            cuda.atomic.min(into, j3, m3)
            j = u32(j + step)

    return consume


def densified_of(k: int) -> Any:
    """densified(row, bin) -> its value once empty bins are filled; `row` must have a full bin."""
    bins = u32(k)

    @device
    def densified(row: Any, bin: Any) -> Any:
        value, attempt = row[bin], u32(0)
        while value == EMPTY:
            attempt = u32(attempt + 1)
            value = row[detour(bin, attempt, bins)]
        return value

    return densified
