"""Estimates from signatures against exact Jaccard similarity, and the exact counts against Python's sets."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.minhash import estimates
from detectors.minhash.exact import overlaps, shingle_sets
from detectors.minhash.signatures import MinHash


def pairs_of_known_jaccard(n_pairs, size, rng):
    """Documents of `size` words that share a part of them, and their Jaccard similarity over words."""
    left, right, exact = [], [], []
    for i in range(n_pairs):
        shared = rng.integers(0, size + 1)
        common = [f"c{i}x{j}" for j in range(shared)]
        left.append(" ".join(common + [f"l{i}x{j}" for j in range(size - shared)]))
        right.append(" ".join(common + [f"r{i}x{j}" for j in range(size - shared)]))
        exact.append(shared / (2 * size - shared))
    return left, right, np.array(exact)


@pytest.mark.parametrize("size", [12, 120, 600])
@pytest.mark.parametrize("scheme", ["fss", "oph", "kperm"])
def test_unbiased_and_as_precise_as_theory(scheme, size):
    left, right, exact = pairs_of_known_jaccard(600, size, np.random.default_rng(size))
    family = MinHash(64, "words", 1, scheme)
    error = estimates.jaccard(family.signatures(left), family.signatures(right)) - exact
    spread = np.sqrt(np.mean(exact * (1 - exact)) / 64)
    assert abs(error.mean()) < 4 * spread / np.sqrt(len(error))
    # `oph` copies values into empty bins, which costs precision for documents smaller than k.
    assert np.sqrt(np.mean(error**2)) < spread * (1.6 if scheme == "oph" and size < 64 else 1.1)
    assert scheme != "fss" or size == 600 or np.sqrt(np.mean(error**2)) < 0.9 * spread


def test_exact_counts_are_those_of_sets():
    left, right, exact = pairs_of_known_jaccard(40, 80, np.random.default_rng(3))
    pairs = np.arange(40), np.arange(40)
    found = overlaps(shingle_sets(left, "words", 1), shingle_sets(right, "words", 1), pairs)
    assert np.allclose(found.jaccard, exact)
    assert np.allclose(found.left_in_right, found.shared / 80)


def test_containment_follows_from_jaccard_and_sizes():
    jaccard = np.array([10 / 100])
    assert estimates.containment(jaccard, np.array([10]), np.array([100])) == pytest.approx([1.0])


def test_documents_without_shingles_have_no_similarity():
    rows = MinHash(16).signatures(["", "", "some words that make one shingle"])
    assert np.isnan(estimates.jaccard(rows, rows)[:2]).all() and estimates.jaccard(rows, rows)[2] == 1


def test_refuses_signatures_that_do_not_compare():
    family = MinHash(16).signatures(["a"])
    with pytest.raises(ValueError, match="equally long, got 16 and 32"):
        estimates.jaccard(family, MinHash(32).signatures(["a"]))
    with pytest.raises(ValueError, match="equally many, got 1 and 2"):
        estimates.jaccard(family, MinHash(16).signatures(["a", "b"]))
