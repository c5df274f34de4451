"""Bands: the S-curve is kept on pairs of known Jaccard similarity, and the cut is the one promised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.minhash.bands import NO_KEY, Bands, bands_for
from detectors.minhash.exact import overlaps, shingle_sets
from detectors.minhash.signatures import MinHash

PAIRS = 1500


def pairs_of(jaccard, rng, shingles=240):
    """Documents of one-word shingles, of which the right share is common."""
    common = round(2 * shingles * jaccard / (1 + jaccard))
    left, right = [], []
    for _ in range(PAIRS):
        words = [f"w{n}" for n in rng.integers(0, 1 << 40, 2 * shingles - common)]
        left.append(" ".join(words[:shingles]))
        right.append(" ".join(words[shingles - common :]))
    return left, right


@pytest.mark.parametrize("scheme", ["fss", "oph", "kperm"])
@pytest.mark.parametrize("jaccard", [0.3, 0.5, 0.6, 0.8])
def test_recall_is_at_least_the_s_curve(jaccard, scheme):
    left, right = pairs_of(jaccard, np.random.default_rng(round(100 * jaccard)))
    sets = shingle_sets(left, "words", 1), shingle_sets(right, "words", 1)
    exact = overlaps(*sets, (np.arange(PAIRS), np.arange(PAIRS))).jaccard
    cut = bands_for(0.5, 0.95)
    family = MinHash(128, "words", 1, scheme)
    met = (cut.keys(family.signatures(left)) == cut.keys(family.signatures(right))).any(axis=1)
    promised = cut.recall(exact)
    slack = 3.5 * np.sqrt((promised * (1 - promised)).sum()) / PAIRS
    assert met.mean() >= promised.mean() - slack - 1e-9


@given(st.floats(0.2, 1.0), st.floats(0.5, 0.99))
def test_the_cut_reaches_the_recall_with_the_most_rows(threshold, recall):
    cut = bands_for(threshold, recall)
    assert cut.bands * cut.rows <= 128 and cut.recall(threshold) >= recall - 1e-9
    more = cut.rows + 1
    if more <= 128:
        assert Bands(128 // more, more).recall(threshold) < recall


def test_a_recall_out_of_reach_is_refused():
    with pytest.raises(ValueError, match="take more minima"):
        bands_for(0.01, 0.99, k=16)


def test_documents_without_shingles_have_no_key():
    keys = Bands(4, 2).keys(MinHash(8).signatures(["", " \n", "one two three four five six"]))
    assert (keys[:2] == NO_KEY).all() and (keys[2] != NO_KEY).all()


def test_keys_of_different_bands_differ():
    same = np.full((1, 64), 7, np.uint32)
    assert len(np.unique(Bands(16, 4).keys(same))) == 16
