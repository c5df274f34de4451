"""Which texts models on this disk score in `audit compare`, and what is said where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from auditor import case as cases
from auditor import on_weights, score_asked, scored
from auditor.errors import AuditError
from auditor.report import PairTest
from auditor.score_texts import in_panel
from detectors.scores import NEUTRAL, Scores, TextId
from tests.panels import generated, written_panel

FOLDERS = ("hf:student", "hf:teacher", "hf:base")


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A panel of recorded answers, scored by one reference; nobody is opened."""
    monkeypatch.chdir(tmp_path)
    panel, prompts = generated(3, n_decoys=3, n_probes=5)
    return replace(written_panel(tmp_path, panel, prompts), prompts="prompts.parquet", scores=("scores",))


@pytest.fixture
def case(config):
    return cases.prepare(config, cases.Silent())


@pytest.fixture
def asked(monkeypatch):
    """What would be scored, by model; nothing is."""
    found = {}

    def score(config, progress):
        found[config.name] = config
        Path(config.output).write_bytes(b"")
        return SimpleNamespace(file=SimpleNamespace(scores=config.name))

    monkeypatch.setattr(score_asked, "score", score)
    return found


def recorded(texts, name="R000", max_chars=None, sha256=None):
    """A file of scores of these texts."""
    Path("scores").mkdir(exist_ok=True)
    n = len(texts)
    numbers = np.arange(n + 1), np.full(n, 3), np.full(n, -1.0, np.float32)
    scores = Scores(name, tuple(t.id for t in texts), *numbers)
    about = {"scorer": name, "max_chars": max_chars, "model": {}}
    hashes = sha256 or tuple(t.sha256 for t in texts)
    whole = scored.Scored(about, scores, hashes, np.full(n, 3), ("",) * n)
    scored.write(whole, Path(f"scores/{name}.parquet"))


def local(config):
    student, teacher, base = FOLDERS
    return replace(config, student=student, teachers=(teacher,), bases=(base,))


def run(case, config, tests=()):
    return score_asked.run(case, local(config), replace(on_weights.NONE, tests=tests), cases.Silent())


def test_texts_of_teachers_and_decoys_that_were_scored_elsewhere(case, config, asked, tmp_path):
    texts = in_panel(case.panel, None)
    some = [t for t in texts if t.id.text_of in ("T", "D00")]
    recorded([*some, *(t for t in texts if t.id.text_of == "R001")])
    own = run(case, config)
    assert list(asked) == ["student", "teacher", "base"] == list(own.scores)
    assert set(asked["base"].given) == set(some), "a reference's answers tell nothing of a teacher"
    assert (
        list(own.inputs) == [str(tmp_path / "audit.scores" / f"{name}.parquet") for name in asked]
        and not own.notes
    )


def test_cut_where_the_files_cut(case, config, asked):
    texts = [t for t in in_panel(case.panel, 20) if t.id.text_of == "T"]
    recorded(texts, max_chars=20)
    run(case, config)
    assert set(asked["student"].given) == set(texts) and asked["student"].max_chars == 20
    recorded(texts, "R001", max_chars=30)
    assert "different --max-chars" in run(case, config).notes[0]


def test_other_texts_under_the_same_name_are_not_scored(case, config, asked):
    texts = [t for t in in_panel(case.panel, None) if t.id.text_of == "T"]
    recorded(texts, sha256=("0" * 64, *(t.sha256 for t in texts[1:])))
    own = run(case, config)
    assert set(asked["student"].given) == set(texts[1:]) and "1 of 5 texts" in own.notes[0]
    asked.clear()
    recorded(texts, sha256=("0" * 64,) * 5)
    own = run(case, config)
    assert not asked and "student, teacher, base scored no texts here: none of the 5" in own.notes[0]


def test_neutral_texts_are_said_to_be_left_out(case, config, asked):
    texts = [t for t in in_panel(case.panel, None) if t.id.text_of == "T"]
    recorded([*texts, replace(texts[0], id=TextId(NEUTRAL, "n"))])
    assert "audit score --texts" in run(case, config).notes[0] and len(asked["student"].given) == len(texts)


def test_a_scorer_of_the_files_is_not_asked_again(case, config, asked):
    texts = [t for t in in_panel(case.panel, None) if t.id.text_of == "T"]
    recorded(texts)
    recorded(texts, "base")
    run(case, config)
    assert list(asked) == ["student", "teacher"]


def test_a_model_that_cannot_be_scored_is_said_and_left_out(case, config, monkeypatch):
    def broken(config, progress):
        raise AuditError("no torch")

    monkeypatch.setattr(score_asked, "score", broken)
    recorded([t for t in in_panel(case.panel, None) if t.id.text_of == "T"])
    own = run(case, config)
    assert own.scores == () and own.notes[0] == "student scored no texts here: no torch"


def test_nobody_is_scored_beside_recorded_answers(case, config, asked):
    recorded([t for t in in_panel(case.panel, None) if t.id.text_of == "T"])
    assert score_asked.run(case, config, on_weights.NONE, cases.Silent()) == score_asked.NONE
    with_base = replace(config, bases=("hf:base",))
    assert score_asked.run(case, with_base, on_weights.NONE, cases.Silent()) == score_asked.NONE


def test_the_base_by_weights_is_the_only_one_that_is_sure(case, config, asked):
    def pair(other, log10_p, statistic="combined"):
        return PairTest(
            *("descent", "common_ancestor", statistic, case.student, other, 10**log10_p, log10_p),
            *(None, None, "", ""),
        )

    recorded([t for t in in_panel(case.panel, None) if t.id.text_of == "T"])
    config = replace(local(config), bases=("hf:base", "hf:other"))

    def base(*tests):
        seen = replace(on_weights.NONE, tests=tests)
        return score_asked.run(case, config, seen, cases.Silent()).bases

    assert base(pair("base", -9.0), pair("other", -1.0)) == {case.student: "base"}
    assert base(pair("base", -5.0)) == {}, "not sure enough"
    assert base(pair("base", -9.0, "csu")) == {}, "one form of many"
    assert base(pair("base", -9.0), pair("other", -9.0)) == {}, "either might be it"
    assert base(pair("teacher", -9.0)) == {}, "a teacher is no base"
