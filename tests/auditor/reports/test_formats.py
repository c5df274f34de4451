"""Every format of every report: the answer first, nothing that cannot be seen, the words of the house."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from auditor.errors import AuditError
from auditor.reports import FORMATS, render
from auditor.reports.inert import hidden, one_line
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import sample_report

every = pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
read = pytest.mark.parametrize("format_", ["text", "markdown", "html"])


@every
@read
def test_nothing_invisible_survives(report, format_):
    page = render(report, format_)
    assert not {c for c in page if hidden(c)} - set("\n\t")


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_the_headline_is_the_first_line(format_):
    first = render(sample_report(), format_).splitlines()[0]
    assert first.removeprefix("# ") == sample_report().headline
    assert first.startswith("# ") == (format_ == "markdown")


def test_the_headline_is_the_first_thing_on_the_page_and_in_json():
    report = sample_report()
    body = render(report, "html").partition("</nav>")[0].partition("<body>")[2]
    assert re.search(r"<h1>(.*?)</h1>", body)[1] == report.headline
    assert render(report, "json").splitlines()[1].strip() == f'"headline": "{report.headline}",'


def test_a_headline_of_several_lines_stays_on_the_first():
    first = render(sample_report(headline="one\ntwo\rthree\u2028four"), "text").splitlines()[0]
    assert first == "one two three<U+2028>four"


@every
@pytest.mark.parametrize("format_", list(FORMATS))
def test_rendering_twice_gives_the_same(report, format_):
    assert render(report, format_) == render(report, format_)


@pytest.mark.parametrize("name", ["sample", "teacher_later", "tie", "bare", "empty"])
@read
def test_the_words_of_the_house(name, format_):
    page = re.sub(r"<style>.*?</style>", "", render(REPORTS[name], format_), flags=re.S).lower()
    assert not re.findall(r"\bprove[sn]?\b|guilt|\bsimilarity\b|\bconfidence\b|probability", page)
    assert "none" not in re.findall(r"<d[dt]>(none)", page)


@read
def test_insufficient_reads_as_neither(format_):
    page = render(REPORTS["teacher_later"], format_)
    assert "Not enough evidence either way on distillation from aurora-2" in page
    assert "teacher_later" in page.replace("\\", "")


@read
def test_a_tie_names_the_others(format_):
    page = " ".join(render(REPORTS["tie"], format_).split())
    assert "annot be told apart" in page
    assert "95 % 7.9 to 79 (log10 1.4)" in page


@read
def test_what_is_shown_of_a_verdict(format_):
    page = " ".join(render(sample_report(), format_).split())
    for shown in (
        ".002",
        ".032",
        "30",
        "12",
        "power not measured",
        "public data",
        "stylometry burrows_delta",
    ):
        assert shown in page
    for shown in ("semantics", "Probes were not committed", "A reference trained on the same public data"):
        assert shown in page


def test_unknown_format():
    with pytest.raises(AuditError, match=r"'docx'\. Allowed are text, json, markdown, html, cyclonedx, "):
        render(sample_report(), "docx")


def test_a_format_loads_only_its_own_libraries():
    program = (
        "import sys, auditor.reports as r; before = {'jinja2', 'rich'} & set(sys.modules);"
        "from tests.auditor.reports.samples import sample_report; r.render(sample_report(), 'json');"
        "print(before, {'jinja2', 'rich', 'scipy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set() set()"


@pytest.mark.parametrize(
    "text", ["a\x1b[31m", "\x00", "\u202e", "\ufeff", "\ud800", "\u3164", "\U000e0041", "\x85"]
)
def test_what_cannot_be_seen_is_spelled_out(text):
    assert "<U+" in one_line(text)


def test_what_can_be_seen_is_kept():
    text = "naïve 模型 ❤️ 👍🏽 ½ עברית “quoted” — …"
    assert one_line(text) == text
