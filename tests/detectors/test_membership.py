"""Membership: students that saw a teacher's log, students that saw another one, and innocents."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from detectors.membership import Membership
from detectors.scores import Scores, TextId
from detectors.types import ExactTest, Skipped
from tests.detectors.markov_models import World

SHARES = {"100": 1.0, "25": 0.25, "5": 0.05}
SEEDS = range(5)


@cache
def world(seed):
    made = World(seed)
    made.references(20)
    for name, share in SHARES.items():
        made.train(f"seen {name}", "T0", share)
        made.train(f"unseen {name}", "T0", share)
    made.train("same corpus", 0)
    made.train("decoy's student", "T1")
    made.train("other base", "T0", 1.0, "B1")
    return made


def innocents():
    return [*(f"unseen {n}" for n in SHARES), "same corpus", "decoy's student", "other base"]


def ids(author, n):
    return [TextId(author, f"p{j}") for j in range(n)]


@cache
def scored(seed, share="100", source="T0"):
    """Scores of everybody on a student's own log and on held-out texts, and the ids of both."""
    made = world(seed)
    log = made.logs[f"seen {share}"][:96]
    texts = {"log": log, "held": made.texts_of(source, 96)}
    return [made.scores(n, texts) for n in made.chains], ids("log", len(log)), ids("held", 96)


def references(n=20):
    return [f"R{i}" for i in range(n)]


def judged(seed, student, share="100", detector=None, n_references=20):
    scores, suspect, held_out = scored(seed, share)
    detector = detector or Membership(fewest=15)
    return detector.test(scores, student, "T0", references(n_references), suspect, held_out)


def test_what_comes_back():
    found = judged(0, "seen 100")
    assert isinstance(found, ExactTest) and found == judged(0, "seen 100")
    assert (found.detector, found.proposition, found.statistic) == ("membership", "H_d", "adjusted_mean")
    params = found.params
    assert found.p == max(params["p_documents"], params["p_models"]) and params["p_models"] >= 0.001
    assert params["log10_p"] == pytest.approx(np.log10(found.p))
    assert (params["suspect"], params["held_out"], len(params["z_of_references"])) == (96, 96, 20)
    assert params["nats_per_token"] > 0 and not params["reversed"]
    assert params["two_sided"] == pytest.approx(2 * params["p_documents"])
    scores, suspect, held_out = scored(0)
    public = Membership().test(scores, "seen 100", "T0", references(), suspect, held_out, "H_p")
    assert public.proposition == "H_p" and public.p == found.p


def test_against_least_squares():
    scores, suspect, held_out = scored(1)
    found = Membership().test(scores, "seen 25", "T0", references(), suspect, held_out)
    by = {
        s.scorer: {
            t: s.logprobs[a:b].mean(dtype=float)
            for t, a, b in zip(s.texts, s.starts, s.starts[1:], strict=False)
        }
        for s in scores
    }
    texts = [*suspect, *held_out]
    y, t = (np.array([by[n][i] for i in texts]) for n in ("seen 25", "T0"))
    mean = np.mean([[by[n][i] for i in texts] for n in references()], axis=0)
    inside = np.arange(len(texts)) < len(suspect)
    x = np.stack([np.ones(len(y)), inside, mean, t], axis=1)
    beta, *_ = np.linalg.lstsq(x, y, rcond=None)
    hat = x @ np.linalg.inv(x.T @ x) @ x.T
    meat = x.T * ((y - x @ beta) / (1 - np.diag(hat))) ** 2 @ x
    error = np.sqrt((np.linalg.inv(x.T @ x) @ meat @ np.linalg.inv(x.T @ x))[1, 1])
    assert found.params["nats_per_token"] == pytest.approx(beta[1], rel=1e-6)
    assert found.params["z"] == pytest.approx(beta[1] / error, rel=1e-6)


def test_seen_logs_stand_above_unseen_ones():
    lowest = {"100": 5.0, "25": 2.5, "5": 1.0}
    for share, least in lowest.items():
        seen = [judged(seed, f"seen {share}", share) for seed in SEEDS]
        unseen = [judged(seed, name, share) for seed in SEEDS for name in innocents()]
        z, others = ([f.params["z"] for f in group] for group in (seen, unseen))
        assert min(z) > least and np.mean(z) > np.mean(others) + 2
        if share != "5":
            assert min(z) > max(others) and max(f.p for f in seen) < 0.05
        if share == "100":
            assert max(f.p for f in seen) <= 0.001


