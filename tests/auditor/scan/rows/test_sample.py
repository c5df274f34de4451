"""A sample is taken from all over a file, says so, and its evidence still has its place."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.scan import scan_rows

ROWS = [
    {"model": "gpt-4" if i < 10_000 else "claude-2", "output": f"{i:06}: " + "a word " * 10}
    for i in range(20_000)
]


def jsonl(path):
    path.write_text("".join(json.dumps(r) + "\n" for r in ROWS))


def packed(path):
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in ROWS).encode()))


def array(path):
    path.write_text(json.dumps(ROWS))


def parquet(path):
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=1000)


def arrow(path):
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.jsonl", jsonl),
        ("a.jsonl.gz", packed),
        ("a.json", array),
        ("a.parquet", parquet),
        ("a.arrow", arrow),
    ],
)
def test_a_sample_is_from_all_over(tmp_path, name, write):
    write(tmp_path / name)
    found = scan_rows(tmp_path, [data_file(tmp_path, name)], 1000, (), Silent())
    (read,) = found.files
    assert (read.status, read.whole) == ("sampled", False)
    # How much a packed file holds is only guessed: four times its size.
    assert 100 <= found.rows <= (10_000 if name.endswith(".gz") else 2000)
    assert [f.rule for f in found.findings] == ["GEN001", "GEN001", "FIL004"]
    assert {g.name for g in found.generators} == {"gpt-4", "claude-2"}
    for finding in found.findings[:2]:
        for evidence in finding.evidence:
            at = evidence.line or evidence.row
            assert ROWS[at - 1]["model"] == finding.subject


def test_a_file_smaller_than_the_sample_is_read_whole(tmp_path):
    jsonl(tmp_path / "a.jsonl")
    found = scan_rows(tmp_path, [data_file(tmp_path, "a.jsonl")], 100_000, (), Silent())
    assert found.files[0].whole and found.rows == 20_000
    assert not [f for f in found.findings if f.rule == "FIL004"]
