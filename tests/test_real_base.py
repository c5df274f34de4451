"""The judgement of the measurement on a real base: planted teachers are found, and none where none is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest


def loaded():
    path = Path(__file__).parents[1] / "docs" / "measurements" / "real_base.py"
    spec = importlib.util.spec_from_file_location("real_base", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["real_base"] = module
    spec.loader.exec_module(module)
    return module


real_base = loaded()
TEACHERS = list(real_base.TEACHERS)
N = len(real_base.CANDIDATES)


def lifts(planted: float, seed: int = 0) -> np.ndarray:
    """Habits of columns and of students, noise, and what is planted towards one's teacher."""
    draw = np.random.default_rng(seed)
    found = 0.2 + draw.normal(0, 0.02, N) + draw.normal(0, 0.05, (len(TEACHERS), 1))
    found = found + draw.normal(0, 0.002, (len(TEACHERS), N))
    for row in range(N):
        found[row, row] += planted
    return found


def test_the_judged_are_candidates_and_nobody_teaches_twice():
    assert set(real_base.JUDGED) <= set(real_base.CANDIDATES)
    assert not set(real_base.CANDIDATES) & set(real_base.OTHERS)
    assert len(real_base.JUDGED) == 4 and N == 7


def test_a_planted_teacher_is_singled_out():
    values = lifts(0.03)
    for row in range(N):
        found = real_base.judged(values, TEACHERS, row)
        assert int(np.argmax(found.z)) == row and found.p_adjusted[row] <= 0.01
        assert (np.delete(found.p_adjusted, row) > real_base.LEVEL).all()


def test_references_are_students_of_other_makers():
    siblings = [m for m, maker in real_base.CANDIDATES.items() if maker == "mistral"]
    assert len(siblings) == 2
    counts = real_base.judged(lifts(0.03), TEACHERS, TEACHERS.index("falcon-40b-instruct")).references
    for model, n in zip(real_base.CANDIDATES, counts, strict=True):
        left_out = {"falcon-40b-instruct", model} | (set(siblings) if model in siblings else set())
        assert n == len(TEACHERS) - len(left_out)


def test_innocents_keep_the_nominal_rate_though_the_references_learned_from_candidates():
    p = [real_base.judged(lifts(0.03, seed), TEACHERS, len(TEACHERS) - 1).p for seed in range(200)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)
