"""Contrast: against its definition, and on generated models whose history is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from detectors.contrast import Contrast
from detectors.scores import NEUTRAL
from detectors.types import Access, Channel
from tests.detectors.markov_models import World, left_out_p, predictive_z

N_REFERENCES = 20
STUDENTS = {"S100": 1.0, "S25": 0.25, "S5": 0.05}
SEEDS = range(6)
TEACHERS = ("T0", "T1", "T2", "T3")


@cache
def panel(seed):
    """Subjects with the same-corpus control "C" last, and every teacher's references."""
    world = World(seed)
    references = world.references(N_REFERENCES)
    students = [world.train(name, "T0", share) for name, share in STUDENTS.items()]
    innocents = [
        world.train("neutral", None),
        world.train("same corpus", 0),
        world.train("decoy's student", "T1"),
        world.train("other base", world.n_teachers, 1.0, "B1"),
        world.train("other base's student", "T0", 1.0, "B1"),
    ]
    subjects = [*references, *students, *innocents, *TEACHERS, world.train("C", 0)]
    view = world.view(subjects, world.neutral(100))
    return replace(view, references={t: tuple(references) for t in TEACHERS}, same_data={"T0": ("C",)})


def columns(view, teachers=TEACHERS):
    return tuple(view.subjects.index(t) for t in teachers)


@cache
def z(seed, control=True, decoys=True):
    """By subject, z towards T0 among the references; and the references' own values."""
    view = panel(seed) if control else replace(panel(seed), same_data={})
    detector = Contrast() if decoys else Contrast(decoys=0)
    (found,) = detector.measure(view, columns(view, TEACHERS if decoys else TEACHERS[:1]))
    values = dict(zip(view.subjects, found.values[:, 0].mean(axis=1, dtype=float), strict=True))
    references = np.array([v for name, v in values.items() if name.startswith("R")])
    return {name: predictive_z(v, references) for name, v in values.items()}, references


def zs(subject, **how):
    return np.array([z(seed, **how)[0][subject] for seed in SEEDS])


def test_shape_type_params_and_same_bits():
    view = panel(0)
    (found,), (again,) = (Contrast().measure(view, columns(view)) for _ in range(2))
    assert found.values.shape == (len(view.subjects), 4, 100) and found.values.dtype == np.float32
    assert (found.detector, found.statistic) == ("contrast", "partial_correlation")
    assert found.channel == Channel.LIKELIHOOD and Contrast.needs == Access.PROMPT_LOGPROBS
    np.testing.assert_array_equal(found.values, again.values)
    assert found.params["same_data"] == {"T0": ["C"]}
    assert found.params["without_same_data"] == ["T1", "T2", "T3"]
    assert found.params["documents"] == 100
    assert not Contrast().lacks(view)
    (plain,) = Contrast().measure(replace(view, same_data={}), columns(view))
    assert plain.params["without_same_data"] == list(TEACHERS)
    (absent,) = Contrast().measure(replace(view, same_data={"T0": ("nobody",)}), columns(view))
    assert absent.params["without_same_data"] == list(TEACHERS)
    np.testing.assert_array_equal(plain.values, absent.values)


@pytest.mark.parametrize("subject", ["S25", "R3", "other base", "T2"])
def test_against_the_definition(subject):
    """The partial correlation again, by ordinary least squares on the recorded scores."""
    view = panel(1)
    at = columns(view)
    (found,) = Contrast().measure(view, at)
    of = {s.scorer: s.logprobs.astype(float) for s in view.scores}
    base = of[view.bases[subject]]
    mean = [of[r] - of[view.bases[r]] for r in view.references["T0"] if r != subject]
    decoys = [of[t] - base for t in ("T1", "T2", "T3") if t != subject]
    given = np.stack([np.ones(len(base)), base, np.mean(mean, axis=0), *decoys, of["C"] - base], axis=1)
    y, d = (
        x - given @ np.linalg.lstsq(given, x, rcond=None)[0] for x in (of[subject] - base, of["T0"] - base)
    )
    got = found.values[view.subjects.index(subject), 0]
    assert got.mean(dtype=float) == pytest.approx(np.corrcoef(y, d)[0, 1], abs=1e-5)


