"""Recorded scores come back as they were written, and a file that is not what it should be is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import scored
from auditor.errors import AuditError
from auditor.scored import KEY, SCHEMA, Scored
from detectors.scores import Scores, TextId

ABOUT = {"scorer": "m", "max_chars": None, "model": {"files": {"w": "0" * 64}, "template": {"kind": "plain"}}}


def example() -> Scored:
    texts = (TextId("a", "p1"), TextId("a", "p2", 1), TextId("b", "p1"), TextId("neutral", "p9"))
    scores = Scores(
        "m",
        texts,
        np.array([0, 2, 5, 5, 6]),
        np.array([1, 4, 2, 2, 9, 3]),
        np.array([np.nan, -1.5, -0.25, 0.0, -2.0, -3.0], np.float32),
    )
    return Scored(ABOUT, scores, ("1" * 64,) * 4, np.array([4, 9, 0, 5]), ("", "", "the text is empty", ""))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "scores.parquet"
    scored.write(example(), path)
    return path


def test_what_is_written_is_read(file):
    found, wanted = scored.read(file), example()
    assert found.about == ABOUT
    assert found.everything.texts == wanted.everything.texts
    assert (found.sha256, found.skipped) == (wanted.sha256, wanted.skipped)
    np.testing.assert_array_equal(found.n_bytes, wanted.n_bytes)
    for name in ("starts", "ends", "logprobs"):
        got, want = getattr(found.everything, name), getattr(wanted.everything, name)
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_scores_leave_out_what_was_not_scored(file):
    scores = scored.read(file).scores
    assert [text.probe for text in scores.texts] == ["p1", "p2", "p9"]
    assert scores.starts.tolist() == [0, 2, 5, 6]
    assert len(scores.ends) == len(scores.logprobs) == 6
    assert scored.read(file).n_cut == 1  # p9: 3 of 5 bytes


def test_parts_put_together_are_the_whole(tmp_path):
    whole = example()
    other = replace(
        whole, everything=replace(whole.everything, texts=tuple(TextId("c", str(i)) for i in range(4)))
    )
    both = scored.joined([whole, other])
    assert both.everything.texts == whole.everything.texts + other.everything.texts
    assert both.everything.starts.tolist() == [0, 2, 5, 5, 6, 8, 11, 11, 12]
    scored.write(both, tmp_path / "both.parquet")
    again = scored.read(tmp_path / "both.parquet")
    np.testing.assert_array_equal(again.everything.logprobs, np.tile(whole.everything.logprobs, 2))


def test_a_file_without_texts(tmp_path):
    nothing = Scores("m", (), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    scored.write(Scored(ABOUT, nothing, (), np.zeros(0, np.int64), ()), tmp_path / "none.parquet")
    found = scored.read(tmp_path / "none.parquet")
    assert found.scores.texts == ()
    assert found.n_cut == 0


def refused(path, *words):
    with pytest.raises(AuditError) as caught:
        scored.read(path)
    for word in (str(path), *words):
        assert word in str(caught.value)


def rewritten(file, column=None, values=None, schema=SCHEMA, about=None):
    """The file with another column, schema or metadata."""
    table = pq.read_table(file)
    metadata = table.schema.metadata if about is None else about
    if column:
        at = table.schema.names.index(column)
        table = table.set_column(at, table.schema.field(at), pa.array(values, table.schema.field(at).type))
    pq.write_table(table.select(schema.names).replace_schema_metadata(metadata), file)


def test_not_there_cut_off_or_not_parquet(file):
    refused(file.with_name("other.parquet"), "no such file", "audit score")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    refused(file, "not readable as Parquet")
    file.write_bytes(b"")
    refused(file, "not readable as Parquet")


def test_another_table(file):
    rewritten(file, about={b"other": b"{}"})
    refused(file, "not a file of scores")


def test_another_version(file):
    rewritten(file, about={KEY: json.dumps({"version": 2, **ABOUT}).encode()})
    refused(file, "version 2", "reads version 1")


@pytest.mark.parametrize("about", [b"{", b"[]", b"{}"])
def test_damaged_metadata(file, about):
    rewritten(file, about={KEY: about})
    refused(file, "metadata is damaged")


def test_metadata_without_a_scorer(file):
    rewritten(file, about={KEY: json.dumps({"version": 1, "model": {}}).encode()})
    refused(file, "does not say which model")


def test_wrong_columns(file):
    rewritten(file, schema=pa.schema([f for f in SCHEMA if f.name != "ends"]))
    refused(file, "wrong: ends")


def test_wrong_type(file):
    table = pq.read_table(file)
    table = table.set_column(2, "sample", table["sample"].cast(pa.int64()))
    pq.write_table(table, file)
    refused(file, "wrong: sample")


@pytest.mark.parametrize(
    ("column", "values", "word"),
    [
        ("probe", ["p1", None, "p1", "p9"], "gaps"),
        ("logprobs", [[None, -1], [-1, -1, -1], [], [-1]], "gaps"),
        ("logprobs", [[-1], [-1, -1, -1], [], [-1]], "as many"),
        ("logprobs", [[-1, float("nan")], [-1, -1, -1], [], [-1]], "first token"),
        ("logprobs", [[-1, 0.5], [-1, -1, -1], [], [-1]], "at most 0"),
        ("logprobs", [[-1, float("-inf")], [-1, -1, -1], [], [-1]], "finite"),
        ("ends", [[4, 1], [2, 2, 9], [], [3]], "must rise"),
        ("ends", [[1, 5], [2, 2, 9], [], [3]], "its length"),
        ("ends", [[-1, 4], [2, 2, 9], [], [3]], "must rise"),
        ("skipped", ["", "", "", ""], "neither scores nor a reason"),
        ("skipped", ["why", "", "why", ""], "neither scores nor a reason"),
    ],
)
def test_numbers_that_make_no_sense(file, column, values, word):
    rewritten(file, column, values)
    refused(file, word)


def test_a_text_twice(file):
    rewritten(file, "text_of", ["a", "a", "a", "neutral"])
    refused(file, "twice")


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(AuditError, match="No space left"):
        scored.write(example(), tmp_path / "s.parquet")
    assert not list(tmp_path.iterdir())


def test_files_must_be_of_the_same_texts(tmp_path):
    one, other = example(), replace(example(), sha256=("1" * 64, "2" * 64, "1" * 64, "1" * 64))
    scored.check_same_texts([(Path("one"), one), (Path("two"), one)])
    with pytest.raises(AuditError, match=r"one and two.*sample 1 of a on probe p2"):
        scored.check_same_texts([(Path("one"), one), (Path("two"), other)])
