"""Is the student the teacher behind another name? A proxy of the teacher is called that, a fine-tune not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from auditor import equality, equality_words, verdict
from auditor.cli import main
from auditor.distances import Distances
from auditor.sources.side_by_side import Distance
from detectors.equality import closeness
from tests.auditor.reports.samples import finding
from tests.endpoint_server import serving
from tests.model_server import serve
from tests.panels import generated, written_panel
from tests.tiny_model import save, save_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("openai")

SCHEMA = json.loads((Path(__file__).parents[2] / "data/schema/report-1.0.schema.json").read_text("utf-8"))
N, REFERENCES = 24, 9
QUICK = ("--calibration", "none", "--bootstrap", "0", "--detector", "wording", "-f", "json")
FILES = ("--panel", "panel.parquet", "--prompts", "prompts.parquet", "--lineage", "lineage.csv")
NAMES = tuple(f"R{i:03d}" for i in range(REFERENCES))
STUDENTS = ("proxy", "half", "tuned", "stranger")


def changed(folder: Path, to: Path, size: float, seed: int = 0, *, half: bool = False) -> Path:
    """A copy: every weight moved a little, as training moves it, or rounded to 16 bits."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, to)
    draw = torch.Generator().manual_seed(seed)
    weights = load_file(folder / "model.safetensors")
    for name, w in weights.items():
        weights[name] = w.half().float() if half else w + size * torch.randn(w.shape, generator=draw)
    save_file(weights, to / "model.safetensors", {"format": "pt"})
    return to


def audit(*arguments: str, code: int = 0):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code, result.stderr
    return result


def report(*arguments: str, code: int = 0) -> dict:
    return json.loads(audit("compare", *arguments, *QUICK, code=code).stdout)


