"""Near copies of a known set are found by its index, also by a sketch, and named."""

from __future__ import annotations

import json

import pytest

from auditor.overlap.columns import Wanted
from auditor.overlap.index import build
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.scan import scan_rows
from tests.auditor.overlap.corpora import documents


def jsonl(path, rows):
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


@pytest.mark.parametrize("sketch", [False, True])
def test_copies_are_found_and_the_set_named(tmp_path, sketch):
    known, other = documents(3, 60), documents(4, 60)
    settings = build.settings("words:5", 0.5, False, sketch, True)
    corpus = Corpus(
        str(jsonl(tmp_path / "set.jsonl", [{"output": t} for t in known])), "right", Wanted(), False, tmp_path
    )
    build.build(corpus, tmp_path / "alpaca", settings, Silent())
    copied = [f"{text} And so on." for text in known[:30]]
    rows = [{"id": i, "response": t} for i, t in enumerate([*copied, *other, "Yes.", "Yes."])]
    jsonl(tmp_path / "data.jsonl", rows)
    file = data_file(tmp_path, "data.jsonl")
    found = scan_rows(tmp_path, [file], 0, [tmp_path / "alpaca"], Silent())
    (near,) = [f for f in found.findings if f.rule == "GEN011"]
    assert (near.subject, near.count, near.total, near.confidence) == ("alpaca", 30, 92, "high")
    assert [(e.row, e.field) for e in near.evidence[:2]] == [(1, "response"), (2, "response")]
    assert near.evidence[0].excerpt == copied[0][:200]
    assert [(g.name, g.rows, g.through) for g in found.generators] == [("text-davinci-003", 30, "alpaca")]


def test_nothing_is_near_what_has_nothing_in_common(tmp_path):
    settings = build.settings("words:5", 0.5, False, False, True)
    path = jsonl(tmp_path / "set.jsonl", [{"output": t} for t in documents(3, 40)])
    build.build(
        Corpus(str(path), "right", Wanted(), False, tmp_path), tmp_path / "alpaca", settings, Silent()
    )
    jsonl(tmp_path / "data.jsonl", [{"response": t} for t in documents(5, 40)])
    jsonl(tmp_path / "empty.jsonl", [{"response": ""}, {"x": 1}])
    files = [data_file(tmp_path, n) for n in ("data.jsonl", "empty.jsonl")]
    found = scan_rows(tmp_path, files, 0, [tmp_path / "alpaca"], Silent())
    assert not found.findings and not found.generators
