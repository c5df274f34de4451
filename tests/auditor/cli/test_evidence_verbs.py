"""`audit list` and `audit report` over a real evidence file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import store
from tests.auditor.store import sample_run


@pytest.fixture(scope="module")
def evidence(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("evidence") / "audit.duckdb"
    for run in ("run-a", "run-b"):
        store.append_run(path, sample_run.report(run), sample_run.panel(), sample_run.measurements())
    return str(path)


def test_list_as_text(audit, evidence):
    result = audit("list", evidence)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["RUN", "FINISHED", "STUDENT", "VERDICTS"]
    assert [line.split()[0] for line in lines[1:]] == ["run-a", "run-b"]


def test_list_as_json(audit, evidence):
    rows = json.loads(audit("list", evidence, "-f", "json").stdout)
    assert [row["run"] for row in rows] == ["run-a", "run-b"]
    assert rows[0]["student"] == sample_run.SUBJECTS[0]


@pytest.mark.parametrize("verb", [["list"], ["report"]])
def test_no_evidence_file(audit, job, verb):
    result = audit(*verb, "none.duckdb")
    assert result.exit_code == 2
    assert "none.duckdb" in result.stderr


def test_report_writes_several_formats_at_once(audit, job, evidence):
    result = audit("report", evidence, "run-a", "-f", "html", "-o", "a.html", "-f", "json", "-o", "b.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert '"html"' in Path("a.html").read_text()
    assert '"json"' in Path("b.json").read_text()


def test_report_takes_the_latest_run_unless_told(audit, job, evidence):
    assert audit("report", evidence).stdout == audit("report", evidence, "run-b").stdout
    assert audit("report", evidence, "run-z").exit_code == 2


def test_every_format_of_a_comparison_in_one_call(audit, evidence):
    """The endings say the format where there is no -f; three drafts share an ending and need it."""
    names = ("a.html", "b.json", "c.cdx.json", "d.spdx.json", "e.md", "f.txt")
    assert audit("report", evidence, "run-a", *(word for n in names for word in ("-o", n))).exit_code == 0
    assert json.loads(Path("c.cdx.json").read_text())["specVersion"] == "1.7"
    assert json.loads(Path("d.spdx.json").read_text())["@context"].endswith("3.0.1/spdx-context.jsonld")
    assert json.loads(Path("b.json").read_text())["schema_version"] == "1.0"
    pairs = (
        ("model-card", "1.md"),
        ("ai-act", "2.md"),
        ("training-summary", "3.md"),
        ("cyclonedx", "b.json"),
    )
    words = (word for format, name in pairs for word in ("-f", format, "-o", name))
    assert audit("report", evidence, "run-a", *words).exit_code == 0
    starts = [Path(name).read_text().split("\n")[0].split(" ")[:2] for _, name in pairs[:3]]
    assert starts == [["##", "Provenance"], ["#", "Technical"], ["#", "Synthetic"]]
    assert json.loads(Path("b.json").read_text())["bomFormat"] == "CycloneDX"
