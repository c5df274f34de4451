"""What reaches a terminal: tables that line up, and no control codes a model may have written."""

from __future__ import annotations

import io
import sys

import pytest

from auditor.cli.terminal import Terminal, table


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", r"\u001b]0;owned\u0007"),
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
