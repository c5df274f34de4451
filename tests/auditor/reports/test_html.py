"""The HTML report as text: one offline file, well formed, everything escaped, nothing left out."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from auditor.reports import render
from tests.auditor.reports.cases import HOSTILE, REPORTS, hostile
from tests.auditor.reports.samples import exhibit, finding, sample_report, verdict

SCRIPT = Path("auditor/reports/templates/report.js")
VOID = {"meta", "br", "hr", "link", "img", "input"}
SHAPES = {"line", "circle", "rect"}


class Outline(HTMLParser):
    """Tags in order; fails where one is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    found.close()
    assert not found.open
    return found


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_is_well_formed_offline_and_no_text_of_a_report_runs(report):
    page = render(report, "html")
    tags = outline(page).tags
    assert not {t for t, _ in tags} & {
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "link",
        "base",
        "input",
        "button",
    }
    for tag, attributes in tags:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")
        ]
        if "href" in attributes:
            assert tag == "a" and attributes["href"].startswith(("#", "https://example.org/aurora-2"))
    [script] = re.findall("<script>(.*?)</script>", page, re.S)
    assert [a for t, a in tags if t == "script"] == [{}] and script == SCRIPT.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [a["content"] for t, a in tags if t == "meta" and "http-equiv" in a]
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert policies[0].endswith(f"; script-src 'sha256-{digest}'")


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_headings_descend_by_one_and_ids_are_unique(report):
    tags = outline(render(report, "html")).tags
    levels = [int(t[1]) for t, _ in tags if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for _, a in tags if (a.get("href") or "").startswith("#")} <= set(ids)
    assert ("html", {"lang": "en"}) in tags


def test_templates_in_model_text_are_text():
    assert "{{7*7}} {% x %}" in render(hostile(), "html")


def test_shared_spans_are_marked_at_their_offsets():
    page = render(sample_report(), "html")
    assert page.count("<mark>Let us take this one step at a time, shall we?</mark>") == 4
    odd = exhibit(
        student_text="a<b\u202ec&d", student_spans=((1, 5),), teacher_text="", teacher_spans=((0, 9),)
    )
    assert "a<mark>&lt;b&lt;U+202E&gt;c</mark>&amp;d" in render(sample_report(exhibits=(odd,)), "html")


def test_long_answers_are_cut_around_what_is_shared():
    page = render(hostile(), "html")
    assert len(page) < 400_000
    assert "characters not shown]" in page


def test_every_reference_is_named_in_the_figures_and_the_table():
    page = render(sample_report(), "html")
    assert all(f"<title>reference-{i}: " in page for i in range(30))
    assert all(f'<th scope="row">reference-{i}</th>' in page for i in range(30))
    assert "References of innocent origin (22)" in page
    assert "References that are students of other teachers (8)" in page
    assert "Models that are not references, and why (1)" in page


def test_only_a_whole_web_address_becomes_a_link():
    assert '<a href="https://example.org/aurora-2"' in render(sample_report(), "html")
    assert not re.findall('href="(?!#)', render(hostile(), "html"))


def test_what_a_reproduction_needs_is_there():
    page = render(sample_report(), "html")
    for shown in (
        "--teacher panel:borealis-1",
        "Seed",
        "3.11.7",
        "ef" * 32,
        "01" * 32,
        "bootstrap",
        "Reviewed by",
    ):
        assert shown in page


def test_a_step_above_the_cap_is_drawn_as_out_of_reach():
    page = render(sample_report(), "html")
    assert page.count('<li class=" beyond">') == 6
    assert page.count('aria-current="true"') == 2


def test_a_run_that_could_reach_no_level_says_so():
    late = verdict(
        level="insufficient", reason="teacher_later", cap="insufficient", cap_reason="it came later"
    )
    page = render(sample_report(verdicts=(late,)), "html")
    assert "This run could not reach any level of support: it came later." in page
    assert page.count('<li class=" beyond">') == 5


def test_hostile_text_is_whole():
    shown = re.sub(r"<[^>]+>", "", render(hostile(), "html"))
    assert "&lt;U+202E&gt;gnp.exe" in shown and HOSTILE[:8] not in shown


def test_a_forensic_report_has_all_its_parts_in_order():
    page = render(sample_report(), "html")
    wanted = (
        *(
            "answer",
            "question",
            "materials",
            "methods",
            "measurements",
            "exhibits",
            "explanations",
            "reading",
        ),
        *("odds", "errors", "contest", "glossary", "reproduction", "models"),
    )
    assert re.findall(r'<section id="(\w+)"', page) == list(wanted)
    linked = re.findall(r'href="#(\w+)"', page.partition("<nav")[2].partition("</nav>")[0])
    assert linked == list(wanted)
    assert "audit verify EVIDENCE b1946ac92492 --recompute" in page


def test_a_panel_like_the_largest_public_one_stays_below_2_mb():
    """174 references, two teachers, eighteen statistics of each."""
    names = tuple(f"a-model-with-a-longer-name-{i}" for i in range(174))
    values = tuple(i / 100 for i in range(174))
    strata = ("innocent",) * 60 + ("decoy-student",) * 114
    many = tuple(
        finding(
            f"teacher-{t}",
            statistic=f"s{i}",
            reference_models=names,
            reference_values=values,
            reference_strata=strata,
        )
        for t in range(2)
        for i in range(18)
    )
    assert len(render(sample_report(findings=many), "html")) < 2_000_000
