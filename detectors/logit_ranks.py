"""The highest or lowest logits of each position, and how alike two such lists are (rank-biased overlap).

One walk a row: a heap of the best k so far, and tiles without a better logit are skipped whole. Overlap is
that of Webber, Moffat & Zobel 2010 (A similarity measure for indefinite rankings, section 4.4, equation 32:
extrapolated, lists of unlike length). Leaves out tied ranks in the overlap: ties are broken by token id.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.compiled import compiled
from detectors.logit_tiles import MASKED, MASKED_KEY, TILE, Rows, f32, key_range, tile_of, unusable, value_of
from detectors.types import Float32, Float64

NONE = -1
"""Stands for a token where a list is shorter."""
# Positions compared at once in the overlap: 256 x 100 x 100 comparisons are 2.5 MB.
BATCH = 256


@compiled()
def _worse(value: np.float32, token: int, other: np.float32, other_token: int) -> bool:
    return bool(value < other or (value == other and token > other_token))


@compiled()
def _sift(values: Float32, ids: NDArray[np.int32], at: int, n: int) -> None:
    """Move what is at `at` down a heap of n whose root is the worst."""
    value, token = values[at], ids[at]
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and _worse(values[child + 1], ids[child + 1], values[child], ids[child]):
            child += 1
        if not _worse(values[child], ids[child], value, token):
            break
        values[at], ids[at] = values[child], ids[child]
        at = child
    values[at], ids[at] = value, token


@compiled()
def _offer(x: Float32, start: int, values: Float32, ids: NDArray[np.int32], n: int) -> int:
    """Offer a tile to the heap; the number of tokens in it. A later token never displaces an equal one."""
    k = len(values)
    for i in range(len(x)):
        if n < k:
            if x[i] != MASKED:
                values[n], ids[n] = x[i], start + i
                n += 1
                if n == k:
                    for at in range(k // 2 - 1, -1, -1):
                        _sift(values, ids, at, k)
        elif x[i] > values[0]:
            values[0], ids[0] = x[i], start + i
            _sift(values, ids, 0, k)
    return n


@compiled()
def top_rows(
    rows: Rows, width: int, first: int, last: int, sign: float, ids: NDArray[np.int32], values: Float32
) -> int:
    """List the positions [first, last); -1, or the first position that is unusable.

    Parameters
    ----------
    sign : 1 for the highest logits, -1 for the lowest that are not masked.
    ids, values : (n_positions, k) int32 and float32, best first; id NONE and value NaN where there is none.
    """
    buffer = np.empty(TILE, f32)
    k = ids.shape[1]
    for row in range(first, last):
        best, tokens, n = values[row], ids[row], 0
        for start in range(0, width, TILE):
            x = tile_of(rows, row, start, min(start + TILE, width), buffer)
            low, high = key_range(x)
            if unusable(low, high):
                return row
            if sign < 0.0:
                for i in range(len(x)):
                    buffer[i] = MASKED if x[i] == MASKED else -x[i]
                x = buffer[: len(x)]
                low, high = key_range(x)
            if high == MASKED_KEY or (n == k and value_of(high) <= best[0]):
                continue
            n = _offer(x, start, best, tokens, n)
        if n < k:
            for at in range(n // 2 - 1, -1, -1):
                _sift(best, tokens, at, n)
        for end in range(n - 1, 0, -1):
            best[0], best[end] = best[end], best[0]
            tokens[0], tokens[end] = tokens[end], tokens[0]
            _sift(best, tokens, 0, end)
        for at in range(n):
            best[at] = -best[at] if sign < 0.0 else best[at]
        for at in range(n, k):
            best[at], tokens[at] = f32(np.nan), NONE
    return -1


def rank_biased_overlap(a: NDArray[np.int32], b: NDArray[np.int32], persistence: float = 0.9) -> Float64:
    """Extrapolated rank-biased overlap of two lists of tokens at each position.

    Parameters
    ----------
    a : (n_positions, k_a) int32 token ids, best first, no id twice, NONE from the end of a list on.
    b : (n_positions, k_b) int32, likewise, ids of the same vocabulary (`same_numbers` for two).
    persistence : p of the paper, in (0, 1): ranks 1 to 10 have 86 % of the weight at 0.9.

    Returns
    -------
    (n_positions,) float64 in [0, 1]; NaN where both lists are empty.
    """
    if not 0 < persistence < 1:
        raise ValueError(f"persistence must lie between 0 and 1, got {persistence}.")
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise ValueError(
            f"Both lists must be (n_positions, k) with as many positions, got {a.shape} and {b.shape}."
        )
    parts = [_overlap(a[i : i + BATCH], b[i : i + BATCH], persistence) for i in range(0, len(a), BATCH)]
    return np.concatenate(parts) if parts else np.empty(0)


def _overlap(a: NDArray[np.int32], b: NDArray[np.int32], p: float) -> Float64:
    """Equation 32 for a batch; X_d = tokens that both lists have in their first d."""
    deepest = max(a.shape[1], b.shape[1])
    if not deepest:
        return np.full(len(a), np.nan)
    position, i, j = np.nonzero((a[:, :, None] == b[:, None, :]) & (a[:, :, None] != NONE))
    met = np.bincount(position * deepest + np.maximum(i, j), minlength=len(a) * deepest)
    common = met.reshape(len(a), deepest).cumsum(axis=1)
    lengths = np.stack([(a != NONE).sum(axis=1), (b != NONE).sum(axis=1)])
    short, long = lengths.min(axis=0), lengths.max(axis=0)
    d = np.arange(1, deepest + 1)
    at_short = np.take_along_axis(common, np.maximum(short - 1, 0)[:, None], axis=1)
    at_long = np.take_along_axis(common, np.maximum(long - 1, 0)[:, None], axis=1)
    s, k = np.maximum(short, 1)[:, None], np.maximum(long, 1)[:, None]
    agreement = common / d + np.where(d > short[:, None], at_short * (d - s) / (s * d), 0.0)
    seen = np.where(d <= long[:, None], agreement * p**d, 0.0).sum(axis=1) * (1 - p) / p
    unseen = (((at_long - at_short) / k + at_short / s) * p**k)[:, 0]
    value: Float64 = np.minimum(seen + unseen, 1.0)
    return np.where(long == 0, np.nan, np.where(short == 0, 0.0, value))


def same_numbers(
    a: Sequence[Sequence[str]], b: Sequence[Sequence[str]]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number the tokens of two tokenizers by their strings, for `rank_biased_overlap`.

    Two ids of one tokenizer can be one string: the better rank counts, and the list is shorter by the other.

    Parameters
    ----------
    a, b : for each of n_positions the strings of its tokens, best first.

    Returns
    -------
    (n_positions, longest list) int32 of either.
    """
    number: dict[str, int] = {}
    return _numbered(a, number), _numbered(b, number)


def _numbered(lists: Sequence[Sequence[str]], number: dict[str, int]) -> NDArray[np.int32]:
    ids = np.full((len(lists), max(map(len, lists), default=0)), NONE, dtype=np.int32)
    for row, strings in zip(ids, lists, strict=True):
        once = [number.setdefault(s, len(number)) for s in dict.fromkeys(strings)]
        row[: len(once)] = once
    return ids
