"""The JSON report: strict, to its schema, complete."""

from __future__ import annotations

import json
from dataclasses import fields

import jsonschema
import pytest

from auditor import report as types
from auditor import shipped
from auditor.report import LineageRow
from auditor.reports import render
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import finding, sample_report

every = pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(shipped.path("schema/report-1.0.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def loaded(report):
    text = render(report, "json")
    assert text.isascii() and "\x7f" not in text
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@every
def test_follows_its_schema(report, validator):
    data = loaded(report)
    validator.validate(data)
    data["verdict"] = "guilty"
    assert not validator.is_valid(data)


@pytest.mark.parametrize(
    ("key", "value"), [("level", "certain"), ("proposition", "theft"), ("p_rank", 1.2), ("x", 0)]
)
def test_the_schema_is_strict(key, value, validator):
    data = loaded(sample_report())
    data["verdicts"][0][key] = value
    assert not validator.is_valid(data)


@every
def test_every_string_can_be_encoded(report):
    json.dumps(loaded(report), ensure_ascii=False).encode("utf-8")


def test_the_joint_score_comes_first_and_a_missing_figure_is_null():
    (first, _, _, last) = loaded(sample_report())["verdicts"][0]["detectors"]
    assert first["name"] == "joint" and len(first["references"]) == 30
    assert last["value"] is None and last["interval"] is None and last["references"] == []
    odd = loaded(REPORTS["bare"])["verdicts"][0]["detectors"][1]
    assert odd["value"] is None and odd["interval"] is None and odd["references"][0]["value"] is None


def test_leaves_nothing_out():
    data = loaded(sample_report())
    found = data["verdicts"][0]
    assert {f.name for f in fields(types.Verdict)} <= set(found)
    renamed = {"teacher", "detector", "reference_models", "reference_values", "reference_strata"}
    assert {f.name for f in fields(types.Finding)} - renamed <= set(found["detectors"][0])
    assert {f.name for f in fields(types.Exhibit)} == set(data["exhibits"][0])
    assert {f.name for f in fields(LineageRow)} == set(data["panel"]["lineage"][0])
    assert {f.name for f in fields(types.Run)} == set(data["run"])
    counted = {"n_subjects", "n_probes", "n_responses", "findings", "lineage", "excluded", "lineage_source"}
    counted |= {"terms_versions"}
    assert {f.name for f in fields(types.Report)} - counted <= set(data)


def test_a_teacher_without_a_verdict_is_not_lost():
    report = sample_report()
    more = sample_report(findings=(*report.findings, finding("borealis-9")))
    assert [t["teacher"] for t in loaded(more)["not_judged"]] == ["borealis-9"]
