"""How far a job is that waits for answers: a bar on a terminal, a line now and then off it."""

from __future__ import annotations

import io
import sys

import pytest

from auditor.cli import progress
from auditor.cli.terminal import Terminal


def test_progress_off_a_terminal_is_a_line_now_and_then(monkeypatch):
    clock = iter([0.0, 0.0, 1.0, 20.0, 21.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.Bars(Terminal()) as shown:
        shown.stage("Asking", 100, unit="answers")
        for _ in range(3):
            shown.advance(10)
    said = sys.stderr.getvalue()
    assert said == "20 of 100 answers, 1.0/s, 1 min 20 s left\n"


def test_a_stage_that_waits_for_nobody_says_nothing_of_its_pace(monkeypatch):
    clock = iter([0.0, 0.0, 20.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.Bars(Terminal()) as shown:
        shown.stage("Measuring", 7)
        shown.advance()
    assert sys.stderr.getvalue() == ""


def test_progress_on_a_terminal_is_a_bar(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.Bars(Terminal()) as shown:
        shown.stage("Finding out")
        shown.stage("Asking", 100, unit="answers")
        shown.advance(10)
    assert "10/100" in screen.getvalue()
    assert "left" in screen.getvalue()


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations(seconds, words):
    assert progress.duration(seconds) == words
