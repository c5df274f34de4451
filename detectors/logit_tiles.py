"""Tiles of logits: a row of the vocabulary in pieces that stay in the first-level cache, as float32.

What the kernels over logits share: how float16 and bfloat16 are read, and one walk that finds the highest
logit and everything that is no number. Leaves out every statistic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.compiled import compiled
from detectors.types import Float32

TILE = 1024
"""Logits a tile: two tiles of float32 fill a quarter of a 32 KiB cache."""
FLOAT32, FLOAT16, BFLOAT16 = 0, 1, 2

f32, i32, u32 = np.float32, np.int32, np.uint32
MASKED = f32(-np.inf)
MASKED_KEY = i32(np.array(-np.inf, np.float32).view(np.int32) ^ 0x7FFFFFFF)
INFINITE_KEY = i32(0x7F800000)


class Rows(NamedTuple):
    """Logits as the kernels take them: one flat array, and where each row starts in it.

    Attributes
    ----------
    wide : flat float32; narrow : flat uint16 (bits of float16 or bfloat16); one of them is empty.
    kind : FLOAT32, FLOAT16 or BFLOAT16.
    stride : elements from one row to the next; 0 = one row for all positions.
    """

    wide: Float32
    narrow: NDArray[np.uint16]
    kind: int
    stride: int


@compiled()
def tile_of(rows: Rows, position: int, start: int, stop: int, buffer: Float32) -> Float32:
    """Logits [start, stop) of one position as float32: a view where they are that, else in `buffer`."""
    first = position * rows.stride
    if rows.kind == FLOAT32:
        return rows.wide[first + start : first + stop]
    bits = rows.narrow[first + start : first + stop]
    if rows.kind == BFLOAT16:
        for i in range(len(bits)):
            buffer[i] = u32(u32(bits[i]) << u32(16)).view(f32)
    else:
        for i in range(len(bits)):  # the exponent is set right by a product, which does subnormals too
            h = u32(bits[i])
            size = u32(u32(h & u32(0x7FFF)) << u32(13)).view(f32) * f32(2.0**112)
            above = u32(0x7F800000) if u32(h & u32(0x7C00)) == u32(0x7C00) else u32(0)
            whole = u32(f32(size).view(u32) | above)
            buffer[i] = u32(whole | u32(u32(h & u32(0x8000)) << u32(16))).view(f32)
    return buffer[: len(bits)]


@compiled()
def key_of(bits: np.int32) -> np.int32:
    """An integer that sorts like the float with these bits; NaN lies outside the infinities."""
    return i32(bits ^ i32(i32(bits >> i32(31)) & i32(0x7FFFFFFF)))


@compiled()
def key_range(x: Float32) -> tuple[np.int32, np.int32]:
    """Lowest and highest key: maximum, masked logits, NaN and +inf found in one walk of integers."""
    bits = x.view(i32)
    low, high = i32(0x7FFFFFFF), i32(-0x80000000)
    for i in range(len(bits)):
        key = key_of(bits[i])
        low = min(low, key)
        high = max(high, key)
    return low, high


@compiled()
def unusable(low: np.int32, high: np.int32) -> bool:
    """Whether a tile with this range of keys has NaN or +inf."""
    return bool(low < MASKED_KEY or high >= INFINITE_KEY)


@compiled()
def value_of(key: np.int32) -> np.float32:
    """The float whose key this is."""
    return i32(key_of(key)).view(f32)
