"""`audit compare` on models of this disk: asked, compared by their weights, and scoring, in one command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor import store
from auditor.cli import main
from tests.panels import generated, written_panel
from tests.tiny_model import save

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

N, REFERENCES = 24, 6
MODELS = ("--student", "hf:student", "--teacher", "hf:teacher")
FILES = ("--panel", "panel.parquet", "--prompts", "prompts.parquet", "--lineage", "lineage.csv")
QUICK = ("--calibration", "none", "--bootstrap", "0", "--fail-on", "never", "-f", "json")


def tuned(base: Path, folder: Path, seed: int, size: float) -> Path:
    """A copy with every weight moved a little, as training moves it."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, folder)
    draw = torch.Generator().manual_seed(seed)
    weights = load_file(base / "model.safetensors")
    moved = {n: w + size * torch.randn(w.shape, generator=draw) for n, w in weights.items()}
    save_file(moved, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Checkpoints, a panel without the student and the teacher, and what documents say of all."""
    folder = tmp_path_factory.mktemp("local")
    base = save(folder / "base", seed=1)
    save(folder / "teacher", seed=4)
    tuned(base, folder / "student", 3, 0.02)
    references = [f"R{i:03d}" for i in range(REFERENCES)]
    for i, name in enumerate(references):
        tuned(base, folder / name, 10 + i, 0.02)
    panel, prompts = generated(REFERENCES, n_decoys=4, n_probes=N)
    panel = {name: given for name, given in panel.items() if name not in ("S", "T")}
    rows = ["model,role,provider,family,base,released,trained_on,source"]
    rows += [f"{r},reference,lab-{r},{r},base,,human,made here" for r in references]
    rows += [f"D{i:02d},decoy,p{i},D{i:02d},,2023-01,first-party,made here" for i in range(4)]
    rows += ["teacher,teacher,acme,teacher,,2023-01,first-party,made here"]
    rows += ["student,student,someone,student,,2023-06,,made here"]
    written_panel(folder, panel, prompts, "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def here(place, tmp_path, monkeypatch) -> Path:
    """A copy of the place, and work goes on in it."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def audit(*arguments: str):
    return CliRunner().invoke(main, arguments)


def collect(model: str, *arguments: str) -> None:
    """Short answers: a model of 256 tokens of context cannot give a thousand."""
    result = audit("collect", model, "--evidence", "audit.duckdb", "--max-tokens", "24", *arguments)
    assert result.exit_code == 0, result.stderr


def first_prompt() -> None:
    rows = pq.read_table("prompts.parquet")
    pq.write_table(rows.slice(0, 1), "one.parquet")


def test_from_folders_to_the_report_in_one_command(here):
    collect("hf:teacher", "--probes", "prompts.parquet")
    first_prompt()
    collect("hf:student", "--probes", "one.parquet")
    (here / "scores").mkdir()
    of_teacher = ("--panel", "audit.answers.jsonl", "--texts-of", "teacher")
    of_decoys = [word for i in range(4) for word in ("--texts-of", f"D{i:02d}")]
    for i in range(REFERENCES):
        for texts in (of_teacher, (*FILES[:4], *of_decoys)):
            result = audit("score", f"hf:R{i:03d}", *texts, "-o", f"scores/R{i:03d}.parquet")
            assert result.exit_code == 0, result.stderr
    command = ("compare", *MODELS, "--base", "hf:base", *FILES, "--scores", "scores", *QUICK)

    result = audit(*command)

    assert result.exit_code == 0, result.stderr
    assert f"Asking {N - 1} prompts to student at hf:sha256:" in result.stderr, "one was held"
    answers = [json.loads(line) for line in Path("audit.answers.jsonl").read_text("utf-8").splitlines()]
    assert sorted(a["model"] for a in answers) == ["student"] * N + ["teacher"] * N
    assert all(a["local"]["files"]["model.safetensors"] for a in answers)
    report = json.loads(result.stdout)
    weights = [t for t in report["tests"] if t["statistic"] == "combined"]
    assert [(t["subject"], t["other"], t["log10_p"] < -6) for t in weights] == [
        ("student", "teacher", False),
        ("student", "base", True),
        ("teacher", "base", False),
    ]
    assert {p.stem for p in Path("audit.scores").glob("*.parquet")} == {"student", "teacher", "base"}
    kept = store.read_report(Path("audit.duckdb"), report["run"]["id"])
    lift = [f for f in kept.findings if (f.detector, f.statistic) == ("lift", "lift")]
    assert [f.teacher for f in lift] == ["teacher"]
    # Measured for the student, whose base its weights show, and for the references, whose base is documented.
    assert lift[0].value is not None and len(lift[0].reference_models) == REFERENCES
    assert {v["evidence"] for v in report["verdicts"]} >= {"answers", "weights"}
    assert all(v["level"] in ("insufficient", "weak", "against") for v in report["verdicts"])
    assert set(map(str, Path("audit.scores").glob("*.parquet"))) <= set(report["run"]["inputs"])

    # The same again asks nobody, scores nothing, and says the same.
    before = Path("audit.answers.jsonl").read_bytes()
    again = audit(*command)
    assert again.exit_code == 0 and "Asking" not in again.stderr
    assert Path("audit.answers.jsonl").read_bytes() == before
    assert json.loads(again.stdout)["headline"] == report["headline"]
    assert len(store.list_runs(Path("audit.duckdb"))) == 2


def test_without_scores_of_references_nothing_is_scored_and_it_says_so(here):
    collect("hf:teacher", "--probes", "prompts.parquet")
    collect("hf:student", "--probes", "prompts.parquet")
    command = ("compare", *MODELS, "--base", "hf:base", *FILES, *QUICK)
    assert "student, teacher, base would be scored on the same texts" in audit(*command, "--dry-run").stdout
    report = json.loads(audit(*command).stdout)
    assert not Path("audit.scores").exists()
    lift = next(s for s in report["skipped"] if s["detector"] == "lift")
    assert "--scores" in lift["reason"]


def test_a_dry_run_asks_nobody(here):
    result = audit("compare", *MODELS, *FILES, *QUICK, "--dry-run")
    assert result.exit_code == 0 and f"{N} requests" in result.stdout and "student" in result.stdout
    assert not list(here.glob("audit.*"))


def test_answers_longer_than_the_context_are_said_and_nothing_is_judged(here):
    result = audit("compare", *MODELS, *FILES, *QUICK)
    assert result.exit_code == 3
    assert "more than the 256 tokens that student can see" in result.stderr
    assert "audit collect hf:student" in result.stderr and not list(here.glob("*.jsonl"))


def test_a_name_the_panel_has_already_is_refused_and_another_helps(here):
    shutil.copytree("student", "R000", dirs_exist_ok=True)
    result = audit("compare", "--student", "hf:R000", "--teacher", "panel:D00", *FILES, *QUICK)
    assert result.exit_code == 2 and "hf:R000#ANOTHER-NAME" in result.stderr
    collect("hf:R000#renamed", "--probes", "prompts.parquet")
    result = audit("compare", "--student", "hf:R000#renamed", "--teacher", "panel:D00", *FILES, *QUICK)
    assert result.exit_code == 0 and json.loads(result.stdout)["student"] == "renamed"
    assert not json.loads(result.stdout)["tests"], "one side alone has weights"


def test_other_weights_in_the_same_folder_are_another_model(here):
    collect("hf:student", "--probes", "prompts.parquet")
    shutil.copy(here / "base" / "model.safetensors", here / "student" / "model.safetensors")
    result = audit("collect", "hf:student", "--probes", "prompts.parquet", "-o", "audit.answers.jsonl")
    assert result.exit_code == 2 and "may be another model" in result.stderr


def test_weights_that_cannot_be_compared_are_said_and_the_answers_judged(here):
    """As a mixture of experts, which transformers asks and `descent` does not know."""
    from transformers import MixtralConfig, MixtralForCausalLM

    torch.manual_seed(5)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    experts = {"num_key_value_heads": 2, "num_local_experts": 2, "max_position_embeddings": 256}
    model = MixtralForCausalLM(MixtralConfig(vocab_size=330, **sizes, **experts))
    model.save_pretrained(here / "student")
    for name in ("student", "teacher"):
        collect(f"hf:{name}", "--probes", "prompts.parquet")
    result = audit("compare", *MODELS, *FILES, *QUICK)
    assert result.exit_code == 0, result.stderr
    said = "The weights of student were not compared: "
    report = json.loads(result.stdout)
    assert said in result.stderr and any(c.startswith(said) for c in report["caveats"])
    assert not report["tests"] and {v["evidence"] for v in report["verdicts"]} == {"answers"}
