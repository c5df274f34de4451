"""`audit overlap` as a user runs it: answer, exit code, evidence file, every format, hostile text."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import jsonschema
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor import shipped
from auditor.cli import main
from auditor.reports.overlap import render
from auditor.store import check_run, is_overlap, list_runs, read_overlap
from detectors.minhash import cuda
from tests.auditor.overlap.corpora import documents, edited, jsonl

HOSTILE = "<script>alert(1)</script> \x1b[2J | `code` [link](http://x) \u202e reversed"


@pytest.fixture
def audit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = documents(1, 30)
    log[0] = f"{HOSTILE} {log[0]}"
    jsonl(
        Path("left.jsonl"),
        [edited(log[0], 4), *log[1:6], *documents(2, 20)],
        id=[f"<b>{i}" for i in range(26)],
    )
    jsonl(Path("right.jsonl"), log, column="response", model=["T|1"] * 15 + ["<i>U"] * 15)
    for i in range(20):
        jsonl(Path(f"ref-{i}.jsonl"), documents(50 + i, 10))

    def run(*arguments: str, code: int = 0):
        result = CliRunner().invoke(main, ["overlap", *arguments], prog_name="audit", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def references():
    return [part for i in range(20) for part in ("--reference", f"ref-{i}.jsonl")]


def test_two_files_and_nothing_else_give_an_answer_with_exhibits(audit):
    out = audit("left.jsonl", "right.jsonl").stdout
    assert out.startswith("6 of 26 documents of left.jsonl (23.1 %) have a near copy in right.jsonl")
    assert "Evidence not weighed: no reference corpora say" in out.splitlines()[0]
    assert "Shared passages" in out and "«" in out and "T|1" in out
    assert "\x1b" not in out and "\u202e" not in out
    assert not list(Path().glob("*.partial"))


def test_evidence_ends_in_exit_code_1(audit):
    out = audit("left.jsonl", "right.jsonl", *references(), code=1).stdout
    assert "Weak support for text shared beyond what independent corpora share" in out.splitlines()[0]
    audit("left.jsonl", "right.jsonl", *references(), "--fail-on", "moderate", code=0)
    audit("left.jsonl", "right.jsonl", *references(), "--fail-on", "never", code=0)


def test_every_format_says_the_same_and_escapes_what_texts_say(audit):
    places = [part for f in ("r.txt", "r.json", "r.md", "r.html") for part in ("-o", f)]
    stderr = audit("left.jsonl", "right.jsonl", *places).stderr
    assert "6 of 26 documents" in stderr and "Evidence: run" in stderr
    for name in ("r.txt", "r.md", "r.html", "r.json"):
        text = Path(name).read_text(encoding="utf-8")
        assert "6 of 26 documents" in text
        assert "\x1b" not in text and "\u202e" not in text
    page = Path("r.html").read_text(encoding="utf-8")
    assert "<script" not in page and "<b>" not in page and "<i>U" not in page and "<mark>" in page
    assert "<script" not in Path("r.md").read_text().replace("```text\n", "\0").split("\0")[0]


def test_json_follows_its_schema(audit):
    schema = json.loads(shipped.path("schema/overlap-1.0.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for extra, code in ((["--containment", "0.8"], 0), (references(), 1)):
        text = audit("left.jsonl", "right.jsonl", *extra, "-f", "json", code=code).stdout
        data = json.loads(text)
        validator.validate(data)
        assert text.isascii()
        data["corpora"][0]["guilty"] = True
        assert not validator.is_valid(data)


def test_the_evidence_file_gives_the_report_again(audit):
    audit("left.jsonl", "right.jsonl", "-o", "first.json")
    path = Path("audit.duckdb")
    assert is_overlap(path) and check_run(path) == ()
    (run,) = list_runs(path)
    assert run.student == "left.jsonl" and run.headline.startswith("6 of 26")
    found = read_overlap(path)
    again = CliRunner().invoke(main, ["report", "audit.duckdb", "-f", "json"], prog_name="audit")
    assert again.stdout == Path("first.json").read_text() == render(asdict(found), "json")
    assert read_overlap(path, run.id) == found
    assert set(found.run.inputs) == {"left.jsonl", "right.jsonl"}
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE overlap_pairs SET jaccard = .123 WHERE position = 0")
    assert check_run(path)[0].startswith("overlap_pairs row 0")


def test_an_evidence_file_holds_runs_of_both_verbs(audit):
    audit("left.jsonl", "right.jsonl")
    audit("left.jsonl", "ref-0.jsonl")
    path = Path("audit.duckdb")
    first, second = (r.id for r in list_runs(path))
    assert check_run(path, first) == check_run(path, second) == ()
    assert read_overlap(path, second).headline.startswith("0 of 26")


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_all_pairs_are_written(audit, ending):
    audit("left.jsonl", "right.jsonl", "--pairs", f"pairs.{ending}")
    match ending:
        case "csv":
            rows = pyarrow.csv.read_csv("pairs.csv").to_pylist()
        case "parquet":
            rows = pq.read_table("pairs.parquet").to_pylist()
        case _:
            rows = [json.loads(line) for line in Path("pairs.jsonl").read_text().splitlines()]
    assert {(r["left_id"], r["right_id"], r["teacher"]) for r in rows} == {
        (f"<b>{i}", f"#{i + 1}", "T|1") for i in range(6)
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "0"], "--threshold must be above 0"),
        (["--containment", "2"], "--containment must be above 0"),
        (["--shingle", "tokens:3"], "UNIT:N"),
        (["--text", "nope"], "no column 'nope'"),
        (["--pairs", "pairs.xls"], "known format"),
        (["--pairs", "left.jsonl"], "would be lost"),
        (["--spill", "nowhere"], "no such folder"),
        (["-o", "right.jsonl"], "right.jsonl"),
    ],
)
def test_wrong_usage_is_refused_before_any_work(audit, arguments, said):
    result = audit("left.jsonl", "right.jsonl", *arguments, code=2)
    assert said in result.stderr and not Path("audit.duckdb").exists()
    assert Path("left.jsonl").stat().st_size and Path("right.jsonl").stat().st_size


def test_a_device_that_is_not_there_is_refused(audit, monkeypatch):
    monkeypatch.setattr(cuda, "missing", lambda: "there is none")
    said = audit("left.jsonl", "right.jsonl", "--device", "cuda", code=2).output
    assert "--device cuda: there is none; or take --device cpu" in said and not Path("audit.duckdb").exists()


def test_settings_are_stored_and_reports_are_of_the_run(audit):
    audit("left.jsonl", "right.jsonl", "--threshold", "0.9", "--shingle", "characters:8")
    found = read_overlap(Path("audit.duckdb"))
    assert found.run.config["threshold"] == 0.9 and found.shingle == "characters:8"
    text = render(asdict(replace(found, passages=())), "text")
    assert "Jaccard similarity .90" in text and "Shared passages" not in text
