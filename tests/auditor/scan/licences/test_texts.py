"""Texts are told by a library, and short notices by what they name; what a text adds is not overlooked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from auditor.scan.licences import texts
from auditor.scan.licences.alike import parts
from auditor.scan.licences.expressions import spdx_id

FOLDER = os.environ.get("AUDIT_TEST_DATA")
APACHE = (Path(__file__).parents[4] / "LICENSE").read_text(encoding="utf-8")


def test_our_own_licence_is_apache():
    (found,) = texts.identify(APACHE)
    assert (found.licence, found.how, found.confidence) == ("Apache-2.0", "text", "high")


@pytest.mark.parametrize(
    "added",
    [
        "The data may not be used commercially.",
        "For non-commercial use only.",
        "You must not train competing models.",
    ],
)
def test_a_known_text_with_a_restriction_is_not_the_licence(added):
    (found,) = texts.identify(f"{APACHE}\n\nAdditional clause. {added}\n")
    assert (found.licence, found.like) == ("", "Apache-2.0")


def test_half_a_licence_is_like_it():
    found = texts.identify(APACHE[: len(APACHE) // 2])
    assert not any(part.licence for part in found)


def test_a_notice_that_names_a_licence():
    (found, *_) = texts.identify("The data are released under CC BY-NC 4.0.\n")
    assert (found.licence, found.how, found.confidence) == ("CC-BY-NC-4.0", "notice", "medium")


@pytest.mark.parametrize("text", ["", " \n", "lorem ipsum " * 500, "\0" * 50])
def test_nobody_knows_it(text):
    assert texts.identify(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "copyright " * 20_000,
        "a" * 500_000,
        "\n" * 200_000,
        "(" * 200_000,
        APACHE * 20,
        "Permission is hereby granted " * 10_000,
    ],
)
def test_hostile_texts_take_seconds_at_most(text):
    begin = time.perf_counter()
    texts.identify(text)
    assert time.perf_counter() - begin < 10


@pytest.mark.skipif(not FOLDER, reason="AUDIT_TEST_DATA is not set")
def test_a_sample_of_spdx_texts():
    import pyarrow.parquet as pq

    rows = pq.read_table(Path(FOLDER, "licences", "spdx_texts.parquet")).to_pylist()
    rows = [
        row
        for row in rows
        if not row["spdx_id"].startswith("depreciate") and "xception" not in row["spdx_id"]
    ][::6]
    right = 0
    for row in rows:
        first = next((part.licence for part in texts.identify(row["text"]) if part.how == "text"), "")
        right += bool(first) and parts(first) == parts(spdx_id(row["spdx_id"]) or row["spdx_id"])
    assert len(rows) > 100
    assert right / len(rows) >= 0.95
