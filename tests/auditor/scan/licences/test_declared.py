"""Declared values become ids: those of the hub, names, addresses, expressions; what says nothing says so."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from auditor.scan.licences import addresses, declared, expressions, tables

FOLDER = os.environ.get("AUDIT_TEST_DATA")
needs_data = pytest.mark.skipif(not FOLDER, reason="AUDIT_TEST_DATA is not set")


def test_every_value_of_the_hub_is_known():
    values = tables.hub()
    assert len(values) == 81  # 83 with "other" and "unknown"
    for value, key in values.items():
        meaning = declared.read(value)
        assert (meaning.licence, meaning.keys, meaning.unknown) == (key, (key,), ())
        assert expressions.known(key)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Creative Commons Attribution 4.0 International", "CC-BY-4.0"),
        ("CC BY-SA 3.0", "CC-BY-SA-3.0"),
        ("cc-by-nc-sa", "LicenseRef-cc-by-nc-sa"),
        ("Creative Commons Attribution 2.5 South Africa License", "LicenseRef-cc-by-2.5-za"),
        ("CC BY-SA 3.0 IGO", "CC-BY-SA-3.0-IGO"),
        ("MIT License", "MIT"),
        ("Apache 2", "Apache-2.0"),
        ("LGPL 2.1", "LGPL-2.1-only"),
        ("GNU General Public License v3.0", "GPL-3.0-only"),
        ("Meta Llama3 Community License", "LicenseRef-llama-3"),
        ("AI2 ImpACT License - Low Risk", "LicenseRef-ai2-impact-lr"),
        ("MIT OR Apache-2.0", "Apache-2.0 OR MIT"),
        ("mit and cc-by-4.0", "CC-BY-4.0 AND MIT"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
        ("cc-by-4.0, mit", "CC-BY-4.0 AND MIT"),
        ("CC BY 4.0 or MIT", "CC-BY-4.0 OR MIT"),
        ("https://creativecommons.org/licenses/by-nc/4.0/legalcode", "CC-BY-NC-4.0"),
        ("creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://opensource.org/licenses/GPL-2.0", "GPL-2.0-only"),
        (
            "https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct/blob/main/LICENSE",
            "LicenseRef-scancode-llama-3.1-license-2024",
        ),
        ("https://huggingface.co/meta-llama/Meta-Llama-3-8B/blob/main/LICENSE", "LicenseRef-llama-3"),
        ("Academic Research Purposes Only", "LicenseRef-research-only"),
        ("Non Commercial", "LicenseRef-non-commercial"),
        ("OpenAI", "LicenseRef-openai-terms"),
        ({"@type": "CreativeWork", "url": "https://creativecommons.org/licenses/by/4.0/"}, "CC-BY-4.0"),
        (["cc-by-sa-3.0", "gfdl"], "CC-BY-SA-3.0 AND LicenseRef-gfdl"),
    ],
)
def test_names_addresses_and_expressions(text, licence):
    assert declared.read(text).licence == licence


@pytest.mark.parametrize(
    "text", ["modified mit license of ours", "MIT-style", "not MIT", "custom apache-like", "frobnicate"]
)
def test_a_changed_licence_is_not_the_licence(text):
    meaning = declared.read(text)
    assert not meaning.licence
    assert meaning.unknown == (text,)


def test_names_that_publishers_give_are_less_sure():
    assert declared.read("deepseek").keys == ("LicenseRef-scancode-deepseek-la-1.0",)
    assert declared.read("modified-mit").confidence == declared.read("deepseek").confidence == "medium"


def test_a_condition_beside_a_name_is_not_lost():
    assert "LicenseRef-non-commercial" in declared.read("MIT License, for non-commercial use").keys
    assert declared.read("CC BY 4.0 with Frobnication").unknown == ("Frobnication",)
    assert declared.read("CC BY 4.0 with Frobnication").confidence == "medium"


@pytest.mark.parametrize(
    ("value", "nothing"),
    [
        ("unknown", "unknown"),
        ("Unspecified", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ([], "unknown"),
        ("other", "other"),
        ("Custom", "other"),
        (True, "unknown"),
        (["other"], "other"),
    ],
)
def test_what_says_nothing(value, nothing):
    meaning = declared.read(value)
    assert (meaning.licence, meaning.nothing) == ("", nothing)


def test_a_part_of_a_list_that_is_not_known_stays_visible():
    meaning = declared.read(["mit", "other", "frobnicate"])
    assert meaning.licence == "MIT"
    assert meaning.unknown == ("other", "frobnicate")


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "MIT OR " * 5_000, "a" * 100_000, "\0\ud800", "http://" + "x" * 9_000, 5, 5.0]
)
def test_hostile_values_are_bounded(text):
    assert len(declared.read(text).text) <= declared.LONGEST


def test_addresses_that_look_alike_are_not_taken():
    assert addresses.of("https://example.org/creativecommons.org/licenses/by/4.0/") is None
    assert addresses.of("https://github.com/someone/repository/blob/main/LICENSE") is None
    assert addresses.of("https://evil.example/opensource.org/licenses/MIT") is None


@needs_data
def test_every_declared_licence_of_the_cards_is_read():
    with Path(FOLDER, "licences", "dataset_cards_labels.csv").open(encoding="utf-8") as stream:
        values = [row["declared_license"] for row in csv.DictReader(stream) if row["declared_license"]]
    meanings = [declared.read(value.split("|")) for value in values]
    assert len(meanings) == 726
    assert all(meaning.keys or meaning.nothing for meaning in meanings)


@needs_data
def test_every_name_of_the_annotators_is_read():
    with Path(FOLDER, "licences", "dpi_datasets.jsonl").open(encoding="utf-8") as stream:
        names = {licence["license"] for line in stream for licence in json.loads(line)["licenses"]}
    assert len(names) == 49
    assert {name for name in names if not (declared.read(name).keys or declared.read(name).nothing)} == set()
