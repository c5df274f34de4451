"""Kernels over the full vocabulary: normalisers, entropies and divergences of two models' logits.

Compiled with numba. A row is walked in tiles that stay in the first-level cache; sums are float32 within a
tile and float64 between tiles, so nothing of the vocabulary's length is ever allocated. Every kernel works
on the positions [first, last) alone and lets go of Python's lock, so threads can share the positions and no
position's bits depend on how they do. Leaves out checking of shapes and words for errors (`logits.py`).

The streaming normaliser is that of Milakov & Gimelshein 2018 (arXiv 1805.02867), section 3, by tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from detectors.compiled import compiled
from detectors.logit_tiles import (
    MASKED,
    MASKED_KEY,
    TILE,
    Rows,
    f32,
    i32,
    key_range,
    tile_of,
    unusable,
    value_of,
)
from detectors.types import Float32, Float64

# Log-probabilities below this count as this, so that differences stay finite; their probability is 0.
LOWEST = f32(-1e37)


def _fit(
    function: Callable[[Float64], Float64], degree: int, low: float, high: float
) -> tuple[np.float32, ...]:
    """Coefficients, constant first, of the polynomial through `function` at Chebyshev's points."""
    fitted = Chebyshev.interpolate(function, degree, [low, high]).convert(kind=Polynomial)
    return tuple(f32(c) for c in fitted.coef)


LN2 = float(np.log(2.0))
# exp: 2 to the nearest integer power times e**r, |r| <= ln 2 / 2 (the split of ln 2 is that of Cephes' expf).
ROUNDING, PER_OCTAVE = f32(12582912.0), f32(1.0 / LN2)
OCTAVE_HIGH, OCTAVE_LOW = f32(0.693359375), f32(-2.12194440e-4)
UNDERFLOW = f32(-87.0)
EXP = _fit(lambda r: (np.expm1(r) - r) / r**2, 4, -0.3466, 0.3466 + 1e-4)
# With D = |log p - log q|, e = exp(-D), `big` and big * e the two probabilities of a token, and the sums of
# both being 1, a token adds big * FORWARD(D) to the divergence of the larger from the smaller, big *
# REVERSE(D) to the other, big * BETWEEN(D) to Jensen-Shannon's. None is ever negative, and an error of a
# normaliser cancels to first order. Below D = 1 they are polynomials times D**2: the closed forms cancel.
FORWARD = _fit(lambda d: (d + np.expm1(-d)) / d**2, 5, 0, 1)
REVERSE = _fit(lambda d: (-np.expm1(-d) - d * np.exp(-d)) / d**2, 5, 0, 1)
BETWEEN = _fit(
    lambda d: ((1 + np.exp(-d)) * (LN2 - np.log1p(np.exp(-d))) - d * np.exp(-d)) / (2 * d**2), 5, 0, 1
)
MIXED = _fit(lambda e: (1 + e) * (LN2 - np.log1p(e)) / 2, 5, 0, 0.3679)
ZERO, HALF, ONE = f32(0), f32(0.5), f32(1)


@compiled()
def _polynomial(c: tuple[np.float32, ...], x: np.float32) -> np.float32:
    return c[0] + x * (c[1] + x * (c[2] + x * (c[3] + x * (c[4] + x * c[5]))))


@compiled()
def _exp(x: np.float32) -> np.float32:
    """Exponential of x <= 0, within 2 units of the last place; 0 below -87."""
    rounded = x * PER_OCTAVE + ROUNDING  # the nearest integer, in the lowest bits
    octaves = rounded - ROUNDING
    r = x - octaves * OCTAVE_HIGH - octaves * OCTAVE_LOW
    y = EXP[0] + r * (EXP[1] + r * (EXP[2] + r * (EXP[3] + r * EXP[4])))
    y = ONE + (r + r * r * y)
    power = i32(i32(f32(rounded).view(i32) << i32(23)) + i32(0x3F800000)).view(f32)
    return y * power if x > UNDERFLOW else ZERO


@compiled("reassoc", "nsz")
def _exp_sums(x: Float32, peak: np.float32, scale: np.float32) -> tuple[np.float32, np.float32]:
    """Sums of exp(z) and z exp(z) over a tile, z = (x - peak) scale."""
    total, tilt = ZERO, ZERO
    for i in range(len(x)):
        z = max(f32((x[i] - peak) * scale), LOWEST)
        e = _exp(z)
        total += e
        tilt += z * e
    return total, tilt


class Normaliser(NamedTuple):
    """Of one row, z being (logit - highest) / temperature.

    `peak`: the highest logit; `log_sum`: log of the sum of exp(z); `tilt`: mean of z under the distribution.
    `masked`: whether a logit is -inf. `usable`: no NaN, no +inf, not all masked.
    """

    peak: float
    log_sum: float
    tilt: float
    masked: bool
    usable: bool


