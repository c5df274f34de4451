"""Rank p-values, Holm, decoys, bootstrap."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.combine import holm
from detectors.null import Columns, plain_contrast, rank_p, resample_counts, resampled_means


def test_rank_p_is_valid_on_exchangeable_models() -> None:
    rng = np.random.default_rng(0)
    found = [rank_p(float(row[0]), row[1:])[0] for row in rng.normal(size=(4000, 31))]
    for level in (0.05, 0.2):
        assert np.mean(np.array(found) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 4000)


def test_rank_p_and_its_floor() -> None:
    assert rank_p(9.0, np.linspace(0, 1, 20)) == pytest.approx((1 / 21, 1 / 21))
    assert rank_p(0.5, np.array([0.0, 0.5, 1.0])) == pytest.approx((3 / 4, 1 / 4))


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


def test_bootstrap_is_centred_and_skips_missing() -> None:
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(1, 1, 200), np.full(200, 2.0)]).astype(np.float32)
    values[1, ::3] = np.nan
    means = resampled_means(values, resample_counts(200, 800, 0))
    assert abs(means[:, 0].mean() - values[0].mean()) < 0.02
    np.testing.assert_allclose(means[:, 1], 2.0)
