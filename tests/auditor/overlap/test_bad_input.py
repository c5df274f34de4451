"""Bad input through the command line: each kind ends with its exit code and a message that names the file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from auditor.cli import main
from tests.auditor.overlap.corpora import documents, jsonl

TEXTS = documents(21, 8)


@pytest.fixture
def audit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jsonl(Path("right.jsonl"), TEXTS, column="response")

    def run(*arguments: str, code: int = 0):
        result = CliRunner().invoke(main, arguments, prog_name="audit", catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def written(kind: str) -> str:
    name = "left.txt" if kind == "bytes" else "left.parquet" if kind == "cut parquet" else "left.jsonl"
    good = lines(*({"text": t} for t in TEXTS))
    match kind:
        case "empty":
            data = b""
        case "not utf-8":
            data = b'{"text": "fine"}\n{"text": "caf\xe9"}\n'
        case "no json":
            data = b'{"text": "fine"}\nnot json\n'
        case "no records":
            data = b'"a string"\n"another"\n'
        case "cut gzip":
            name, whole = "left.jsonl.gz", gzip.compress(good * 40)
            data = whole[: len(whole) // 2]
        case "cut parquet":
            pq.write_table(pa.table({"text": TEXTS}), name)
            whole = Path(name).read_bytes()
            data = whole[: len(whole) // 2]
        case "no column":
            data = lines({"a": "x y", "b": "z w"}, {"a": "x y", "b": "z w"})
        case _:
            data = b"{}"
    Path(name).write_bytes(data)
    return name


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("empty", "the file is empty"),
        ("not utf-8", "not UTF-8. Convert the file, or add --keep-going"),
        ("no json", "not JSON. Correct it, or add --keep-going"),
        ("no records", "each must be an object"),
        ("cut gzip", "Get the file again"),
        ("cut parquet", "damaged or cut off. Get it again"),
        ("no column", "--text"),
    ],
)
def test_what_cannot_be_read_is_refused(audit, kind, said):
    name = written(kind)
    for command in (["overlap", name, "right.jsonl"], ["overlap", "right.jsonl", name]):
        stderr = audit(*command, code=2).stderr
        assert said in stderr and name in stderr and "Traceback" not in stderr
        assert not Path("audit.duckdb").exists()
    stderr = audit("index", "build", name, "-o", "i", code=2).stderr
    assert said in stderr and name in stderr and not Path("i/index.json").exists()


def test_odd_documents_are_counted_and_the_rest_is_compared(audit):
    """Empty, one word, shorter than a shingle, NULs, null, equal ones by the hundred, other columns."""
    odd = [
        "",
        "one",
        "three short words",
        "nul \x00 in it and more words",
        None,
        *TEXTS[:2],
        *[TEXTS[2]] * 300,
    ]
    Path("left").mkdir()
    jsonl(Path("left/a.jsonl"), odd)
    jsonl(Path("left/b.jsonl"), TEXTS[3:5], column="output", extra=[1, "x"])
    pq.write_table(pa.table({"content": TEXTS[5:6], "n": [1.5]}), "left/c.parquet")
    found = json.loads(audit("overlap", "left", "right.jsonl", "-f", "json").stdout)
    own = found["corpora"][0]
    assert own["documents"] == len(odd) + 3 and own["matched"] == 2 + 300 + 3
    assert own["without_text"] == 1 and own["without_shingles"] == 2
    out = audit("overlap", "left", "right.jsonl").stdout
    assert out.startswith("305 of 310 documents of left") and "repeat an earlier one" in out


def test_text_that_is_not_utf8_is_told(audit):
    for name in ("l.txt", "r.txt"):
        Path(name).write_bytes(TEXTS[0].encode() + b" \xff\xfe caf\xe9 \x00")
    out = audit("overlap", "l.txt", "r.txt").stdout
    assert out.startswith("1 of 1 documents") and "not UTF-8; their bytes were compared" in out


def test_an_index_that_does_not_fit_is_refused_with_both_named(audit):
    jsonl(Path("left.jsonl"), TEXTS)
    audit("index", "build", "right.jsonl", "-o", "i", "--shingle", "characters:8")
    said = audit("overlap", "left.jsonl", "index:i", code=2).stderr
    assert "characters:8" in said and "words:5" in said and "--shingle characters:8" in said
    audit("overlap", "left.jsonl", "index:i", "--shingle", "characters:8")
    path = Path("i/index.json")
    path.write_text(path.read_text().replace('"version": 1', '"version": 9'))
    said = audit("overlap", "left.jsonl", "index:i", code=2).stderr
    assert "index of version 9" in said and "version 1" in said


def test_sizes_and_folders_that_are_none(audit):
    jsonl(Path("left.jsonl"), TEXTS)
    assert "500MB, 4GiB" in audit("overlap", "left.jsonl", "right.jsonl", "--memory", "much", code=2).stderr
    said = audit("overlap", "left.jsonl", "right.jsonl", "--spill", "nowhere", code=2).stderr
    assert "nowhere" in said and "no such folder" in said
    audit("overlap", "left.jsonl", "right.jsonl", "--memory", "1MB")
