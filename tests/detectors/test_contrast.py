"""Contrast: against its definition, and on generated models whose history is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from detectors.contrast import Contrast
from detectors.scores import NEUTRAL, Scores, texts_by
from detectors.types import Access, Channel
from tests.detectors.markov_models import World, left_out_p, predictive_z

N_REFERENCES = 14
STUDENTS = {"S100": 1.0, "S25": 0.25, "S5": 0.05}
SEEDS = range(5)
TEACHERS = ("T0", "T1", "T2", "T3")
STATISTICS = {"neutral": NEUTRAL, "answers": "T0"}


CONTROLS = ("C0", "C1", "C2", "C3")


@cache
def panel(seed):
    """Subjects, with the models of T0's corpus last, and every teacher's references."""
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
    subjects = [*references, *students, *innocents, *TEACHERS, *(world.train(c, 0) for c in CONTROLS)]
    view = world.view(subjects, world.neutral(80) | world.answers(60))
    eligible = {t: tuple(references) for t in TEACHERS}
    return replace(view, probes=view.probes[:60], references=eligible, same_data={"T0": CONTROLS})


def columns(view, teachers=TEACHERS):
    return tuple(view.subjects.index(t) for t in teachers)


@cache
def z(seed, statistic, controls=4, decoys=True):
    """By subject, z towards T0 among the references; and the references' own values."""
    view = replace(panel(seed), same_data={"T0": CONTROLS[:controls]})
    detector = Contrast() if decoys else Contrast(decoys=0)
    found = detector.measure(view, columns(view, TEACHERS if decoys else TEACHERS[:1]))
    (values,) = (m.values[:, 0].mean(axis=1, dtype=float) for m in found if m.statistic == statistic)
    of = dict(zip(view.subjects, values, strict=True))
    references = np.array([v for name, v in of.items() if name.startswith("R")])
    return {name: predictive_z(v, references) for name, v in of.items()}, references


def zs(subject, statistic, **how):
    return np.array([z(seed, statistic, **how)[0][subject] for seed in SEEDS])


def test_shape_type_params_and_same_bits():
    view = panel(0)
    found, again = (Contrast().measure(view, columns(view)) for _ in range(2))
    assert [m.statistic for m in found] == ["neutral", "answers"] == list(STATISTICS)
    for m, other, n in zip(found, again, (80, 60), strict=True):
        assert m.values.shape == (len(view.subjects), 4, n) and m.values.dtype == np.float32
        assert (m.detector, m.channel) == ("contrast", Channel.LIKELIHOOD)
        np.testing.assert_array_equal(m.values, other.values)
        assert np.isfinite(m.values).all()  # no decoy is among its own decoys, no control its own control
        assert m.params["same_data"] == {"T0": list(CONTROLS)}
        assert m.params["without_same_data"] == ["T1", "T2", "T3"]
    assert not Contrast().lacks(view) and Contrast.needs == Access.PROMPT_LOGPROBS
    plain = Contrast().measure(replace(view, same_data={}), columns(view))
    absent = Contrast().measure(replace(view, same_data={"T0": ("nobody",)}), columns(view))
    for m, other in zip(plain, absent, strict=True):
        assert m.params["without_same_data"] == other.params["without_same_data"] == list(TEACHERS)
        np.testing.assert_array_equal(m.values, other.values)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("subject", ["S25", "R3", "other base", "T2"])
def test_against_the_definition(subject, statistic):
    """The partial correlation again, by ordinary least squares on the recorded scores."""
    view = panel(1)
    found = {m.statistic: m for m in Contrast().measure(view, columns(view))}[statistic]
    of = {s.scorer: texts_by(s, STATISTICS[statistic]).logprobs.astype(float) for s in view.scores}
    base = of[view.bases[subject]]
    mean = [of[r] - of[view.bases[r]] for r in view.references["T0"] if r != subject]
    others = [of[t] - base for t in ("T1", "T2", "T3", *CONTROLS) if t != subject]
    given = np.stack([np.ones(len(base)), base, np.mean(mean, axis=0), *others], axis=1)
    both = np.stack([of[subject] - base, of["T0"] - base], axis=1)
    y, d = (both - given @ np.linalg.lstsq(given, both, rcond=None)[0]).T
    got = found.values[view.subjects.index(subject), 0]
    assert got.mean(dtype=float) == pytest.approx(np.corrcoef(y, d)[0, 1], abs=1e-5)


def test_what_is_not_measured():
    view = panel(0)
    bare = replace(view, bases={k: v for k, v in view.bases.items() if k != "S25"})
    for m in Contrast().measure(bare, columns(view)):
        assert np.isnan(m.values[view.subjects.index("S25")]).all()
    other = replace(view, providers=tuple("one" if s in ("T0", "T3", "S25") else s for s in view.subjects))
    rows = [view.subjects.index(s) for s in ("S25", "S5")]
    for m in Contrast(decoys=3).measure(other, columns(view)):
        assert np.isnan(m.values[rows, 0]).all()  # T3 is no decoy for T0, so two are left
        assert np.isnan(m.values[rows[0], 1]).all() and np.isfinite(m.values[rows[1], 1]).all()
    copied = tuple(
        replace(s, logprobs=view.by_scorer["T1"].logprobs) if s.scorer == "S5" else s for s in view.scores
    )
    for m in Contrast().measure(replace(view, scores=copied), columns(view)):
        assert np.isnan(m.values[rows[1], 0]).all()  # a copy of a decoy: nothing is left of it
        assert m.values[rows[1], 1].mean() == pytest.approx(1, abs=1e-4)


