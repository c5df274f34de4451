"""Formats, packing, columns; and what is wrong with a corpus is said, or counted and told."""

from __future__ import annotations

import gzip
import json

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from auditor.errors import AuditError, IncompleteError
from tests.auditor.overlap.corpora import compared, documents, jsonl

TEXTS = documents(11, 12)


@pytest.fixture
def right(tmp_path):
    return jsonl(tmp_path / "right.jsonl", TEXTS)


def written(folder, kind):
    """The texts as a corpus of some kind; its name."""
    table = pa.table({"id": [str(i) for i in range(len(TEXTS))], "output": TEXTS, "n": range(len(TEXTS))})
    rows = "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()
    path = folder / f"left.{kind}"
    match kind:
        case "jsonl":
            path.write_bytes(rows)
        case "jsonl.gz":
            path.write_bytes(gzip.compress(rows))
        case "jsonl.zst":
            with pa.output_stream(str(path), compression="zstd") as file:
                file.write(rows)
        case "json":
            path.write_text(json.dumps(table.to_pylist(), indent=1))
        case "parquet":
            pq.write_table(table, path)
        case "csv":
            pyarrow.csv.write_csv(table, path)
        case "tsv.gz":
            with gzip.open(path, "wt") as file:
                file.write("id\toutput\n" + "".join(f"{i}\t{t}\n" for i, t in enumerate(TEXTS)))
        case "duckdb":
            with duckdb.connect(str(path)) as con:
                con.register("rows", table)
                con.execute('CREATE TABLE "my answers" AS FROM rows')
            return f"{path}::my answers"
        case "folder":
            path.mkdir()
            for i, text in enumerate(TEXTS):
                (path / f"{i}.txt").write_text(text)
        case "pattern":
            for i in range(3):
                (folder / f"part-{i}.jsonl").write_bytes(b"".join(rows.splitlines(True)[i::3]))
            return str(folder / "part-*.jsonl")
    return str(path)


@pytest.mark.parametrize(
    "kind",
    ["jsonl", "jsonl.gz", "jsonl.zst", "json", "parquet", "csv", "tsv.gz", "duckdb", "folder", "pattern"],
)
def test_every_format_gives_the_same_answer(tmp_path, right, kind):
    found = compared(tmp_path, written(tmp_path, kind), right)
    assert found.corpora[0].documents == found.corpora[0].matched == len(TEXTS)
    assert all(p.jaccard == 1 for p in found.pairs)


def test_a_name_with_pattern_characters_is_that_file(tmp_path, right):
    folder = tmp_path / "a[1] 'q'"
    folder.mkdir()
    assert compared(tmp_path, jsonl(folder / "x*?.jsonl", TEXTS[:3]), right).corpora[0].matched == 3


