"""A licence answers for a use: from the terms on file, else from its traits; unknown is no permission."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from auditor.errors import AuditError
from auditor.scan.licences import declared, on_use, traits
from auditor.scan.licences.alike import alike, distinct, parts
from auditor.scan.terms import USES, VERDICTS

FOLDER = os.environ.get("AUDIT_TEST_DATA")


@pytest.mark.parametrize(
    ("licence", "use", "verdict", "entry"),
    [
        ("CC-BY-NC-4.0", "train_competing_llm", "prohibited", "data-cc-by-nc-4.0"),
        ("CC-BY-NC-2.0", "train_competing_llm", "prohibited", None),
        ("LicenseRef-cc-by-nc-3.0-fr", "commercial_use_of_outputs", "prohibited", None),
        ("CC-BY-SA-2.0", "train_competing_llm", "ambiguous", None),
        ("CC0-1.0", "train_competing_llm", "allowed", "data-cc0-1.0"),
        ("Unlicense", "redistribute_outputs_as_dataset", "allowed", None),
        ("BSD-3-Clause", "train_competing_llm", "allowed_with_conditions", None),
        ("GPL-3.0-only", "train_other_model_release_weights", "ambiguous", None),
        ("LicenseRef-llama-3", "train_competing_llm", "prohibited", "llama-3"),
        (
            "LicenseRef-scancode-llama-3.1-license-2024",
            "train_competing_llm",
            "allowed_with_conditions",
            "llama-3.1",
        ),
        ("LicenseRef-gemma", "train_competing_llm", "allowed_with_conditions", "gemma-tou-2024-04-01"),
        ("LicenseRef-research-only", "commercial_use_of_outputs", "prohibited", None),
        ("LicenseRef-on-request", "internal_research", "unknown", None),
        ("LicenseRef-cc", "internal_research", "unknown", None),
        ("LicenseRef-openai-terms", "internal_research", "unknown", None),
        ("LicenseRef-nobody-knows", "internal_research", "unknown", None),
        ("", "internal_research", "unknown", None),
        ("MIT OR CC-BY-NC-4.0", "train_competing_llm", "allowed_with_conditions", "data-mit"),
        ("MIT AND CC-BY-NC-4.0", "train_competing_llm", "prohibited", "data-cc-by-nc-4.0"),
        ("MIT AND (CC0-1.0 OR CC-BY-NC-4.0)", "train_competing_llm", "allowed_with_conditions", "data-mit"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "internal_research", "allowed", None),
    ],
)
def test_verdicts(licence, use, verdict, entry):
    said = on_use.says(licence, use)
    assert (said.verdict, said.entry) == (verdict, entry)
    assert said.reason
    assert said.confidence in ("low", "medium", "high")


def test_an_unknown_use_is_refused():
    with pytest.raises(AuditError, match="train_competing_llm"):
        on_use.says("MIT", "anything")


def test_every_trait_answers_for_every_use():
    for case in (
        {},
        {"noncommercial": True},
        {"share_alike": True, "attribution": True},
        {"public_domain": True},
        {"no_derivatives": True},
        {"research_only": True, "noncommercial": True},
        {"ask": True},
    ):
        for use in USES:
            verdict, reason = on_use._by_traits(traits.Traits("data", "high", **case), use)
            assert verdict in VERDICTS
            assert reason


def test_traits_go_by_family():
    assert traits.of("CC-BY-NC-ND-3.0-DE").no_derivatives
    assert traits.of("CC-BY-SA-2.0-UK").share_alike
    assert not traits.of("CC-BY-2.5").noncommercial
    assert traits.of("LGPL-2.1-only").kind == "software"
    assert traits.of("CC0-1.0").public_domain
    assert traits.of("LicenseRef-what") is None


def test_alike():
    assert parts("CC-BY-SA-3.0-IGO") == ("cc-by-sa", "3.0")
    assert parts("GFDL-1.3-no-invariants-or-later") == parts("GFDL-1.3-only")
    assert alike("CC-BY-4.0", "LicenseRef-cc-by")
    assert alike("LicenseRef-cc", "CC-BY-NC-2.0")
    assert alike("GPL-3.0-only", "GPL-3.0-or-later")
    assert not alike("CC-BY-4.0", "CC-BY-3.0")
    assert not alike("CC-BY-4.0", "CC-BY-SA-4.0")
    assert not alike("GPL-3.0-only", "AGPL-3.0-only")
    assert distinct(("LicenseRef-cc-by-sa", "CC-BY-SA-4.0", "MIT")) == ("CC-BY-SA-4.0", "MIT")


@pytest.mark.skipif(not FOLDER, reason="AUDIT_TEST_DATA is not set")
def test_every_licence_of_the_labelled_sets_is_read():
    with Path(FOLDER, "licences", "dataset_cards_labels.csv").open(encoding="utf-8") as stream:
        values = {part for row in csv.DictReader(stream) for part in row["declared_license"].split("|")}
    with Path(FOLDER, "licences", "dpi_datasets.jsonl").open(encoding="utf-8") as stream:
        values |= {licence["license"] for line in stream for licence in json.loads(line)["licenses"]}
    keys = {key for value in values for key in declared.read(value).keys}
    services = {"LicenseRef-openai-terms", "LicenseRef-anthropic-terms", "LicenseRef-google-translate-terms"}
    assert {key for key in keys - services if not traits.of(key) and not on_use.entries(key)} == set()
