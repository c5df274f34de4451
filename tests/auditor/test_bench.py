"""`audit bench` on a generated panel whose history is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor import bench
from auditor.cli import main
from auditor.pairs import Pair
from auditor.reports.bench import render
from tests.panels import generated, lineage_csv, mixed, written_panel


def pair(student: str, label: str, score: float, family: str, others: dict[str, float] | None = None) -> Pair:
    return Pair(
        *(student, "T", "T", label, family, "acme", False, False, score, 0.001 if score > 2 else 0.5, 0.02),
        *({"joint score": score}, {}, 40, 20, 12, 4, 200, False, False, others or {}),
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("bench")
    panel, prompts = generated(24, n_probes=40, n_pupils=12, share=1.0)
    rows = [f"negative,R{i:03d},T" for i in range(8, 24)]
    draw = np.random.default_rng(1)
    for i in range(8):
        panel[f"P{i}"] = mixed(panel[f"R{i:03d}"], panel["S"], 0.6, draw)
        rows += [f"positive,P{i},T", f"negative-wrong-teacher,P{i},D01"]
    written_panel(folder, panel, prompts, lineage_csv(list(panel)))
    (folder / "relations.csv").write_text("label,student_model,teacher_models\n" + "\n".join(rows) + "\n")
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
    assert b["controls_at_moderate_or_above"]["n"] <= 1 and b["controls_at_moderate_or_above"]["of"] == 24
    assert b["students_at_moderate_or_above"]["n"] >= 5
    assert b["top1_teacher"]["rate"] == b["top1_provider"]["rate"] == 1.0
    assert set(b["by_probes"]) == {"20", "40"} and b["by_label"]["negative"]["auc"] > 0.9
    assert "wording cosine" in b["by_detector"] and b["by_teacher"]["T"]["true_positives_at_p05"]["of"] == 8
    assert len(b["rows"]) == 32 and sum(b["reasons"].values()) == 32
    for key in ("cllr", "cllr_min"):
        assert 0 <= b[key] < 0.6


def test_formats(found: dict) -> None:
    assert "innocent pairs accused at moderate or above" in found["text"].splitlines()[0]
    assert "<svg" in found["html"] and "script" not in found["html"]
    assert found["html"].count("<table>") == 6


def test_nobody_is_judged_by_a_fit_that_knows_the_family() -> None:
    rng = np.random.default_rng(0)
    clear = [pair(f"p{i}", "positive", 3 + rng.normal(), f"a{i}") for i in range(8)]
    clear += [pair(f"n{i}", "negative", rng.normal(), f"b{i}") for i in range(8)]
    before = bench.held_out(clear)
    odd = [*clear[:-1], pair("n7", "negative", 50.0, "b7")]
    assert bench.held_out(odd)[-1] > before[-1] and bench.held_out(odd)[0] < before[0]


def test_rates() -> None:
    clear = [pair(f"p{i}", "positive", 1.0, f"f{i // 5}") for i in range(10)]
    hits = np.arange(10) < 5
    found = bench.rate(hits, clear, np.ones(10, dtype=bool))
    assert (found.n, found.of, found.rate) == (5, 10, 0.5)
    assert found.family_lower95 == 0.0 and found.family_upper95 == 1.0  # two families, all or nothing
    assert found.lower95 == pytest.approx(0.187, abs=0.001)
    assert bench.rate(hits, clear, np.zeros(10, dtype=bool)).rate is None


def test_attribution_counts_a_student_once() -> None:
    mine = [
        pair("s", "positive", 1.0, "f", {"T": 2.0, "U": 1.0}),
        pair("s", "positive", 1.0, "f", {"T": 2.0}),
    ]
    other = pair("r", "positive", 1.0, "g", {"T": 0.0, "U": 1.0})
    rival = replace(pair("x", "negative", 0.0, "h"), group="U", provider="other")
    teacher, provider, constant = bench.attribution([*mine, other, rival])
    assert (teacher.n, teacher.of, provider.n, constant.n) == (1, 2, 1, 2)
    only_candidates = bench.attribution([*mine, other])[0]  # nobody was asked about U
    assert (only_candidates.n, only_candidates.of) == (2, 2)


def test_hostile_names_are_inert(found: dict) -> None:
    b = bench.Bench(
        "<script>", 1, 1, 0, 1, 1, None, *(bench.rate(np.array([False]), [pair("s", "negative", 0, "f")],
        np.array([True])),) * 5, None, None, *(bench.rate(np.array([False]), [pair("s", "negative", 0, "f")],
        np.array([True])),) * 2, {}, {"\x1b[31m<b>": _teacher()}, {},
    )  # fmt: skip
    assert "<script>" not in render(b, "html") and "<b>" not in render(b, "html")
    assert "\x1b" not in render(b, "text")


def _teacher() -> dict:
    none = {"n": 0, "of": 0, "rate": None, "lower95": None, "upper95": None}
    keys = ("false_positives_at_p05", "true_positives_at_p05")
    return {"auc": None, **dict.fromkeys((*keys, "controls_at_moderate_or_above"), none),
            "students_at_moderate_or_above": none}  # fmt: skip


def test_no_clear_pair_is_an_error(tmp_path: Path) -> None:
    config = written_panel(tmp_path, *generated(4, n_probes=6))
    (tmp_path / "r.csv").write_text("label,student_model,teacher_models\nunclear,S,T\n")
    arguments = ["bench", "--panel", config.panel, "--relations", str(tmp_path / "r.csv")]
    found = CliRunner().invoke(main, [*arguments, "--lineage", config.lineage])
    assert found.exit_code == 2 and "no pair of known history could be judged" in found.stderr
