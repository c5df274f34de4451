"""The text report: plain or coloured, as wide as it may be, with nothing a model said obeyed."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from auditor.report import Exclusion
from auditor.reports import render
from tests.auditor.reports.cases import REPORTS, hostile
from tests.auditor.reports.samples import exhibit, finding, sample_report, verdict


@pytest.mark.parametrize("name", [n for n in REPORTS if n != "hostile"])
@pytest.mark.parametrize("width", [40, 50, 80, 100])
def test_fits_the_width(name, width):
    lines = render(REPORTS[name], "text", width=width).splitlines()
    assert max(map(cell_len, lines)) <= width


def test_the_headline_is_whole_where_it_is_piped():
    report = sample_report()
    assert render(report, "text").splitlines()[0] == report.headline
    assert render(report, "text", width=50).replace("\n", " ").startswith(report.headline)


def test_a_narrow_terminal_breaks_no_name():
    page = render(sample_report(), "text", width=50)
    assert "opening first_tokens\n  value 3.0, 95 % interval 3.2 to 5.0, z 2.9" in page


def test_models_are_counted_once_however_many_teachers_there_are():
    out = tuple(Exclusion(m, t, "no origin") for m in ("a", "b") for t in ("aurora-2", "borealis-1"))
    some = (Exclusion("c", "aurora-2", "its student"),)
    page = render(sample_report(excluded=out + some), "text")
    assert "- no origin: 2 models\n- its student: 1 model (towards aurora-2)\n" in page


def test_what_examined_explanations_found_is_told():
    page = " ".join(render(sample_report(), "text").split())
    assert "- direction: Release dates on record: student 2024-05-01, teacher 2023-11-01." in page
    assert "Not examined, so not excluded: public data." in page


def test_the_floor_goes_with_the_references_that_set_it():
    found = finding(reference_values=(9.0,) * 3 + (0.0,) * 27, p_rank=4 / 23, p_floor=1 / 23)
    page = render(
        sample_report(findings=(found,), verdicts=(verdict(p_rank=4 / 23, p_floor=1 / 23),)), "text"
    )
    assert "cannot fall below .043 (22 references of innocent origin)" in " ".join(page.split())


def test_a_passage_that_is_cut_says_so_and_ends_with_a_word():
    text = "alpha beta gamma " * 30
    page = render(sample_report(exhibits=(exhibit(student_text=text, student_spans=((0, 510),)),)), "text")
    assert re.search(r"(alpha|beta|gamma) \.\.\.»", " ".join(page.split()))


def test_no_line_is_broken_in_a_table_of_usual_names():
    page = render(sample_report(), "text", width=80)
    line, _ = [line for line in page.splitlines() if line.strip().startswith("stylometry burrows_delta")]
    assert "4.1 " in line and ".032" in line


def test_plain_where_stdout_is_no_terminal(monkeypatch):
    assert "\x1b" not in render(sample_report(), "text")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in render(sample_report(), "text")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render(sample_report(), "text")


def test_colour_when_asked_for():
    assert "\x1b[1m" in render(sample_report(), "text", color=True)


def test_escapes_and_markup_are_shown_not_obeyed():
    page = render(hostile(), "text", color=True)
    assert "<U+001B>[31m" in page and "[red]markup[/red]" in page
    assert "\x1b[31m" not in page and "\x1b]8" not in page


def test_a_short_line_for_each_teacher_where_there_are_several():
    page = render(sample_report(verdicts=tuple(verdict(f"teacher-{i}") for i in range(10))), "text")
    rows = [line for line in page.splitlines()[:16] if line.strip().startswith("teacher-")]
    assert len(rows) == 10 and all("moderate" in row for row in rows)
