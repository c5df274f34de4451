"""Lift: against its definition, and on generated models whose history is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from detectors.lift import STATISTICS, Lift
from detectors.null import Columns, plain_contrast
from detectors.scored_view import ScoredView, correlation_parts, ratio_parts
from detectors.scores import Aligned, Scores, TextId, aligned
from detectors.types import Access, Channel
from tests.detectors.markov_models import World, left_out_p, predictive_z

N_REFERENCES = 20
TEACHERS = ("T0", "T1", "T2", "T3")
STUDENTS = {"S100": 1.0, "S25": 0.25, "S5": 0.05}


@cache
def contrasts(seed):
    """By statistic, every subject's decoy contrast towards T0, as the model-level null takes it."""
    world = World(seed)
    subjects = world.references(N_REFERENCES)
    subjects += [world.train(name, "T0", share) for name, share in STUDENTS.items()]
    subjects += [
        world.train("neutral", None),
        world.train("same corpus", 0),
        world.train("decoy's student", "T1"),
        world.train("other base", world.n_teachers, 1.0, "B1"),
        world.train("other base's student", "T0", 1.0, "B1"),
        *TEACHERS,
    ]
    found = Lift().measure(
        world.view(subjects, world.answers(60)), tuple(range(len(subjects) - 4, len(subjects)))
    )
    means = {m.statistic: m.values.mean(axis=2, dtype=np.float64) for m in found}
    providers = np.array(TEACHERS, dtype=object)
    every = Columns(providers, np.array(subjects, dtype=object), np.ones(4, bool), np.ones(4))
    mask = every.decoys_for(0, subjects.index("S100"))
    return {n: dict(zip(subjects, plain_contrast(m, mask, 0), strict=True)) for n, m in means.items()}


def references_of(by_subject):
    return np.array([v for name, v in by_subject.items() if name.startswith("R")])


def z_of(subject, statistic, seeds):
    found = [contrasts(seed)[statistic] for seed in seeds]
    return np.array([predictive_z(f[subject], references_of(f)) for f in found])


def small(seed=0, coarse=()):
    world = World(seed)
    subjects = [*world.references(3), world.train("S", "T0"), "T0", "T1"]
    texts = {k: v[:12] for k, v in world.answers(12).items()}
    return world.view(subjects, texts, coarse), tuple(subjects.index(t) for t in ("T0", "T1"))


def test_shape_type_and_same_bits():
    view, teachers = small()
    found, again = Lift().measure(view, teachers), Lift().measure(view, teachers)
    assert [m.statistic for m in found] == list(STATISTICS)
    for one, other in zip(found, again, strict=True):
        assert one.values.shape == (6, 2, 12) and one.values.dtype == np.float32
        assert np.isfinite(one.values).all()
        assert one.params == {"fewest": 100} and one.unit == STATISTICS[one.statistic]
        assert one.detector == "lift" and one.channel == Channel.LIKELIHOOD
        np.testing.assert_array_equal(one.values, other.values)
    assert Lift.needs == Access.PROMPT_LOGPROBS and not Lift().lacks(view)


def test_against_the_definition():
    view, teachers = small()
    lift, weighted, correlation = (m.values[3, 1] for m in Lift().measure(view, teachers))
    s, b, t = (view.by_scorer[n] for n in ("S", "B0", "T1"))
    of_t = [i for i, text in enumerate(s.texts) if text.text_of == "T1"]
    spans = [np.arange(s.starts[i], s.starts[i + 1]) for i in of_t]
    own = (s.logprobs.astype(float) - b.logprobs) / np.log(2)
    theirs = (t.logprobs.astype(float) - b.logprobs) / np.log(2)
    n_bytes = [s.ends[at][-1] for at in spans]
    expected = [own[at].sum() / n for at, n in zip(spans, n_bytes, strict=True)]
    np.testing.assert_allclose(lift, expected, rtol=1e-5)
    every = np.concatenate(spans)
    length = np.concatenate([np.diff(s.ends[at], prepend=0) for at in spans])
    weight = np.maximum(theirs[every], 0)
    assert weighted.mean() == pytest.approx((weight * own[every]).sum() / (weight * length).sum(), rel=1e-5)
    assert correlation.mean() == pytest.approx(np.corrcoef(own[every], theirs[every])[0, 1], rel=1e-5)


