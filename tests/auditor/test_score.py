"""`audit score` as a job, with a stand-in for the model: what is asked, kept, taken up again and refused."""

from __future__ import annotations

import fcntl
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor import score, scored
from auditor.errors import AuditError, IncompleteError
from auditor.score import ScoreConfig
from auditor.sources import local, scoring
from auditor.sources.checkpoint import find
from auditor.sources.scoring import TextScore
from detectors.scores import NEUTRAL
from tests.tiny_model import save_shell


class Model:
    """Gives a text as many tokens as it has bytes; may be interrupted, killed or odd."""

    def __init__(self) -> None:
        self.scored: list[str] = []
        self.batches = 0
        self.stop_after: tuple[int, type[BaseException]] | None = None
        self.notes = ("a note",)
        self.n_vocabulary = 400
        self.dtype = "float32"
        self.files: dict[str, str] = {}
        self.logprob = -1.0

    def about(self):
        return {"files": self.files, "template": {"kind": "plain"}, "dtype": self.dtype, "device": "cpu"}

    def batches_of(self, _, prompts, texts):
        assert len(prompts) == len(texts)
        for at in range(0, len(texts), 2):
            if self.stop_after and self.batches == self.stop_after[0]:
                raise self.stop_after[1]
            self.batches += 1
            places = list(range(at, min(at + 2, len(texts))))
            self.scored += [texts[i] for i in places]
            yield places, [self.one(texts[i]) for i in places]

    def one(self, text):
        n = len(text.encode())
        if text == "skip me":
            return TextScore(np.zeros(0, np.int64), np.zeros(0, np.float32), n, "the prompt is too long")
        return TextScore(np.arange(1, n + 1), np.full(n, self.logprob, np.float32), n)


class Said:
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.steps = 0

    def stage(self, text, total=None):
        pass

    def advance(self, steps=1):
        self.steps += steps

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture
def model(monkeypatch) -> Model:
    model = Model()

    def opened(text, base):
        model.files = find(text).hashes()
        return model

    monkeypatch.setattr(local, "opened", opened)
    monkeypatch.setattr(scoring, "score_batches", model.batches_of)
    return model


@pytest.fixture
def config(tmp_path) -> ScoreConfig:
    """Five answers of two models to three probes, in a panel."""
    save_shell(tmp_path / "shell")
    rows = [
        {"model": m, "prompt": f"question {q}", "output": f"{m} on {q}"}
        for m in ("a", "b", "c")
        for q in range(3)
    ]
    rows[1]["output"] = ""
    (tmp_path / "panel.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ScoreConfig(
        f"hf:{tmp_path / 'shell'}", str(tmp_path / "s.parquet"), str(tmp_path / "panel.jsonl"), ("a", "b")
    )


def texts_of(config):
    return {text.text_of for text in scored.read(Path(config.output)).everything.texts}


