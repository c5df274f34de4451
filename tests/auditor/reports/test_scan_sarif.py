"""SARIF: valid, with stable ids and fingerprints, places that code scanning can open, nothing dropped."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from auditor.reports.scan import render
from auditor.scan.report_data import as_data
from tests.auditor.reports.sarif_schema import SCHEMA
from tests.auditor.reports.scan_reports import REPORTS, conflict, data, mixture

VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def run(found) -> dict:
    text = render(found, "sarif")
    assert text.isascii()
    document = json.loads(text)
    VALIDATOR.validate(document)
    return document["runs"][0]


def uris(report) -> set[str]:
    made = run(as_data(report))
    places = [place for r in made["results"] for place in r.get("locations", [])]
    return {p["physicalLocation"]["artifactLocation"]["uri"] for p in places}


def test_the_schema_is_one_and_refuses_what_sarif_does_not_have():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    document = json.loads(render(data("conflict"), "sarif"))
    document["runs"][0]["results"][0]["severity"] = "high"
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("name", REPORTS)
def test_every_finding_is_a_result_of_a_rule_that_is_described(name):
    found = data(name)
    made = run(found)
    rules = made["tool"]["driver"]["rules"]
    listed = [*found["findings"], *found["ignored"]]
    assert [r["ruleId"] for r in made["results"]] == [f["rule"] for f in listed]
    for result, finding in zip(made["results"], listed, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert rules[result["ruleIndex"]]["help"]["text"]
        assert result["level"] == finding["severity"]
        assert result["partialFingerprints"]["distillAuditFinding/v1"] == finding["fingerprint"]
    assert [a["answer"] for a in made["properties"]["answers"]] == [a["answer"] for a in found["answers"]]


def test_a_line_is_a_region_and_a_row_without_lines_is_said():
    by_rule = {r["ruleId"]: r for r in run(data("conflict"))["results"]}
    place = by_rule["TRM005"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "data/helpful-answers/README.md", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "snippet": {"text": "license: apache-2.0"}}
    assert len(by_rule["GEN001"]["relatedLocations"]) == 7
    row = next(r for r in run(data("mixture"))["results"] if r["ruleId"] == "GEN004")
    assert "first at train-00002.parquet, row 19, field source" in row["message"]["text"]
    assert "region" not in row["locations"][0]["physicalLocation"]
    assert row["locations"][0]["properties"]["row"] == 19
    assert row["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "row 19, field source"


def test_a_finding_about_the_whole_is_shown_at_the_card_and_without_one_nowhere():
    made = run(as_data(replace(conflict(), findings=REPORTS["nothing"]().findings)))
    uri = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in made["results"]}
    assert uri == {"data/helpful-answers/README.md"}
    assert all(r["locations"] == [] for r in run(data("nothing"))["results"])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("data/set/", "data/set/README.md"),
        (".", "README.md"),
        ("./a b", "a%20b/README.md"),
        ("/srv/set", "README.md"),
        ("../set", "README.md"),
        ("a/../set", "set/README.md"),
        ("https://example.org/set", "README.md"),
        ("data/*.parquet", "data/README.md"),
    ],
)
def test_paths_are_those_of_the_folder_the_scan_started_in(target, expected):
    assert expected in uris(replace(conflict(), target=target))


def test_of_a_single_file_the_folder_is_that_of_the_file():
    [_, file, _] = conflict().files
    one = replace(conflict(), target="data/train.jsonl", files=(replace(file, path="train.jsonl"),))
    one = replace(
        one,
        findings=tuple(
            replace(f, evidence=tuple(replace(e, file="train.jsonl") for e in f.evidence))
            for f in one.findings
        ),
    )
    assert uris(one) == {"data/train.jsonl"}


def test_the_same_finding_keeps_its_fingerprint_when_lines_move():
    def prints(report):
        return [r["partialFingerprints"] for r in run(as_data(report))["results"]]

    moved = replace(
        conflict(),
        findings=tuple(
            replace(f, count=f.count + 5, evidence=tuple(replace(e, line=e.line + 9) for e in f.evidence))
            for f in conflict().findings
        ),
    )
    assert prints(moved) == prints(conflict())


def test_what_is_ignored_is_suppressed_with_its_reason_and_the_rest_says_that_it_is_not():
    results = run(data("mixture"))["results"]
    [ignored] = [r for r in results if r["suppressions"]]
    assert ignored["ruleId"] == "TRM004"
    assert ignored["suppressions"][0]["justification"].startswith("Read again on 2026-11-20")
    assert all("suppressions" not in r for r in run(data("conflict"))["results"])


def test_files_that_were_not_read_are_notifications():
    [invocation] = run(data("mixture"))["invocations"]
    assert invocation["executionSuccessful"] and invocation["endTimeUtc"] == "2026-11-25T10:00:00Z"
    [notification] = invocation["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "FIL001"
    assert "train-00004.parquet was not read: It is cut off" in notification["message"]["text"]
    local = replace(mixture(), created="2026-11-25T12:00:00+02:00")
    assert run(as_data(local))["invocations"][0]["endTimeUtc"] == "2026-11-25T10:00:00Z"
