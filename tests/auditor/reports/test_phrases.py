"""Words that every format shares: the ratio, the parts of a score, exhibits, what did not run."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from auditor.report import SkippedDetector
from auditor.reports import phrases, render
from auditor.reports.numerals import decimals, p_span, times
from tests.auditor.reports.samples import exhibit, finding, findings, sample_report, verdict

FORMATS = ("html", "markdown", "text")


@pytest.mark.parametrize(
    ("log10", "shown"),
    [(1.2, "16"), (0.8, "6.3"), (0.0, "1"), (-0.01, "1"), (-1.2, "1/16"), (3.0, "1,000"), (math.nan, "n/a")],
)
def test_a_ratio_has_two_figures(log10, shown):
    assert times(log10) == shown


@pytest.mark.parametrize(
    ("interval", "places"), [((0.6, 0.82), 2), ((-0.02, 0.06), 3), ((3.2, 5.0), 1), ((10, 90), 0)]
)
def test_decimals_show_the_width_of_an_interval(interval, places):
    assert decimals(interval) == places


@pytest.mark.parametrize("interval", [None, (1.0, 1.0), (math.nan, 1.0), (0.0, 1e-12)])
def test_without_a_width_there_are_no_decimals_to_choose(interval):
    assert decimals(interval) is None


def test_a_range_of_one_value_is_one_value():
    assert p_span((0.0011, 0.0012)) == ".001" and p_span((0.01, 0.02)) == ".010 to .020"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"log10_lr": 0.6, "log10_lr_interval": (0.2, 1.0)}, "4, 95 % 1.6 to 10 (log10 0.6)"),
        ({"log10_lr": 1.2, "log10_lr_interval": (1.2, 1.2)}, "16, the most it can be here (log10 1.2)"),
        (
            {"log10_lr": -1.2, "log10_lr_interval": (-1.2, -1.2)},
            "1/16, the least it can be here (log10 -1.2)",
        ),
        ({}, "not calibrated"),
        ({"p_t": None}, "not weighed"),
    ],
)
def test_the_likelihood_ratio(fields, says):
    assert phrases.ratio(verdict(**fields)) == says


def test_parts_of_the_score_that_are_unusual_alone():
    report = sample_report()
    given = report.verdicts[0]
    parts = [replace(f, p_t=p) for f, p in zip(findings(), (0.001, 0.2, 0.05, None), strict=False)]
    inside = [f for f in parts if f.in_joint and f.detector != "joint"]
    said = phrases.parts(given, replace(report, findings=tuple(parts)))
    assert said.startswith(f"{sum((f.p_t or 1) <= 0.05 for f in inside) or 'none'} of {len(inside)}")
    assert phrases.parts(replace(given, p_t=None), report) == ""
    assert phrases.parts(given, replace(report, findings=(finding(),))) == ""


@pytest.mark.parametrize("form", FORMATS)
def test_exhibits_without_support_are_said_to_be_shown_all_the_same(form):
    although = "shown although distillation from aurora-2 has no support here"
    assert although not in " ".join(render(sample_report(), form).split())
    open_ = sample_report(
        verdicts=(verdict(level="insufficient", reason="not_unusual"),), exhibits=(exhibit(),)
    )
    assert although in " ".join(render(open_, form).split())


@pytest.mark.parametrize("form", FORMATS)
def test_a_reason_for_not_measuring_is_said_once(form):
    skipped = tuple(SkippedDetector(name, "not asked for") for name in ("alpha", "beta"))
    page = " ".join(render(sample_report(skipped=skipped), form).split())
    assert "alpha, beta" in page and page.count("not asked for") == 1


def test_siblings_that_the_words_name_are_not_named_again():
    assert phrases.siblings(verdict()) == "Sibling checkpoints counted as this teacher: aurora-2-mini."
    assert phrases.siblings(verdict(words="from aurora-2 or a sibling checkpoint (aurora-2-mini), ...")) == ""


def test_power_is_a_paragraph():
    assert phrases.paragraphs(verdict(words="Said. Power: S scores 1.")) == ["Said.", "Power: S scores 1."]
    assert phrases.paragraphs(verdict(words="")) == []
