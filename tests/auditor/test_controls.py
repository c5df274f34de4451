"""Positive controls: exact shares, prompts never taught, files for the bench; training, where torch is."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest
from click.testing import CliRunner

from auditor import control_run, controls, lineage, relations
from auditor.case import Silent
from auditor.cli import main
from auditor.controls import Control, Settings
from auditor.errors import AuditError
from auditor.panel import assemble
from auditor.readers import read
from auditor.report import LineageRow

MODELS = ("T", "T-sibling", "T-student", "A", "B")
N_PROMPTS = 400


@pytest.fixture
def recorded(tmp_path):
    path = tmp_path / "answers.jsonl"
    rows = [
        {"model": model, "prompt": f"Say {n}.", "output": f"{model} says {n}, and {n} again."}
        for model in MODELS
        for n in range(N_PROMPTS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def panel(recorded):
    return assemble([read(recorded)])


class Parrot:
    """Repeats an answer of its last student's documents."""

    def __init__(self):
        self.taught = []

    def about(self):
        return {"base": "parrot"}

    def train(self, control, folder):
        self.taught.append(control)
        return 1.0

    def ask(self, prompts, seed):
        return [self.taught[-1].documents[0][1] for _ in prompts]


def test_the_share_of_the_teachers_documents_is_exact_and_every_prompt_is_taught_once(panel):
    made = controls.plan(panel, Settings("T", (0, 1, 5, 25, 100)), others=("A", "B"))
    assert len(made.controls) == 10
    for control in made.controls:
        by = Counter(answer.split()[0] for _, answer in control.documents)
        assert by["T"] == round(200 * control.share / 100)
        assert sorted(prompt for prompt, _ in control.documents) == sorted(made.taught)
        assert all(prompt.split()[1][:-1] in answer for prompt, answer in control.documents)


def test_no_prompt_is_both_taught_and_asked(panel):
    made = controls.plan(panel, Settings("T", asked=0.3), others=("A",))
    assert (len(made.taught), len(made.asked)) == (280, 120)
    assert not set(made.taught) & set(made.asked)
    assert {prompt for prompt, _ in made.common} == set(made.taught)


def test_students_of_one_share_differ_and_the_same_seed_draws_the_same(panel):
    first, again = (controls.plan(panel, Settings("T", (25,)), others=("A", "B")) for _ in range(2))
    assert first == again
    assert first.controls[0].documents != first.controls[1].documents
    other = controls.plan(panel, Settings("T", (25,), seed=1), others=("A", "B"))
    assert other.asked != first.asked


def test_whoever_is_connected_with_the_teacher_does_not_fill_up(panel):
    rows = [
        LineageRow("T", provider="maker", group="T"),
        LineageRow("T-sibling", provider="maker", group="T"),
        LineageRow("T-student", provider="else", trained_on="T;human"),
        LineageRow("A", provider="third"),
    ]
    known = lineage.Lineage({row.model: row for row in rows}, "test")
    assert controls.plan(panel, Settings("T"), lineage=known).others == ("A", "B")
    assert len(controls.plan(panel, Settings("T")).others) == 4


@pytest.mark.parametrize(
    ("settings", "others", "words"),
    [
        (Settings("nobody"), (), "No model 'nobody'"),
        (Settings("T"), ("nobody",), "No model 'nobody'"),
        (Settings("T"), ("T",), "named itself"),
        (Settings("T", (5, 5)), ("A",), "different"),
        (Settings("T", (101,)), ("A",), "0 to 100"),
        (Settings("T", (1,), asked=0.9), ("A",), "at least 100 prompts"),
        (Settings("T", asked=0.99), ("A",), "need 20 prompts"),
        (Settings("T", students=0), ("A",), "at least 1"),
    ],
)
def test_wrong_settings_say_what_is_allowed(panel, settings, others, words):
    with pytest.raises(AuditError, match=words):
        controls.plan(panel, settings, others)


def test_what_is_written_is_read_by_the_other_verbs(panel, tmp_path):
    table = lineage.Lineage({"T": LineageRow("T", provider="maker")}, "test")
    made = controls.plan(panel, Settings("T", (0, 5, 100)), others=("A", "B"), lineage=table)
    parrot = Parrot()
    rows = control_run.run(made, panel, parrot, tmp_path, Silent())
    assert [control.name for control in parrot.taught] == [row["model"] for row in rows]
    answered = assemble([read(tmp_path / "answers.jsonl")])
    assert set(answered.subjects) == {row["model"] for row in rows}
    assert {probe.prompt for probe in answered.probes} == set(made.asked)
    together = assemble([read(tmp_path / "panel.parquet")])
    assert set(together.subjects) == {*MODELS, *answered.subjects}
    assert set(together.coverage().values()) == {1.0}
    assert together.select(answered.subjects).content_hash() == answered.content_hash()
    asked = [probe.id for probe in answered.probes]
    assert together.select(MODELS).content_hash() == panel.select(MODELS, asked).content_hash()
    known = lineage.read(tmp_path / "lineage.csv")
    assert known.row("T").provider == "maker"
    assert known.row("control-T-005-1").trained_on == "T;A;B"
    assert known.row("control-T-000-1").trained_on == "A;B"
    found = relations.read(tmp_path / "relations-005.csv")
    assert Counter(r.label for r in found) == {"positive": 2, "negative": 2}
    assert {r.student for r in found if r.label == "positive"} == {"control-T-005-1", "control-T-005-2"}
    documents = (tmp_path / "models" / "control-T-100-1" / "documents.jsonl").read_text().splitlines()
    assert [json.loads(line)["output"][0] for line in documents] == ["T"] * len(made.taught)
    assert not (tmp_path / "relations-000.csv").exists()
    record = json.loads((tmp_path / "controls.json").read_text(encoding="utf-8"))
    assert record["panel"] == panel.content_hash() and record["pupils"] == {"base": "parrot"}


