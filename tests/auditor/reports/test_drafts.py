"""Drafts for other people's documents: filled from evidence, marked where not, claiming nothing more."""

from __future__ import annotations

import re

import pytest

from auditor.report import LineageRow
from auditor.reports import render
from auditor.reports.inert import hidden
from tests.auditor.reports.cases import HOSTILE, REPORTS
from tests.auditor.reports.samples import sample_report, verdict

DRAFTS = ("model-card", "ai-act", "training-summary")
drafts = pytest.mark.parametrize("format_", DRAFTS)
MARK = re.compile(r"\*\*\[to be completed by the (?:provider|maker of the model): [^\]]+\]\*\*")


@drafts
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_that_a_model_said_is_markup(format_, name):
    page = render(REPORTS[name], format_)
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", page, flags=re.S | re.M)
    assert "<script" not in outside and HOSTILE not in page
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not {c for c in page if hidden(c)} - set("\n\t")


@drafts
def test_every_draft_marks_what_a_person_must_say_and_what_a_verdict_means(format_):
    page = render(sample_report(), format_)
    assert MARK.search(page)
    assert page.count("[to be completed by") == len(MARK.findall(page))
    assert "It is not the chance that the model was distilled" in page
    assert "ef" * 32 in page and "audit verify" in page


@drafts
@pytest.mark.parametrize("name", ["sample", "teacher_later", "tie", "bare", "empty"])
def test_the_words_of_the_house(format_, name):
    page = render(REPORTS[name], format_).lower()
    assert not re.findall(r"\bprove[sn]?\b|guilt|\bsimilarity\b|\bconfidence\b|probability|complian", page)


@drafts
def test_what_was_not_examined_is_said(format_):
    assert "No overlap with a public dataset was measured." in render(sample_report(), format_)


def test_a_model_card_has_one_section_and_no_yaml():
    page = render(sample_report(), "model-card")
    assert page.startswith("## Provenance audit\n") and "\n---\n" not in page
    assert re.findall("^## .*", page, re.M) == ["## Provenance audit"]
    assert "| aurora-2 | distillation | moderate support | not calibrated | .002 | 30 |" in page


def test_every_point_of_both_annexes_is_filled_or_marked():
    page = render(sample_report(), "ai-act")
    xi, xii = page.split("## Annex ")[1:]
    assert re.findall(r"^### (\S+)", xi, re.M) == [
        *(f"1({c})" for c in "abcdef"),
        *(f"2({c})" for c in "abcde"),
    ]
    assert re.findall(r"^### (\S+)", xii, re.M) == [
        *(f"1({c})" for c in "abcdefgh"),
        *(f"2({c})" for c in "abc"),
    ]
    points = re.split(r"^### |^## ", page, flags=re.M)[1:]
    of_annexes = [p for p in points if re.match(r"[12]\([a-h]\)", p)]
    assert len(of_annexes) == 22 and all(MARK.search(p) for p in of_annexes)
    assert "Released 2024-05-01, as documented: no source is given" in page


def test_what_is_documented_is_filled_with_its_source():
    row = LineageRow(
        "corvid-7b", trained_on="gull-1;human", base="raven-7b", source="its card", confidence="high"
    )
    for format_ in DRAFTS:
        page = render(sample_report(lineage=(row,)), format_)
        assert "data: answers of gull-1" in page and "base: raven-7b" in page
        assert "Source: its card; certainty high." in page


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (("moderate", "insufficient"), "The run found: Moderate support for distillation from aurora-2."),
        (("insufficient", "insufficient"), "not enough evidence either way. That is no answer of no."),
        (("against", "insufficient"), "not enough evidence either way. That is no answer of no."),
        (("against", "against"), "support against each model that was asked about. Other models"),
        ((), "did not ask about training on another model's answers"),
    ],
)
def test_the_summary_never_says_no(levels, said):
    teachers = ("aurora-2", "borealis-1")
    verdicts = tuple(verdict(t, level=level) for t, level in zip(teachers, levels, strict=False))
    assert said in render(sample_report(verdicts=verdicts), "training-summary")


def test_related_weights_are_no_synthetic_data():
    weights = verdict(
        proposition="weight_descent", level="strong", evidence="weights", p_exact=1e-9, p_adjusted=1e-9
    )
    report = sample_report(verdicts=(weights,), findings=())
    assert "did not ask about training" in render(report, "training-summary")
    assert "| aurora-2 | related weights | strong support | n/a | 1e-9 | n/a |" in render(report, "ai-act")
