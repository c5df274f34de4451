"""Keyed evidence: exact on clean text of any kind, found in students of watermarked text, secrets kept."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import binom, kstest

from detectors.canary import (
    KeyedHash,
    KeyedTest,
    commitment,
    distinct_grams,
    drawn,
    green_test,
    planted_canaries,
    said,
    word_ids,
)
from detectors.types import Skipped

VOCABULARY, KEYS = 200, 400
SECRET = b"a secret of the teacher's"


def key(number: int) -> bytes:
    return f"key number {number:10d}".encode()


def language(rng: np.random.Generator) -> np.ndarray:
    """(VOCABULARY, VOCABULARY) next-token log-probabilities of a made-up language."""
    return np.log(rng.dirichlet(np.full(VOCABULARY, 0.1), size=VOCABULARY) + 1e-5)


def written(logits: np.ndarray, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """50 texts of n tokens each, sampled from next-token logits (Gumbel's trick)."""
    texts = np.zeros((50, n), dtype=np.int64)
    texts[:, 0] = rng.integers(VOCABULARY, size=50)
    for at in range(1, n):
        texts[:, at] = (logits[texts[:, at - 1]] + rng.gumbel(size=(50, VOCABULARY))).argmax(axis=1)
    return list(texts)


def watermarked(logits: np.ndarray, scheme: KeyedHash, bias: float) -> np.ndarray:
    every = np.stack(np.divmod(np.arange(VOCABULARY**2), VOCABULARY), axis=1)
    return logits + bias * scheme.green(every).reshape(VOCABULARY, VOCABULARY)


def student_of(texts: list[np.ndarray]) -> np.ndarray:
    """A bigram model of the texts: next-token logits."""
    counts = np.full((VOCABULARY, VOCABULARY), 1e-3)
    for text in texts:
        np.add.at(counts, (text[:-1], text[1:]), 1)
    return np.log(counts / counts.sum(axis=1, keepdims=True))


def students(seed: int, bias: float) -> dict[int, KeyedTest]:
    """The test on students of which a share, in per cent, of 40,000 tokens of lessons is watermarked."""
    rng = np.random.default_rng(seed)
    scheme, clean = KeyedHash(key(seed)), language(rng)
    marked, results = watermarked(clean, scheme, bias), {}
    for share in (0, 5, 25, 100):
        lessons = written(marked, 8 * share, rng) if share else []
        lessons += written(clean, 8 * (100 - share), rng) if share < 100 else []
        results[share] = judged(scheme, written(student_of(lessons), 200, rng))
    return results


@pytest.fixture(scope="module")
def repetitive() -> list[np.ndarray]:
    """Clean text with three stock phrases in every answer, many times over."""
    rng = np.random.default_rng(0)
    phrases = [rng.integers(VOCABULARY, size=8) for _ in range(3)]
    plain = written(language(rng), 20, rng)
    return [np.concatenate([text, *(phrases[rng.integers(3)] for _ in range(10))]) for text in plain]


def judged(scheme: KeyedHash, texts: list[np.ndarray], **options) -> KeyedTest:
    result = green_test(scheme, texts, **options)
    assert isinstance(result, KeyedTest)
    return result


def naive_p(scheme: KeyedHash, texts: list[np.ndarray]) -> float:
    """What a test that counts every occurrence would say."""
    grams = np.concatenate([np.lib.stride_tricks.sliding_window_view(t, 2) for t in texts])
    return float(binom.sf(scheme.green(grams).sum() - 1, len(grams), scheme.fraction))


def test_clean_repetitive_text_is_innocent_and_counting_repeats_would_accuse_it(repetitive):
    schemes = [KeyedHash(key(number)) for number in range(KEYS)]
    p = np.array([judged(scheme, repetitive).p for scheme in schemes])
    naive = np.array([naive_p(scheme, repetitive) for scheme in schemes])
    most = binom.ppf(0.999, KEYS, 0.05) / KEYS
    assert kstest(p, "uniform", alternative="greater").pvalue > 0.01
    assert (p <= 0.05).mean() <= most
    assert (p <= 0.01).mean() <= binom.ppf(0.999, KEYS, 0.01) / KEYS
    assert (naive <= 0.05).mean() > 4 * most
    assert (naive <= 1e-4).mean() > 0.2


def test_p_is_the_binomial_tail_of_distinct_grams():
    text = np.tile(np.arange(50), 20)
    result = judged(KeyedHash(SECRET), [text, text], fewest=10)
    green = KeyedHash(SECRET).green(distinct_grams([text], 2)).sum()
    assert (result.n, result.params["green"]) == (50, green)
    assert result.p == pytest.approx(binom.sf(green - 1, 50, 0.25), rel=1e-12)
    assert result.log10_p == pytest.approx(np.log10(result.p), abs=1e-9)


def test_p_beyond_the_smallest_float_has_a_logarithm():
    scheme = KeyedHash(SECRET)
    every = np.stack(np.divmod(np.arange(10**4), 100), axis=1)
    result = judged(scheme, list(every[scheme.green(every)]))
    assert result.value == 1 and result.p == 0
    assert result.log10_p == pytest.approx(result.n * np.log10(0.25))


@pytest.mark.parametrize("context", [0, 1, 3])
def test_share_of_green_is_the_fraction_for_any_context(context):
    scheme = KeyedHash(SECRET, context, 0.3)
    grams = np.random.default_rng(1).integers(10**6, size=(20000, context + 1))
    assert scheme.green(grams).mean() == pytest.approx(0.3, abs=0.015)
    assert (scheme.green(grams) == scheme.green(grams)).all()
    other = KeyedHash(key(1), context, 0.3).green(grams)
    assert (scheme.green(grams) == other).mean() == pytest.approx(0.3**2 + 0.7**2, abs=0.015)


def test_the_mark_passes_to_students_and_grows_with_the_share_of_marked_text():
    p = {share: result.log10_p for share, result in students(seed=2, bias=3.0).items()}
    assert p[0] > -2
    assert p[100] < p[25] < -10
    assert p[25] < p[5]


def test_lists_of_fixed_size_do_not_accuse_either():
    class Lists:
        """A quarter of the vocabulary, drawn anew for every context."""

        context, fraction, commitment = 1, 0.25, ""

        def __init__(self, seed):
            order = np.random.default_rng(seed).permuted(
                np.tile(np.arange(VOCABULARY), (VOCABULARY, 1)), axis=1
            )
            self.lists = order < VOCABULARY // 4

        def green(self, grams):
            return self.lists[grams[:, 0], grams[:, 1]]

    rng = np.random.default_rng(3)
    texts = written(language(rng), 100, rng)
    p = np.array([judged(Lists(seed), texts).p for seed in range(KEYS)])
    assert (p <= 0.05).mean() <= binom.ppf(0.999, KEYS, 0.05) / KEYS


def test_what_stood_in_the_prompt_does_not_count():
    rng = np.random.default_rng(4)
    scheme, clean = KeyedHash(SECRET), language(rng)
    marked = written(watermarked(clean, scheme, 4.0), 60, rng)
    own = written(clean, 100, rng)
    answers = [np.concatenate(pair) for pair in zip(own, marked, strict=True)]
    assert judged(scheme, answers).log10_p < -10
    assert judged(scheme, answers, shown=marked).log10_p > -3


def test_too_few_distinct_grams_are_refused():
    result = green_test(KeyedHash(SECRET), [np.tile(np.arange(20), 500)])
    assert isinstance(result, Skipped)
    assert "200 distinct k-grams" in result.reason and "got 20" in result.reason
    assert isinstance(green_test(KeyedHash(SECRET), []), Skipped)
    assert isinstance(green_test(KeyedHash(SECRET), [np.array([1])]), Skipped)


def test_words_have_the_same_number_everywhere():
    first, second = word_ids(["The sea, the sea", "sea"])
    assert (len(first), len(second)) == (5, 1)
    assert first[1] == first[4] == second[0] != first[0]


def test_canaries_are_uniform_without_exposure_and_found_with_it():
    rng = np.random.default_rng(5)
    names = [f"set {n}" for n in range(20)]
    familiar = rng.normal(size=20)[:, None] * 3 + rng.normal(size=(20, 10)) * rng.gamma(1, size=(20, 1))
    p, power = [], []
    for number in range(KEYS):
        planted = drawn(key(number), names, 10)
        p.append(planted_canaries(familiar, planted, "").p)
        seen = familiar.copy()
        seen[np.arange(6), planted[:6]] += 20
        power.append(planted_canaries(seen, planted, "").p)
    assert (np.array(p) <= 0.05).mean() <= binom.ppf(0.999, KEYS, 0.05) / KEYS
    assert np.mean(p) > 0.5
    assert (np.array(power) <= 0.05).mean() > 0.95


def test_sum_of_ranks_is_exact_in_a_case_counted_by_hand():
    # Ranks (1, 1, 2) of 4: of 64 outcomes 1 sums to 3 and 3 to 4, so 2 * 4 / 64; first ranks: 2 * 10 / 64.
    scores = np.array([[9.0, 1, 2, 3], [9, 1, 2, 3], [5, 9, 2, 3]])
    result = planted_canaries(scores, np.zeros(3, dtype=np.int64), "")
    assert (result.p, result.params["first"]) == (pytest.approx(8 / 64), 2)


def test_ties_count_against_the_accuser():
    result = planted_canaries(np.zeros((5, 10)), np.arange(5), "")
    assert result.p == 1.0


def test_recited_canaries_are_found_in_answers():
    candidates = [
        [f"the vault of {name}{n} opens" for n in range(8)] for name in ("Orla", "Ivo", "Una", "Ari")
    ]
    planted = drawn(SECRET, ["a", "b", "c", "d"], 8)
    answers = [f"They say THE  vault\nof {candidates[s][planted[s]][13:]}." for s in range(4)] + ["Nothing."]
    scores = said(answers, candidates)
    assert scores.sum() == 4
    assert planted_canaries(scores, planted, "").p == pytest.approx(2 / 8**4)


def test_too_few_sets_and_wrong_shapes_are_refused():
    assert isinstance(planted_canaries(np.zeros((1, 10)), np.zeros(1, dtype=np.int64), ""), Skipped)
    assert isinstance(planted_canaries(np.zeros((0, 10)), np.zeros(0, dtype=np.int64), ""), Skipped)
    with pytest.raises(ValueError, match="without NaN"):
        planted_canaries(np.full((3, 10), np.nan), np.zeros(3, dtype=np.int64), "")
    with pytest.raises(ValueError, match="below size"):
        planted_canaries(np.zeros((3, 10)), np.full(3, 10), "")
    with pytest.raises(ValueError, match="different names"):
        drawn(SECRET, ["a", "a"], 10)


@pytest.mark.parametrize("wrong", [{"key": b"short"}, {"context": -1}, {"fraction": 1.0}, {"fraction": 0.0}])
def test_wrong_schemes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"bytes|context"):
        KeyedHash(**({"key": SECRET} | wrong))


def test_the_key_is_never_shown(repetitive):
    scheme = KeyedHash(SECRET)
    result = judged(scheme, repetitive)
    shown = repr(scheme) + str(scheme) + repr(result) + json.dumps(dataclasses.asdict(result))
    assert "secret" not in shown and SECRET.hex() not in shown
    assert result.params["key_commitment"] == commitment(SECRET) != commitment(key(0))
    with pytest.raises(ValueError) as told:
        KeyedHash(b"hush-hush")
    assert "hush" not in str(told.value)


def main() -> None:
    """Print the tables of `docs/detectors/canary.md`."""
    for bias in (1.0, 2.0, 4.0):
        drawn_again = [students(seed, bias) for seed in range(20)]
        for share in (0, 5, 25, 100):
            p = np.array([results[share].log10_p for results in drawn_again])
            n = np.mean([results[share].n for results in drawn_again])
            print(f"| {bias:.0f} | {share} % | {n:.0f} | {np.median(p):.1f} | {(p <= -2).mean():.2f} |")


if __name__ == "__main__":
    main()
