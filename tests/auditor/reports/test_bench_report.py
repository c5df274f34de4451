"""The report of `audit bench`: every figure in it, drawn where it should be, and hostile names inert."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from auditor import bench, counts
from auditor.reports import bench_tables, curves
from auditor.reports.bench import render
from tests.known_pairs import pair

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def found() -> counts.Bench:
    rng = np.random.default_rng(0)
    pairs = [
        replace(pair(f"s{i}", "positive", 3 + rng.normal(), f"a{i}"), tuning="sft" if i % 2 else "preference")
        for i in range(8)
    ]
    pairs += [pair(f"i{i}", "negative", rng.normal(), f"b{i}") for i in range(12)]
    pairs += [pair("d", "same-base-model", 4.0, "c"), pair(HOSTILE, "same-base-model", 0.0, "c")]
    pairs += [replace(pair("n", "negative-temporal", 4.0, "d"), near=True, later=True)]
    judged = bench.judge(pairs)
    clear = [p for p in pairs if p.counted]
    draws = [np.array([p.score for p in clear]), np.array([-p.score for p in clear])]
    return counts.count("panel", 20, 200, judged, {"20": bench.separation(draws, clear)})


def test_every_table_is_in_the_text_and_on_the_page_in_the_same_order(found: counts.Bench) -> None:
    titles = [t.title for t in bench_tables.tables(asdict(found))]
    assert len(titles) == 11
    for shown in (render(found, "text"), re.sub(r"(?s).*<main>", "", render(found, "html"))):
        places = [shown.replace("&#39;", "'").index(t) for t in titles]
        assert places == sorted(places)


def test_every_rate_is_a_count_with_an_interval(found: counts.Bench) -> None:
    shown = render(found, "text")
    assert re.search(r"documented students at moderate or above +\d of 8 = [.\d]+ \[[.\d]+, [.\d]+\]", shown)
    assert re.search(r"100 or more, 1/100 or less +0 of 12 = \.000 \[\.000, \.265\]", shown)
    alone = re.findall(r"\d of \d+\b(?! =)", shown.partition("\n")[2])
    assert alone == ["1 of 2"]  # said in a sentence: how many of the same base are accused


def test_descent_is_told_from_distillation(found: counts.Bench) -> None:
    shown = render(found, "text")
    assert "1 of 2" in shown and "weights would" in shown
    near = next(t for t in bench_tables.tables(asdict(found)) if t.key == "same_provider").rows
    assert near[0][0] == "negative-temporal"
    assert near[0][2].startswith("0 of 1") and near[0][3].startswith("1 of 1")


def test_names_are_inert(found: counts.Bench) -> None:
    odd = replace(found, panel=HOSTILE, by_teacher={HOSTILE: found.by_teacher["T"]})
    page, text = render(odd, "html"), render(odd, "text")
    assert "<script" not in page and "alert(1)" in page
    assert "\x1b" not in page and "\x1b" not in text


def test_the_page_asks_nobody_and_draws_both_plots(found: counts.Bench) -> None:
    page = render(found, "html")
    assert page.count("<svg") == 2 and page.count("<polyline") == 5
    assert "://" not in page and "default-src 'none'" in page


def test_steps_fall_just_after_each_threshold() -> None:
    assert curves.steps([0.0, 1.0], [1.0, 0.25], -1.0, 2.0) == [
        *((-1.0, 1.0), (0.0, 1.0), (0.0, 0.25), (1.0, 0.25), (1.0, 0.0), (2.0, 0.0))
    ]


@pytest.mark.parametrize("at", [[0.0], [3.0], [-40.0, 40.0], [-1.0, 0.5, 2.0]])
def test_plots_stay_inside_the_drawing(at: list[float]) -> None:
    shares = {k: [1.0, *np.linspace(0.9, 0.1, len(at) - 1)] for k in ("students", "innocents")}
    high = {k: [0.1, 9.0, 0.1] for k in ("observed", "calibrated", "reference")}
    drawings = (
        curves.tippett({"log10_lr": at, **shares}),
        curves.ece({"log10_prior_odds": [-1.0, 0.0, 1.0], **high}),
    )
    for drawn in drawings:
        assert "nan" not in drawn
        points = [p.split(",") for line in re.findall(r'points="([^"]+)"', drawn) for p in line.split()]
        assert all(curves.LEFT <= float(x) <= curves.RIGHT for x, _ in points)
        assert all(curves.TOP <= float(y) <= curves.FLOOR for _, y in points)


def test_nothing_is_drawn_without_ratios(found: counts.Bench) -> None:
    assert curves.tippett(None) == "" and curves.ece(None) == ""
    bare = replace(found, tippett=None, ece=None, misleading={}, cllr=None, cllr_family95=None)
    assert "No likelihood ratio could be calibrated" in render(bare, "html")
    assert "n/a" in render(bare, "text")