def test_another_tokenizer_changes_nothing_in_the_lift():
    view, teachers = small()
    coarse, _ = small(coarse=("S", "R1"))
    fine, long = (Lift().measure(v, teachers) for v in (view, coarse))
    np.testing.assert_allclose(fine[0].values, long[0].values, rtol=1e-4, atol=1e-5)
    assert not np.allclose(fine[2].values, long[2].values, atol=1e-3)  # longer spans, for everyone


def test_a_subject_needs_its_own_base():
    view, teachers = small()
    bases = {k: v for k, v in view.bases.items() if k != "R1"}
    for m in Lift().measure(replace(view, bases=bases), teachers):
        missing = np.isnan(m.values)
        assert missing[1].all() and not np.delete(missing, 1, axis=0).any()
    assert replace(view, bases=bases).unmeasured() == {"R1": "its own base is not given"}
    elsewhere = replace(view, bases=view.bases | {"R1": "X"})
    assert elsewhere.unmeasured() == {"R1": "its base X scored no texts"}
    silent = replace(view, scores=tuple(s for s in view.scores if s.scorer != "R1"))
    assert silent.unmeasured() == {"R1": "scored no texts"}
    assert Lift().lacks(replace(view, bases={})).startswith("needs log-probabilities")
    for m in Lift().measure(replace(view, bases={}), teachers):
        assert np.isnan(m.values).all()


def test_a_teacher_that_scores_nothing_is_still_a_column_of_lift():
    view, teachers = small()
    closed = replace(view, scores=tuple(s for s in view.scores if s.scorer != "T1"))
    for full, m in zip(Lift().measure(view, teachers), Lift().measure(closed, teachers), strict=True):
        np.testing.assert_array_equal(m.values[:5, 0], full.values[:5, 0])
        if m.statistic == "lift":
            np.testing.assert_array_equal(m.values[:5, 1], full.values[:5, 1])
        else:
            assert np.isnan(m.values[:, 1]).all()


def test_probes_that_one_lacks_and_texts_of_other_probes():
    view, teachers = small()
    full = Lift().measure(view, teachers)
    one = view.by_scorer["R0"]
    keep = [i for i, t in enumerate(one.texts) if t.probe != "p4"]
    tokens = np.concatenate([np.arange(one.starts[i], one.starts[i + 1]) for i in keep])
    starts = np.concatenate([[0], np.cumsum(np.diff(one.starts)[keep])])
    short = Scores("R0", tuple(one.texts[i] for i in keep), starts, one.ends[tokens], one.logprobs[tokens])
    holed = replace(view, scores=(short, *view.scores[1:]))
    for m, whole in zip(Lift().measure(holed, teachers), full, strict=True):
        assert np.isnan(m.values[:, :, 4]).all()
        assert np.isfinite(np.delete(m.values, 4, axis=2)).all()
        if m.statistic == "lift":
            np.testing.assert_array_equal(np.delete(m.values, 4, 2), np.delete(whole.values, 4, 2))
    fewer = Lift().measure(replace(view, probes=view.probes[:5]), teachers)
    np.testing.assert_array_equal(fewer[0].values, full[0].values[:, :, :5])
    assert fewer[2].values.mean(axis=2)[0, 0] != pytest.approx(full[2].values.mean(axis=2)[0, 0], abs=1e-6)


def test_order_of_probes_changes_nothing():
    view, teachers = small()
    order = np.random.default_rng(1).permutation(12)
    shuffled = replace(view, probes=tuple(view.probes[j] for j in order))
    for a, b in zip(Lift().measure(view, teachers), Lift().measure(shuffled, teachers), strict=True):
        np.testing.assert_allclose(a.values[:, :, order], b.values, rtol=1e-4, atol=1e-5)


