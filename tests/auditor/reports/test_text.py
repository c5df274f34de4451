"""The text report: plain or coloured, as wide as it may be, with nothing a model said obeyed."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from auditor.reports import render
from tests.auditor.reports.cases import REPORTS, hostile
from tests.auditor.reports.samples import sample_report, verdict


@pytest.mark.parametrize("name", [n for n in REPORTS if n != "hostile"])
@pytest.mark.parametrize("width", [80, 100])
def test_fits_the_width_but_for_the_headline(name, width):
    lines = render(REPORTS[name], "text", width=width).splitlines()[1:]
    assert max(map(cell_len, lines)) <= width


def test_no_line_is_broken_in_a_table_of_usual_names():
    page = render(sample_report(), "text", width=80)
    line, _ = [line for line in page.splitlines() if line.strip().startswith("stylometry burrows_delta")]
    assert "4.10" in line and ".032" in line


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
