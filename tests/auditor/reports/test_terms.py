"""What the teachers' terms say: conditional, beside the evidence, what excuses first, in every format."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from auditor.reports import render, terms
from auditor.scan.terms_schema import meaning
from tests.auditor.reports.samples import sample_report, verdict
from tests.auditor.reports.terms_samples import USES, answer, permits, version, with_terms

FORMATS = ("text", "markdown", "html")
every = pytest.mark.parametrize("format_", FORMATS)


def plain(report, format_):
    """The page as a reader sees it, on one line."""
    page = render(report, format_)
    if format_ == "html":
        page = re.sub(r"<[^>]+>", " ", page).replace("&#39;", "'").replace("&amp;", "&")
    return " ".join(page.replace("\\", "").split())


@every
def test_a_report_without_terms_says_nothing_of_them(format_):
    assert terms.TITLE not in plain(sample_report(), format_)


@every
def test_versions_are_named_with_all_that_a_lawyer_needs(format_):
    page = plain(with_terms(), format_)
    for said in (
        terms.TITLE,
        "not legal advice",
        "Aurora Terms of Service (aurora-terms-2023)",
        "Terms of a service of Aurora over api, in force from 2023-06 until 2025-01-01 (known to the month",
        "Conditions: say that a machine wrote it.",
        "prohibited (clause 2(c); to be reviewed). Outputs may not make rivals.",
        "Bound, and carrying the risk: whoever agreed to the terms of the service.",
        "Carrying the risk: whoever uses the weights or the data under the licence; whoever passes",
        "Read on 2024-05-20: quotations by somebody who read the text; confidence medium.",
        "To be read again: The day it took effect.",
        "Read more than 180 days before this run, so to be read again: aurora-mit.",
        "in force since a day that is not known (day not found)",
        "https://example.org/aurora-2/terms",
        "The channel is not known",
        "2023-11-01 to 2024-05-01",
    ):
        assert said in page, said
    assert "illegal" not in page.lower()


@every
def test_what_excuses_is_said_before_all_else(format_):
    page = plain(with_terms(), format_)
    first = page.index("Over self_host, Aurora MIT expressly permits training on outputs")
    assert first < page.index("If corvid-7b was trained on aurora-2's outputs, then nobody")
    assert page.index("Aurora MIT (aurora-mit)") < page.index("Aurora Terms of Service (aurora-terms-2023)")
    own = with_terms(
        terms=(answer(words="Later."), answer(use=USES[1], answer="own_model", words="Its own."))
    )
    assert terms.statements(own, "aurora-2")[0] == "Its own."


@every
def test_terms_matter_only_if_it_happened(format_):
    page = plain(with_terms(), format_)
    assert "The evidence above gives moderate support that it was" in page
    assert (
        "Only matters if corvid-7b was trained on borealis-1's outputs. The evidence above gives no" in page
    )
    assert terms.below_weak(with_terms(), "borealis-1") and not terms.below_weak(with_terms(), "aurora-2")
    weak = with_terms(
        verdicts=(verdict(level="insufficient"), verdict(level="weak", evidence="log-probabilities"))
    )
    assert not terms.below_weak(weak, "aurora-2")
    against = with_terms(verdicts=(verdict(level="against"),))
    assert terms.standing(against, "aurora-2").startswith("Only matters if")
    by_weights = with_terms(verdicts=(verdict(level="strong", proposition="weight_descent"),))
    assert "was not weighed in this run" in terms.standing(by_weights, "aurora-2")


@every
def test_terms_leave_the_verdict_as_it_is(format_):
    """Every line of the report without terms is in the one with them, but that terms were not asked about."""
    before, after = (render(r, format_).splitlines() for r in (sample_report(), with_terms()))
    assert all("whether terms of use allow it" in line for line in set(before) - set(after))


def test_json_has_them_whole():
    data = json.loads(render(with_terms(), "json"))
    assert [(t["teacher"], t["only_matters_if"]) for t in data["terms"]] == [
        ("aurora-2", False),
        ("aurora-2", False),
        ("borealis-1", True),
    ]
    assert [v["entry"] for v in data["terms"][1]["versions"]] == ["aurora-terms-2023", "aurora-mit"]
    assert data["terms"][0]["not_legal_advice"] is True
    assert data["verdicts"] == json.loads(render(sample_report(), "json"))["verdicts"]
    assert json.loads(render(sample_report(), "json"))["terms"] == []


def test_no_terms_no_table_and_no_days_for_an_own_model():
    report = with_terms()
    assert terms.table(report, "borealis-1")[1] == [] and terms.days(report, "borealis-1") == ""
    assert terms.table(report, "aurora-2") == (
        ("channel", *USES),
        [("api", "prohibited", "not settled"), ("self_host", "allowed", "allowed")],
    )
    asked = with_terms(terms=(answer(model="aurora", host="aurora.example"),))
    assert terms.days(asked, "aurora-2").endswith("looked up as aurora. Service: aurora.example.")


def test_what_is_permitted_for_another_use_is_not_said_first():
    only = replace(permits(), verdict="allowed_with_conditions")
    assert not any("expressly" in s for s in terms.statements(with_terms(terms_versions=(only,)), "aurora-2"))
    unread = with_terms(terms_versions=(version(verdict="unknown", clause="", doubted=False),))
    assert terms.versions(unread, "aurora-2")[0].uses[0][1].startswith("not read (clause not read). ")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("verdict", terms.VERDICTS),
        ("kind", terms.KINDS),
        ("party", terms.PARTIES),
        ("evidence", terms.EVIDENCE),
    ],
)
def test_every_value_has_a_word(field, words):
    assert set(words) == set(meaning(field))
    assert set(terms.DATED) <= set(meaning("date_kind"))
