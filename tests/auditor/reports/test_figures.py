"""Figures: what is drawn lies where it should, and nothing is drawn of nothing."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from scipy import stats

from auditor.reports import axes, excerpts, figures, forest, populations
from tests.auditor.reports.samples import finding, findings


def test_strip_draws_every_reference_once_inside_the_drawing():
    drawn = figures.strip(finding(), "corvid")
    assert drawn.count("<circle") == 22 and drawn.count('<rect class="pupil"') == 8
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', drawn).groups())
    assert all(0 <= float(x) <= width for x in re.findall(r'\b(?:cx|x|x1|x2)="([^"]+)"', drawn))
    assert all(0 <= float(y) <= height for y in re.findall(r'\b(?:cy|y|y1|y2)="([^"]+)"', drawn))


@pytest.mark.parametrize(
    "odd",
    [
        {"value": 1e300, "interval": (1e299, 1.7e308)},
        {"value": 0.0, "reference_values": (0.0,) * 30, "interval": (0.0, 0.0)},
        {"value": 1e-300, "reference_values": (1e-300,) * 30, "interval": None},
        {"value": 1e16, "reference_values": (1e16, 1e16 + 2) * 15},
        {"reference_models": ("r",), "reference_values": (1.0,), "reference_strata": ("innocent",)},
        {"reference_values": (float("nan"), float("inf")) * 15},
        {"z": None},
    ],
)
def test_odd_values_are_drawn_or_left_out_but_never_raise(odd):
    shown = finding(**odd)
    assert "nan" not in figures.strip(shown, "s")
    for row in (rows := forest.rows([shown])):
        assert "nan" not in forest.plot(row, forest.scale(rows))


def test_nothing_is_drawn_of_nothing():
    assert figures.strip(finding(value=None), "s") == ""
    assert figures.strip(finding(reference_models=(), reference_values=(), reference_strata=()), "s") == ""
    assert forest.rows([finding(z=None)]) == ()


def test_the_threshold_is_where_the_predictive_t_gives_5_percent():
    null = populations.population(finding())
    shrunk = null.z(null.unusual) / (1 + 1 / null.count) ** 0.5
    assert stats.t.sf(shrunk, null.count - 1) == pytest.approx(0.05)


def test_the_population_is_the_one_that_z_came_from():
    found = finding()
    innocents = [
        v for v, s in zip(found.reference_values, found.reference_strata, strict=True) if s == "innocent"
    ]
    mean = sum(innocents) / 22
    spread = (sum((v - mean) ** 2 for v in innocents) / 21) ** 0.5
    null = populations.population(finding(z=(found.value - mean) / spread))
    assert (null.stratum, null.count) == ("innocent", 22)


def test_an_interval_is_drawn_on_the_scale_of_z():
    (row, *_) = forest.rows([f for f in findings() if f.detector == "joint"])
    null = populations.population(row.finding)
    assert row.interval[0] == pytest.approx(row.z - (4.1 - 3.2) / null.spread)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 9.7), (1e-6, 3e-6), (-4e8, 1e9), (5, 5.0001)])
def test_ticks_are_few_round_and_inside(low, high):
    along = axes.Axis(low, high, 0, 100)
    ticks = along.ticks()
    assert 2 <= len(ticks) <= 8
    assert all(low - 1e-9 * abs(low) <= t <= high + 1e-9 * abs(high) for t in ticks)
    assert len({axes.tick_text(t, ticks[1] - ticks[0]) for t in ticks}) == len(ticks)


def test_dots_of_one_row_do_not_touch():
    places = [float(i % 17) for i in range(100)]
    rows = axes.stacked(places, 3.0)
    for row in set(rows):
        mine = sorted(p for p, r in zip(places, rows, strict=True) if r == row)
        assert all(b - a >= 3.0 for a, b in pairwise(mine))


@pytest.mark.parametrize(
    ("spans", "kinds"),
    [
        ((), ["plain"]),
        (((0, 3),), ["shared", "plain"]),
        (((5, 4), (-3, 2), (1, 3), (8, 99)), ["shared", "plain", "shared"]),
        (((99, 120),), ["plain"]),
    ],
)
def test_pieces_are_the_text_whatever_the_spans(spans, kinds):
    found = excerpts.pieces("abcdefghij", spans, limit=100)
    assert [p.kind for p in found] == kinds
    assert "".join(p.text for p in found) == "abcdefghij"


def test_a_long_text_is_cut_and_adds_up():
    text = "a" * 1000 + "SHARED" + "b" * 1000
    found = excerpts.pieces(text, ((1000, 1006),), limit=100, around=20)
    assert [p.kind for p in found] == ["omitted", "plain", "shared", "plain", "omitted"]
    assert sum(p.length for p in found) == len(text)
    assert found[2].text == "SHARED"
