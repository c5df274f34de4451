"""Curves and costs of likelihood ratios: on ratios whose right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from auditor import calibration, likelihoods
from tests.known_pairs import answered, pair

PRIORS = np.array([-2.0, -0.5, 0.0, 1.0])


def normal(n: int = 4000, apart: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log10 LRs that are the true ones (scores normal of unit variance), kind, and equal weights."""
    rng = np.random.default_rng(0)
    positive = np.arange(n) < n // 2
    score = rng.normal(np.where(positive, apart, 0.0))
    return apart * (score - apart / 2) / calibration.LN10, positive, np.full(n, 2 / n)


def test_tippett_of_known_ratios() -> None:
    at, students, innocents = calibration.tippett(
        np.array([2.0, -1.0, 0.0, 1.0, 0.0]),
        np.array([True, False, True, False, True]),
        np.array([1 / 3, 0.5, 1 / 3, 0.5, 1 / 3]),
    )
    assert at.tolist() == [-1.0, 0.0, 1.0, 2.0]
    np.testing.assert_allclose(students, [1.0, 1.0, 1 / 3, 1 / 3])
    np.testing.assert_allclose(innocents, [1.0, 0.5, 0.5, 0.0], atol=1e-12)


def test_a_family_of_many_counts_once_in_tippett_and_cllr() -> None:
    one = [pair("s", "positive", 0, "a"), pair("i", "negative", 0, "b"), pair("j", "negative", 0, "c")]
    many = [*one, *(pair(f"k{n}", "negative", 0, "c") for n in range(9))]
    few, more = answered(one, [1.0, -1.0, 2.0]), answered(many, [1.0, -1.0, 2.0, *[2.0] * 9])
    assert likelihoods.tippett(few)["innocents"] == pytest.approx([1.0, 0.5, 0.5])
    assert likelihoods.tippett(more)["innocents"] == pytest.approx([1.0, 0.5, 0.5])
    assert likelihoods.costs(more)["cllr"] == pytest.approx(likelihoods.costs(few)["cllr"])
    assert likelihoods.misleading(more)["10"]["innocents"]["n"] == 10  # these are counted by pair


def test_cross_entropy_at_prior_odds_1_is_cllr() -> None:
    log10_lr, positive, weight = normal(200)
    found = calibration.ece(log10_lr, positive, weight, PRIORS)
    assert found[2] == pytest.approx(calibration.cllr(log10_lr, positive, weight))
    least = calibration.ece(
        calibration.recalibrated(log10_lr, positive, weight), positive, weight, np.zeros(1)
    )
    assert least[0] == pytest.approx(calibration.cllr_min(log10_lr, positive, weight))


def test_no_evidence_leaves_the_entropy_of_the_prior() -> None:
    _, positive, weight = normal(200)
    share = 10**PRIORS / (1 + 10**PRIORS)
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    np.testing.assert_allclose(calibration.ece(np.zeros(200), positive, weight, PRIORS), entropy)


def test_cross_entropy_tells_true_ratios_from_bold_ones() -> None:
    log10_lr, positive, weight = normal()
    best = calibration.ece(
        calibration.recalibrated(log10_lr, positive, weight), positive, weight, likelihoods.PRIORS
    )
    true, bold, none = (
        calibration.ece(lr, positive, weight, likelihoods.PRIORS)
        for lr in (log10_lr, log10_lr * 6, np.zeros(len(positive)))
    )
    assert (best <= true + 1e-6).all() and (true < none).all() and (true - best).max() < 0.02
    assert (bold > none).any() and bold[25] > true[25]


def test_misleading_evidence_is_counted_on_both_sides() -> None:
    pairs = [pair(f"s{i}", "positive", 0, f"a{i}") for i in range(4)]
    pairs += [pair(f"i{i}", "negative", 0, f"b{i}") for i in range(5)]
    found = likelihoods.misleading(answered(pairs, [3, 1, -1, -2.5, 1, 0.99, 2, -4, float("nan")]))
    counts = {k: [(p["n"], p["of"]) for p in v.values()] for k, v in found.items()}
    assert counts == {"10": [(2, 4), (2, 4)], "100": [(1, 4), (1, 4)], "1000": [(0, 4), (0, 4)]}
    assert found["1000"]["innocents"]["upper95"] == pytest.approx(0.602, abs=0.001)


def test_the_interval_of_cllr_holds_it_and_widens_with_fewer_families() -> None:
    log10_lr, positive, _ = normal(240)
    for n_families, widest in ((6, 1.0), (120, 0.25)):
        families = np.array([f"{p}{i % n_families}" for i, p in enumerate(positive)])
        weight = calibration.equal_weights(positive, families)
        low, high = likelihoods.cllr_interval(log10_lr, positive, families)
        assert low < calibration.cllr(log10_lr, positive, weight) < high < low + widest


def test_without_ratios_there_is_nothing_to_show() -> None:
    found = answered([pair("s", "positive", 0, "a"), pair("i", "negative", 0, "b")], [float("nan")] * 2)
    assert likelihoods.tippett(found) is None and likelihoods.ece(found) is None
    assert likelihoods.costs(found) == {"cllr": None, "cllr_family95": None, "cllr_min": None}
    assert likelihoods.misleading(found)["10"]["students"]["rate"] is None
