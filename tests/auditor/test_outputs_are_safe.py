"""Nothing a run reads or keeps is lost, and what went wrong is said where it is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor import readers, verdict
from auditor.alternatives import Record, alternatives
from auditor.cli import main
from auditor.descent import Descent
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.readers import ReadOptions
from auditor.report import LineageRow
from auditor.verdict import Basis
from tests.panels import generated, written_panel


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    config = written_panel(tmp_path, *generated(24, n_probes=30))
    return [
        *("compare", "-s", "panel:S", "-t", "panel:T", "--panel", config.panel, "--lineage", config.lineage),
        *("--evidence", config.evidence, "--bootstrap", "20"),
    ]


def call(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, arguments)
    return found.exit_code, found.stderr


def test_a_report_never_replaces_evidence_or_inputs(asked: list[str], tmp_path: Path) -> None:
    evidence = tmp_path / "audit.duckdb"
    assert call(*asked, "-f", "json", "-o", str(tmp_path / "r.json"))[0] in (0, 1)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    for name, what in (("audit.duckdb", "evidence"), ("panel.parquet", "panel"), ("lineage.csv", "lineage")):
        code, said = call(*asked, "-f", "json", "-o", str(tmp_path / name))
        assert (code, what in said) == (2, True)
    assert call("report", str(evidence), "-f", "html", "-o", str(tmp_path / "." / "audit.duckdb"))[0] == 2
    recording = str(tmp_path / "panel.parquet")
    assert call("panel", "import", recording, "-o", recording)[0] == 2
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_failed_write_leaves_the_old_report(asked: list[str], tmp_path: Path) -> None:
    call(*asked, "-o", str(tmp_path / "r.html"))
    before = (tmp_path / "r.html").read_bytes()
    (tmp_path / "r.html.partial").mkdir()  # stands for a disk that takes nothing more
    code, said = call("report", str(tmp_path / "audit.duckdb"), "-o", str(tmp_path / "r.html"))
    assert code == 3 and "Could not write" in said
    assert (tmp_path / "r.html").read_bytes() == before


def test_a_student_without_answers_is_an_error(asked: list[str], tmp_path: Path) -> None:
    rows = [{"model": "silent", "prompt": f"prompt {j}", "output": " "} for j in range(30)]
    (tmp_path / "silent.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked[2] = str(tmp_path / "silent.jsonl")
    code, said = call(*asked)
    assert code == 2 and "'silent' has no answer to any of the 30 prompts" in said


def test_what_could_not_be_judged_is_said_on_stderr(asked: list[str], tmp_path: Path) -> None:
    code, said = call(*asked, "--detector", "wording", "-o", str(tmp_path / "r.html"))
    assert code == 0 and "Warning: T could not be judged: the joint score could not be measured" in said


def test_an_evidence_file_of_another_kind_is_refused_at_once(asked: list[str], tmp_path: Path) -> None:
    asked[asked.index("--evidence") + 1] = str(tmp_path / "panel.parquet")
    code, said = call(*asked)
    assert code == 2 and "is not a DuckDB file" in said


def test_encoding_is_about_text_files(tmp_path: Path) -> None:
    panel = Path(written_panel(tmp_path, *generated(2, n_probes=4)).panel)
    assert readers.detect(panel, ReadOptions(encoding="utf-16")).name == readers.detect(panel).name
    (tmp_path / "plain.jsonl").write_text('{"model": "m", "prompt": "p", "output": "o"}\n')
    with pytest.raises(AuditError, match="utf-16-le or utf-16-be"):
        readers.read(tmp_path / "plain.jsonl", ReadOptions(encoding="utf-16"))


def test_a_misspelled_variable_is_said(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_COMPARE_SEDE", "3")
    code, said = call(*asked, "--dry-run")
    assert code == 0 and "AUDIT_COMPARE_SEDE is no setting" in said and "AUDIT_COMPARE_SEED?" in said


@pytest.mark.parametrize(
    ("released", "says"),
    [
        (("2024-09-01", "2024-02-01"), "speak against it"),
        (("2024-01", "2024-02-01"), "allow it"),
        (("2024", "2024-02-01"), "do not tell"),
        (("", "2024-02-01"), "not both known"),
    ],
)
def test_direction_says_what_the_dates_say(released: tuple[str, str], says: str) -> None:
    rows = {m: LineageRow(m, released=date) for m, date in zip("ST", released, strict=True)}
    record = Record(Descent("S", "T", Lineage(rows, "here")), (), {}, 0.0)
    by_name = {a.name: a for a in alternatives(record)}
    assert says in by_name["direction"].text


def test_the_cap_agrees_with_the_rules() -> None:
    assert verdict.cap(Basis("T", None, None, 40, 20, 12, 4, True, 0.0))[0] == "insufficient"
    assert verdict.cap(Basis("T", None, None, 40, 20, 12, 4, False, 0.9))[0] == "insufficient"
    assert verdict.cap(Basis("T", None, None, 40, 20, 12, 4, False, 0.0))[0] == "moderate"
