"""What `descent` stands on: the null of each statistic, the draw of units, the assignment."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from detectors import descent_null
from detectors.descent_null import bonferroni_log10, plain, signed_rank_log10, spearman_log10
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
