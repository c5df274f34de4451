"""Which files a dataset is."""

from __future__ import annotations

import os

import pytest

from auditor.errors import AuditError
from auditor.scan import tree


def kinds(folder):
    return {f.name: (f.kind, f.format) for f in tree.walk(str(folder)).files}


def test_kinds(tmp_path):
    names = [
        "README.md",
        "LICENSE",
        "data/a.jsonl.gz",
        "data/b.parquet",
        "c.arrow",
        "dataset_infos.json",
        "run.py",
        "x.csv",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert kinds(tmp_path) == {
        "LICENSE": ("licence", ""),
        "README.md": ("card", ""),
        "c.arrow": ("data", "arrow"),
        "data/a.jsonl.gz": ("data", "jsonl"),
        "data/b.parquet": ("data", "parquet"),
        "dataset_infos.json": ("metadata", ""),
        "run.py": ("other", ""),
        "x.csv": ("data", "csv"),
    }


def test_git_and_caches_are_not_searched(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.jsonl").touch()
    (tmp_path / "b.jsonl").touch()
    assert list(kinds(tmp_path)) == ["b.jsonl"]


def test_a_file_or_a_pattern(tmp_path):
    for name in ("a.jsonl", "b.jsonl", "c.csv"):
        (tmp_path / name).touch()
    assert list(kinds(tmp_path / "a.jsonl")) == ["a.jsonl"]
    assert list(kinds(tmp_path / "*.jsonl")) == ["a.jsonl", "b.jsonl"]
    with pytest.raises(AuditError, match="no file matches"):
        tree.walk(str(tmp_path / "*.parquet"))


def test_depth_links_and_pipes_are_bounded(tmp_path):
    deep = tmp_path
    for _ in range(tree.DEPTH + 2):
        deep = deep / "d"
        deep.mkdir()
    (deep / "a.jsonl").touch()
    (tmp_path / "dead").symlink_to("nowhere")
    (tmp_path / "out").symlink_to("/")
    os.mkfifo(tmp_path / "pipe.jsonl")
    found = tree.walk(str(tmp_path))
    assert not found.files
    said = {f.subject.rpartition("/")[2] for f in found.left_out}
    assert said == {"d", "dead", "out", "pipe.jsonl"}


def test_the_number_of_files_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "FILES", 3)
    for i in range(5):
        (tmp_path / f"{i}.jsonl").touch()
    found = tree.walk(str(tmp_path))
    assert len(found.files) == 3 and len(found.left_out) == 1


def test_a_link_to_a_file_that_is_scanned_anyway_is_no_finding(tmp_path):
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "a.jsonl")
    found = tree.walk(str(tmp_path))
    assert [f.name for f in found.files] == ["a.jsonl"] and not found.left_out
