"""Ranked tokens against a full sort, their overlap against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logit_ranks import NONE, rank_biased_overlap, same_numbers
from detectors.logit_tiles import TILE
from detectors.logits import Logits

inf = np.inf


def normal(n, width):
    return (np.random.default_rng(0).standard_normal((n, width)) * 3).astype(np.float32)


def ranking(row, k, lowest):
    kept = [i for i in range(len(row)) if row[i] != -inf]
    ids = sorted(kept, key=lambda i: (row[i] if lowest else -row[i], i))[:k]
    return ids + [NONE] * (k - len(ids))


@pytest.mark.parametrize("lowest", [False, True])
@pytest.mark.parametrize("k", [1, 2, 10, 100])
@pytest.mark.parametrize("kind", ["distinct", "ties", "rising", "falling", "masked", "equal", "zeros"])
def test_ranked_against_a_full_sort(kind, k, lowest):
    rng = np.random.default_rng(k)
    a = normal(2, 2 * TILE + 11)
    if kind == "ties":
        a = np.round(a)
    elif kind in ("rising", "falling"):
        a = np.sort(a, axis=1) if kind == "rising" else np.sort(a, axis=1)[:, ::-1].copy()
    elif kind == "masked":
        a[rng.random(a.shape) < 0.99] = -inf
    elif kind == "equal":
        a[:] = 4.0
    elif kind == "zeros":
        a = np.where(rng.random(a.shape) < 0.5, np.float32(0.0), np.float32(-0.0))
    got = Logits(depth=k).ranked(a, lowest)
    assert got.ids.tolist() == [ranking(row, k, lowest) for row in a]
    found = np.where(got.ids == NONE, np.nan, np.take_along_axis(a, np.maximum(got.ids, 0), axis=1))
    np.testing.assert_array_equal(got.logits, found)


def test_lowest_is_highest_of_the_negated():
    a = normal(3, 1500)
    np.testing.assert_array_equal(Logits().ranked(a, lowest=True).ids, Logits().ranked(-a).ids)


def by_definition(a, b, p):
    """Equation 32 of Webber, Moffat & Zobel 2010, literally."""
    short, long = sorted((a, b), key=len)
    s, k = len(short), len(long)
    x = [len(set(a[:d]) & set(b[:d])) for d in range(k + 1)]
    seen = sum(x[d] / d * p**d for d in range(1, k + 1))
    beyond = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, k + 1))
    return (1 - p) / p * (seen + beyond) + ((x[k] - x[s]) / k + x[s] / s) * p**k


def padded(tokens, k):
    return np.array([list(tokens) + [NONE] * (k - len(tokens))], dtype=np.int32)


@settings(max_examples=150, deadline=None)
@given(st.permutations(range(9)), st.permutations(range(9)), st.integers(1, 9), st.integers(1, 9))
def test_overlap_is_the_definition(a, b, k, m):
    a, b = a[:k], b[:m]
    for p in (0.5, 0.9, 0.98):
        got = rank_biased_overlap(padded(a, 9), padded(b, 12), p)
        assert got == pytest.approx(by_definition(a, b, p), abs=1e-12)
        assert 0 <= got[0] <= 1


def test_overlap_by_hand():
    """Two lists that agree in the second rank only: agreement 0, 1/2 and 2/3 with the third."""
    a, b = padded([1, 2, 3], 3), padded([4, 2, 3], 3)
    p = 0.8
    want = (1 - p) / p * (0 + p**2 / 2 + p**3 * 2 / 3) + 2 / 3 * p**3
    assert rank_biased_overlap(a, b, p)[0] == pytest.approx(want)
    assert rank_biased_overlap(a, padded([7, 8, 9], 3), p)[0] == 0
    assert rank_biased_overlap(a, a, p)[0] == pytest.approx(1)
    empty = padded([], 3)
    assert np.isnan(rank_biased_overlap(empty, empty)[0]) and rank_biased_overlap(a, empty)[0] == 0


def test_overlap_of_many_positions_is_that_of_each():
    rng = np.random.default_rng(0)
    a, b = (rng.permuted(np.tile(np.arange(12, dtype=np.int32), (600, 1)), axis=1)[:, :8] for _ in "ab")
    whole = rank_biased_overlap(a, b)
    np.testing.assert_allclose(
        whole, [by_definition(list(x), list(y), 0.9) for x, y in zip(a, b, strict=True)]
    )
    assert rank_biased_overlap(a[:0], b[:0]).shape == (0,)
    for wrong in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="persistence"):
            rank_biased_overlap(a, b, wrong)
    with pytest.raises(ValueError, match="as many positions"):
        rank_biased_overlap(a, b[1:])


def test_tokens_of_two_tokenizers_meet_by_their_strings():
    ids = same_numbers([["the", "a", "the", "an"], []], [["a", "the"], ["x"]])
    assert ids[0].tolist() == [[0, 1, 2, NONE], [NONE] * 4]
    assert ids[1].tolist() == [[1, 0], [3, NONE]]
    got = rank_biased_overlap(*ids)
    assert got[0] == pytest.approx(by_definition(["the", "a", "an"], ["a", "the"], 0.9)) and got[1] == 0
    assert same_numbers([], [])[0].shape == (0, 0)
