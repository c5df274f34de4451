"""The join against a slow one over dictionaries: every pair that shares a key, once, within the cap."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.minhash.bands import NO_KEY
from detectors.minhash.join import KeyIndex
from detectors.minhash.ordering import ordered

few_keys = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), max_size=60)
NONE = int(NO_KEY)


def columns(rows):
    keys = np.array([NONE if k == 12 else k * 2**59 + 7 for k, _ in rows], np.uint64)
    return keys, np.array([d for _, d in rows], np.int64)


def slow(left, right, cap):
    """(left, right) -> shared keys; of a key the `cap` lowest left documents."""
    buckets = defaultdict(set)
    for k, d in left:
        buckets[k].add(d)
    shared = defaultdict(int)
    for k, r in set(right):
        if k != 12:
            for d in sorted(buckets[k])[:cap]:
                shared[d, r] += 1
    return dict(shared)


@settings(max_examples=200, deadline=None)
@given(few_keys, few_keys, st.integers(1, 4), st.randoms())
def test_every_pair_that_shares_a_key_once_in_any_order(left, right, cap, random):
    index = KeyIndex.of(*columns(left), cap=cap)
    found = index.candidates(*columns(right))
    assert dict(
        zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.shared, strict=True)
    ) == slow(left, right, cap)
    random.shuffle(left)
    random.shuffle(right)
    again = KeyIndex.of(*columns(left), cap=cap).candidates(*columns(right))
    for name in ("left", "right", "shared", "crowded"):
        assert np.array_equal(getattr(found, name), getattr(again, name))
    pairs = list(zip(found.right.tolist(), found.left.tolist(), strict=True))
    assert pairs == sorted(set(pairs))


@settings(max_examples=100, deadline=None)
@given(few_keys, few_keys, st.integers(1, 4), st.integers(1, 5))
def test_either_side_may_be_kept(left, right, cap, pieces):
    """Keeping the left side and streaming the right in order gives the pairs of keeping the right."""
    kept = KeyIndex.of(*columns(left), cap=1 << 62)
    met = np.zeros(len(kept.keys), np.int64)
    pairs = set()
    for piece in range(pieces):
        some = [(k, r) for k, r in right if piece * 9 <= r * pieces < (piece + 1) * 9]
        found = kept.candidates(*columns(some), met, cap)
        pairs |= set(zip(found.left.tolist(), found.right.tolist(), strict=True))
    other = KeyIndex.of(*columns(right), cap=cap).candidates(*columns(left))
    assert pairs == set(zip(other.right.tolist(), other.left.tolist(), strict=True))
    crowded = {d for d, m in zip(kept.documents.tolist(), met.tolist(), strict=True) if m > cap}
    assert bool(crowded) == bool(len(other.crowded))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 300), max_size=400), st.randoms())
def test_sorting_is_that_of_numpy(values, random):
    keys = np.array(values + values[: len(values) // 2], np.uint64)
    rows = np.array(random.sample(range(1000), len(keys)), np.int64)
    found = ordered(keys, rows)
    order = np.lexsort((rows, keys))
    assert np.array_equal(found[0], keys[order]) and np.array_equal(found[1], rows[order])


def test_sorting_when_the_highest_byte_is_always_the_same():
    keys = np.random.default_rng(0).integers(0, 2**40, 5000, dtype=np.uint64)
    found = ordered(keys, np.arange(5000))
    assert np.array_equal(found[0], np.sort(keys))
    assert np.array_equal(keys[found[1]], found[0])


def test_a_cap_below_one_is_refused():
    with pytest.raises(ValueError, match="cap must be 1 or more"):
        KeyIndex.of(np.empty(0, np.uint64), np.empty(0, np.int64), cap=0)