def test_chat_messages_are_the_assistants_turns(tmp_path, right):
    rows = [
        {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": TEXTS[0]}]},
        {"messages": [{"from": "human", "value": "?"}, {"from": "gpt", "value": TEXTS[1]}]},
        {"messages": [{"role": "assistant", "content": [{"type": "text", "text": TEXTS[2]}]}]},
        {"messages": [{"role": "user", "content": TEXTS[3]}]},
    ]
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = compared(tmp_path, str(path), right)
    assert found.corpora[0].matched == 3 and found.corpora[0].without_text == 1
    assert sum(p.jaccard == 1 for p in found.pairs) == 3


def test_chat_messages_in_parquet(tmp_path, right):
    turns = [[{"role": "user", "content": "?"}, {"role": "assistant", "content": t}] for t in TEXTS]
    pq.write_table(pa.table({"conversations": turns}), tmp_path / "chat.parquet")
    assert compared(tmp_path, str(tmp_path / "chat.parquet"), right).corpora[0].matched == len(TEXTS)


def test_files_of_one_corpus_may_differ(tmp_path, right):
    folder = tmp_path / "mixed"
    folder.mkdir()
    jsonl(folder / "a.jsonl", TEXTS[:4], column="output", n=[1, 2, 3, 4])
    jsonl(folder / "b.jsonl", TEXTS[4:8], column="response", n=["x", None, [1], {"a": 1}])
    pq.write_table(pa.table({"text": TEXTS[8:]}), folder / "c.parquet")
    found = compared(tmp_path, str(folder), right)
    assert found.corpora[0].matched == len(TEXTS)
    assert len([g for g in found.groups if g.kind == "source"]) == 3


def test_odd_documents_are_counted(tmp_path, right):
    texts = ["", "one", "one two three four", None, "nul \x00 in the middle of it all", TEXTS[0], "é" * 3]
    found = compared(tmp_path, jsonl(tmp_path / "odd.jsonl", texts), right)
    own = found.corpora[0]
    assert (own.documents, own.without_text, own.without_shingles, own.matched) == (7, 1, 2, 1)
    assert any("hold no word" in n for n in found.notes)


def test_text_that_is_not_utf8_is_compared_as_bytes(tmp_path):
    for name in ("l.txt", "r.txt"):
        (tmp_path / name).write_bytes(TEXTS[0].encode() + b" \xff\xfe caf\xe9")
    found = compared(tmp_path, str(tmp_path / "l.txt"), str(tmp_path / "r.txt"))
    assert found.corpora[0].matched == 1 and found.corpora[0].not_utf8 == 1


def test_a_document_longer_than_duckdbs_room(tmp_path, right):
    long = " ".join(f"w{i}" for i in range(3_000_000))
    texts = [TEXTS[0], long, TEXTS[1]]
    found = compared(tmp_path, jsonl(tmp_path / "long.jsonl", texts), right)
    assert len(long) > 1 << 24
    assert found.corpora[0].documents == 3 and found.corpora[0].matched == 2


def refused(tmp_path, left, right, kind=AuditError, **settings):
    with pytest.raises(kind) as caught:
        compared(tmp_path, str(left), str(right), **settings)
    assert str(left) in str(caught.value) or "spill" in str(caught.value)
    return str(caught.value)


def test_broken_files_are_named(tmp_path, right):
    path = tmp_path / "bad.jsonl.gz"
    whole = gzip.compress("".join(json.dumps({"text": t}) + "\n" for t in TEXTS * 50).encode())
    path.write_bytes(whole[: len(whole) // 2])
    assert "cut off" in refused(tmp_path, path, right)
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"text": "fine"}\n{"text": "not \xff fine"}\n')
    assert "not UTF-8" in refused(tmp_path, path, right)
    path.write_bytes(b'{"text": "fine"}\n{"text": \n')
    assert "line" in refused(tmp_path, path, right)
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"PAR1 and nothing")
    assert "damaged" in refused(tmp_path, path, right)
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert "empty" in refused(tmp_path, path, right)


def test_lines_that_cannot_be_read_can_be_left_out(tmp_path, right):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(json.dumps({"text": TEXTS[0]}).encode() + b'\n{"text": "not \xff fine"}\n{"text": \n')
    found = compared(tmp_path, str(path), right, keep_going=True)
    assert found.corpora[0].matched == 1 and found.corpora[0].without_text == 2


def test_columns_are_asked_for(tmp_path, right):
    both = jsonl(tmp_path / "two.jsonl", TEXTS, response=TEXTS)
    assert "'text' and 'response'" in refused(tmp_path, both, right)
    assert compared(tmp_path, both, right, text="response", right_text="text").corpora[0].matched == len(
        TEXTS
    )
    none = jsonl(tmp_path / "none.jsonl", TEXTS, column="a", b=TEXTS)
    assert "a, b" in refused(tmp_path, none, right)
    assert "no column 'nope'" in refused(tmp_path, right, none, text="nope")
    one = jsonl(tmp_path / "one.jsonl", TEXTS, column="whatever", n=range(len(TEXTS)))
    assert compared(tmp_path, one, right).corpora[0].matched == len(TEXTS)
    blank = jsonl(tmp_path / "blank.jsonl", [None, None], other=["x", "y"])
    assert "none of the 2 rows has a text" in refused(tmp_path, blank, right, text="text")


def test_names_that_are_nothing(tmp_path, right):
    assert "no such file" in refused(tmp_path, tmp_path / "nothing.jsonl", right)
    assert "no file matches" in refused(tmp_path, tmp_path / "no*.jsonl", right)
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04abc")
    assert "pickle" in refused(tmp_path, tmp_path / "a.pkl", right)
    assert "part of" in refused(tmp_path, right, right)
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute("CREATE TABLE a (text VARCHAR)")
    assert "::" in refused(tmp_path, tmp_path / "d.duckdb", right)
    assert "no such table" in refused(tmp_path, f"{tmp_path / 'd.duckdb'}::b", right)


def test_a_view_of_a_database_reads_no_other_file(tmp_path, right):
    (tmp_path / "secret.txt").write_text(TEXTS[0])
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute(f"CREATE VIEW v AS SELECT content AS text FROM read_text('{tmp_path}/secret.txt')")
    with pytest.raises(AuditError):
        compared(tmp_path, f"{tmp_path / 'd.duckdb'}::v", right)


def test_no_space_for_spill_is_said(tmp_path, right, monkeypatch):
    import errno

    from auditor.overlap.spill import Documents, spill_folder

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Documents, "add", full)
    left = jsonl(tmp_path / "left.jsonl", TEXTS)
    with pytest.raises(IncompleteError, match="No space for spill"), spill_folder(str(tmp_path)):
        compared(tmp_path, left, right)
    assert not list(tmp_path.glob("audit-overlap-*"))
