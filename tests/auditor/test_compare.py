"""The main job, from files to the report read back from the evidence file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor import case as cases
from auditor import compare, store
from auditor.cli import main
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.report import Report
from detectors.registry import DETECTORS, SCORED, SHOWN
from tests.panels import generated, lineage_csv, written_panel


def judged(config: CompareConfig) -> Report:
    return compare.run(config, cases.Silent())


@pytest.fixture(scope="module")
def accused(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompareConfig, Report]:
    config = written_panel(tmp_path_factory.mktemp("accused"), *generated(40, share=0.7))
    return config, judged(config)


def test_a_student_is_found_and_the_evidence_agrees(accused: tuple[CompareConfig, Report]) -> None:
    config, report = accused
    verdict = report.verdicts[0]
    assert (verdict.level, verdict.reason) == ("moderate", "unusual")
    assert verdict.p_adjusted <= 0.01 and verdict.p_rank == verdict.p_floor
    assert (verdict.references, verdict.decoys) == (52, 12)
    assert report.exhibits and report.headline.startswith("Moderate support for distillation of S from T")
    assert report.findings[0].interval[0] < report.findings[0].value < report.findings[0].interval[1]
    path = Path(config.evidence)
    assert store.read_report(path) == report
    assert store.check_run(path) == ()


def test_same_seed_same_figures(accused: tuple[CompareConfig, Report], tmp_path: Path) -> None:
    config, report = accused
    again = judged(replace(config, evidence=str(tmp_path / "again.duckdb")))
    assert again.findings == report.findings and again.verdicts == report.verdicts
    assert again.run.hashes == report.run.hashes


def test_a_second_look_at_one_channel_counts_for_nothing(
    accused: tuple[CompareConfig, Report], tmp_path: Path
) -> None:
    """`minhash` reads what `wording` reads: with it the verdict is the same to the last figure."""
    config, report = accused
    names = tuple(n for n in DETECTORS if n != "minhash")
    without = judged(replace(config, evidence=str(tmp_path / "without.duckdb"), detectors=names))
    assert "minhash" in {f.detector for f in report.findings}
    kept = tuple(f for f in report.findings if f.detector != "minhash")
    assert (without.findings, without.verdicts) == (kept, report.verdicts)


def test_an_innocent_is_not_accused(tmp_path: Path) -> None:
    verdict = judged(written_panel(tmp_path, *generated(40, share=0.0))).verdicts[0]
    assert verdict.level == "insufficient" and "innocence" in verdict.words


def test_a_later_teacher_is_not_judged(tmp_path: Path) -> None:
    panel, prompts = generated(30, share=0.7)
    text = lineage_csv(list(panel)).replace(
        "T,teacher,acme,T,,original,2023-01", "T,teacher,acme,T,,original,2024-01"
    )
    report = judged(written_panel(tmp_path, panel, prompts, text))
    assert (report.verdicts[0].level, report.verdicts[0].reason) == ("insufficient", "teacher_later")
    assert report.findings == ()


@pytest.mark.parametrize(
    ("n_references", "n_decoys", "reason", "cap"),
    [(2, 12, "few_references", "insufficient"), (40, 4, "unusual", "weak"), (40, 0, "few_decoys", "weak")],
)
def test_thin_panels_are_capped(
    tmp_path: Path, n_references: int, n_decoys: int, reason: str, cap: str
) -> None:
    report = judged(written_panel(tmp_path, *generated(n_references, n_decoys=n_decoys, share=0.7)))
    verdict = report.verdicts[0]
    if reason == "few_decoys":
        assert verdict.level == "insufficient"
    else:
        assert verdict.reason == reason and verdict.cap == cap
        assert verdict.level in (cap, "insufficient")


def test_the_teacher_behind_another_name(tmp_path: Path) -> None:
    panel, prompts = generated(30)
    verdict = judged(written_panel(tmp_path, panel | {"S": list(panel["T"])}, prompts)).verdicts[0]
    assert (verdict.level, verdict.reason) == ("insufficient", "same_answers")


def test_one_detector_alone_gives_no_score_and_no_accusation(tmp_path: Path) -> None:
    """Two teachers of one provider, so that a tie is looked for without a joint score."""
    panel, prompts = generated(30, share=0.7)
    row = next(line for line in lineage_csv(list(panel)).splitlines() if line.startswith("D00,"))
    text = lineage_csv(list(panel)).replace(row, "D00,decoy,acme,D00,,original,2023-01,first-party,made here")
    config = written_panel(tmp_path, panel, prompts, text)
    report = judged(replace(config, teachers=("panel:T", "panel:D00"), detectors=("wording",)))
    assert {v.reason for v in report.verdicts} == {"not_measured"}
    asked = [s for s in report.skipped if s.detector != "equality"]  # a question of its own
    assert len(asked) == len(DETECTORS) + len(SCORED) + len(SHOWN) - 1 and report.findings


def test_roles_are_checked(accused: tuple[CompareConfig, Report]) -> None:
    config, _ = accused
    for change, says in (
        ({"teachers": ("panel:S",)}, "student and teacher at once"),
        ({"teachers": ("panel:T", "panel:T")}, "more than once"),
        ({"decoys": ("panel:T",)}, "a decoy and also"),
        ({"student": "panel:nobody"}, "No model 'nobody'"),
        ({"detectors": ("guess",)}, "No detector 'guess'"),
        ({"match": "maybe"}, "--match"),
    ):
        with pytest.raises(AuditError, match=says):
            judged(replace(config, **change))


def test_command_line_exit_codes_and_streams(accused: tuple[CompareConfig, Report], tmp_path: Path) -> None:
    config, _ = accused
    arguments = [
        "compare",
        "--panel",
        config.panel,
        "--lineage",
        config.lineage,
        "-t",
        "panel:T",
        "--evidence",
        str(tmp_path / "e.duckdb"),
        "--bootstrap",
        "50",
    ]
    found = CliRunner().invoke(main, [*arguments, "-s", "panel:S", "-f", "json"])
    assert found.exit_code == 1, found.stderr
    assert json.loads(found.stdout)["verdicts"][0]["level"] == "moderate"
    calm = CliRunner().invoke(main, [*arguments, "-s", "panel:S", "--fail-on", "never"])
    assert calm.exit_code == 0 and calm.stdout.startswith("Moderate support")
    innocent = CliRunner().invoke(main, [*arguments, "-s", "panel:R001", "-f", "markdown"])
    assert innocent.exit_code == 0
    dry = CliRunner().invoke(main, [*arguments, "-s", "panel:S", "--dry-run"])
    assert dry.exit_code == 0 and "Nothing was measured or stored" in dry.stdout
    assert CliRunner().invoke(main, [*arguments, "-s", "panel:nobody"]).exit_code == 2
