"""Exact counts against Python sets, whatever the bytes; samples; equal documents."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.minhash import exact
from detectors.minhash.counting import MOST_IN_TABLE, distinct_shingles
from detectors.minhash.distinct import Distinct
from detectors.minhash.exact import covered, overlaps, shingle_sets
from detectors.minhash.sampled import Sample
from tests.detectors.minhash import reference

KINDS = st.sampled_from([("words", 3), ("words", 5), ("bytes", 4), ("bytes", 9), ("characters", 3)])
parts = st.lists(
    st.sampled_from([b"the", b"of", b"a", "考".encode(), b"\xff", b"\x00", b"longer words"]), max_size=40
)
documents = st.lists(parts.map(b" ".join) | st.binary(max_size=60), min_size=1, max_size=6)


def sets_of(texts, kind):
    return [set(reference.shingle_hashes(t, *kind)) for t in texts]


@settings(max_examples=150, deadline=None)
@given(documents, documents, KINDS)
def test_counts_are_those_of_python_sets(left, right, kind):
    a, b = shingle_sets(left, *kind, threads=1), shingle_sets(right, *kind, threads=1)
    x, y = sets_of(left, kind), sets_of(right, kind)
    assert a.sizes.tolist() == [len(s) for s in x]
    rows = np.array([(i, j) for i in range(len(left)) for j in range(len(right))], np.int64).T
    found = overlaps(a, b, (rows[0], rows[1]))
    shared = [len(x[i] & y[j]) for i, j in rows.T]
    assert found.shared.tolist() == shared
    for i, n in enumerate(shared):
        one, other = x[rows[0][i]], y[rows[1][i]]
        if one or other:
            assert found.jaccard[i] == n / len(one | other)
        else:
            assert np.isnan(found.jaccard[i])
        if other:
            assert found.right_in_left[i] == n / len(other)
    groups = np.arange(0, len(rows[0]) + 1, len(right))
    expected = [len(s & set().union(*y)) for s in x]
    assert covered(a, b, (rows[0], rows[1]), groups).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(documents, KINDS)
def test_counting_without_the_sets_gives_their_sizes(texts, kind):
    assert distinct_shingles(texts, *kind, threads=1).tolist() == [len(s) for s in sets_of(texts, kind)]


def test_long_documents_are_counted_too(monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 50, MOST_IN_TABLE + n)) for n in (-1, 9, 20_000)]
    whole = shingle_sets(texts, "words", 3)
    assert distinct_shingles(texts, "words", 3).tolist() == whole.sizes.tolist()
    assert whole.sizes.tolist() == [len({*zip(w, w[1:], w[2:], strict=False)}) for w in map(str.split, texts)]
    monkeypatch.setattr(exact, "ROOM", 0)
    again = shingle_sets(texts, "words", 3)
    assert np.array_equal(again.values, whole.values) and np.array_equal(again.offsets, whole.offsets)
    assert distinct_shingles(texts, "words", 3).tolist() == whole.sizes.tolist()


@settings(max_examples=60, deadline=None)
@given(documents, KINDS, st.sampled_from([0.1, 0.5, 1.0]))
def test_a_sample_is_the_same_choice_in_every_document(texts, kind, rate):
    whole = shingle_sets(texts, *kind, threads=1)
    keys, rows = Sample(rate, *kind).keys(texts)
    together = Sample(rate, *kind).keys([b"\x01 ".join(texts), *texts])
    assert set(keys.tolist()) <= set(whole.values.tolist())
    assert np.array_equal(keys, together[0][together[1] > 0])
    if rate == 1.0:
        assert np.array_equal(keys, whole.values)
        assert np.array_equal(rows, np.repeat(np.arange(len(texts)), whole.sizes))


def test_a_sample_finds_as_often_as_it_says():
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 10**9, 34)) for _ in range(2000)]
    sample = Sample(0.125)
    _, rows = sample.keys(texts)
    found = len(np.unique(rows)) / len(texts)
    assert abs(found - float(sample.recall(30))) < 0.02


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=300), st.integers(1, 60))
def test_equal_documents_are_found_across_batches(values, step):
    seen, out = Distinct(), []
    for at in range(0, len(values), step):
        some = values[at : at + step]
        digests = np.array([[v * 2**57, v] for v in some], np.uint64).reshape(-1, 2)
        out += seen.firsts(digests, np.arange(at, at + len(some))).tolist()
    assert out == [values.index(v) for v in values]
    assert seen.count == len(set(values))


def test_the_table_of_documents_grows():
    digests = np.random.default_rng(0).integers(0, 2**63, (50_000, 2), dtype=np.uint64)
    seen = Distinct()
    for at in range(0, 50_000, 7_000):
        seen.firsts(digests[at : at + 7_000], np.arange(at, min(at + 7_000, 50_000)))
    assert seen.count == 50_000
    assert np.array_equal(seen.firsts(digests, np.arange(50_000, 100_000)), np.arange(50_000))
