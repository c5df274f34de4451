"""Prose names licences, of the dataset or of something else; tag and prose agree or do not."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

import pytest

from auditor.scan.licences import declared, prose
from auditor.scan.licences.contradiction import contradictions, differ

FOLDER = os.environ.get("AUDIT_TEST_DATA")
LABELS = Path(__file__).parents[4] / "docs" / "measurements" / "licence_contradictions.csv"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The dataset is licensed under CC BY 4.0.", [("CC-BY-4.0", "dataset")]),
        ("MIT", [("MIT", "dataset")]),
        ("Made by people at MIT in Boston.", []),
        (
            "The code is under the MIT License. The data is under CC BY-NC 4.0.",
            [("MIT", "code"), ("CC-BY-NC-4.0", "dataset")],
        ),
        ("The code to load the dataset is under the MIT License.", [("MIT", "code")]),
        ("The datasets and models are under CC BY-SA 4.0.", [("CC-BY-SA-4.0", "dataset")]),
        ("It is based on Wikipedia, which is under CC BY-SA 3.0.", [("CC-BY-SA-3.0", "source")]),
        ("This corpus is not released under CC0.", [("CC0-1.0", "negated")]),
        ("- emoji: CC BY 4.0\n- irony: MIT License", [("CC-BY-4.0", "part"), ("MIT", "part")]),
        ("For non-commercial research only.", [("LicenseRef-non-commercial", "dataset")]),
        ("Free for commercial and non-commercial use.", []),
        ("Unknown.", []),
    ],
)
def test_what_a_licence_is_of(text, found):
    assert [(m.licence, m.about) for m in prose.mentions(text)] == found


def test_places_are_told():
    (mention,) = prose.mentions("First line.\n\nThe data are under ODbL v1.0.\n")
    assert (mention.licence, mention.line, mention.offset) == ("ODbL-1.0", 3, 32)
    assert mention.text == "The data are under ODbL v1.0."


def test_a_section_ends_where_the_next_of_its_rank_begins():
    card = "# Card\n\n## Licensing Information\n\nMIT License\n\n### Parts\n\nCC0\n\n## Citation\n\nGPLv3\n"
    begin, end = prose.section(card)
    assert [m.licence for m in prose.mentions(card[begin:end])] == ["MIT", "CC0-1.0"]
    assert prose.section("# Card\n\nnothing\n") == (0, 0)


@pytest.mark.parametrize(
    ("tag", "text", "against"),
    [
        ("cc-by-sa-4.0", "The dataset is under CC BY-SA 3.0.", ["CC-BY-SA-3.0"]),
        ("cc-by-sa-4.0", "The dataset is under CC BY-SA.", []),
        ("cc-by-sa-4.0", "Under CC BY-SA (CC BY-SA 3.0).", ["CC-BY-SA-3.0"]),
        ("mit", "All data are released under CC BY-NC 4.0.", ["CC-BY-NC-4.0"]),
        ("mit", "MIT, BSD and Apache", []),
        ("mit", "The texts come from Wikipedia under CC BY-SA 3.0.", []),
        ("mit", "- train: CC BY 4.0\n- test: MIT License", []),
        ("mit", "Unknown; see the original.", []),
        ("cc-by-4.0", "It may be used for research purposes only.", ["LicenseRef-research-only"]),
        ("cc-by-nc-4.0", "For non-commercial use.", []),
        ("other", "The dataset is under CC BY 4.0.", []),
        ("gpl-3.0", "GNU GPL version 3 or later", []),
        ("bsd", "BSD 3-Clause License", []),
        ("cc0-1.0", "Public domain.", []),
    ],
)
def test_tag_against_prose(tag, text, against):
    found = contradictions(declared.read(tag), prose.mentions(text))
    assert [m.licence for m in found] == against


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("mit", "apache-2.0", True),
        ("cc-by-4.0", "https://creativecommons.org/licenses/by/3.0/", True),
        ("cc-by-4.0", "cc-by", False),
        (["mit", "cc-by-4.0"], "CC BY 4.0", False),
        ("other", "mit", False),
        (None, "mit", False),
    ],
)
def test_two_declared_values(one, other, apart):
    assert differ(declared.read(one), declared.read(other)) is apart


@pytest.mark.parametrize(
    "text",
    [
        "cc by " * 20_000,
        "(" * 100_000,
        "\n" * 100_000,
        "non-commercial use. " * 5_000,
        "http://creativecommons.org/licenses/by/4.0/ " * 3_000,
        "copyright " * 20_000,
    ],
)
def test_hostile_prose_takes_seconds_at_most(text):
    begin = time.perf_counter()
    assert len(prose.mentions(text)) <= 2 * prose.MOST
    assert time.perf_counter() - begin < 10


@pytest.mark.skipif(not FOLDER, reason="AUDIT_TEST_DATA is not set")
def test_contradictions_are_right_nine_times_in_ten():
    import pyarrow.parquet as pq

    table = pq.read_table(Path(FOLDER, "licences", "dataset_cards.parquet")).to_pylist()
    cards = {row["dataset"]: row["readme"] for row in table}
    right = found = 0
    with LABELS.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            begin, end = prose.section(cards[row["dataset"]])
            tag = declared.read(row["declared"].split())
            if contradictions(tag, prose.mentions(cards[row["dataset"]][begin:end])):
                found += 1
                right += row["contradiction"] == "yes"
    assert found >= 35
    assert right / found >= 0.9
