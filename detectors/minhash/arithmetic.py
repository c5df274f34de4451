"""Hashing in 32 bits: the only arithmetic of the signatures, the same to the bit on every device.

MurmurHash3_x86_32 (Appleby 2011) taken apart, so that its steps can run on words, on byte n-grams and on
the hashes of words. Unsigned, wrapping, no floats. Plain compiled scalar functions: the CPU kernels inline
them and the CUDA kernels call the same ones. numba widens u32 to 64 bits in every operation, hence the casts.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled

u32, u64 = np.uint32, np.uint64

EMPTY = u32(0xFFFFFFFF)
"""What a position of a signature holds where no shingle fell: all of it, for a document without shingles."""
SEED = u32(0)
"""Seed of the shingles' hashes in a signature."""

_C1, _C2 = u32(0xCC9E2D51), u32(0x1B873593)
_M5, _N5 = u32(5), u32(0xE6546B64)
_F1, _F2 = u32(0x85EBCA6B), u32(0xC2B2AE35)
_GOLDEN, _ODD = u32(0x9E3779B1), u32(0x85EBCA77)


@compiled()
def mix(h: np.uint32) -> np.uint32:
    """Finaliser fmix32: a bijection of u32 in which every bit of the result hangs on every bit of `h`."""
    h = u32(h ^ u32(h >> u32(16)))
    h = u32(h * _F1)
    h = u32(h ^ u32(h >> u32(13)))
    h = u32(h * _F2)
    return u32(h ^ u32(h >> u32(16)))


@compiled()
def scrambled(block: np.uint32) -> np.uint32:
    """A 4-byte block before it enters the state; as it stands also the step for an incomplete last block."""
    k = u32(block * _C1)
    k = u32(u32(k << u32(15)) | u32(k >> u32(17)))
    return u32(k * _C2)


@compiled()
def absorb(h: np.uint32, block: np.uint32) -> np.uint32:
    """The state `h` after one whole 4-byte block (little-endian)."""
    h = u32(h ^ scrambled(block))
    h = u32(u32(h << u32(13)) | u32(h >> u32(19)))
    return u32(u32(h * _M5) + _N5)


@compiled()
def bin_of(h: np.uint32, bins: np.uint32) -> np.uint32:
    """Which of `bins` equal ranges of u32 `h` lies in (Lemire 2019, fast reduction)."""
    return u32(u64(u64(h) * u64(bins)) >> u64(32))


@compiled()
def rehashed(h: np.uint32, turn: np.uint32) -> np.uint32:
    """Hash number `turn` (1, 2, ...) of a shingle with hash `h`."""
    return mix(u32(h ^ u32(turn * _GOLDEN)))


@compiled()
def detour(at: np.uint32, attempt: np.uint32, bins: np.uint32) -> np.uint32:
    """The bin that empty bin `at` looks into at its `attempt`-th try (optimal densification)."""
    return bin_of(mix(u32(u32(at * _GOLDEN) + u32(attempt * _ODD))), bins)


@compiled()
def permuted(h: np.uint32, a: np.uint32, b: np.uint32) -> np.uint32:
    """An affine permutation of u32; `a` odd."""
    return u32(u32(a * h) + b)
