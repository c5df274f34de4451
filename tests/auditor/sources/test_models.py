from __future__ import annotations

import json

import pytest

from auditor.errors import AuditError
from auditor.sources import EndpointSpec, ModelSpec, parse_endpoint, parse_model
from auditor.sources.live import target_of
from auditor.sources.load import load


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A panel of three models and a file of one, in the working folder."""
    monkeypatch.chdir(tmp_path)
    prompts = [f"Ask {i}?" for i in range(3)]

    def put(name, models, say="{model} says {i}."):
        records = [
            {"model": model, "prompt": prompt, "output": say.format(model=model, i=i)}
            for model in models
            for i, prompt in enumerate(prompts)
        ]
        (tmp_path / name).write_text("".join(json.dumps(r) + "\n" for r in records))

    put("panel.jsonl", ["robin", "wren", "owl"])
    put("student.jsonl", ["finch"])
    put("two.jsonl", ["finch", "lark"])
    put("clash.jsonl", ["wren"], "Another answer {i}.")
    (tmp_path / "nameless.jsonl").write_text(json.dumps({"prompt": "Ask 0?", "output": "x"}) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind", "value", "model"),
    [
        ("a/b.jsonl", "file", "a/b.jsonl", ""),
        ("file:a.jsonl", "file", "a.jsonl", ""),
        ("file:a.jsonl#org/m", "file", "a.jsonl", "org/m"),
        ("a.jsonl#m", "file", "a.jsonl", "m"),
        ("panel:gpt:x#1", "panel", "gpt:x#1", ""),
        ("C:\\a.jsonl", "file", "C:\\a.jsonl", ""),
    ],
)
def test_model_strings(text, kind, value, model):
    assert parse_model(text) == ModelSpec(kind, value, model, text)


def test_a_file_with_a_number_sign_in_its_name(tmp_path):
    path = tmp_path / "a#b.jsonl"
    path.write_text("{}")
    assert parse_model(str(path)).value == str(path)


def test_weights_cannot_be_asked_yet():
    assert parse_model("hf:org/m") == ModelSpec("hf", "org/m", "", "hf:org/m")
    with pytest.raises(AuditError, match="no such folder, and the local cache has no such model"):
        target_of("hf:org/m")


def test_an_endpoint_as_a_model():
    text = "openai:m@http://host/v1/"
    assert parse_model(text) == ModelSpec("openai", "http://host/v1", "m", text)


def test_where_only_recorded_answers_serve(files):
    with pytest.raises(AuditError, match=r"has to be asked, and here only recorded"):
        load("openai:m@http://host/v1", ["panel:wren"], panel=files / "panel.jsonl")


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("openai:m@http://host/v1", "m", "http://host/v1"),
        ("openai:org/m@latest@https://host:8000/v1/", "org/m@latest", "https://host:8000/v1"),
        ("openai:m:7b@http://[::1]:9/v1/chat/completions", "m:7b", "http://[::1]:9/v1"),
    ],
)
def test_endpoints(text, name, url):
    assert parse_endpoint(text) == EndpointSpec(name, url)


@pytest.mark.parametrize("text", ["", "panel:", "file:", "hf:", "s3://bucket/a.jsonl"])
def test_strings_that_name_nothing(text):
    with pytest.raises(AuditError, match=r"Allowed are PATH, file:PATH"):
        parse_model(text)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("m.jsonl", "is no endpoint. An endpoint is openai:NAME@URL"),
        ("openai:m", "is no endpoint"),
        ("openai:m@http://", "is no endpoint"),
        ("openai:m@http://host:99999/v1", "its URL is no web address"),
        ("openai:m@https://me:hidden@host/v1", "it may hold no user"),
        ("openai:m@https://host/v1?key=hidden", "it may hold no user"),
    ],
)
def test_models_that_are_no_endpoints(model, words):
    with pytest.raises(AuditError, match=words) as caught:
        parse_endpoint(model)
    assert "hidden" not in str(caught.value)


def test_student_from_a_file_and_the_rest_from_the_panel(files):
    loaded = load("student.jsonl", ["panel:wren"], ["panel:owl"], files / "panel.jsonl")
    assert (loaded.student, loaded.teachers, loaded.decoys) == ("finch", ("wren",), ("owl",))
    assert loaded.panel.subjects == ("robin", "wren", "owl", "finch")
    assert loaded.panel.n_samples == 1


def test_without_a_panel_the_files_are_the_panel(files):
    loaded = load("two.jsonl#lark", ["file:two.jsonl#finch", "two.jsonl#lark"], ["nameless.jsonl#jay"])
    assert (loaded.student, loaded.teachers, loaded.decoys) == ("lark", ("finch", "lark"), ("jay",))
    assert loaded.panel.subjects == ("lark", "finch", "jay")
    assert loaded.panel.n_samples == 1


def test_a_file_without_model_names(files):
    assert load("nameless.jsonl", ["student.jsonl"]).student == "nameless"


def test_a_file_with_several_models(files):
    with pytest.raises(AuditError, match=r"two.jsonl holds 2 models: finch, lark.*file:two.jsonl#finch"):
        load("two.jsonl", ["student.jsonl"])
    with pytest.raises(AuditError, match=r"holds no model 'owl'. It holds finch, lark"):
        load("two.jsonl#owl", ["student.jsonl"])


def test_names_the_panel_does_not_have(files):
    with pytest.raises(
        AuditError, match=r"No model 'wrem' in the panel, which has 3 models. Did you mean wren"
    ):
        load("student.jsonl", ["panel:wrem"], panel=files / "panel.jsonl")
    with pytest.raises(AuditError, match=r"needs a panel"):
        load("student.jsonl", ["panel:wren"])


def test_a_bare_name_that_the_panel_has(files):
    with pytest.raises(AuditError, match=r"no such file. The panel has a model of that name.*panel:wren"):
        load("student.jsonl", ["wren"], panel=files / "panel.jsonl")
    with pytest.raises(AuditError, match=r"no such file or folder.*MODEL must be a path"):
        load("student.jsonl", ["nothing"], panel=files / "panel.jsonl")


def test_a_name_clash_with_other_answers(files):
    with pytest.raises(AuditError, match=r"model 'wren'.*panel.jsonl has.*clash.jsonl has"):
        load("clash.jsonl", ["panel:owl"], panel=files / "panel.jsonl")


def test_the_same_answers_in_panel_and_file_are_merged(files):
    loaded = load("panel.jsonl#wren", ["panel:owl"], panel=files / "panel.jsonl")
    assert loaded.panel.subjects == ("robin", "wren", "owl")
    assert any("given twice" in note for note in loaded.panel.notes)
