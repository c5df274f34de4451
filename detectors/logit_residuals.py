"""Kernel for the correlation of two models' logits after what every model says is subtracted.

Each logit is read once: means and second moments are merged tile by tile (Chan, Golub & LeVeque 1983,
section 3), float32 within a tile and float64 between tiles. Leaves out checking of shapes and words for
errors (`logits.py`), and estimating how much to subtract: the vectors are taken as they come.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.logit_tiles import MASKED, MASKED_KEY, TILE, Rows, f32, key_range, tile_of, unusable
from detectors.types import Float32, Float64


@compiled()
def _residuals(
    x: Float32, y: Float32, u: Float32, v: Float32, masked: bool, left: Float32, right: Float32
) -> int:
    """Write x - u - v and y - u - v; the number of tokens, those masked in any of the four left out."""
    if not masked:
        for i in range(len(x)):
            common = u[i] + v[i]
            left[i], right[i] = x[i] - common, y[i] - common
        return len(x)
    n = 0
    for i in range(len(x)):
        common = u[i] + v[i]
        if x[i] != MASKED and y[i] != MASKED and common != MASKED:
            left[n], right[n] = x[i] - common, y[i] - common
            n += 1
    return n


@compiled("reassoc", "nsz")
def _mean(x: Float32) -> np.float32:
    total = f32(0)
    for i in range(len(x)):
        total += x[i]
    return f32(total / f32(len(x)))


@compiled("reassoc", "nsz")
def _moments(
    x: Float32, y: Float32, at_x: np.float32, at_y: np.float32
) -> tuple[np.float32, np.float32, np.float32, np.float32, np.float32]:
    """Sums of dx, dy, dx dx, dy dy and dx dy, the differences from (at_x, at_y)."""
    sx, sy, xx, yy, xy = f32(0), f32(0), f32(0), f32(0), f32(0)
    for i in range(len(x)):
        dx, dy = x[i] - at_x, y[i] - at_y
        sx += dx
        sy += dy
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
    return sx, sy, xx, yy, xy


@compiled()
def residual_rows(
    a: Rows, b: Rows, prior: Rows, reference: Rows, width: int, first: int, last: int, out: Float64
) -> int:
    """Correlate the positions [first, last); -1, or the first position that is unusable.

    Parameters
    ----------
    prior, reference : subtracted from both.
    out : (n_positions,) float64 in [-1, 1]; NaN where a residual does not vary.
    """
    buffers = np.empty((6, TILE), f32)
    for row in range(first, last):
        n, mean_x, mean_y, xx, yy, xy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
        for start in range(0, width, TILE):
            stop = min(start + TILE, width)
            x, y = tile_of(a, row, start, stop, buffers[0]), tile_of(b, row, start, stop, buffers[1])
            u = tile_of(prior, row, start, stop, buffers[2])
            v = tile_of(reference, row, start, stop, buffers[3])
            masked = False
            for tile in (x, y, u, v):
                low, high = key_range(tile)
                if unusable(low, high):
                    return row
                masked |= low == MASKED_KEY
            m = _residuals(x, y, u, v, masked, buffers[4], buffers[5])
            if m == 0:
                continue
            left, right = buffers[4, :m], buffers[5, :m]
            at_x, at_y = _mean(left), _mean(right)
            sx, sy, more_xx, more_yy, more_xy = _moments(left, right, at_x, at_y)
            off_x, off_y = float(sx) / m, float(sy) / m
            dx, dy = float(at_x) + off_x - mean_x, float(at_y) + off_y - mean_y
            share = float(n) * m / (n + m)
            xx += float(more_xx) - off_x * off_x * m + dx * dx * share
            yy += float(more_yy) - off_y * off_y * m + dy * dy * share
            xy += float(more_xy) - off_x * off_y * m + dx * dy * share
            mean_x += dx * m / (n + m)
            mean_y += dy * m / (n + m)
            n += m
        out[row] = min(max(xy / np.sqrt(xx * yy), -1.0), 1.0) if xx > 0.0 and yy > 0.0 else np.nan
    return -1