def test_several_samples_of_a_probe_are_taken_together():
    view, teachers = small()
    doubled = tuple(
        replace(
            s,
            texts=tuple(
                replace(t, probe=f"p{int(t.probe[1:]) // 2}", sample=int(t.probe[1:]) % 2) for t in s.texts
            ),
        )
        for s in view.scores
    )
    full = Lift().measure(view, teachers)
    pairs = Lift().measure(replace(view, scores=doubled, probes=tuple(f"p{j}" for j in range(6))), teachers)
    n_bytes = np.array([view.scores[0].ends[i - 1] for i in view.scores[0].starts[1:13]])
    weighted = (full[0].values[:, 0] * n_bytes).reshape(6, 6, 2).sum(2) / n_bytes.reshape(6, 2).sum(1)
    np.testing.assert_allclose(pairs[0].values[:, 0], weighted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(pairs[2].values.mean(2), full[2].values.mean(2), rtol=1e-4)


def test_too_little_and_nothing():
    view, teachers = small()
    for m in Lift(fewest=10**6).measure(view, teachers):
        assert np.isnan(m.values).all()
    flat = tuple(replace(s, logprobs=np.full_like(s.logprobs, -1.0)) for s in view.scores)
    lift, weighted, correlation = Lift().measure(replace(view, scores=flat), teachers)
    assert (lift.values == 0).all()
    assert np.isnan(weighted.values).all() and np.isnan(correlation.values).all()
    unknown = tuple(replace(s, logprobs=np.full_like(s.logprobs, np.nan)) for s in view.scores)
    for m in Lift().measure(replace(view, scores=unknown), teachers):
        assert np.isnan(m.values).all()


def test_names_are_given_once():
    with pytest.raises(ValueError, match="subjects must be named once each, got twice: a"):
        ScoredView(("a", "a"), (), (), {})
    with pytest.raises(ValueError, match="groups must name one a subject"):
        ScoredView(("a", "b"), (), (), {}, ("g",))


def test_parts_average_to_the_statistic_and_show_its_uncertainty():
    """The spread of resampled parts is that of the statistic over fresh texts, within a quarter."""
    rng = np.random.default_rng(3)
    texts, each = 80, 30

    def draw():
        shared = rng.standard_normal((texts, 1)) + rng.standard_normal((texts, each))
        return [(shared + 1.5 * rng.standard_normal((texts, each))).ravel() for _ in "yd"]

    ids = tuple(TextId("T", f"p{i:02}") for i in range(texts))
    text = np.repeat(np.arange(texts), each)
    found = Aligned(("m",), ids, text, np.ones(texts * each, np.int64), np.zeros((1, texts * each)), text)
    y, d = draw()
    parts = correlation_parts(y, d, found, [t.probe for t in ids])
    assert parts.mean() == pytest.approx(np.corrcoef(y, d)[0, 1], abs=1e-12)
    fresh = [np.corrcoef(*draw())[0, 1] for _ in range(400)]
    assert parts.std(ddof=1) / np.sqrt(texts) == pytest.approx(np.std(fresh), rel=0.25)
    denominator = np.arange(10.0)
    numerator = rng.random(10) * (denominator > 0)
    ratio = ratio_parts(numerator, denominator)
    assert np.isnan(ratio[0]) and np.nanmean(ratio) == pytest.approx(numerator.sum() / 45)


def test_p_is_uniform_on_independents():
    for statistic in STATISTICS:
        p = np.concatenate([left_out_p(references_of(contrasts(seed)[statistic])) for seed in range(12)])
        assert stats.kstest(p, "uniform").pvalue > 0.01
        assert np.mean(p <= 0.05) <= 0.09  # 240 draws: .05 and nearly 3 standard errors


def test_students_are_found_and_the_more_the_more():
    for statistic in STATISTICS:
        z = np.array([z_of(name, statistic, range(8)) for name in STUDENTS])
        assert (z[0] > 3).all() and (np.diff(z.mean(axis=1)) < 0).all()
        assert z[1].mean() > 3 and z[2].mean() > 1
    assert z_of("S5", "correlation", range(8)).mean() > z_of("S5", "lift", range(8)).mean()


def test_innocents_and_the_other_base():
    for statistic in STATISTICS:
        assert abs(z_of("neutral", statistic, range(8)).mean()) < 1.5
        assert abs(z_of("other base", statistic, range(8)).mean()) < 1.5
        assert (z_of("decoy's student", statistic, range(8)) < 0).all()
        assert (z_of("other base's student", statistic, range(8)) > 3).all()


def test_a_model_of_the_teachers_own_corpus_is_accused():
    """What lift cannot do (docs/detectors/lift.md); if this fails, rewrite that page and rejoice."""
    for statistic in STATISTICS:
        assert z_of("same corpus", statistic, range(8)).mean() > 3


def test_the_aligned_spans_are_checked():
    view, teachers = small()
    positive = tuple(replace(s, logprobs=-s.logprobs) for s in view.scores)
    with pytest.raises(ValueError, match="Negate losses"):
        Lift().measure(replace(view, scores=positive), teachers)
    assert aligned([view.scores[0]]).scorers == (view.scores[0].scorer,)
