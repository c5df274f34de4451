"""Pairs of known history, from a panel and a table of relations to a calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from auditor import calibration_file, measure, pairs, relations
from auditor.cli import main
from auditor.errors import AuditError
from auditor.readers import ReadOptions
from tests.panels import generated, lineage_csv, mixed, written_panel

HEAD = "label,student_model,teacher_models,source\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Panel, lineage and relations: eight students of T, innocents, students of decoys."""
    folder = tmp_path_factory.mktemp("known")
    panel, prompts = generated(24, n_probes=40, n_pupils=12, share=1.0)
    draw = np.random.default_rng(1)
    rows = []
    for i in range(8):
        panel[f"P{i}"] = mixed(panel[f"R{i:03d}"], panel["S"], 0.6, draw)
        rows.append(f"positive,P{i},T,panel")
        rows += [f"negative-wrong-teacher,P{i},D0{k},panel" for k in range(3)]
    rows += [f"negative,R{i:03d},T,panel" for i in range(8, 24)]
    rows += ["negative-wrong-teacher,P0,nobody,panel", "positive,gone,T,panel", "ambiguous,S,T,panel"]
    written_panel(folder, panel, prompts, lineage_csv(list(panel)))
    (folder / "relations.csv").write_text(HEAD + "\n".join(rows) + "\nnegative,R000,T,elsewhere\n")
    return folder / "panel.parquet", folder / "lineage.csv", folder / "relations.csv"


def test_pairs_are_judged_without_the_family(files: tuple[Path, Path, Path]) -> None:
    panel, lineage, table = files
    known = relations.read(table, "panel")
    assert all(r.source == "panel" for r in known)
    case = pairs.open_case(panel, str(lineage), known, ReadOptions())
    measured = measure.measure(
        case.panel, case.models, measure.choose(("wording", "opening"))[0], lambda _: None
    )
    found = pairs.measured_pairs(case, measured, known)
    positive = np.array([p.score for p in found if p.positive])
    negative = np.array([p.score for p in found if p.counted and not p.positive])
    assert (len(positive), len(negative)) == (8, 8 * 3 + 16)
    assert np.median(positive) > np.quantile(negative, 0.95)
    assert max(p.p_t for p in found if p.positive) < 0.05
    assert not any(p.counted for p in found if p.label == "ambiguous")
    one = next(p for p in found if p.student == "R010")
    judged, scene = pairs.held_out(case, measured, "R010", {})
    assert (scene.strata[scene.subjects.index("R010")] == -1).all()
    assert one.references == len(panel_references(judged)) and judged.student == "R010"


def panel_references(case) -> list[str]:
    return [s for s in case.panel.subjects if s[0] in "RDQ" and s != case.student]


def test_calibrate_and_compare_with_it(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    panel, lineage, table = files
    made = tmp_path / "mine.json"
    arguments = ["calibrate", "--panel", str(panel), "--lineage", str(lineage), "--relations", str(table)]
    found = CliRunner().invoke(main, [*arguments, "-o", str(made)])
    assert found.exit_code == 0, found.stderr
    assert "8 documented students of 8 families" in found.stdout and "Cllr" in found.stdout
    assert calibration_file.read(made).usable
    ask = ["compare", "--panel", str(panel), "--lineage", str(lineage), "-s", "panel:P3", "-t", "panel:T"]
    ask += ["--evidence", str(tmp_path / "a.duckdb"), "--bootstrap", "50"]
    accused = CliRunner().invoke(main, [*ask, "--calibration", str(made)])
    assert accused.exit_code == 1 and "likelihood ratio" in accused.stdout.splitlines()[0]
    without = CliRunner().invoke(main, [*ask, "--calibration", "none"])
    assert without.exit_code == 1 and "likelihood ratio" not in without.stdout.splitlines()[0]
    assert CliRunner().invoke(main, [*arguments, "-o", str(table)]).exit_code == 2


def test_bad_relations(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("label,student\npositive,a\n")
    with pytest.raises(AuditError, match="no column 'student_model'"):
        relations.read(tmp_path / "r.csv")
    (tmp_path / "r.csv").write_text(HEAD + "positive,a,b,\n")
    with pytest.raises(AuditError, match="No relation has its student and its teacher"):
        pairs.open_case(files[0], str(files[1]), relations.read(tmp_path / "r.csv"), ReadOptions())
    (tmp_path / "r.csv").write_text(HEAD + "positive,P0,T,\nnegative,R010,T,\n")
    arguments = [
        "calibrate",
        "--panel",
        str(files[0]),
        "--lineage",
        str(files[1]),
        "-o",
        str(tmp_path / "c.json"),
    ]
    found = CliRunner().invoke(main, [*arguments, "--relations", str(tmp_path / "r.csv")])
    assert found.exit_code == 2 and "Too few families" in found.stderr
