"""The null: uniform where it must be, floors, strata, Holm, decoys."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from detectors.combine import cauchy, holm
from detectors.null import (
    Columns,
    plain_contrast,
    predictive_t,
    resample_counts,
    resampled_means,
    significance,
    strictest,
)


def test_p_values_are_uniform_on_exchangeable_models() -> None:
    rng = np.random.default_rng(0)
    found = [significance(float(row[0]), row[1:]) for row in rng.normal(size=(4000, 31))]
    assert stats.kstest([s.p_t for s in found], "uniform").pvalue > 0.01
    for level in (0.05, 0.2):
        share = np.mean([s.p_rank <= level for s in found])
        assert share <= level + 3 * np.sqrt(level * (1 - level) / 4000)


def test_floors() -> None:
    s = significance(9.0, np.linspace(0, 1, 20))
    assert s.p_rank == s.p_floor == pytest.approx(1 / 21)
    assert s.p_t == 0.001
    assert significance(9.0, np.linspace(0, 1, 100)).p_t < 0.001


@pytest.mark.parametrize("references", [[], [1.0], [2.0, 2.0, 2.0]])
def test_no_spread_no_p(references: list[float]) -> None:
    assert predictive_t(3.0, np.array(references)) == (None, None)


def test_a_low_stratum_cannot_flatter() -> None:
    high, low = np.linspace(0, 2, 20), np.linspace(-9, -8, 20)
    pooled = significance(2.5, np.concatenate((high, low)))
    own = significance(2.5, high)
    found = strictest([pooled, own])
    assert (found.p_rank, found.p_floor) == (own.p_rank, own.p_floor)
    assert found.p_rank > pooled.p_rank
    assert found.p_t == max(pooled.p_t, own.p_t)


def test_decoys_are_never_of_the_teachers_students_or_rows_provider() -> None:
    provider = np.array(["a", "a", "b", "c", "d"], dtype=object)
    rows = np.array(["s", "b", "r"], dtype=object)
    columns = Columns(provider, rows, np.ones(5, bool), np.zeros(5))
    mask = columns.decoys_for(0, student=0)
    assert mask.tolist() == [
        [False, False, True, True, True],
        [False, False, False, True, True],
        [False, False, True, True, True],
    ]
    means = np.array([[5.0, 9, 1, 2, 3], [5, 9, 100, 1, 3], [np.nan, 0, 1, 1, 1]])
    np.testing.assert_allclose(plain_contrast(means, mask, 0)[:2], [3.0, 3.0])
    assert np.isnan(plain_contrast(means, mask, 0)[2])


def test_holm_against_the_textbook() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert cauchy([0.3, 0.3, 0.3]) == pytest.approx(0.3)


def test_bootstrap_is_centred_and_skips_missing() -> None:
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(1, 1, 200), np.full(200, 2.0)]).astype(np.float32)
    values[1, ::3] = np.nan
    means = resampled_means(values, resample_counts(200, 800, rng))
    assert abs(means[:, 0].mean() - values[0].mean()) < 0.02
    np.testing.assert_allclose(means[:, 1], 2.0)
