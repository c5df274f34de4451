"""The ML-BOM: valid by the schema of CycloneDX 1.7, the same again, with licences and models."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from auditor.reports.scan import render
from auditor.scan.report_data import as_data
from auditor.scan.result import Declared
from tests.auditor.reports.scan_reports import REPORTS, conflict, data, human

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_7)


def bom(found) -> dict:
    text = render(found, "cyclonedx")
    assert text.isascii()
    assert VALIDATOR.validate_str(text) is None
    return json.loads(text)


def dataset(found) -> dict:
    return next(c for c in bom(found)["components"] if c["bom-ref"] == "dataset")


def properties(component) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for pair in component["properties"]:
        made.setdefault(pair["name"], []).append(pair["value"])
    return made


@pytest.mark.parametrize("name", REPORTS)
def test_is_valid_and_the_same_again(name):
    made = bom(data(name))
    assert made == bom(data(name))
    refs = [c["bom-ref"] for c in made["components"]]
    assert len(refs) == len(set(refs))
    assert {d["ref"] for d in made["dependencies"]} == set(refs)
    assert all(set(d["dependsOn"]) <= set(refs) for d in made["dependencies"])


def test_another_report_has_another_serial_number():
    later = as_data(replace(conflict(), created="2026-11-26T10:00:00Z"))
    assert bom(later)["serialNumber"] != bom(data("conflict"))["serialNumber"]
    assert bom(later)["metadata"]["timestamp"] == "2026-11-26T10:00:00Z"


def test_models_are_components_with_provider_terms_and_places():
    [model] = [c for c in bom(data("conflict"))["components"] if c["type"] == "machine-learning-model"]
    assert (model["name"], model["supplier"]["name"]) == ("gpt-4", "OpenAI")
    told = properties(model)
    assert told["distill-audit:rows"] == ["52002"] and told["distill-audit:share-of-rows"] == ["100 %"]
    [terms] = told["distill-audit:terms:train_competing_llm"]
    assert terms == "openai-terms-of-use-2023; clause 2(c)(iii); prohibited; answer conflict"
    first = model["evidence"]["occurrences"][0]
    assert first["location"] == "data/train.jsonl" and first["line"] == 1 and first["symbol"] == "model"
    [source] = model["externalReferences"]
    assert source["type"] == "license" and source["url"].startswith("https://openai.com/")


def test_answers_and_conditions_are_properties_of_the_dataset():
    told = properties(dataset(data("mixture")))
    use = "distill-audit:use:train_other_model_release_weights"
    assert told[f"{use}:answer"] == ["cannot_tell"]
    assert len(told[f"{use}:condition"]) == 3


def test_known_datasets_that_rows_came_through_are_ancestors():
    made = bom(data("mixture"))
    of = next(c for c in made["components"] if c["bom-ref"] == "dataset")
    assert [a["name"] for a in of["pedigree"]["ancestors"]] == ["bespoke-stratos"]
    assert made["compositions"] == [{"aggregate": "incomplete", "dependencies": ["dataset"]}]


def test_licences_are_declared_observed_and_concluded_only_where_all_agree():
    made = dataset(data("human"))
    assert [(x["expression"], x["acknowledgement"]) for x in made["licenses"]] == [
        ("CC-BY-SA-4.0", "declared")
    ]
    assert [x["expression"] for x in made["evidence"]["licenses"]] == ["CC-BY-NC-4.0"]
    text = Declared("(text)", "CC-BY-SA-4.0", "file", "LICENSE", 1)
    agreed = dataset(as_data(replace(human(), declared=(human().declared[0], text))))
    assert [x["acknowledgement"] for x in agreed["licenses"]] == ["declared", "concluded"]


@pytest.mark.parametrize(
    ("licence", "as_expression"),
    [
        ("Apache-2.0 OR (MIT AND LicenseRef-llama-3.1)", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("", False),
        ("MIT, but not really", False),
        ("(MIT", False),
        ("MIT AND", False),
    ],
)
def test_what_is_no_expression_is_a_name(licence, as_expression):
    [one] = dataset(as_data(replace(human(), declared=(Declared("said", licence, "card", "README.md"),))))[
        "licenses"
    ]
    assert ("expression" in one) == as_expression
    assert as_expression or one["license"]["name"] == "said"
