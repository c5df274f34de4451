"""What reaches a terminal: tables that line up, and no control codes a model may have written."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import pytest

from auditor.cli.terminal import Terminal, table
from auditor.reports import render
from tests.auditor.reports.samples import sample_report


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", r"\u001b]0;owned\u0007"),
        ("\x1b[8mhidden\x1b[10m\x1b[1", r"\u001b[8mhidden\u001b[10m\u001b[1"),
        ("\x9b31m", r"\u009b31m"),
        ("good\u202elive", r"good\u202elive"),
        ("over\rwritten", r"over\u000dwritten"),
        ("two\r\nlines\tand é 日本 \N{FAMILY}", "two\r\nlines\tand é 日本 \N{FAMILY}"),
    ],
)
def test_control_codes_are_shown_on_a_terminal_and_kept_in_a_pipe(monkeypatch, text, shown):
    for stream, expected in ((Screen(), shown), (io.StringIO(), text)):
        monkeypatch.setattr(sys, "stdout", stream)
        Terminal().out(text)
        assert stream.getvalue() == expected + "\n"


def test_the_bold_of_a_report_reaches_a_terminal_and_nothing_else_does(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Screen())
    report = replace(sample_report(), caveats=("\x1b[31mred\x1b[0m \x1b[1mbold",))
    Terminal().out(render(report, "text", color=True))
    page = sys.stdout.getvalue()
    assert "\x1b[1m" in page and r"\u001b" not in page
    assert set(re.findall(r"\x1b\[[^m]*m", page)) == {"\x1b[1m", "\x1b[0m"}
    assert "<U+001B>[31mred<U+001B>[0m <U+001B>[1mbold" in page


def test_a_stream_that_lacks_a_character_still_prints(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    Terminal().out("é")
    stream.flush()
    assert stream.buffer.getvalue() == b"?\n"


def test_table_lines_up():
    rows = [{"model": "a", "verdicts": {"t": "weak"}}, {"model": "long name", "verdicts": {}}]
    assert table(rows).splitlines() == ["MODEL      VERDICTS", "a          t: weak", "long name  -"]
    assert table([]) == "none"
