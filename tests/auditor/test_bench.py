"""`audit bench` on a generated panel whose history is known."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

from auditor import bench, breakdown, rates, relations
from auditor.attribution import attribution
from auditor.cli import main
from auditor.errors import AuditError
from auditor.rates import rate
from tests.known_pairs import answered, pair
from tests.panels import generated, lineage_csv, mixed, written_panel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("bench")
    panel, prompts = generated(24, n_probes=40, n_pupils=12, share=1.0)
    rows = [f"negative,R{i:03d},T," for i in range(8, 24)]
    draw = np.random.default_rng(1)
    for i in range(8):
        panel[f"P{i}"] = mixed(panel[f"R{i:03d}"], panel["S"], 0.6, draw)
        kind = "sft-on-outputs then PPO" if i < 3 else "sft-on-outputs"
        rows += [f"positive,P{i},T,{kind}", f"negative-wrong-teacher,P{i},D01,"]
    lineage = lineage_csv(list(panel)) + "T2,teacher,acme,T,T,original,2024-01,first-party,made here\n"
    panel["T2"] = mixed(panel["T"], panel["S"], 0.5, draw)
    rows += ["same-base-model,Q000,D00,", "logit-distill-base,Q001,D01,", "ambiguous,S,T,"]
    rows += ["negative-temporal,P0,T2,", "negative-temporal,D05,D01,"]
    written_panel(folder, panel, prompts, lineage)
    (folder / "relations.csv").write_text(
        "label,student_model,teacher_models,kind\n" + "\n".join(rows) + "\n"
    )
    arguments = ["bench", "--panel", str(folder / "panel.parquet"), "--lineage", str(folder / "lineage.csv")]
    arguments += ["--relations", str(folder / "relations.csv"), "--probes", "20"]
    outputs = [part for f in ("text", "json", "html") for part in ("-f", f, "-o", str(folder / f"b.{f}"))]
    result = CliRunner().invoke(main, [*arguments, *outputs])
    assert result.exit_code == 0, result.stderr
    return {f: (folder / f"b.{f}").read_text() for f in ("text", "json", "html")}


def test_the_figures_are_those_of_the_known_history(found: dict) -> None:
    b = json.loads(found["json"])
    assert (b["students"], b["controls"]) == (8, 24)
    assert b["auc"] > 0.9 and b["tpr_at_fpr05"]["of"] == 8
    assert b["auc_family95"][0] <= b["auc"] <= b["auc_family95"][1]
    assert b["controls_at_moderate_or_above"]["n"] <= 1 and b["controls_at_moderate_or_above"]["of"] == 24
    assert b["students_at_moderate_or_above"]["n"] >= 5
    assert b["top1_teacher"]["rate"] == b["top1_provider"]["rate"] == 1.0
    assert set(b["by_probes"]) == {"20", "40"} and b["by_label"]["negative"]["auc"] > 0.9
    assert (b["by_probes"]["20"]["draws"], b["by_probes"]["40"]["draws"]) == (3, 1)
    assert b["by_probes"]["40"]["tpr_at_fpr05"] == b["tpr_at_fpr05"]
    assert "wording cosine" in b["by_detector"] and b["by_teacher"]["T"]["true_positives_at_p05"]["of"] == 8
    assert sum(b["reasons"].values()) == 32
    for key in ("cllr", "cllr_min"):
        assert 0 <= b[key] < 0.6


def test_ratios_are_shown_as_curves(found: dict) -> None:
    b = json.loads(found["json"])
    at_even_odds = b["ece"]["log10_prior_odds"].index(0)
    assert b["ece"]["observed"][at_even_odds] == pytest.approx(b["cllr"])
    assert b["ece"]["calibrated"][at_even_odds] == pytest.approx(b["cllr_min"])
    assert b["ece"]["reference"][at_even_odds] == pytest.approx(1.0)
    assert b["tippett"]["students"][0] == pytest.approx(1.0) == b["tippett"]["innocents"][0]
    assert b["misleading"]["10"]["innocents"]["of"] == 24 and b["misleading"]["10"]["students"]["of"] == 8


def test_students_by_tuning(found: dict) -> None:
    b = json.loads(found["json"])
    assert {k: v["pairs"] for k, v in b["by_tuning"].items()} == {"sft": 5, "preference": 3}
    assert [v["tpr_at_fpr01"]["of"] for v in b["by_tuning"].values()] == [5, 3]
    tuned = {r["student"] for r in b["rows"] if r["part"] == "student" and r["tuning"] == "preference"}
    assert tuned == {"P0", "P1", "P2"}


def test_descent_and_the_same_provider_are_no_controls(found: dict) -> None:
    b = json.loads(found["json"])
    assert set(b["same_base"]["by_label"]) == {"same-base-model", "logit-distill-base"}
    assert b["same_base"]["pairs"] == b["same_base"]["at_moderate_or_above"]["of"] == 2
    assert set(b["same_provider"]["by_label"]) == {"negative-temporal", "negative-temporal, documented line"}
    parts = [r["part"] for r in b["rows"]]
    assert {p: parts.count(p) for p in parts} == {
        "student": 8,
        "control": 24,
        "same_base": 2,
        "same_provider": 2,
    }
    assert [r["teacher"] for r in b["rows"] if r["documented_line"]] == ["T2"]
    assert set(b["by_label"]) == {"negative", "negative-wrong-teacher"}


def test_formats(found: dict) -> None:
    assert "innocent pairs accused at moderate or above" in found["text"].splitlines()[0]
    assert found["html"].count("<svg") == 2 and "script" not in found["html"]
    assert found["html"].count("<table") == 12


def test_the_documents_take_every_block_from_a_report(found: dict) -> None:
    script = written_by()
    b = json.loads(found["json"])
    for name in script.DOCUMENTS:
        for block in re.findall(r"<!-- bench:(\w+) -->", (ROOT / name).read_text(encoding="utf-8")):
            assert block in script.TABLES
    for block, table in script.TABLES.items():
        text = table(b)
        widths = {line.count("|") for line in text.splitlines()}
        assert len(widths) == 1 and text.count("\n") > 2, block
    assert "8 of 8 = 1.000 [.631, 1.000]" in script.summary(b)


def written_by() -> ModuleType:
    """docs/measurements/write_tables.py, which is a script and no part of a package."""
    path = ROOT / "docs" / "measurements" / "write_tables.py"
    spec = importlib.util.spec_from_file_location("write_tables", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nobody_is_judged_by_a_fit_that_knows_the_family() -> None:
    rng = np.random.default_rng(0)
    clear = [pair(f"p{i}", "positive", 3 + rng.normal(), f"a{i}") for i in range(8)]
    clear += [pair(f"n{i}", "negative", rng.normal(), f"b{i}") for i in range(8)]
    before = bench.held_out(clear)
    odd = [*clear[:-1], pair("n7", "negative", 50.0, "b7")]
    assert bench.held_out(odd)[-1] > before[-1] and bench.held_out(odd)[0] < before[0]
    apart = [*clear, pair("d", "same-base-model", 9.0, "c"), pair("e", "same-base-model", 1.0, "a0")]
    np.testing.assert_array_equal(bench.held_out(apart)[:-2], before)  # descent takes no part in the fit
    own = bench.held_out([*clear, pair("e", "negative", 1.0, "a0")])[-1]
    assert bench.held_out(apart)[-1] == pytest.approx(own)  # by the fit without its family


def test_release_dates_can_be_left_out() -> None:
    rng = np.random.default_rng(0)
    clear = [pair(f"p{i}", "positive", 3 + rng.normal(), f"a{i}") for i in range(8)]
    clear += [pair(f"n{i}", "negative", rng.normal(), f"b{i}") for i in range(12)]
    judged = bench.judge([*clear, replace(pair("x", "negative", 5.0, "c"), later=True)])
    assert judged.reasons[-1] == "teacher_later" and not judged.accused[-1]
    assert judged.accused_without_dates[-1]
    np.testing.assert_array_equal(judged.accused[:-1], judged.accused_without_dates[:-1])


def test_a_level_is_that_of_the_capped_ratio() -> None:
    clear = [pair(f"p{i}", "positive", 40.0 + i, f"a{i}") for i in range(8)]
    few, many = ([*clear, *(pair(f"n{i}", "negative", i / n, f"b{i}") for i in range(n))] for n in (8, 12))
    assert bench.held_out(few)[0] > 2 > bench.caps(few)[0] == pytest.approx(np.log10(9))
    assert bench.judge(few).levels[0] == "weak" and bench.judge(many).levels[0] == "moderate"
    assert bench.judge(few).log10_lr[0] == bench.held_out(few)[0]
    assert bench.caps(few)[-1] == pytest.approx(np.log10(8))  # its own family carries nothing


def test_rates() -> None:
    families = np.array([f"f{i // 5}" for i in range(10)])
    hits = np.arange(10) < 5
    found = rate(hits, families, np.ones(10, dtype=bool))
    assert (found.n, found.of, found.rate) == (5, 10, 0.5)
    assert found.family_lower95 == 0.0 and found.family_upper95 == 1.0  # two families, all or nothing
    assert found.lower95 == pytest.approx(0.187, abs=0.001)
    assert rate(hits, families, np.zeros(10, dtype=bool)).rate is None


def test_a_rate_over_draws_is_their_mean() -> None:
    families, every = np.array([f"f{i}" for i in range(10)]), np.ones(10, dtype=bool)
    one, other = (rate(np.arange(10) < n, families, every) for n in (5, 6))
    both = rates.mean_rate([one, other])
    assert (both.n, both.of, both.rate) == (5.5, 10, pytest.approx(0.55))
    assert both.lower95 == pytest.approx((one.lower95 + other.lower95) / 2)
    assert rates.mean_rate([one]) == one


def test_area_and_its_interval() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(60) < 30
    value = np.round(rng.normal(np.where(positive, 1.0, 0.0)), 1)
    few, many = (np.array([f"{i % n}" for i in range(60)]) for n in (3, 60))
    for families in (few, many):
        found = rates.area(value, families, positive, ~positive)
        assert found["auc"] == rates.auc(value[positive], value[~positive])
        assert found["auc_family95"][0] < found["auc"] < found["auc_family95"][1]
    one_family = rates.area(value, np.full(60, "f"), positive, ~positive)
    assert one_family["auc_family95"] == pytest.approx([found["auc"]] * 2)
    assert rates.area(value, few, positive, positive & ~positive) == {"auc": None, "auc_family95": None}


def test_a_subset_of_the_students_is_held_to_the_same_threshold() -> None:
    value = np.array([0.5, 2.0, 3.0, *np.linspace(0, 1, 100)])
    students = np.arange(103) < 3
    families = np.array([f"f{i}" for i in range(103)])
    found = rates.tpr(value, families, students, ~students, 0.05, of=np.arange(103) < 2)
    assert (found.n, found.of) == (1, 2)


def test_parts_between_the_kinds_are_counted_by_label() -> None:
    pairs = [pair("s", "positive", 3, "a"), pair("i", "negative", 0, "b")]
    pairs += [pair("x", "same-base-model", 3, "c"), pair("y", "same-lineage", 0, "d")]
    judged = answered(pairs, [2, -1, 3, 0])
    found = breakdown.apart(judged, "same_base")
    assert (found["pairs"], found["families"], found["at_moderate_or_above"]["n"]) == (2, 2, 1)
    assert found["by_label"]["same-base-model"]["at_moderate_or_above"]["n"] == 1
    assert found["reasons"] == {"not_unusual": 1, "unusual": 1} and found["auc"] == 0.5
    assert breakdown.apart(judged, "same_provider") == {}


@pytest.mark.parametrize(
    ("kind", "tuning"),
    [
        ("sft-on-outputs", "sft"),
        ("sft-on-outputs then PPO", "preference"),
        ("sft+dpo on outputs of 4 source LLMs", "preference"),
        ("sft-on-outputs + best-of-16 rerank", "preference"),
        ("sft-on-outputs (LAB) + AOT alignment", "preference"),
        ("on-policy preference tuning", "preference"),
        ("human-data control", ""),
        ("world knowledge, early stop", ""),
        ("", ""),
    ],
)
def test_tuning_is_read_off_the_kind(kind: str, tuning: str) -> None:
    assert relations.tuning_of(kind) == tuning


def test_a_column_for_tuning_goes_before_the_kind(tmp_path: Path) -> None:
    table = tmp_path / "r.csv"
    head = "label,student_model,teacher_models,kind,tuning\n"
    table.write_text(head + "positive,S,T,sft,preference\npositive,R,T,sft,\n")
    assert [r.tuning for r in relations.read(table)] == ["preference", ""]
    table.write_text(head + "positive,S,T,sft,magic\n")
    with pytest.raises(AuditError, match="line 2: tuning 'magic' is not one of sft, preference"):
        relations.read(table)


def test_attribution_counts_a_student_once() -> None:
    mine = [
        pair("s", "positive", 1.0, "f", {"T": 2.0, "U": 1.0}),
        pair("s", "positive", 1.0, "f", {"T": 2.0}),
    ]
    other = pair("r", "positive", 1.0, "g", {"T": 0.0, "U": 1.0})
    rival = replace(pair("x", "negative", 0.0, "h"), group="U", provider="other")
    teacher, provider, constant = attribution([*mine, other, rival])
    assert (teacher.n, teacher.of, provider.n, constant.n) == (1, 2, 1, 2)
    only_candidates = attribution([*mine, other])[0]  # nobody was asked about U
    assert (only_candidates.n, only_candidates.of) == (2, 2)


def test_no_clear_pair_is_an_error(tmp_path: Path) -> None:
    config = written_panel(tmp_path, *generated(4, n_probes=6))
    (tmp_path / "r.csv").write_text("label,student_model,teacher_models\nunclear,S,T\n")
    arguments = ["bench", "--panel", config.panel, "--relations", str(tmp_path / "r.csv")]
    found = CliRunner().invoke(main, [*arguments, "--lineage", config.lineage])
    assert found.exit_code == 2 and "no pair of known history could be judged" in found.stderr


def test_a_student_that_left_probes_open_is_judged_on_fewer_as_well(tmp_path: Path) -> None:
    panel, prompts = generated(24, n_probes=40, n_pupils=12, share=1.0)
    draw = np.random.default_rng(1)
    rows = [f"negative,R{i:03d},T," for i in range(8, 24)]
    for i in range(4):
        panel[f"P{i}"] = mixed(panel[f"R{i:03d}"], panel["S"], 0.6, draw)
        rows.append(f"positive,P{i},T,sft-on-outputs")
    panel["P0"] = [text if n % 5 else "" for n, text in enumerate(panel["P0"])]
    written_panel(tmp_path, panel, prompts, lineage_csv(list(panel)))
    (tmp_path / "r.csv").write_text("label,student_model,teacher_models,kind\n" + "\n".join(rows) + "\n")
    arguments = ["--panel", tmp_path / "panel.parquet", "--lineage", tmp_path / "lineage.csv"]
    arguments += ["--relations", tmp_path / "r.csv", "--probes", 20, "-f", "json"]
    result = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["by_probes"]["20"]["auc"] > 0.8
