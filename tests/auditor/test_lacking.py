"""Detectors that a model's source keeps from running, with the reason; what anybody else recorded counts."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from auditor import lacking
from auditor.config import CompareConfig
from auditor.lacking import Lacking, Source
from auditor.likelihood import NO_SCORES
from detectors.registry import DETECTORS
from detectors.types import Channel, Measurement, Skipped

URL = "http://127.0.0.1:1/v1"
NO_ECHO = {"prompt_logprobs": "refused: no such page"}
ALL = [Skipped(name, NO_SCORES) for name in ("lift", "contrast", "surprise")]


def measurement(name: str) -> Measurement:
    return Measurement(name, "x", Channel.LIKELIHOOD, "nats", np.zeros((1, 1, 1), np.float32), {})


def told(found: list[Skipped]) -> dict[str, bool]:
    return {s.detector: URL in s.reason and "no such page" in s.reason for s in found}


def test_without_the_students_log_probabilities_nothing_of_the_kind_runs() -> None:
    found = Lacking(Source("S", URL, NO_ECHO), (), 1)
    measured, skipped = found.scores((), ALL, None)
    assert not measured and told(skipped) == dict.fromkeys(("lift", "contrast", "surprise"), True)


def test_references_were_scored_and_the_student_cannot_be() -> None:
    """Measurements of the others say nothing about it."""
    seen = SimpleNamespace(by_scorer={"R": None})
    found = Lacking(Source("S", URL, NO_ECHO), (), 1)
    silent = [Skipped("surprise", "needs scores of T's answers from S"), Skipped("contrast", "not asked for")]
    measured, skipped = found.scores([measurement("lift")], silent, seen)  # type: ignore[arg-type]
    assert not measured and told(skipped) == {"surprise": True, "contrast": False, "lift": True}


def test_scores_that_somebody_recorded_are_used_all_the_same() -> None:
    seen = SimpleNamespace(by_scorer={"S": None})
    found = Lacking(Source("S", URL, NO_ECHO), (), 1)
    measured, skipped = found.scores([measurement("lift")], ALL[1:], seen)  # type: ignore[arg-type]
    assert len(measured) == 1 and skipped == ALL[1:]


def test_lift_needs_no_log_probabilities_of_the_teacher() -> None:
    found = Lacking(None, (Source("T", URL, NO_ECHO),), 1)
    assert told(found.scores((), ALL, None)[1]) == {"lift": False, "contrast": True, "surprise": True}
    two = Lacking(None, (Source("T", URL, NO_ECHO),), 2)
    assert two.scores((), ALL, None) == ([], ALL), "the other teacher may have been scored"


def test_samples_that_are_all_the_same_are_no_samples() -> None:
    found = Lacking(Source("S", URL, {"sampling": "three requests gave one answer"}), (), 1)
    kept, skipped = found.answers(list(DETECTORS.values()))
    assert [s.detector for s in skipped] == ["completion"] and "heeds the temperature" in skipped[0].reason
    assert len(kept) == len(DETECTORS) - 1
    assert Lacking(Source("S", URL, NO_ECHO), (), 1).answers(kept) == (kept, [])


def test_what_a_file_of_answers_says(tmp_path: Path) -> None:
    """The last answer of the model counts; a file that 'audit collect' did not write says nothing."""
    rows = [
        {"collected": 1, "model": "S", "at": URL, "missing": {"seed": "ignored"}},
        {"collected": 1, "model": "T", "at": URL},
        {"collected": 1, "model": "S", "at": URL, "missing": NO_ECHO},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"coll')
    (tmp_path / "b.jsonl").write_text('{"model": "T", "at": "x", "missing": {"seed": "no"}}\n')
    case = SimpleNamespace(student="S", teachers=("T", "T"))
    config = CompareConfig(
        student=f"file:{tmp_path / 'a.jsonl'}#S",
        teachers=(f"{tmp_path / 'a.jsonl'}#T", f"file:{tmp_path / 'b.jsonl'}"),
    )
    found = lacking.of(case, config)  # type: ignore[arg-type]
    assert found == Lacking(Source("S", URL, NO_ECHO), (Source("T", URL, {}),), 2)
    assert found.caveats() == ()
