"""The white-box part of the demo: what it says of models whose history is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import case as cases
from auditor import compare, on_scores
from auditor.config import CompareConfig
from auditor.report import Report

ZOO = Path(__file__).parents[1] / "data" / "demo" / "zoo"


def asked(folder: Path, student: str) -> Report:
    config = CompareConfig(
        student=f"panel:{student}",
        teachers=("panel:TA",),
        panel=str(ZOO / "answers.parquet"),
        lineage=str(ZOO / "lineage.csv"),
        calibration="none",
        detectors=("lift", "contrast"),
        scores=(str(ZOO / "scores"),),
        same_data=("TA=control-TA", "TA=same-corpus-TA-1"),
        evidence=str(folder / "e.duckdb"),
        bootstrap=0,
    )
    return compare.run(config, cases.Silent())


@pytest.mark.parametrize(
    ("student", "level"), [("student-TA-100-1", "moderate"), ("same-corpus-TA-B2", "insufficient")]
)
def test_log_probabilities_tell_a_student_from_a_reader_of_the_same_books(
    tmp_path: Path, student: str, level: str
) -> None:
    (found,) = (v for v in asked(tmp_path, student).verdicts if v.evidence == on_scores.BY)
    assert found.level == level and found.references >= 20


@pytest.mark.parametrize(
    ("student", "level"), [("tuned-TA-neutral", "strong"), ("student-TA-100-1", "insufficient")]
)
def test_weights_tell_a_fine_tune_from_a_student(tmp_path: Path, student: str, level: str) -> None:
    folders = ZOO / "weights"
    config = CompareConfig(
        student=f"hf:{folders / student}",
        teachers=(f"hf:{folders / 'TA'}",),
        bases=(f"hf:{folders / 'B'}",),
        evidence=str(tmp_path / "e.duckdb"),
    )
    (found,) = compare.run(config, cases.Silent()).verdicts
    assert (found.level, found.proposition) == (level, "weight_descent")