def test_siblings_leave_the_mean_together():
    view = panel(0)
    grouped = replace(view, groups=tuple("R" if s in ("R0", "R1") else s for s in view.subjects))
    fewer = {t: tuple(r for r in names if r != "R1") for t, names in view.references.items()}
    at, row = columns(view), view.subjects.index("R0")
    alone = Contrast().measure(replace(view, references=fewer), at)
    for a, b in zip(Contrast().measure(grouped, at), alone, strict=True):
        np.testing.assert_allclose(a.values[row], b.values[row], atol=1e-6)


def test_too_few_of_anything():
    view = panel(0)
    at = columns(view)
    for detector in (Contrast(fewest=10**6), Contrast(references=N_REFERENCES + 1), Contrast(decoys=4)):
        assert all(np.isnan(m.values).all() for m in detector.measure(view, at))
    rows = np.array([s.startswith("R") for s in view.subjects])
    for m in Contrast(references=N_REFERENCES).measure(view, at):  # a reference leaves one fewer
        assert np.isnan(m.values[rows]).all() and np.isfinite(m.values[~rows]).all()
    assert "its own base" in Contrast().lacks(replace(view, bases={}))
    assert "at least 3 reference models" in Contrast().lacks(replace(view, references={}))


def test_without_neutral_text():
    view = panel(0)
    bare = tuple(s for a in view.scores for s in [_without(a, NEUTRAL)])
    neutral, answers = Contrast().measure(replace(view, scores=bare), columns(view))
    assert neutral.values.shape == (len(view.subjects), 4, 1) and np.isnan(neutral.values).all()
    assert neutral.params["without_same_data"] == list(TEACHERS)
    np.testing.assert_array_equal(answers.values, Contrast().measure(view, columns(view))[1].values)


def _without(scores, text_of):
    keep = [i for i, t in enumerate(scores.texts) if t.text_of != text_of]
    tokens = np.concatenate([np.arange(scores.starts[i], scores.starts[i + 1]) for i in keep])
    starts = np.concatenate([[0], np.cumsum(np.diff(scores.starts)[keep])])
    texts = tuple(scores.texts[i] for i in keep)
    return Scores(scores.scorer, texts, starts, scores.ends[tokens], scores.logprobs[tokens])


def test_a_teacher_that_scores_nothing_is_neither_column_nor_decoy():
    view = panel(0)
    closed = replace(view, scores=tuple(s for s in view.scores if s.scorer != "T3"))
    fewer = Contrast().measure(view, columns(view, TEACHERS[:3]))
    row = view.subjects.index("S25")
    for m, without in zip(Contrast().measure(closed, columns(view)), fewer, strict=True):
        assert np.isnan(m.values[:, 3]).all()
        np.testing.assert_allclose(m.values[row, :3], without.values[row], atol=1e-6)


def test_p_is_uniform_on_independents():
    for statistic in STATISTICS:
        p = np.concatenate([left_out_p(z(seed, statistic)[1]) for seed in range(8)])
        assert stats.kstest(p, "uniform").pvalue > 0.01
        assert np.mean(p <= 0.05) <= 0.1  # 112 draws


@pytest.mark.parametrize("statistic", STATISTICS)
def test_students_are_found_and_the_more_the_more(statistic):
    found = np.array([zs(name, statistic) for name in STUDENTS])
    assert (found[0] > 8).all() and (found[1] > 4).all() and found[2].mean() > 1
    assert (np.diff(found, axis=0) < 0).all()
    assert (zs("other base's student", statistic) > 8).all()


@pytest.mark.parametrize("statistic", STATISTICS)
def test_innocents(statistic):
    for name in ("neutral", "other base", "decoy's student"):
        assert abs(zs(name, statistic).mean()) < 1.6 and zs(name, statistic).max() < 3.5


@pytest.mark.parametrize("statistic", STATISTICS)
def test_models_of_the_same_data_acquit_such_models(statistic):
    """The more of them the better: docs/detectors/contrast.md."""
    none, one, four = (zs("same corpus", statistic, controls=n).mean() for n in (0, 1, 4))
    assert none > 6 and one < 0.7 * none and four < 0.7 * one
    assert (zs("S25", statistic) > zs("same corpus", statistic)).all()


def test_answers_show_a_small_share_that_neutral_text_does_not():
    assert zs("S5", "answers").mean() > zs("S5", "neutral").mean() + 1
    assert zs("S5", "answers").mean() > zs("same corpus", "answers").mean() + 1


def test_without_decoys_students_of_any_teacher_are_accused():
    assert zs("decoy's student", "neutral", decoys=False).mean() > 2 > zs("decoy's student", "neutral").mean()


def test_a_model_of_the_same_data_named_twice_over_changes_nothing():
    """Columns that say the same thing are one column to the regression."""
    view = panel(0)
    twin = replace(view.by_scorer["C1"], scorer="twin")
    doubled = replace(view, scores=(*view.scores, twin), same_data={"T0": (*CONTROLS, "twin")})
    row = view.subjects.index("S25")
    pairs = zip(
        Contrast().measure(doubled, columns(view)), Contrast().measure(view, columns(view)), strict=True
    )
    for m, without in pairs:
        np.testing.assert_allclose(m.values[row, 0], without.values[row, 0], atol=1e-5)
