"""`audit score` on the command line: options, errors, and what it says without the extra."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.score_texts import HELD_OUT, SERVED
from auditor.sources import local, scoring
from auditor.sources.checkpoint import find
from detectors.scores import NEUTRAL
from tests.auditor.test_score import Model
from tests.tiny_model import save_shell


@pytest.fixture
def files(tmp_path):
    save_shell(tmp_path / "shell")
    rows = [{"model": "a", "prompt": f"q {i}", "output": f"answer {i}"} for i in range(3)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


PANEL = ("score", "hf:shell", "--panel", "p.jsonl", "--texts-of", "a", "-o", "s.parquet")


@pytest.fixture
def model(audit, files, monkeypatch):
    model = Model()
    monkeypatch.setattr(local, "opened", lambda text, base: model)
    monkeypatch.setattr(model, "files", find("hf:shell").hashes())
    monkeypatch.setattr(scoring, "score_batches", model.batches_of)
    return model


def test_it_scores_and_says_where(audit, files, model):
    done = audit(*PANEL)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "3 texts scored by shell: s.parquet (3 new)" in done.stderr
    assert "nothing was missing" in audit(*PANEL).stderr


def test_a_dry_run_opens_nothing(audit, files, model):
    done = audit(*PANEL, "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "To score  3 texts" in done.stdout
    assert not model.scored
    assert not (files / "s.parquet").exists()


def test_interrupted(audit, files, model):
    model.stop_after = (1, KeyboardInterrupt)
    done = audit(*PANEL)
    assert done.exit_code == 130
    assert "2 texts are kept in s.parquet" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("score", "hf:shell", "-o", "s.parquet"), "Nothing to score"),
        (("score", "hf:shell", "--panel", "p.jsonl", "-o", "s.parquet"), "go together"),
        (("score", "hf:shell", "--texts-of", "a", "-o", "s.parquet"), "go together"),
        (("score", "hf:shell", "--texts", "p.jsonl", "-o", "p.jsonl"), "would be lost"),
        (("score", "hf:shell", "--panel", "p.jsonl", "--texts-of", "b", "-o", "s.parquet"), "No model 'b'"),
        (("score", "hf:none/here", "--texts", "p.jsonl", "-o", "s.parquet"), "no such folder"),
        ((*PANEL, "--max-chars", "0"), "--max-chars"),
    ],
)
def test_errors_are_one_message_and_code_2(audit, files, arguments, word):
    done = audit(*arguments)
    assert done.exit_code == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (files / "s.parquet").exists()


def test_pickle_is_refused(audit, files):
    (files / "shell" / "model.safetensors").rename(files / "shell" / "pytorch_model.bin")
    done = audit(*PANEL)
    assert done.exit_code == 2
    assert "pickled" in done.stderr


def test_without_the_extra_it_says_what_to_install(audit, files, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = audit(*PANEL)
    assert done.exit_code == 2
    assert "needs: pip install 'distill-audit[models]'" in done.stderr
    assert not (files / "s.parquet.lock").exists()


def test_text_of_goes_with_texts():
    result = CliRunner().invoke(main, [*PANEL, "--text-of", "served"])
    assert result.exit_code == 2 and "Give that, too" in result.stderr


def test_kinds_of_texts_are_those_of_the_job():
    assert sys.modules["auditor.cli.score"].KINDS == (NEUTRAL, SERVED, HELD_OUT)
