"""Surprise: what is shown, what is tested, and that the student chooses neither."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors.scores import Scores, TextId
from detectors.surprise import Surprise, Uptake
from detectors.types import Channel, Skipped
from tests.detectors.markov_models import World, predictive_z


def flat(scorer, logprobs, author="T"):
    """Texts of two tokens a probe, three bytes each."""
    n = len(logprobs) // 2
    ids = tuple(TextId(author, f"p{i}") for i in range(n))
    return Scores(scorer, ids, np.arange(n + 1) * 2, np.tile([3, 6], n), np.array(logprobs, np.float32))


def test_by_hand():
    """Probes p0 and p2 are the first half, p1 and p3 the second."""
    teacher = flat("T", [-1, -1, -1, -1, -1, -1, -1, -1])
    others = [flat(f"R{i}", [-3, -1, -3, -1, -1.5, -2, -1, -2.5]) for i in range(4)]
    student = flat("S", [-2, -1, -1, -1, -1, -1.5, -1, -2])
    found = Surprise(fewest=2).exhibits([student, teacher, *others], "S", "T", ["R0", "R1", "R2", "R3"])
    assert isinstance(found, Uptake)
    assert [(s.text.probe, s.start, s.end) for s in found.shown] == [("p0", 0, 3), ("p2", 3, 6)]
    assert (found.shown[0].teacher, found.shown[0].student, found.shown[0].references) == (-1, -2, -3)
    assert found.n_spans == 2 and found.uptake == pytest.approx((2 + 0.5) / 2)
    assert found.of_references == (0, 0, 0, 0)
    assert Surprise.channel == Channel.CONTEXT


def worlds():
    for seed in range(4):
        world = World(seed)
        names = world.references(12)
        world.train("S", "T0", 0.5)
        world.train("same corpus", 0)
        world.train("neutral", None)
        texts = world.answers(60)
        yield [world.scores(n, texts) for n in world.chains], names


def test_students_stand_out_and_so_do_models_of_the_corpus():
    for scores, names in worlds():
        found = {s: Surprise().exhibits(scores, s, "T0", names) for s in ("S", "same corpus", "neutral")}
        z = {s: predictive_z(f.uptake, np.array(f.of_references)) for s, f in found.items()}
        assert z["S"] > 3 and z["same corpus"] > 2 and abs(z["neutral"]) < 3
        assert len(found["S"].shown) == 10
        gains = [s.student - s.references for s in found["S"].shown]
        assert gains == sorted(gains, reverse=True) and min(gains) > 0
        assert all(s.student >= (s.teacher + s.references) / 2 for s in found["S"].shown)
        assert all(s.teacher - s.references >= 1 for s in found["S"].shown)
        assert all(s.text.text_of == "T0" for s in found["S"].shown)


def test_shown_and_tested_come_from_different_probes():
    """Another student on the tested half changes nothing that is shown, and the other way round."""
    scores, names = next(worlds())
    by = {s.scorer: s for s in scores}
    found = Surprise().exhibits(scores, "S", "T0", names)
    probes = sorted({t.probe for t in by["S"].texts})
    for half in (0, 1):
        lowered = np.array([probes.index(t.probe) % 2 == half for t in by["S"].texts])
        moved = np.repeat(lowered, np.diff(by["S"].starts)).astype(np.float32)
        other = replace(by["S"], logprobs=by["S"].logprobs - moved)
        again = Surprise().exhibits([other, *(s for s in scores if s.scorer != "S")], "S", "T0", names)
        assert (again.shown == found.shown) == (half == 1)
        assert (again.uptake == found.uptake) == (half == 0)
        assert again.of_references == found.of_references and again.n_spans == found.n_spans


def test_what_the_base_expected_is_not_shown():
    """The base finds p0's passage as likely as the teacher does, p2's it does not."""
    teacher = flat("T", [-1, -1, -1, -1, -1, -1, -1, -1])
    others = [flat(f"R{i}", [-3, -1, -3, -1, -1.5, -2, -1, -2.5]) for i in range(4)]
    student = flat("S", [-2, -1, -1, -1, -1, -1.5, -1, -2])
    base = flat("B", [-1, -1, -3, -1, -1, -2.5, -1, -1])
    names = [s.scorer for s in others]
    every = [student, teacher, *others, base]
    found = Surprise(fewest=2).exhibits(every, "S", "T", names, "B")
    assert [(s.text.probe, s.base) for s in found.shown] == [("p2", -2.5)]
    alone = Surprise(fewest=2).exhibits(every, "S", "T", names)
    assert [s.base for s in alone.shown] == [None, None]
    assert (found.uptake, found.of_references) == (alone.uptake, alone.of_references)


def test_what_is_skipped():
    scores, names = next(worlds())
    for arguments, reason in (
        (("S", "T0", names[:3]), "needs more than 3 reference models, got 3"),
        (("nobody", "T0", names), "needs scores of T0's answers from nobody"),
        (("S", "R0", names), "needs scores of R0's answers from S, R0, R0"),
    ):
        found = Surprise().exhibits(scores, *arguments)
        assert isinstance(found, Skipped) and reason in found.reason
    found = Surprise(delta=50.0).exhibits(scores, "S", "T0", names)
    assert isinstance(found, Skipped) and "by 50 nats, got 0" in found.reason
