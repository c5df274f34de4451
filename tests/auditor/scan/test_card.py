"""Cards: what is declared in their metadata, and their sections."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from auditor.scan import card
from auditor.scan.tree import Found

DATA = os.environ.get("AUDIT_TEST_DATA")


def read(folder: Path, text: str | bytes) -> card.Card:
    path = folder / "README.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return card.read(Found(path, "README.md", "card", "", path.stat().st_size))


@pytest.mark.parametrize(
    ("yaml", "licences"),
    [
        ("license: mit", ("mit",)),
        ("license:\n- mit\n- cc-by-4.0", ("mit", "cc-by-4.0")),
        ("licence: mit", ("mit",)),
        ("license:\n  train: mit\n  test: [apache-2.0, mit]", ("mit", "apache-2.0")),
        ("license: other\nlicense_name: my-terms\nlicense_link: LICENSE", ("my-terms",)),
        ("license: other\nlicense_link: https://example.org/terms", ("https://example.org/terms",)),
        ("license: other", ("other",)),
        ("license: 3", ("3",)),
        ("license:", ()),
        ("language: en", ()),
    ],
)
def test_declared_licences(tmp_path, yaml, licences):
    found = read(tmp_path, f"---\n{yaml}\n---\n# x\n")
    assert found.licences == licences and not found.broken


def test_line_and_windows_ends(tmp_path):
    found = read(tmp_path, "\ufeff---\r\nlanguage: en\r\nlicense: mit\r\n---\r\n## Licensing\r\nMIT\r\n")
    assert (found.licences, found.line) == (("mit",), 3)
    [section] = found.licence_sections()
    assert (section.text.strip(), section.line) == ("MIT", 5)


def test_sections_begin_where_they_stand(tmp_path):
    found = read(
        tmp_path, "---\nlicense: mit\n---\nIntro\n\n# One\ntext\n\n## Licensing Information\nunder MIT\n"
    )
    assert [(s.heading, s.line) for s in found.sections] == [
        ("", 3),
        ("One", 6),
        ("Licensing Information", 9),
    ]


@pytest.mark.parametrize(
    ("yaml", "people", "machine"),
    [
        ("annotations_creators:\n- crowdsourced\nlanguage_creators:\n- found", True, ()),
        (
            "annotations_creators:\n- machine-generated\nlanguage_creators:\n- found",
            False,
            ("annotations_creators",),
        ),
        ("language_creators:\n- machine-generated", False, ("language_creators",)),
        ("annotations_creators:\n- no-annotation", False, ()),
        ("license: mit", False, ()),
    ],
)
def test_who_made_it(tmp_path, yaml, people, machine):
    found = read(tmp_path, f"---\n{yaml}\n---\n")
    assert (found.human, found.machine) == (people, machine)


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: [mit\n---\n",
        "---\nlicense: mit\n",
        "---\n- a\n- b\n---\n",
        "---\n" + "[" * 5000 + "\n---\n",
        "---\n" + "- " * 5000 + "a\n---\n",
        "---\na: " + "x" * (2 << 20) + "\n---\n",
        "---\nlicense: !!python/object/apply:os.system ['true']\n---\n",
        "---\nlicense: 2024-13-45\n---\n",
        b"---\nlicense: \xff\xfe\x00\n---\n",
    ],
    ids=["open bracket", "no end", "a list", "brackets", "dashes", "long", "code", "no such day", "bytes"],
)
def test_broken_metadata_is_said(tmp_path, text):
    assert read(tmp_path, text).broken


def test_a_licence_on_a_line_of_its_own_is_read_from_broken_metadata(tmp_path):
    found = read(tmp_path, "---\nlicense: mit\ntags: [a\n---\n")
    assert found.broken and found.licences == ("mit",)


def test_a_huge_card_is_cut(tmp_path):
    found = read(tmp_path, "---\nlicense: mit\n---\n" + "word " * (1 << 20))
    assert found.cut and found.licences == ("mit",)


@pytest.mark.skipif(not DATA, reason="AUDIT_TEST_DATA is not set: the real cards are elsewhere")
def test_every_declared_licence_of_real_cards_is_read(tmp_path):
    import pyarrow.parquet as pq

    folder = Path(DATA or "") / "licences"
    cards = pq.read_table(folder / "dataset_cards.parquet").to_pylist()
    with (folder / "dataset_cards_labels.csv").open() as file:
        labels = {row["dataset"]: row["declared_license"] for row in csv.DictReader(file)}
    declared = {row["dataset"]: set(read(tmp_path, row["readme"]).licences) for row in cards}
    expected = {name: set(value.split("|")) for name, value in labels.items() if value}
    assert len(expected) > 700
    assert {name: declared[name] for name in expected} == expected
