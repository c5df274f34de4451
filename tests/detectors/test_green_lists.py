"""Green lists are those of transformers, where torch is and by the numbers kept here."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.canary import KeyedTest, green_test
from detectors.green_lists import DEFAULT_KEY, LeftHash

# Sorted starts of torch.randperm(n, generator seeded with DEFAULT_KEY * token)[: n // 4], torch 2.13.0, CPU.
KEPT = {
    (1000, 7): ([4, 5, 9, 12, 14, 17, 20, 22], 122187),
    (512, 0): ([0, 2, 3, 4, 7, 16, 20, 25], 33209),
    (50257, 30000): ([2, 7, 8, 11, 17, 29, 31, 37], 315121586),
}


def greens(scheme, previous):
    tokens = np.arange(scheme.vocabulary)
    return tokens[scheme.green(np.stack([np.full_like(tokens, previous), tokens], axis=1))]


@pytest.mark.parametrize(("vocabulary", "previous"), KEPT)
def test_lists_are_those_kept_from_torch(vocabulary, previous):
    found = greens(LeftHash(DEFAULT_KEY, vocabulary), previous)
    assert len(found) == vocabulary // 4
    start, total = KEPT[vocabulary, previous]
    assert found[: len(start)].tolist() == start
    assert found.sum() == total


def test_lists_are_those_of_transformers():
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    theirs = transformers.WatermarkLogitsProcessor(700, "cpu", 0.4, 2.0, 12345, "lefthash", 1)
    ours = LeftHash(12345, 700, 0.4)
    for previous in (0, 1, 699, 350):
        expected = sorted(theirs._get_greenlist_ids(torch.tensor([3, previous])).tolist())
        assert greens(ours, previous).tolist() == expected


def test_a_marked_text_is_found_and_clean_ones_are_not():
    scheme, rng = LeftHash(987654321, 200), np.random.default_rng(0)
    clean = list(rng.integers(200, size=(20, 100)))
    every = {previous: greens(scheme, previous) for previous in range(200)}
    marked = []
    for _ in range(20):
        text = [0]
        for _ in range(99):
            text.append(rng.choice(every[text[-1]]) if rng.random() < 0.2 else rng.integers(200))
        marked.append(np.array(text))
    results = [green_test(scheme, texts) for texts in (clean, marked)]
    assert all(isinstance(result, KeyedTest) for result in results)
    assert results[0].p > 0.001 and results[1].log10_p < -6
    keys = rng.integers(2**31, size=100)
    p = np.array([green_test(LeftHash(int(key), 200), clean).p for key in keys])
    assert (p <= 0.05).mean() <= 0.13


def test_foreign_tokens_and_empty_lists_are_refused():
    with pytest.raises(ValueError, match="0 to 99"):
        LeftHash(1, 100).green(np.array([[1, 100]]))
    with pytest.raises(ValueError, match="holds some"):
        LeftHash(1, 100, 1.0)
    assert not len(LeftHash(1, 100).green(np.empty((0, 2), dtype=np.int64)))


def test_the_key_is_not_shown():
    assert "987654321" not in repr(LeftHash(987654321, 100)) + LeftHash(987654321, 100).commitment
