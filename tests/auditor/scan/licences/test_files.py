"""Licence files are known by their names and read within bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.scan.licences import files

APACHE = Path(__file__).parents[4] / "LICENSE"


@pytest.mark.parametrize(
    ("path", "kind", "binds"),
    [
        ("LICENSE", "licence", "."),
        ("train/LICENCE.md", "licence", "train"),
        ("COPYING.LESSER", "licence", "."),
        ("UNLICENSE", "licence", "."),
        ("LICENSE-MODEL", "licence", "."),
        ("DATA_LICENSE", "licence", "."),
        ("Tongyi Qianwen RESEARCH LICENSE AGREEMENT", "licence", "."),
        ("LICENSES/CC-BY-4.0.txt", "licence", ""),
        ("data/train.csv.license", "licence", "data/train.csv"),
        ("NOTICE.txt", "notice", "."),
        ("USE_POLICY.md", "policy", "."),
        ("README.md", None, "."),
        ("licenses.csv", None, "."),
        ("license.py", None, "."),
        ("license_plates.txt", None, "."),
        ("LICENSES/list.json", None, ""),
    ],
)
def test_names(path, kind, binds):
    assert files.kind_of(path) == kind
    if kind:
        assert files.binds(path) == binds


def test_a_file_is_read():
    read = files.read(APACHE, "LICENSE")
    assert [found.licence for found in read.found] == ["Apache-2.0"]
    assert (read.kind, read.whole, read.problem) == ("licence", True, "")


def test_identifiers(tmp_path):
    file = tmp_path / "a.csv.license"
    tag = "SPDX-License-Identifier:"
    file.write_text(f"# SPDX-FileCopyrightText: Me\n# {tag} CC-BY-4.0 OR MIT\n// {tag} x\n")
    ((line, first), (_, second)) = files.read(file, "a.csv.license").tags
    assert (line, first.licence, first.keys) == (2, "CC-BY-4.0 OR MIT", ("CC-BY-4.0", "MIT"))
    assert (second.licence, second.unknown) == ("", ("x",))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Łódź".encode(), "Łódź"),
        ("\ufeffa".encode(), "a"),
        ("Łódź".encode("utf-16"), "Łódź"),
        (b"caf\xe9", "café"),
    ],
)
def test_encodings(data, text):
    assert files.decoded(data) == text


def test_what_cannot_be_read_says_why(tmp_path):
    (tmp_path / "LICENSE").write_bytes(b"%PDF\0\1\2")
    assert files.read(tmp_path / "LICENSE", "LICENSE").problem == "it is binary"
    assert files.read(tmp_path / "none", "none").problem
    assert files.read(tmp_path, "LICENSE").problem == "it is no regular file"
    os.mkfifo(tmp_path / "COPYING")
    assert files.read(tmp_path / "COPYING", "COPYING").problem == "it is no regular file"


def test_a_huge_file_is_read_in_part(tmp_path):
    (tmp_path / "LICENSE").write_bytes(APACHE.read_bytes() + b"\n" * (files.LARGEST + 10))
    read = files.read(tmp_path / "LICENSE", "LICENSE")
    assert not read.whole
    assert [found.licence for found in read.found] == ["Apache-2.0"]