def test_everything_asked_for_is_scored_and_named(config, model, tmp_path):
    said = Said()
    outcome = score.run(config, said)
    assert sorted(model.scored) == ["a on 0", "a on 2", "b on 0", "b on 1", "b on 2"]
    assert (outcome.n_new, said.steps) == (5, 5)
    assert said.warnings == ["a note"]
    file = scored.read(Path(config.output))
    assert file.about == {"scorer": "shell", "max_chars": None, "base": False, "model": model.about()}
    assert texts_of(config) == {"a", "b"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.jsonl", "s.parquet", "shell"]


def test_nothing_is_scored_twice(config, model):
    score.run(replace(config, texts_of=("a",)), Said())
    score.run(config, Said())
    assert sorted(model.scored) == ["a on 0", "a on 2", "b on 0", "b on 1", "b on 2"]
    before = Path(config.output).read_bytes()
    assert score.run(config, Said()).n_new == 0
    assert Path(config.output).read_bytes() == before


def test_interrupted_it_keeps_what_it_has_and_goes_on(config, model):
    model.stop_after, said = (1, KeyboardInterrupt), Said()
    with pytest.raises(KeyboardInterrupt):
        score.run(config, said)
    assert len(scored.read(Path(config.output)).everything.texts) == 2
    assert "2 texts are kept" in said.warnings[-1]
    model.stop_after = None
    assert score.run(config, Said()).n_new == 3
    assert len(set(model.scored)) == len(model.scored) == 5


def test_interrupted_before_the_first_batch_it_leaves_nothing(config, model, tmp_path):
    model.stop_after, said = (0, KeyboardInterrupt), Said()
    with pytest.raises(KeyboardInterrupt):
        score.run(config, said)
    assert said.warnings[-1] == "No text was scored."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["panel.jsonl", "shell"]


def test_killed_it_goes_on_from_its_parts(config, model, tmp_path):
    class Killed(BaseException):
        pass

    model.stop_after = (2, Killed)
    with pytest.raises(Killed):
        score.run(config, Said())
    assert not Path(config.output).exists()
    parts = tmp_path / "s.parquet.parts"
    assert len(list(parts.iterdir())) == 2
    (parts / "00000003.parquet.partial").write_bytes(b"half")
    model.stop_after = None
    assert score.run(config, Said()).n_new == 1
    assert len(set(model.scored)) == len(model.scored) == 5
    assert not parts.exists()
    assert len(scored.read(Path(config.output)).everything.texts) == 5


def test_killed_between_the_file_and_its_parts(config, model, tmp_path):
    """The file is whole, and its parts are still there: nothing is in it twice."""
    score.run(config, Said())
    parts = tmp_path / "s.parquet.parts"
    parts.mkdir()
    (parts / "00000001.parquet").write_bytes(Path(config.output).read_bytes())
    assert score.run(config, Said()).n_new == 0
    assert len(scored.read(Path(config.output)).everything.texts) == 5


@pytest.mark.parametrize(
    ("change", "word"), [({"dtype": "bfloat16"}, "dtype: float32 there, bfloat16 now"), ({"notes": ()}, "")]
)
def test_scores_made_differently_are_not_mixed(config, model, change, word):
    score.run(replace(config, texts_of=("a",)), Said())
    for name, value in change.items():
        setattr(model, name, value)
    if word:
        with pytest.raises(AuditError, match=word):
            score.run(config, Said())
        assert texts_of(config) == {"a"}
    else:
        score.run(config, Said())


@pytest.mark.parametrize("names", [("a",), ("a", "b")])
def test_other_weights_or_no_template_are_noticed_even_where_nothing_is_missing(
    config, model, names, tmp_path
):
    score.run(replace(config, texts_of=("a",)), Said())
    with pytest.raises(AuditError, match="base: False there, True now"):
        score.run(replace(config, texts_of=names, base=True), Said())
    weights = tmp_path / "shell" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(AuditError, match=r"files: other model\.safetensors"):
        score.run(replace(config, texts_of=names), Said())


def test_another_name_is_another_scorer(config, model):
    score.run(replace(config, texts_of=("a",)), Said())
    with pytest.raises(AuditError, match="scorer: shell there, other now"):
        score.run(replace(config, name="other"), Said())


def test_a_text_that_changed_under_its_name(config, model):
    score.run(config, Said())
    panel = Path(config.panel)
    panel.write_text(panel.read_text().replace("a on 2", "a on two"))
    with pytest.raises(AuditError, match="was another one"):
        score.run(config, Said())


def test_texts_are_cut(config, model):
    score.run(replace(config, max_chars=3), Said())
    assert set(model.scored) == {"a o", "b o"}


def test_few_probes_are_the_same_for_every_model(config, model):
    def probes(name):
        return {t.id.probe for t in score.plan(replace(config, texts_of=(name,), n_probes=2)).texts}

    assert len(probes("b")) == 2
    assert probes("b") == probes("c")


def test_neutral_texts_of_a_file(config, model, tmp_path):
    rows = [
        {"text": "free text"},
        {"text": "an answer", "prompt": "a question"},
        {"text": " "},
        {"text": "half \ud800"},
        {"text": "free text"},
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = score.plan(replace(config, panel=None, texts_of=(), texts=str(tmp_path / "t.jsonl")))
    assert [(t.id.text_of, t.prompt, t.text) for t in made.missing] == [
        (NEUTRAL, "", "free text"),
        (NEUTRAL, "a question", "an answer"),
        (NEUTRAL, "", "half ?"),
    ]


def test_the_plan_in_words(config):
    words = str(score.plan(config))
    assert "5 texts" in words
    assert "0 of them" in words
    assert "of a, b" in words


def test_odd_results_are_pointed_out(config, model):
    model.logprob, said = -9.0, Said()
    score.run(config, said)
    assert "less likely than tokens drawn blindly" in said.warnings[-1]


def test_texts_that_could_not_be_scored(config, model):
    Path(config.panel).write_text(json.dumps({"model": "a", "prompt": "q", "output": "skip me"}) + "\n")
    said = Said()
    found = score.run(replace(config, texts_of=("a",)), said)
    assert "1 texts could not be scored: the prompt is too long" in said.warnings[-1]
    assert found.file.scores.texts == ()
    assert score.run(replace(config, texts_of=("a",)), Said()).n_new == 0


def refused(config, word):
    with pytest.raises(AuditError, match=word):
        score.plan(config)


def test_bad_input(config, tmp_path):
    refused(replace(config, output=str(tmp_path / "s.csv")), "ends in .parquet")
    refused(replace(config, output=str(tmp_path)), "it is a folder")
    refused(replace(config, output=str(tmp_path / "no" / "s.parquet")), "no folder")
    refused(replace(config, texts_of=("nobody",)), "No model 'nobody'")
    refused(replace(config, texts=str(tmp_path / "none.jsonl")), "no such file")
    (tmp_path / "t.jsonl").write_text('{"id": 1}\n')
    refused(replace(config, texts=str(tmp_path / "t.jsonl")), "no texts in it")
    (tmp_path / "s.parquet").write_bytes(b"mine")
    refused(config, "not readable as Parquet")


def test_a_panel_without_prompts(config):
    rows = [{"model": "a", "prompt_id": str(i), "output": "x"} for i in range(2)]
    Path(config.panel).write_text("".join(json.dumps(row) + "\n" for row in rows))
    refused(replace(config, texts_of=("a",)), "2 of 2 probes carry no prompt text.*--prompts")


def test_one_writer_at_a_time(config, model, tmp_path):
    with (tmp_path / "s.parquet.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IncompleteError, match="another 'audit score'"):
            score.run(config, Said())


def test_served_texts_are_named_by_prompt_and_whole_text_and_stand_apart(config, model, tmp_path):
    rows = [{"prompt": f"p{i}", "response": "one answer"} for i in range(2)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    alone = replace(config, panel=None, texts_of=(), texts=str(tmp_path / "log.jsonl"))
    score.run(replace(alone, text_of="served"), Said())
    score.run(replace(alone, text_of="held-out"), Said())
    held = scored.read(tmp_path / "s.parquet").everything.texts
    assert [t.text_of for t in held] == ["served"] * 2 + ["held-out"] * 2
    assert held[0].probe != held[1].probe and [t.probe for t in held[:2]] == [t.probe for t in held[2:]]
    cut = score.plan(replace(alone, text_of="served", max_chars=3, output=str(tmp_path / "cut.parquet")))
    assert [t.id for t in cut.texts] == list(held[:2]) and cut.texts[0].text == "one"
