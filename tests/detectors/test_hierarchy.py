"""The null that borrows strength: calibrated where the truth is known, and honest where it knows little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from detectors.hierarchy import fit

Panel = tuple[np.ndarray, np.ndarray, np.ndarray]


def panel(rng: np.random.Generator, sizes: tuple[int, ...] = (8, 30), n_columns: int = 20) -> Panel:
    """Rows of two strata, families of two; columns differ in location, strata in offset and spread."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    n = len(strata)
    column = rng.normal(0, 1.5, n_columns)
    offset = np.array([1.0, -0.5])[strata]
    spread = np.array([0.5, 1.0])[strata]
    families = np.arange(n) // 2
    family = rng.normal(size=(families.max() + 1, n_columns))[families]
    noise = np.sqrt(0.5) * family + np.sqrt(0.5) * rng.normal(size=(n, n_columns))
    scores = column + offset[:, None] + spread[:, None] * noise
    return scores, np.repeat(strata[:, None], n_columns, axis=1).astype(np.int8), families


@pytest.mark.parametrize("stratum", [0, 1])
def test_false_positives_of_held_out_families(stratum: int) -> None:
    rng = np.random.default_rng(stratum)
    hits, n = 0, 0
    for _ in range(40):
        scores, strata, families = panel(rng)
        family = rng.choice(families[strata[:, 0] == stratum])
        kept = np.where((families == family)[:, None], np.int8(-1), strata)
        p = fit(scores, kept, families, 2).p_value(scores[families == family])
        hits, n = hits + int((p <= 0.05).sum()), n + p.size
    assert hits / n <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40 / 20)
    assert stratum == 1 or hits / n >= 0.01  # the upper stratum decides, so it is not merely cautious


def test_a_column_that_everybody_resembles_accuses_nobody() -> None:
    rng = np.random.default_rng(2)
    scores, strata, families = panel(rng)
    scores[:, 3] += 10.0
    null = fit(scores, strata, families, 2)
    assert (null.p_value(scores)[:, 3] <= 0.05).mean() <= 0.1
    assert null.location[:, 3].min() > 5


def test_a_small_stratum_borrows_location_and_spread() -> None:
    rng = np.random.default_rng(3)
    scores, strata, families = panel(rng)
    strata[np.ix_(strata[:, 0] == 0, [5])] = -1  # nobody of the upper stratum is innocent of this column
    null = fit(scores, strata, families, 2)
    assert null.models[0, 5] == 0
    assert abs(null.location[0, 5] - null.location[1, 5] - 1.5) < 0.6


def test_few_families_are_no_excuse_for_a_narrow_null() -> None:
    rng = np.random.default_rng(4)
    few = [fit(*panel(rng, (6, 10)), 2) for _ in range(20)]
    many = [fit(*panel(rng, (60, 100)), 2) for _ in range(5)]
    assert np.mean([n.scale for n in few]) > np.mean([n.scale for n in many])
    assert few[0].families[0, 0] == pytest.approx(3)


def test_nothing_known_nothing_claimed() -> None:
    scores = np.random.default_rng(5).normal(size=(4, 3))
    null = fit(scores, np.full((4, 3), -1, dtype=np.int8), np.arange(4), 2)
    assert np.isnan(null.p_value(scores)).all()
    one = np.full((4, 3), -1, dtype=np.int8)
    one[0] = 0
    assert np.isfinite(fit(scores, one, np.arange(4), 2).p_value(scores)).all()
    scores[1, 1] = np.nan
    assert np.isfinite(fit(scores, np.zeros((4, 3), dtype=np.int8), np.arange(4), 1).p_value(scores[0])).all()


def test_simulated_heavy_tails() -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(200):
        scores = stats.t.rvs(4, size=(41, 12), random_state=rng)
        strata = np.zeros((41, 12), dtype=np.int8)
        strata[0] = -1
        found.append(fit(scores, strata, np.arange(41), 1).p_value(scores[0]))
    p = np.concatenate(found)
    assert (p <= 0.05).mean() <= 0.06 and (p <= 0.01).mean() <= 0.018
