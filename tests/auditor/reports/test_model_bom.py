"""The ML-BOM of a student: valid by the schema of CycloneDX 1.7; concludes nothing in its structure."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from auditor.report import LineageRow
from auditor.reports import render
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import sample_report

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_7)
LINEAGE = (
    LineageRow(
        "corvid-7b", "student", base="raven-7b", trained_on="human;gull-1", source="card", confidence="high"
    ),
    LineageRow("aurora-2", "teacher", "Aurora", source="https://example.org/aurora-2"),
)


def bom(report) -> dict:
    text = render(report, "cyclonedx")
    assert text.isascii()
    assert VALIDATOR.validate_str(text) is None
    return json.loads(text)


def properties(component) -> dict[str, str]:
    return {p["name"].removeprefix("distill-audit:"): p["value"] for p in component["properties"]}


@pytest.mark.parametrize("name", REPORTS)
def test_is_valid_and_the_same_again(name):
    made = bom(REPORTS[name])
    assert made == bom(REPORTS[name])
    refs = {made["metadata"]["component"]["bom-ref"], *(c["bom-ref"] for c in made["components"])}
    assert {d["ref"] for d in made["dependencies"]} == refs
    assert {s for a in made.get("annotations", ()) for s in a["subjects"]} <= refs


def test_the_verdict_is_said_of_both_models_and_in_full():
    made = bom(REPORTS["tie"])
    student = made["metadata"]["component"]
    told = properties(student)
    of = "verdict:teacher:1:distillation"
    assert told[f"{of}:teacher"] == "aurora-2"
    assert told[f"{of}:level"] == "moderate"
    assert told[f"{of}:log10-likelihood-ratio"] == "1.4"
    assert told[f"{of}:log10-likelihood-ratio-95-interval"] == "0.9 to 1.9"
    assert told[f"{of}:not-told-apart-from"] == "borealis-1"
    assert told[f"{of}:alternative:public data"].startswith("not examined: ")
    first = made["annotations"][0]
    assert first["subjects"] == ["student", "teacher:1"]
    assert "It is not the chance" in first["text"]


def test_what_is_documented_is_structure_and_what_is_concluded_is_not():
    made = bom(sample_report(lineage=LINEAGE))
    student = made["metadata"]["component"]
    assert [d["name"] for d in student["modelCard"]["modelParameters"]["datasets"]] == [
        "text written by people",
        "answers of gull-1",
    ]
    assert [a["name"] for a in student["pedigree"]["ancestors"]] == ["raven-7b"]
    assert "Moderate support for distillation from aurora-2" in student["pedigree"]["notes"]
    of = {d["ref"]: d["dependsOn"] for d in made["dependencies"]}
    assert of == {"student": ["base"], "base": [], "teacher:1": [], "teacher:2": []}
    [aurora] = [c for c in made["components"] if c["name"] == "aurora-2"]
    assert aurora["supplier"] == {"name": "Aurora"}
    assert aurora["externalReferences"][0]["url"] == "https://example.org/aurora-2"


def test_nothing_is_said_of_data_that_nobody_documented():
    student = bom(sample_report())["metadata"]["component"]
    assert "datasets" not in student["modelCard"]["modelParameters"]
    assert "ancestors" not in student["pedigree"]


def test_files_are_named_with_their_hashes():
    student = bom(sample_report())["metadata"]["component"]
    [place] = student["evidence"]["occurrences"]
    assert place == {"location": "panel.parquet", "additionalContext": f"SHA-256 {'01' * 32}"}


def test_another_run_has_another_serial_number():
    other = sample_report()
    other = replace(other, run=replace(other.run, finished="2024-06-02T10:02:00+02:00"))
    assert bom(other)["serialNumber"] != bom(sample_report())["serialNumber"]
    assert bom(other)["metadata"]["timestamp"] == "2024-06-02T08:02:00Z"
