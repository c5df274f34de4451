"""How far a job is that waits for answers: a bar on a terminal, a line now and then off it."""

from __future__ import annotations

import io
import sys

import pytest

from auditor.cli import pace
from auditor.cli.terminal import Terminal


def test_progress_off_a_terminal_is_a_line_now_and_then(monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 20.0, 21.0])
    monkeypatch.setattr(pace, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with pace.Pace(Terminal()) as shown:
        shown.stage("Asking", 100)
        for _ in range(3):
            shown.advance(10)
    said = sys.stderr.getvalue()
    assert said == "20 of 100 answers, 1.0/s, 1 min 20 s left\n"


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    with pace.Pace(Terminal()) as shown:
        shown.stage("Finding out")
        shown.stage("Asking", 100)
        shown.advance(10)
    assert "10/100" in screen.getvalue()
    assert "left" in screen.getvalue()


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations(seconds, words):
    assert pace.duration(seconds) == words