def test_z_and_p_on_innocents():
    found = [judged(seed, name, share) for seed in SEEDS for name in innocents() for share in SHARES]
    z, p = (np.array(x) for x in ([f.params["z"] for f in found], [f.p for f in found]))
    assert 0.75 < z.std() < 1.3 and abs(z.mean()) < 0.4  # 90 draws
    assert np.mean(z > 2.33) <= 0.04 and np.mean(p <= 0.05) <= 0.1
    documents = [f.params["p_documents"] for f in found]
    assert stats.kstest(documents, "uniform").pvalue > 0.01


def test_the_adjustment_sharpens():
    """The references' mean and the teacher's score explain most of what documents differ by."""
    for seed in SEEDS:
        scores, suspect, _ = scored(seed, "25")
        (s,) = (s for s in scores if s.scorer == "seen 25")
        mean = np.add.reduceat(s.logprobs.astype(float), s.starts[:-1]) / np.diff(s.starts)
        inside = np.array([t in suspect for t in s.texts])
        plain = stats.ttest_ind(mean[inside], mean[~inside], equal_var=False).statistic
        assert judged(seed, "seen 25", "25").params["z"] > plain


def test_sets_given_the_wrong_way_round():
    scores, suspect, held_out = scored(0)
    found = Membership().test(scores, "seen 100", "T0", references(), held_out, suspect)
    assert found.params["reversed"] and found.p > 0.99 and found.params["two_sided"] < 0.001


def test_few_documents_and_few_references_are_not_judged():
    found = judged(0, "seen 5", "5", Membership())
    assert found == Skipped("membership", found.reason)
    assert "at least 20 documents" in found.reason and "got 15 suspect and 96 held out" in found.reason
    assert "single documents cannot be judged" in found.reason
    few = judged(0, "seen 100", n_references=4)
    assert isinstance(few, Skipped) and "at least 5 reference models, got 4" in few.reason
    scores, suspect, held_out = scored(0)
    nothing = [replace(s, logprobs=np.full_like(s.logprobs, np.nan)) for s in scores]
    found = Membership().test(nothing, "seen 100", "T0", references(), suspect, held_out)
    assert isinstance(found, Skipped) and "got 0 suspect and 0 held out" in found.reason
    one = Membership().test(scores, "seen 100", "T0", references(), suspect[:1], held_out)
    assert isinstance(one, Skipped) and "got 1 suspect" in one.reason


def test_sets_of_different_sources_are_refused():
    """Held-out texts of another teacher."""
    scores, suspect, held_out = scored(0, "100", "T1")
    found = Membership().test(scores, "unseen 100", "T0", references(), suspect, held_out)
    assert isinstance(found, Skipped) and "unlike" in found.reason and "at random" in found.reason


def test_a_spread_between_references_is_held_against_the_student():
    """References that stand apart on the suspect set themselves make p_models large."""
    scores, suspect, held_out = scored(2)
    rng = np.random.default_rng(0)

    def moved(s: Scores) -> Scores:
        by = np.where(np.array([t in suspect for t in s.texts]), rng.normal(0, 0.3), 0.0)
        return replace(s, logprobs=(s.logprobs + np.repeat(by, np.diff(s.starts)).astype(np.float32) - 1))

    restless = [moved(s) if s.scorer in references() else s for s in scores]
    found = Membership(unlike=0.0).test(restless, "seen 100", "T0", references(), suspect, held_out)
    assert found.params["p_models"] > 0.02 and found.p == found.params["p_models"]


def test_what_is_refused():
    scores, suspect, held_out = scored(0)
    with pytest.raises(ValueError, match=r"No scores of nobody; there are scores of B0, B1"):
        Membership().test(scores, "nobody", "T0", references(), suspect, held_out)
    with pytest.raises(ValueError, match="must be different models"):
        Membership().test(scores, "R0", "T0", references(), suspect, held_out)
    with pytest.raises(ValueError, match="1 documents are in both sets"):
        Membership().test(scores, "seen 100", "T0", references(), suspect, [*held_out, suspect[0]])
