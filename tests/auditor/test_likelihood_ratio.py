"""From a score to a likelihood ratio: what it promises on simulated pairs, and what becomes of bad files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor import calibration as c
from auditor import calibration_file, verdict
from auditor.calibration import Calibration, Known
from auditor.errors import AuditError
from auditor.report import Finding, Interval
from auditor.verdict import Basis, Ratio


def pairs(rng: np.random.Generator, n_families: int = 30, apart: float = 2.0) -> tuple[Known, ...]:
    """Normal scores of unit variance; the true log LR is apart * (x - apart / 2)."""
    return tuple(
        Known(f"s{f}-{i}", "t", f"{kind}{f}", kind, float(rng.normal(apart if kind else 0.0)))
        for kind in (True, False)
        for f in range(n_families)
        for i in range(rng.integers(1, 6))
    )


def test_the_ratio_is_the_true_one() -> None:
    line = c.fit(Calibration("x", "", 1, pairs(np.random.default_rng(0), 400)))
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    np.testing.assert_allclose(line.log10_lr(x), 2.0 * (x - 1.0) / c.LN10, atol=0.25)


def test_many_pairs_of_one_family_count_once() -> None:
    few = pairs(np.random.default_rng(1))
    copies = few + tuple(Known(f"again{i}", "t", few[0].family, True, -3.0) for i in range(500))
    rest = Calibration("", "", 1, few).without([few[0].family]).pairs
    alone = (*rest, Known("again", "t", few[0].family, True, -3.0))
    many, one = (c.fit(Calibration("", "", 1, p)) for p in (copies, alone))
    assert abs(many.intercept - one.intercept) < 0.05 and abs(many.slope - one.slope) < 0.05


def test_held_out_fits_never_see_the_family() -> None:
    found = pairs(np.random.default_rng(2))
    before = c.held_out(found)
    first = found[0].family
    moved = tuple(
        Known(p.student, p.teacher, p.family, p.positive, p.score - 9) if p.family == first else p
        for p in found
    )
    others = np.array([p.family != first for p in found])
    rest = Calibration("", "", 1, found).without([first])
    mine = c.fit(rest).log10_lr(np.array([p.score for p in found if p.family == first]))
    np.testing.assert_allclose(before[~others], mine)
    assert not np.allclose(c.held_out(moved)[others], before[others])


def test_cllr() -> None:
    positive, weight = np.array([True, False]), np.array([1.0, 1.0])
    assert c.cllr(np.zeros(2), positive, weight) == pytest.approx(1.0)
    assert c.cllr(np.array([4.0, -4.0]), positive, weight) < 0.001
    rng = np.random.default_rng(3)
    found = pairs(rng, 200)
    label, weight = (
        np.array([p.positive for p in found]),
        c.equal_weights(np.array([p.positive for p in found]), np.array([p.family for p in found])),
    )
    ratio = c.held_out(found)
    assert c.cllr_min(ratio, label, weight) <= c.cllr(ratio, label, weight) < 0.62
    assert c.cllr(ratio * 5, label, weight) > c.cllr(ratio, label, weight)


def test_the_interval_holds_the_truth_and_narrows() -> None:
    small, large = (Calibration("", "", 1, pairs(np.random.default_rng(4), n)) for n in (12, 200))
    wide, narrow = (c.interval(x, np.array([2.0]), seed=0) for x in (small, large))
    assert wide[0] < 2.0 / c.LN10 < wide[1] and narrow[1] - narrow[0] < wide[1] - wide[0]
    assert c.interval(small, np.array([2.0]), seed=0) == wide
    assert large.cap == pytest.approx(np.log10(201)) and not Calibration("", "", 1, ()).usable


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a calibration"),
        ("[]", "not a calibration"),
        ('{"schema": 1, "name": "", "made": "", "n_probes": 1, "pairs": []}', "schema 1"),
        (
            '{"schema": 2, "name": "", "made": "", "n_probes": [1], "pairs": [{"student": "s"}]}',
            "not a calib",
        ),
        ('{"schema": 2, "name": "", "made": "", "n_probes": [], "pairs": []}', "not a calib"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(AuditError, match=says):
        calibration_file.read(tmp_path / "c.json")
    with pytest.raises(AuditError, match="Cannot read"):
        calibration_file.read(tmp_path / "none.json")


def test_round_trip_and_what_ships(tmp_path: Path) -> None:
    made = Calibration("n", "m", 3, pairs(np.random.default_rng(5)))
    calibration_file.write([made], tmp_path / "c.json")
    read = calibration_file.read(tmp_path / "c.json")
    assert [p.score for p in read.pairs] == pytest.approx([p.score for p in made.pairs], abs=1e-4)
    assert replace(read, pairs=()) == replace(made, pairs=())
    assert calibration_file.read().usable and calibration_file.read().cap < 2


def test_scores_are_those_on_about_as_many_probes(tmp_path: Path) -> None:
    def at(n: int, draws: int) -> Calibration:
        one = Known("s", "t", "f", True, float(n))
        return Calibration("n", "m", n, tuple(replace(one, score=n + d) for d in range(draws)))

    calibration_file.write([at(800, 1), at(100, 3), at(20, 3)], tmp_path / "c.json")
    for answered, taken in ((900, 800), (None, 800), (799, 800), (700, 100), (95, 100), (89, 20), (5, 20)):
        found = calibration_file.read(tmp_path / "c.json", answered)
        assert found.n_probes == taken, answered
        assert [p.score for p in found.pairs] == [taken + d for d in range(1 if taken == 800 else 3)]


def test_fewer_probes_ask_for_a_higher_score() -> None:
    all_probes, twenty = (c.fit(calibration_file.read(n_probes=n)).score_at(1.0) for n in (805, 20))
    assert all_probes < 0.9 * twenty, "noise makes a score of the same size worth less"


def basis(
    log10_lr: float,
    interval: tuple[float, float],
    p_t: float = 0.01,
    decoys: int = 12,
    score: Interval | None = (0.8, 1.2),
    margin: float | None = 0.3,
    rank: float = 0.02,
) -> Basis:
    joint = Finding(
        *("T", "joint", "score", "wording", "", 1.0, score, 2.0, rank, 0.02, p_t, None, None),
        *(200, True, (), (), ()),
    )
    return Basis("T", joint, 0.2, 40, 20, decoys, 4, False, 0.0, Ratio(log10_lr, interval, 1.25, margin))


def unlike(
    interval: tuple[float, float], score: Interval | None, margin: float | None = 0.3, rank: float = 0.5
) -> Basis:
    return basis(-1.1, interval, p_t=0.9, score=score, margin=margin, rank=rank)


@pytest.mark.parametrize(
    ("given", "level", "reason"),
    [
        (basis(1.2, (0.9, 1.25)), "moderate", "unusual"),
        (basis(0.5, (0.2, 0.9)), "weak", "unusual"),
        (basis(0.2, (0.0, 0.9)), "insufficient", "lr_below_2"),
        (basis(1.2, (0.9, 1.25), p_t=0.06), "insufficient", "not_unusual"),
        (basis(1.2, (0.9, 1.25), decoys=5), "weak", "unusual"),
        (replace(basis(1.2, (0.9, 1.25)), second_part=0.09), "moderate", "unusual"),
        (replace(basis(1.2, (0.9, 1.25)), second_part=0.11), "weak", "unusual"),
        (replace(basis(1.2, (0.9, 1.25)), descends=True), "insufficient", "descends"),
        (replace(basis(1.2, (0.9, 1.25), p_t=0.06), descends=True), "insufficient", "not_unusual"),
        (unlike((-1.2, -1.0), (-0.2, 0.29)), "against", "resembles_less"),
        (unlike((-1.2, -0.8), (-0.2, 0.29)), "insufficient", "not_unusual"),
        (unlike((-1.2, -1.0), (-0.2, 0.31)), "insufficient", "not_unusual"),
        (unlike((-1.2, -1.0), None), "insufficient", "not_unusual"),
        (unlike((-1.2, -1.0), (-0.2, 0.2), margin=None), "insufficient", "not_unusual"),
        (unlike((-1.2, -1.0), (-0.2, 0.29), rank=0.45), "insufficient", "not_unusual"),
    ],
)
def test_levels(given: Basis, level: str, reason: str) -> None:
    assert verdict.decide(given) == (level, reason)
    most = (
        "insufficient"
        if given.descends
        else "weak"
        if given.decoys < 10 or given.second_part == 0.11
        else "moderate"
    )
    assert verdict.cap(given)[0] == most


def test_the_smallest_effect_is_what_nearly_all_students_show() -> None:
    """Families weigh equally: the twenty copies of one low family do not set the margin alone."""
    low = [Known(f"low{i}", "t", "low", True, -9.0 - i) for i in range(20)]
    rest = [Known(f"s{f}", "t", f"f{f}", True, float(f)) for f in range(1, 40)]
    found = Calibration("", "", 1, (*low, *rest, Known("no", "t", "n", False, -99.0)))
    assert found.smallest_effect == 2.0
    assert found.found_at(2.0) >= 0.95 > found.found_at(2.1)
    assert found.found_at(-99.0) == pytest.approx(1.0)
    assert Calibration("", "", 1, ()).smallest_effect is None


def test_the_score_a_ratio_takes() -> None:
    line = c.Line(-1.0, 2.0)
    assert line.log10_lr(np.array([line.score_at(1.0)])) == pytest.approx(1.0)
    assert c.Line(3.0, 0.0).score_at(1.0) == c.Line(3.0, -1.0).score_at(1.0) == float("inf")