def test_what_is_explained_whole_is_not_measured():
    view = panel(0)
    (found,) = Contrast().measure(view, columns(view))
    missing = np.isnan(found.values).all(axis=2)
    same = {(view.subjects[i], TEACHERS[j]) for i, j in zip(*np.nonzero(missing), strict=True)}
    assert same == set()  # a decoy is not among its own decoys, nor the control its own control
    (bare,) = Contrast().measure(
        replace(view, bases={k: v for k, v in view.bases.items() if k != "S25"}), columns(view)
    )
    assert np.isnan(bare.values[view.subjects.index("S25")]).all()
    other = replace(view, providers=tuple("one" if s in ("T0", "T3", "S25") else s for s in view.subjects))
    (found,) = Contrast(decoys=3).measure(other, columns(view))
    rows = [view.subjects.index(s) for s in ("S25", "S5")]
    assert np.isnan(found.values[rows, 0]).all()  # T3 is no decoy for T0, so two are left
    assert np.isnan(found.values[rows[0], 1]).all() and np.isfinite(found.values[rows[1], 1]).all()


def test_siblings_leave_the_mean_together():
    view = panel(0)
    grouped = replace(view, groups=tuple("R" if s in ("R0", "R1") else s for s in view.subjects))
    alone = replace(
        view, references={t: tuple(r for r in n if r != "R1") for t, n in view.references.items()}
    )
    at, row = columns(view), view.subjects.index("R0")
    (a,), (b,) = Contrast().measure(grouped, at), Contrast().measure(alone, at)
    np.testing.assert_allclose(a.values[row], b.values[row], atol=1e-6)


def test_too_few_of_anything():
    view = panel(0)
    at = columns(view)
    for detector in (Contrast(fewest=10**6), Contrast(references=20 + 1), Contrast(decoys=4)):
        (found,) = detector.measure(view, at)
        assert np.isnan(found.values).all()
    (found,) = Contrast(references=20).measure(view, at)  # a reference leaves 19 of itself
    rows = np.array([s.startswith("R") for s in view.subjects])
    assert np.isnan(found.values[rows]).all() and np.isfinite(found.values[~rows]).all()
    assert "needs log-probabilities of neutral text" in Contrast().lacks(replace(view, scores=()))
    assert "its own base" in Contrast().lacks(replace(view, bases={}))
    assert "at least 3 reference models" in Contrast().lacks(replace(view, references={}))
    world = World(0)
    world.train("S", "T0")
    (found,) = Contrast().measure(world.view(["S", "T0"], {"T0": world.texts_of("T0", 5)}), (1,))
    assert found.values.shape == (2, 1, 0) and found.params["documents"] == 0


def test_a_teacher_that_scores_nothing_is_neither_column_nor_decoy():
    view = panel(0)
    closed = replace(view, scores=tuple(s for s in view.scores if s.scorer != "T3"))
    (found,) = Contrast().measure(closed, columns(view))
    assert np.isnan(found.values[:, 3]).all()
    (without,) = Contrast().measure(view, columns(view, TEACHERS[:3]))
    row = view.subjects.index("S25")
    np.testing.assert_allclose(found.values[row, :3], without.values[row], atol=1e-6)


def test_p_is_uniform_on_independents():
    p = np.concatenate([left_out_p(z(seed)[1]) for seed in range(10)])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert np.mean(p <= 0.05) <= 0.1  # 200 draws


def test_students_are_found_and_the_more_the_more():
    found = np.array([zs(name) for name in STUDENTS])
    assert (found[0] > 8).all() and (found[1] > 4).all() and found[2].mean() > 1.5
    assert (np.diff(found, axis=0) < 0).all()
    assert (zs("other base's student") > 8).all()


def test_innocents():
    for name in ("neutral", "other base", "decoy's student"):
        assert abs(zs(name).mean()) < 1.5 and zs(name).max() < 3.5


def test_a_model_of_the_same_data_lowers_what_such_models_get():
    """Halved, not gone: docs/detectors/contrast.md."""
    held = zs("same corpus")
    assert held.mean() < 0.7 * zs("same corpus", control=False).mean()
    assert (zs("S100") > held).all()
    assert zs("S25").mean() > held.mean()


def test_without_decoys_students_of_any_teacher_are_accused():
    assert zs("decoy's student", decoys=False).mean() > 2 > zs("decoy's student").mean()


def test_panel_texts_are_not_neutral():
    world = World(0)
    names = world.references(4)
    view = world.view(
        [*names, *TEACHERS], {"T0": world.texts_of("T0", 30), NEUTRAL: world.texts_of(None, 30)}
    )
    view = replace(view, references={t: tuple(names) for t in TEACHERS})
    only = replace(
        view, scores=tuple(world.scores(s.scorer, {"T0": np.zeros((1, 3), int)}) for s in view.scores)
    )
    assert Contrast().lacks(only) and not Contrast().lacks(view)
    (found,) = Contrast().measure(view, tuple(range(4, 8)))
    assert found.values.shape[2] == 30
