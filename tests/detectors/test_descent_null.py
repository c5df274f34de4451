"""What `descent` stands on: the null of each statistic, the draw of units, the assignment."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from detectors import descent_null
from detectors.descent_null import bonferroni_log10, plain, runs_log10, signed_rank_log10, spearman_log10
from detectors.descent_units import Mlp, SharedTokens, assigned, drawn


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 8])
def test_spearman_of_few_units_counts_all_orders(n):
    factorial = np.prod(np.arange(1, n + 1))
    assert 10 ** spearman_log10(1.0, n) == pytest.approx(1 / factorial)
    assert spearman_log10(-1.0, n) == pytest.approx(0.0)


def test_spearman_beyond_is_close_and_does_not_understate():
    """Against the exact tail of 8 units, which the approximation for more has to follow, too."""
    for rho in np.unique(descent_null._all_rhos(8))[1:]:
        exact = spearman_log10(rho, 8)
        beyond = spearman_log10(rho, 8, margin=1e-12)
        assert beyond > exact - np.log10(1.35)
        if rho > 0.8:
            assert beyond >= exact


def test_spearman_is_never_zero_and_falls_with_rho():
    found = [spearman_log10(rho, 11008) for rho in np.linspace(-1, 1, 41)]
    assert all(b < a or a == pytest.approx(0, abs=1e-9) for a, b in pairwise(found))
    assert -3000 < found[-1] < -1000 and plain(found[-1]) > 0


def test_signed_rank_is_wilcoxons():
    draw = np.random.default_rng(0)
    for n in (5, 20, 50, 51, 400):
        values = draw.normal(0.2, 1, n)
        wanted = stats.wilcoxon(values, alternative="greater", method="exact").pvalue
        assert 10 ** signed_rank_log10(values) == pytest.approx(wanted, rel=0.03)
    assert 10 ** signed_rank_log10(np.ones(30)) == pytest.approx(2.0**-30)
    assert signed_rank_log10(np.zeros(5)) == 0.0
    assert signed_rank_log10(-np.ones(30)) == pytest.approx(0.0)


def test_one_run_counts_all_orders_and_what_is_left_over_does_not_count():
    draw = np.random.default_rng(0)
    for _ in range(20):
        order = draw.permutation(8)
        rho = stats.spearmanr(np.arange(8), order).statistic
        value, p = runs_log10(np.append(10 * order, 7))
        assert value == pytest.approx(rho) and p == pytest.approx(spearman_log10(rho, 8), abs=1e-9)
    assert runs_log10(np.arange(7))[1] == pytest.approx(spearman_log10(1.0, 7))
    assert runs_log10(np.arange(2)) == (0.0, 0.0)


def test_several_runs_are_counted_out():
    rhos, counts = np.unique(np.round(descent_null._all_rhos(8), 9), return_counts=True)
    both, chance = np.add.outer(rhos, rhos), np.multiply.outer(counts, counts) / counts.sum() ** 2
    order = np.array([1, 0, 2, 3, 5, 4, 6, 7, 12, 8, 9, 10, 11, 14, 13, 15])
    value, p = runs_log10(order)
    assert 10**p == pytest.approx(chance[both >= 2 * value - 1e-6].sum())
    assert runs_log10(np.arange(16))[1] == pytest.approx(-2 * np.log10(40320))
    assert runs_log10(np.arange(16)[::-1])[1] == pytest.approx(0.0, abs=1e-9)


def test_normal_beyond_is_close_and_does_not_understate(monkeypatch):
    swapped = [np.arange(96) for _ in range(12)]
    draw = np.random.default_rng(1)
    for n, order in enumerate(swapped):
        for run in range(n):
            order[8 * run : 8 * run + 8] = draw.permutation(order[8 * run : 8 * run + 8])
    exact = [runs_log10(order)[1] for order in swapped]
    monkeypatch.setattr(descent_null, "EXACT_RUNS", 0)
    normal = [runs_log10(order)[1] for order in swapped]
    for a, b in zip(exact, normal, strict=True):
        assert b >= a - np.log10(1.3) and (a > -4 or b >= a)
    assert normal[-1] > -3 and normal[0] < -15


def test_bonferroni():
    assert bonferroni_log10([-3.0, -1.0]) == pytest.approx(-3 + np.log10(2))
    assert bonferroni_log10([-0.1, 0.0]) == 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_must_be_finite_and_of_one_shape(bad):
    weights = np.ones((4, 3), np.float32)
    with pytest.raises(ValueError, match="must both be"):
        Mlp(weights, weights[:2])
    with pytest.raises(ValueError, match="finite"):
        Mlp(weights * np.float32(bad))
    with pytest.raises(ValueError, match="same tokens"):
        SharedTokens(weights, weights[:2])


def test_drawn_units_are_live_and_differ_and_assignment_is_one_to_one():
    up = np.ones((6, 2), np.float32)
    up[2] = 0
    up += np.arange(6, dtype=np.float32)[:, None] * (up > 0)
    assert sorted(drawn(Mlp(up), 9, np.random.default_rng(0))) == [0, 1, 3, 4, 5]
    up[3:] = 7
    assert len(drawn(Mlp(up), 9, np.random.default_rng(0))) == 3
    scores = np.array([[1, 5, 0], [4, 9, 0]], np.float32)
    assert assigned(scores, np.random.default_rng(0)).tolist() == [0, 1]
