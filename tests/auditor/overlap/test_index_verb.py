"""`audit index` and `audit overlap LEFT index:FOLDER` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.store import check_run, read_overlap
from tests.auditor.overlap.corpora import documents, edited, jsonl


@pytest.fixture
def audit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = documents(1, 30)
    jsonl(Path("left.jsonl"), [*(edited(t, 3) for t in log[:6]), *documents(2, 20)])
    jsonl(Path("right.jsonl"), log, column="response", model=["T"] * 15 + ["U"] * 15)
    jsonl(Path("more.jsonl"), documents(3, 5))

    def run(*arguments: str, code: int = 0):
        result = CliRunner().invoke(main, arguments, prog_name="audit", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def test_built_added_shown_and_used(audit):
    assert "30 documents" in audit("index", "build", "right.jsonl", "-o", "log").stderr
    assert "5 documents added, 35 in all" in audit("index", "add", "log", "more.jsonl").stderr
    rows = json.loads(audit("index", "show", "log", "-f", "json").stdout)
    assert [(r["part"], r["documents"], r["kind"]) for r in rows] == [
        ("part-00001", 30, "index"),
        ("part-00002", 5, "index"),
    ]
    out = audit("overlap", "left.jsonl", "index:log").stdout
    assert out.startswith("6 of 26 documents of left.jsonl (23.1 %) have a near copy in index:log")
    assert "Shared passages" in out
    stored = read_overlap(Path("audit.duckdb"))
    assert any(name.endswith("index.json") for name in stored.run.inputs)
    assert str(Path("right.jsonl").resolve()) in stored.run.inputs
    assert stored.estimated is None


def test_a_sketch_is_handed_on(audit):
    audit("index", "build", "right.jsonl", "-o", "log", "--sketch", "--no-ids")
    Path("right.jsonl").unlink()
    out = audit("overlap", "left.jsonl", "index:log").stdout
    assert out.startswith("6 of 26 documents of left.jsonl (23.1 %) have a near copy in index:log (estimated")
    assert "standard error" in out
    report = json.loads(audit("report", "audit.duckdb", "-f", "json").stdout)
    assert report["estimated"] == 128 and report["corpora"][0]["explained"] is None
    assert check_run(Path("audit.duckdb")) == ()


def test_what_is_wrong_is_said(audit):
    assert (
        "--sketch does not go with"
        in audit("index", "build", "right.jsonl", "-o", "log", "--sketch", "--containment", code=2).stderr
    )
    assert "no such file" in audit("index", "build", "nothing.jsonl", "-o", "log", code=2).stderr
    Path("empty.jsonl").touch()
    assert "empty" in audit("index", "build", "empty.jsonl", "-o", "log", code=2).stderr
    assert "no such folder" in audit("index", "show", "log", code=2).stderr
    audit("index", "build", "right.jsonl", "-o", "log")
    path = Path("log/part-00001/signatures.parquet")
    path.write_bytes(path.read_bytes()[:-10])
    assert str(path) in audit("index", "show", "log", code=2).stderr


def test_ray_missing_is_said(audit, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    said = audit("overlap", "left.jsonl", "right.jsonl", "--engine", "ray", code=2).stderr
    assert "distill-audit[cluster]" in said and "--engine local" in said