def test_a_models_name_becomes_one_folder():
    assert control_run.file_name("control-org/model: 7b-005-1") == "control-org_model_7b-005-1"
    assert "/" not in control_run.file_name("../../x")


def audit(*arguments):
    return CliRunner().invoke(main, ["controls", *map(str, arguments)], prog_name="audit")


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(recorded, tmp_path):
    out = tmp_path / "out"
    result = audit("--panel", recorded, "-t", "T", "-o", out, "--dry-run", "--other", "A")
    assert result.exit_code == 0
    assert "10 students of T, 200 documents each" in result.stderr
    assert not out.exists()


def test_a_folder_with_something_in_it_and_a_wrong_list_are_refused(recorded, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "full")
    assert result.exit_code == 2 and "there already" in result.stderr
    result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "new", "--mix", "many")
    assert result.exit_code == 2 and "0,5,25,100" in result.stderr


def test_without_the_extra_it_says_what_to_install(recorded, tmp_path, monkeypatch):
    import importlib

    def lacking(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", lacking)
    result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "out")
    assert result.exit_code == 2 and "distill-audit[controls]" in result.stderr


def test_a_base_that_is_none_is_refused(recorded, tmp_path):
    for base in ("hf:somewhere/else", "somewhere"):
        result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "out", "--base", base)
        assert result.exit_code == 2 and "not a local model" in result.stderr


def test_pickled_weights_and_code_of_the_models_own_are_refused(recorded, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("peft")
    base = tmp_path / "base"
    base.mkdir()
    (base / "pytorch_model.bin").write_bytes(b"")
    result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "out", "--base", f"hf:{base}")
    assert result.exit_code == 2 and "Pickled" in result.stderr
    (base / "model.safetensors").write_bytes(b"")
    (base / "config.json").write_text('{"auto_map": {"AutoModelForCausalLM": "evil.Evil"}}')
    result = audit("--panel", recorded, "-t", "T", "-o", tmp_path / "out", "--base", f"hf:{base}")
    assert result.exit_code == 2 and "never run" in result.stderr


def test_tiny_students_learn_what_they_are_taught_and_serve_as_a_base_for_adapters(recorded, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("peft")
    common = (
        "--panel",
        recorded,
        "-t",
        "T",
        "--other",
        "A",
        "--other",
        "B",
        "--students",
        1,
        "--max-tokens",
        24,
    )
    result = audit(*common, "-o", tmp_path / "tiny", "--mix", "0,100", "--epochs", 8)
    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in (tmp_path / "tiny" / "answers.jsonl").read_text().splitlines()]
    says_t = Counter(row["model"] for row in rows if row["output"].startswith("T"))
    assert says_t["control-T-100-1"] > 150 and says_t["control-T-000-1"] < 20
    assert (tmp_path / "tiny" / "models" / "control-T-100-1" / "model.safetensors").exists()
    base = f"hf:{tmp_path / 'tiny' / 'base'}"
    result = audit(*common, "-o", tmp_path / "lora", "--mix", "25", "--base", base)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "lora" / "models" / "control-T-025-1" / "adapter_model.safetensors").exists()
    with (tmp_path / "lora" / "lineage.csv").open() as file:
        assert [row["base"] for row in csv.DictReader(file)] == ["base"]


def test_a_gguf_is_a_base_and_no_student_changes_it(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("peft")
    pytest.importorskip("gguf")
    from safetensors.torch import load_file

    from auditor.fitting import Recipe
    from auditor.pupils import open_base
    from tests.tiny_model import save, to_gguf

    to_gguf(save(tmp_path / "plain"), tmp_path / "packed.gguf")
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed.gguf").rename(tmp_path / "packed" / "tiny.gguf")
    documents = [("why?", "because air scatters the light of the sun"), ("the dog", "sat on the log")] * 4
    one, other = Control("one", 100, 1, documents), Control("other", 100, 2, documents[::-1])
    pupils = open_base(f"hf:{tmp_path / 'packed'}", [], Recipe(epochs=2, batch=2), 0, tmp_path)
    losses = []
    for name, control in (("first", one), ("second", other), ("third", one)):
        losses.append(pupils.train(control, tmp_path / name))
    first, second, third = (
        load_file(tmp_path / name / "adapter_model.safetensors") for name in ("first", "second", "third")
    )
    assert losses[0] == losses[2] != losses[1]
    assert all(bool((first[key] == third[key]).all()) for key in first)
    assert any(bool((first[key] != second[key]).any()) for key in first)
    with_safetensors = open_base(f"hf:{tmp_path / 'plain'}", [], Recipe(epochs=2, batch=2), 0, tmp_path)
    assert with_safetensors.train(one, tmp_path / "fourth") == pytest.approx(losses[0], abs=1e-3)
