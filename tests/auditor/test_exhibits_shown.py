"""What the formats say of an exhibit: its kind, how many other models do it, and that it weighs nothing."""

from __future__ import annotations

import html
import re

import pytest

from auditor.report import Report
from auditor.reports import phrases, render
from detectors.shared_openings import LONGEST
from tests.auditor.reports.cases import HOSTILE
from tests.auditor.reports.samples import exhibit, sample_report

FORMATS = ("html", "markdown", "text")
OPENS = "other models of the panel that begin this way: none of 41"
HOLDS = "other models of the panel whose answer holds a marked passage: none of 41"


def words(report: Report, form: str) -> str:
    """The rendered report without tags and line breaks, lower case."""
    page = render(report, form)
    bare = html.unescape(re.sub(r"<[^>]+>", "", page)) if form == "html" else page
    return " ".join(bare.split()).lower()


def both() -> Report:
    """A passage and a lighter opening towards one teacher, whose sibling is in the panel of 44."""
    text = "Picture a river, if you will."
    opening = exhibit(
        detector="opening",
        student_text=text,
        teacher_text=text,
        student_spans=((0, 15),),
        teacher_spans=((0, 15),),
        weight=4.0,
    )
    return sample_report(exhibits=(exhibit(), opening))


@pytest.mark.parametrize("form", FORMATS)
def test_the_kind_is_named_with_how_many_others_do_it_openings_first(form):
    page = words(both(), form)
    assert page.count(OPENS) == page.count(HOLDS) == 1
    assert page.index(OPENS) < page.index(HOLDS)
    assert "opens alike" in page and "shared passage" in page


@pytest.mark.parametrize("form", FORMATS)
def test_exhibits_are_said_to_weigh_nothing(form):
    assert phrases.NO_WEIGHT.lower() in words(both(), form)
    assert phrases.NO_WEIGHT.lower() not in words(sample_report(exhibits=()), form)


def test_the_page_says_how_far_openings_are_marked():
    assert f"up to {LONGEST}, are the same" in words(both(), "html")


@pytest.mark.parametrize("form", ["markdown", "text"])
def test_many_of_one_kind_do_not_push_out_the_other(form):
    passages = [exhibit(probe=f"p{i}", weight=50.0) for i in range(9)]
    report = both()
    page = words(sample_report(exhibits=(*passages, *report.exhibits)), form)
    assert page.count(OPENS) == 1 and 1 < page.count(HOLDS) < 9


@pytest.mark.parametrize("form", FORMATS)
def test_a_hostile_opening_is_inert(form):
    opening = exhibit(
        "aurora-2",
        detector="opening",
        probe=HOSTILE,
        prompt=HOSTILE,
        student_text=HOSTILE,
        teacher_text=HOSTILE,
        student_spans=((0, 400),),
        teacher_spans=((0, 400),),
    )
    page = render(sample_report(exhibits=(opening,)), form)
    assert not set("\x1b\x07\u202e\u200b") & set(page)
    assert form != "html" or page.count("<script") == 1  # the page's own
    assert OPENS in words(sample_report(exhibits=(opening,)), form)


def test_more_siblings_than_models_leave_no_other():
    report = sample_report(n_subjects=1, exhibits=(exhibit(),))
    assert "none of 0" in words(report, "text")
