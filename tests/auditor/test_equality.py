"""Is the student the teacher behind another name? A proxy of the teacher is called that, a fine-tune is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import main
from tests.endpoint_server import serving
from tests.model_server import serve
from tests.panels import generated, written_panel
from tests.tiny_model import save

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("openai")

N, REFERENCES = 24, 10
QUICK = ("--calibration", "none", "--bootstrap", "0", "--detector", "wording", "-f", "json")
FILES = ("--panel", "panel.parquet", "--prompts", "prompts.parquet", "--lineage", "lineage.csv")
NAMES = tuple(f"R{i:03d}" for i in range(REFERENCES))


def changed(folder: Path, to: Path, size: float, seed: int = 0, steps: int = 0) -> Path:
    """A copy: every weight moved a little, as training moves it, or rounded to so many steps a row."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, to)
    draw = torch.Generator().manual_seed(seed)
    weights = load_file(folder / "model.safetensors")
    for name, w in weights.items():
        w += size * torch.randn(w.shape, generator=draw)
        if steps and w.dim() > 1:
            scale = w.abs().amax(dim=1, keepdim=True) / steps
            weights[name] = (w / scale).round() * scale
    save_file(weights, to / "model.safetensors", {"format": "pt"})
    return to


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """The teacher, a fine-tune and a rounded copy of it, references tuned from the teacher's base; a panel."""
    folder = tmp_path_factory.mktemp("equal")
    base = save(folder / "base", seed=1)
    teacher = changed(base, folder / "teacher", 0.1, 2)
    changed(teacher, folder / "tuned", 0.02, 3)
    changed(teacher, folder / "int8", 0.0, steps=127)
    for i, name in enumerate(NAMES):
        changed(base, folder / name, 0.1, 10 + i)
    panel, prompts = generated(REFERENCES, n_decoys=4, n_probes=N)
    panel = {name: given for name, given in panel.items() if name not in ("S", "T")}
    rows = ["model,role,provider,family,base,released,trained_on,source"]
    rows += [f"{r},reference,lab-{r},{r},base,,human,made here" for r in NAMES]
    rows += [f"D{i:02d},decoy,p{i},D{i:02d},,2023-01,first-party,made here" for i in range(4)]
    rows += ["teacher,teacher,acme,teacher,,2023-01,first-party,made here"]
    written_panel(folder, panel, prompts, "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def here(place, tmp_path, monkeypatch) -> Path:
    """A copy of the place, and work goes on in it."""
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def models(place):
    """Every checkpoint, opened."""
    from auditor.sources.local import opened

    return {name: opened(f"hf:{place / name}") for name in ("teacher", "tuned", "int8", *NAMES)}


@pytest.fixture
def server(models):
    """An endpoint: "proxy" hands on to the teacher, "tuned" to a fine-tune, "int8" to a rounded copy."""
    with serving() as running:
        serve(running, models | {"proxy": models["teacher"]})
        yield running


def audit(*arguments: str, code: int = 0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.stderr + result.stdout[-6000:]
    return result


def report(*arguments: str, code: int = 0) -> dict:
    return json.loads(audit("compare", *arguments, *QUICK, code=code).stdout)


def same(found: dict, teacher: str = "teacher") -> list[dict]:
    return [v for v in found["verdicts"] if v["proposition"] == "same_model" and v["teacher"] == teacher]


def of_answers(found: dict) -> dict:
    return next(v for v in found["verdicts"] if v["evidence"] == "answers")


def asked(server, name: str, scorers=NAMES) -> tuple[str, ...]:
    """The student behind the endpoint has answered, references have scored its answers; what to compare."""
    student = f"openai:{name}@{server.url}"
    audit("collect", student, "--probes", "prompts.parquet", "--evidence", "audit.duckdb", "--logprobs", "5")
    audit("collect", "hf:teacher", "--probes", "prompts.parquet", "--evidence", "audit.duckdb",
          "--max-tokens", "16")  # fmt: skip
    Path("scores").mkdir()
    for scorer in scorers:
        texts = ("--panel", "audit.answers.jsonl", "--texts-of", name)
        audit("score", f"hf:{scorer}", *texts, "-o", f"scores/{scorer}.parquet")
    return ("--student", student, "--teacher", "hf:teacher", *FILES, "--scores", "scores")


@pytest.mark.parametrize(("name", "near"), [("proxy", 1e-4), ("int8", 0.02)])
def test_a_proxy_of_the_teacher_is_called_the_same_model(here, server, name, near):
    found = report(*asked(server, name), "--fail-on", "weak", code=1)
    (verdict,) = same(found)
    assert (verdict["level"], verdict["reason"], verdict["references"]) == ("weak", "same", REFERENCES)
    (test,) = (t for t in found["tests"] if t["detector"] == "equality")
    assert test["value"] < near and test["params"]["texts"] == N
    assert len(test["params"]["references"]) == REFERENCES and min(test["params"]["references"].values()) > 0.1
    assert "teacher under another name" in found["headline"]
    assert of_answers(found)["reason"] in ("same_model", "same_answers", "few_references")
    assert "10 references" in verdict["words"] and "rounding" in verdict["words"]


def test_a_fine_tune_of_the_teacher_is_not(here, server):
    found = report(*asked(server, "tuned"))
    (verdict,) = same(found)
    assert (verdict["level"], verdict["reason"]) == ("insufficient", "closer_than_references")
    assert "a fine-tune of teacher" in verdict["words"] and "another name" not in found["headline"]


def test_a_stranger_is_not_and_the_figures_stand_beside_distillation(here, server):
    rows = Path("lineage.csv").read_text("utf-8").replace("R000,", "X,")
    Path("lineage.csv").write_text(rows, "utf-8")
    audit("panel", "import", "panel.parquet", "--prompts", "prompts.parquet", "-o", "whole.parquet")
    found = report(*asked(server, "R001", [n for n in NAMES if n != "R001"]))
    assert not same(found)


def test_without_references_nobody_is_called_the_same(here, server):
    found = report(*asked(server, "proxy", NAMES[:3]))
    assert not same(found) and "another name" not in found["headline"]
    (skipped,) = (s for s in found["skipped"] if s["detector"] == "equality")
    assert "3 reference models" in skipped["reason"] and "9 are needed" in skipped["reason"]


def recorded(server, *names: str) -> tuple[str, ...]:
    """All of them have answered behind the endpoint, with log-probabilities, into one file."""
    for name in names:
        model = f"openai:{name}@{server.url}"
        audit("collect", model, "--probes", "prompts.parquet", "-o", "answers.jsonl", "--logprobs", "20")
    return ("--panel", "answers.jsonl", "--lineage", "lineage.csv")


@pytest.mark.parametrize(
    ("student", "level"), [("proxy", "weak"), ("int8", "weak"), ("tuned", "insufficient")]
)
def test_both_behind_an_endpoint(here, server, student, level):
    files = recorded(server, "teacher", student, *NAMES)
    found = report("--student", f"panel:{student}", "--teacher", "panel:teacher", *files, "--fail-on", "never")
    assert [v["level"] for v in same(found)] in ([level], [] if level == "insufficient" else [level])


def test_distributions_of_models_on_this_machine(here):
    """Beside each other over the whole vocabulary; ranked among the base and the decoys that are here."""
    for model in ("teacher", "tuned", "int8", *NAMES[:9]):
        audit("collect", f"hf:{model}#m-{model}", "--probes", "prompts.parquet", "--evidence", "audit.duckdb",
              "--max-tokens", "16")  # fmt: skip
    decoys = [word for n in NAMES[:9] for word in ("--decoy", f"hf:{n}#m-{n}")]
    told = {}
    for name in ("int8", "tuned"):
        pair = ("--student", f"hf:{name}#m-{name}", "--teacher", "hf:teacher#m-teacher")
        found = report(*pair, "--base", "hf:base#m-base", *decoys, *FILES, "--fail-on", "never")
        told[name] = {t["statistic"]: t for t in found["tests"] if t["detector"] == "equality"}
        assert [v["level"] for v in same(found, "m-teacher")] == ["weak" if name == "int8" else "insufficient"]
    for one in told.values():
        assert {t["p"] for t in one.values()} == {1 / 11}, "nearer than the base and nine decoys"
    assert told["int8"]["jensen_shannon"]["value"] < 5e-4 < told["tuned"]["jensen_shannon"]["value"]
    assert told["int8"]["bottom_overlap"]["value"] > told["tuned"]["bottom_overlap"]["value"]
