"""Four bytes of text in a 32-bit register: what each of them is, and four bytes that straddle two registers.

A CUDA device has 32-bit registers and loads from multiples of four only, so its kernels read text this way
(the CPU's read eight bytes anywhere, `machine.py`). First byte lowest. Compiled scalar functions, so that the
rules can be tested without a device.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import u32, u64

_LOW7, _HIGH = u32(0x7F7F7F7F), u32(0x80808080)
_TO_BITS = u32(0x10204080)
# Added to the low seven bits of each byte, these reach the eighth from 0x21, 0xE3 and 0xEA on.
_ABOVE_SPACE, _FROM_E3, _FROM_EA = u32(0x5F5F5F5F), u32(0x1D1D1D1D), u32(0x16161616)
_ALL = u32(0xFFFFFFFF)


@compiled()
def _bits(marks: np.uint32) -> np.uint32:
    """The high bits of four bytes as the low four bits of a number."""
    return u32(u32(u32(marks >> u32(7)) * _TO_BITS) >> u32(28))


@compiled()
def letters(four: np.uint32) -> np.uint32:
    """Which bytes are no separators (`words.py`), four bits."""
    return _bits(u32(u32(u32(u32(four & _LOW7) + _ABOVE_SPACE) | four) & _HIGH))


@compiled()
def leads(four: np.uint32) -> np.uint32:
    """Which bytes begin a character of U+3000 to U+9FFF."""
    low = u32(four & _LOW7)
    return _bits(u32(u32(u32(low + _FROM_E3) & u32(~u32(low + _FROM_EA))) & u32(four & _HIGH)))


@compiled()
def firsts(four: np.uint32) -> np.uint32:
    """Which bytes begin a character: all but 10xxxxxx."""
    return u32(_bits(u32(four & u32(u32(~u32(four << u32(1))) & _HIGH))) ^ u32(15))


@compiled()
def across(low: np.uint32, high: np.uint32, byte: np.uint32) -> np.uint32:
    """Four bytes from number `byte` (0 to 3) of eight on."""
    both = u64(u64(u64(high) << u64(32)) | u64(low))
    return u32(both >> u64(u32(8 * byte)))


@compiled()
def inside(first: np.uint32, end: np.uint32, at: np.uint32) -> np.uint32:
    """Which of the 32 bytes from `at` lie in [first, end); first below 4, `at` 0 or above it."""
    if at >= end:
        return u32(0)
    mask = u32(u32(u32(1) << u32(end - at)) - u32(1)) if u32(end - at) < 32 else _ALL
    return mask if at else u32(u32(mask >> first) << first)


@compiled()
def kept(four: np.uint32, n: int | np.uint32) -> np.uint32:
    """The first n bytes, zeros for the others; any n."""
    if n >= 4:
        return four
    return u32(four & u32(_ALL >> u32(32 - 8 * n))) if n > 0 else u32(0)


@compiled()
def lowest(mask: np.uint32) -> np.uint32:
    """Position of the lowest set bit of a mask that has one."""
    below = u32(u32(mask & u32(-mask)) - u32(1))
    below = u32(below - u32(u32(below >> u32(1)) & u32(0x55555555)))
    below = u32(u32(below & u32(0x33333333)) + u32(u32(below >> u32(2)) & u32(0x33333333)))
    below = u32(u32(below + u32(below >> u32(4))) & u32(0x0F0F0F0F))
    return u32(u32(below * u32(0x01010101)) >> u32(24))