def same(found: dict) -> list[dict]:
    return [v for v in found["verdicts"] if v["proposition"] == "same_model"]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """The teacher, a fine-tune and a rounded copy of it, references that resemble it; a panel."""
    folder = tmp_path_factory.mktemp("equal")
    base = save(folder / "base", seed=1)
    teacher = changed(base, folder / "teacher", 0.1, 2)
    changed(teacher, folder / "tuned", 0.005, 3)
    changed(teacher, folder / "half", 0.0, half=True)
    for i, name in enumerate(NAMES):
        changed(teacher, folder / name, 0.02, 10 + i)
    panel, prompts = generated(REFERENCES, n_decoys=4, n_probes=N)
    panel = {name: given for name, given in panel.items() if name not in ("S", "T")}
    rows = ["model,role,provider,family,base,released,trained_on,source"]
    rows += [f"{r},reference,lab-{r},{r},base,,human,made here" for r in NAMES]
    rows += [f"D{i:02d},decoy,p{i},D{i:02d},,2023-01,first-party,made here" for i in range(4)]
    rows += ["teacher,teacher,acme,teacher,,2023-01,first-party,made here"]
    written_panel(folder, panel, prompts, "\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def models(place):
    """Every checkpoint, opened."""
    from auditor.sources.local import opened

    return {name: opened(f"hf:{place / name}") for name in ("base", "teacher", "tuned", "half", *NAMES)}


@pytest.fixture(scope="module")
def url(models):
    """An endpoint: "proxy" hands on to the teacher, "stranger" serves a model of the teacher's base."""
    with serving() as running:
        serve(running, models | {"proxy": models["teacher"], "stranger": models["R000"]})
        yield running.url


@pytest.fixture(scope="module")
def answered(place, url) -> Path:
    """The students have answered behind the endpoint, and the references have scored their answers."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(place)
        ask = ("--probes", "prompts.parquet", "--evidence", "audit.duckdb")
        for name in STUDENTS:
            audit("collect", f"openai:{name}@{url}", *ask, "--logprobs", "5")
        audit("collect", "hf:teacher", *ask, "--max-tokens", "16")
        Path("scores").mkdir()
        words = [word for name in STUDENTS for word in ("--texts-of", name)]
        for scorer in NAMES:
            texts = ("--panel", "audit.answers.jsonl", *words)
            audit("score", f"hf:{scorer}", *texts, "-o", f"scores/{scorer}.parquet")
    return place


@pytest.fixture
def here(answered, tmp_path, monkeypatch) -> Path:
    """A copy of the place, and work goes on in it."""
    shutil.copytree(answered, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pair(name: str, url: str) -> tuple[str, ...]:
    return ("--student", f"openai:{name}@{url}", "--teacher", "hf:teacher", *FILES, "--scores", "scores")


@pytest.mark.parametrize(("name", "near"), [("proxy", 1e-4), ("half", 0.05)])
def test_a_proxy_of_the_teacher_is_called_the_same_model(here, url, name, near):
    found = report(*pair(name, url), "--fail-on", "weak", code=1)
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    (verdict,) = same(found)
    assert (verdict["level"], verdict["reason"], verdict["references"]) == ("weak", "same", REFERENCES)
    (test,) = (t for t in found["tests"] if t["detector"] == "equality")
    assert test["value"] < near and test["params"]["texts"] >= N - 2
    assert min(test["params"]["references"].values()) > 20 * test["value"]
    assert f"{name} being teacher under another name" in found["headline"]
    assert "9 references" in verdict["words"] and "A router or a proxy" in verdict["words"]
    distilled = next(v for v in found["verdicts"] if v["evidence"] == "answers")
    assert distilled["level"] == "insufficient"
    assert any("the log-probabilities of" in a["text"] for a in distilled["alternatives"])


def test_a_fine_tune_of_the_teacher_is_not(here, url):
    found = report(*pair("tuned", url))
    (verdict,) = same(found)
    assert (verdict["level"], verdict["reason"]) == ("insufficient", "closer_than_references")
    assert "a fine-tune of teacher" in verdict["words"] and "another name" not in found["headline"]


def test_a_stranger_is_not_and_its_figures_stand_among_the_tests(here, url):
    found = report(*pair("stranger", url))
    (test,) = (t for t in found["tests"] if t["detector"] == "equality")
    assert not same(found) and test["p"] > 0.05


def test_without_references_nobody_is_called_the_same(here, url):
    for name in NAMES[3:]:
        Path(f"scores/{name}.parquet").unlink()
    found = report(*pair("proxy", url))
    assert not same(found) and "another name" not in found["headline"]
    (skipped,) = (s for s in found["skipped"] if s["detector"] == "equality")
    assert "3 reference models" in skipped["reason"] and "9 are needed" in skipped["reason"]


@pytest.fixture(scope="module")
def recorded(place, url, tmp_path_factory) -> Path:
    """Everybody has answered behind the endpoint, with log-probabilities, into one file."""
    folder = tmp_path_factory.mktemp("recorded")
    for name in ("teacher", *STUDENTS[:3], *NAMES):
        given = ("--probes", str(place / "prompts.parquet"), "--logprobs", "20")
        audit("collect", f"openai:{name}@{url}", *given, "-o", str(folder / "answers.jsonl"))
    shutil.copy(place / "lineage.csv", folder)
    return folder


@pytest.mark.parametrize(("student", "levels"), [("proxy", ["weak"]), ("tuned", ["insufficient"])])
def test_both_behind_an_endpoint(recorded, tmp_path, student, levels):
    files = ("--panel", str(recorded / "answers.jsonl"), "--lineage", str(recorded / "lineage.csv"))
    models = ("--student", f"panel:{student}", "--teacher", "panel:teacher")
    more = ("--evidence", str(tmp_path / "e.duckdb"), "--fail-on", "never")
    assert [v["level"] for v in same(report(*models, *files, *more))] == levels


def of_gaps(value: float, references: list[float], p: float, distances=None) -> equality.Tested:
    named = {f"R{i}": r for i, r in enumerate(references)}
    near = closeness(value, references)
    return equality.Tested("T", equality.GAP, value, 900, 30, named, near, distances, p)


@pytest.mark.parametrize(
    ("value", "references", "p", "late", "level", "reason"),
    [
        (0.001, [0.5, 0.6] * 10, 0.001, False, "moderate", "same"),
        (0.001, [0.5, 0.6] * 10, 0.02, False, "weak", "same"),
        (0.001, [0.5, 0.6] * 9, 0.001, False, "weak", "same"),
        (0.001, [0.5, 0.6] * 10, 0.001, True, "insufficient", "teacher_later"),
        (0.06, [5.0, 6.0] * 10, 0.001, False, "insufficient", "closer_than_references"),
        (0.03, [0.5, 0.6] * 10, 0.001, False, "insufficient", "closer_than_references"),
        (0.001, [0.5, 0.6] * 10, 0.06, False, "insufficient", "not_unusual"),
        (0.001, [0.5, 0.6] * 8 + [0.0005, 0.001], 0.04, False, "insufficient", "rank_above_0.10"),
    ],
)
def test_both_conditions_and_the_levels(value, references, p, late, level, reason):
    found = equality.decide(of_gaps(value, references, p), late=late)
    assert (found.level, found.reason) == (level, reason)


def test_distributions_further_apart_than_rounding_makes_them_overrule_near_texts():
    apart = Distances(Distance(0.01, 0.9, 0.01, 900, 30), {})
    found = equality.decide(of_gaps(0.001, [0.5, 0.6] * 10, 0.001, apart), late=False)
    assert found.reason == "closer_than_references"
    assert "over whole distributions by 0.010 nats" in equality_words.verdicts("S", [found])[0].words


def test_who_is_the_teacher_was_not_taught_by_it():
    joint = finding("T")
    basis = verdict.Basis("T", joint, 0.001, 40, 20, 12, 4, False, 0.0)
    assert verdict.decide(basis)[1] == "unusual"
    basis = replace(basis, same_model=True)
    assert verdict.decide(basis) == ("insufficient", "same_model")
    assert verdict.cap(basis)[0] == "insufficient"


def test_distributions_of_two_models_on_this_machine(models):
    from auditor.sources.side_by_side import distance, unlike

    prompts, texts = ["why is the sky blue?", "the dog"], ["the cat sat on the mat", "rain falls on the log"]
    found = {n: distance(models[n], models["teacher"], prompts, texts) for n in ("half", "tuned", "base")}
    assert found["half"].jensen_shannon < 5e-4 < found["tuned"].jensen_shannon < found["base"].jensen_shannon
    assert found["half"].bottom_overlap > 0.9 > found["base"].bottom_overlap
    assert found["half"].subspace_residual < 1e-3 < found["base"].subspace_residual
    assert found["half"].texts == 2 and found["half"].positions == found["base"].positions > 10
    assert not unlike(models["half"], models["teacher"])


def test_models_of_other_vocabularies_are_said_not_to_be_compared(models, place, tmp_path):
    from auditor.sources.local import opened
    from auditor.sources.side_by_side import unlike

    other = shutil.copytree(place / "tuned", tmp_path / "other")
    save_tokenizer(other, vocabulary=300)
    assert "different vocabularies" in unlike(opened(f"hf:{other}"), models["teacher"])


def test_distributions_are_ranked_among_bases_and_decoys_that_are_here(here):
    ask = ("--probes", "prompts.parquet", "--evidence", "audit.duckdb", "--max-tokens", "16")
    for name in ("half", "R000", "R001"):
        audit("collect", f"hf:{name}#my-{name}", *ask)
    models = ("--student", "hf:half#my-half", "--teacher", "hf:teacher", "--base", "hf:base")
    decoys = ("--decoy", "hf:R000#my-R000", "--decoy", "hf:R001#my-R001")
    found = report(*models, *decoys, *FILES, "--fail-on", "never")
    tests = {t["statistic"]: t for t in found["tests"] if t["detector"] == "equality"}
    assert set(tests) == {"jensen_shannon", "bottom_overlap", "subspace_residual"}
    assert all(t["p"] == 1 / 4 and len(t["params"]["others"]) == 3 for t in tests.values())
    assert not same(found), "three others are too few to call anybody the same"