@compiled()
def _normaliser(rows: Rows, position: int, width: int, scale: np.float32, buffer: Float32) -> Normaliser:
    """First walk of a row: tile by tile, what is summed so far being rescaled to each new highest logit."""
    peak, total, tilt, masked = float(MASKED), 0.0, 0.0, False
    for start in range(0, width, TILE):
        x = tile_of(rows, position, start, min(start + TILE, width), buffer)
        low, high = key_range(x)
        if unusable(low, high):
            return Normaliser(peak, total, tilt, masked, False)
        masked |= low == MASKED_KEY
        if high == MASKED_KEY:
            continue
        top = value_of(high)
        some, tilted = _exp_sums(x, top, scale)
        if total == 0.0:
            peak, total, tilt = float(top), float(some), float(tilted)
            continue
        step = (float(top) - peak) * float(scale)
        if step > 0.0:
            weight = np.exp(-step)
            tilt = (tilt - total * step) * weight + float(tilted)
            total = total * weight + float(some)
            peak = float(top)
        else:
            weight = np.exp(step)
            tilt += (tilted + some * step) * weight
            total += some * weight
    if total == 0.0:
        return Normaliser(peak, total, tilt, masked, False)
    return Normaliser(peak, np.log(total), tilt / total, masked, True)


@compiled("reassoc", "nsz")
def _divergence_sums(
    x: Float32,
    y: Float32,
    peaks: tuple[np.float32, np.float32],
    scales: tuple[np.float32, np.float32],
    logs: tuple[np.float32, np.float32],
) -> tuple[np.float32, np.float32, np.float32]:
    """What the tokens of a tile add to KL(a || b), KL(b || a) and Jensen-Shannon's divergence."""
    forward, reverse, between = ZERO, ZERO, ZERO
    for i in range(len(x)):
        p = max(f32((x[i] - peaks[0]) * scales[0] - logs[0]), LOWEST)
        q = max(f32((y[i] - peaks[1]) * scales[1] - logs[1]), LOWEST)
        d = abs(f32(p - q))
        big, e = _exp(min(max(p, q), ZERO)), _exp(-d)
        square, de = d * d, d * e
        near = d < ONE
        f = square * _polynomial(FORWARD, d) if near else d - ONE + e
        r = square * _polynomial(REVERSE, d) if near else ONE - e - de
        m = square * _polynomial(BETWEEN, d) if near else _polynomial(MIXED, e) - HALF * de
        forward += big * (f if p >= q else r)
        reverse += big * (r if p >= q else f)
        between += big * m
    return forward, reverse, between


@compiled()
def _masked_apart(x: Float32, y: Float32) -> tuple[bool, bool]:
    """Whether a tile has a token masked in y alone, and one masked in x alone."""
    only_y, only_x = False, False
    for i in range(len(x)):
        only_y |= x[i] != MASKED and y[i] == MASKED
        only_x |= y[i] != MASKED and x[i] == MASKED
    return only_y, only_x


@compiled()
def pair_rows(
    a: Rows, b: Rows, width: int, first: int, last: int, scale_a: float, scale_b: float, out: Float64
) -> int:
    """Reduce the positions [first, last) of two models; -1, or the first position that is unusable.

    Each logit is read twice: Jensen-Shannon's divergence is no function of a few sums, since the mixture
    needs both normalisers before the first token can be weighed. The second walk finds the two rows in the
    outer caches as long as they fit there (2 MiB at 256 Ki float32 tokens).

    Parameters
    ----------
    scale_a, scale_b : 1 / temperature.
    out : (7, n_positions) float64: log-normalisers of a and b, entropies of a and b, KL(a || b), KL(b || a),
        Jensen-Shannon; nats.
    """
    buffer, other = np.empty(TILE, f32), np.empty(TILE, f32)
    scales = (f32(scale_a), f32(scale_b))
    for row in range(first, last):
        s = _normaliser(a, row, width, scales[0], buffer)
        t = _normaliser(b, row, width, scales[1], other)
        if not (s.usable and t.usable):
            return row
        peaks, logs = (f32(s.peak), f32(t.peak)), (f32(s.log_sum), f32(t.log_sum))
        forward, reverse, between = 0.0, 0.0, 0.0
        for start in range(0, width, TILE):
            x = tile_of(a, row, start, min(start + TILE, width), buffer)
            y = tile_of(b, row, start, min(start + TILE, width), other)
            sums = _divergence_sums(x, y, peaks, scales, logs)
            forward += float(sums[0])
            reverse += float(sums[1])
            between += float(sums[2])
            if s.masked or t.masked:
                only_b, only_a = _masked_apart(x, y)
                forward = np.inf if only_b else forward
                reverse = np.inf if only_a else reverse
        out[0, row], out[1, row] = s.peak * scale_a + s.log_sum, t.peak * scale_b + t.log_sum
        out[2, row], out[3, row] = max(s.log_sum - s.tilt, 0.0), max(t.log_sum - t.tilt, 0.0)
        out[4, row], out[5, row], out[6, row] = forward, reverse, min(between, LN2)
    return -1
