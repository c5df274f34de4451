"""Whatever a file holds, it is a finding, and the rest is read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from auditor.progress import Silent
from auditor.scan.rows import lines, packed
from auditor.scan.rows.files import data_file
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.scan import scan_rows

ROOT = Path(__file__).parents[4]
GOOD = {"model": "gpt-4", "output": "Red."}


def scan(root, *names, sample=0):
    return scan_rows(root, [data_file(root, n) for n in names], sample, (), Silent())


def good(root, n=3):
    (root / "good.jsonl").write_text((json.dumps(GOOD) + "\n") * n)


def told(found, path):
    """What is said of a file; the good one beside it is read."""
    by_path = {f.path: f for f in found.files}
    assert by_path["good.jsonl"].rows == 3
    return by_path[path], [f.message for f in found.findings if f.rule == "FIL001"]


def test_lines_that_are_no_json_are_counted(tmp_path):
    good(tmp_path)
    row = json.dumps(GOOD)
    (tmp_path / "bad.jsonl").write_text(f"{row}\n{{broken\n\n{row}\n[1, 2]\n3\n")
    found = scan(tmp_path, "good.jsonl", "bad.jsonl")
    read, messages = told(found, "bad.jsonl")
    assert (read.rows, read.whole, read.status) == (3, False, "read")
    assert messages == ["bad.jsonl: 1 of 4 records are no JSON."]
    (gpt,) = [f for f in found.findings if f.rule == "GEN001"]
    assert gpt.count == 5
    assert [(e.row, e.line) for e in gpt.evidence if e.file == "bad.jsonl"] == [(1, 1), (3, 4)]


def test_a_line_that_is_too_long_is_left_out_and_the_rest_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 16)
    monkeypatch.setattr(lines, "BLOCK", 1 << 12)
    good(tmp_path)
    long = json.dumps({**GOOD, "output": "x" * (1 << 18)})
    (tmp_path / "long.jsonl").write_text(f"{json.dumps(GOOD)}\n{long}\n{json.dumps(GOOD)}\n")
    read, messages = told(scan(tmp_path, "good.jsonl", "long.jsonl"), "long.jsonl")
    assert (read.rows, read.whole) == (2, False)
    assert "line 2, are longer" in messages[0]


def test_one_endless_line_takes_no_memory(tmp_path):
    """In a process of its own, far below the size of the line."""
    good(tmp_path)
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.write(b'{"output": "')
        for _ in range(40):
            file.write(b"y" * (1 << 24))
    program = f"""
import re
from pathlib import Path
from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.scan import scan_rows
root = Path({str(tmp_path)!r})
found = scan_rows(root, [data_file(root, n) for n in ("endless.jsonl", "good.jsonl")], 0, (), Silent())
print([f.message for f in found.findings if f.rule == "FIL001"], found.rows)
# Not ru_maxrss: a child begins with its parent's.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    said, peak = done.stdout.strip().splitlines()
    assert "line" in said and said.endswith(" 3")
    assert int(peak) < 600, f"{peak} MiB for a line of 640 MiB"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("bin.jsonl", bytes(range(1, 65)) + b"\0" * 4096, "it is binary, not text"),
        ("bin.csv", b"\x7fELF\x02\x01\x01\0" * 100, "it is binary, not text"),
        ("empty.jsonl", b"", "it is empty"),
        ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        ("not.parquet", b"{}", "its ending says parquet"),
        ("not.arrow", b"hello", "its ending says arrow"),
        ("cut.jsonl.gz", gzip.compress(b"{}" * 10, mtime=0)[:12], "cannot be opened"),
        ("page.html", b"<p>", "no known format"),
    ],
)
def test_what_holds_no_rows_is_refused_with_the_reason(tmp_path, name, data, why):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable, match=why):
        data_file(tmp_path, name)


def damaged_parquet(path):
    pq.write_table(pa.table({"model": ["gpt-4"] * 1000, "output": [str(i) * 30 for i in range(1000)]}), path)
    data = bytearray(path.read_bytes())
    data[40:4000] = b"\xaa" * 3960
    path.write_bytes(data)


def cut_parquet(path):
    pq.write_table(pa.table({"model": ["gpt-4"]}), path)
    path.write_bytes(path.read_bytes()[:-6])


def cut_arrow(path):
    table = pa.table({"model": ["gpt-4"] * 1000, "output": ["x" * 50] * 1000})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)
    path.write_bytes(path.read_bytes()[:5000])


def hostile_arrow(path):
    """Offsets of a column of text that point far outside of its bytes."""
    table = pa.table({"model": ["gpt-4"], "output": pa.array(["abc"], pa.large_string())})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)
    data = path.read_bytes()
    offsets = (0).to_bytes(8, "little") + (3).to_bytes(8, "little")
    assert data.count(offsets) == 1
    path.write_bytes(data.replace(offsets, offsets[:8] + (2**40).to_bytes(8, "little")))


def cut_array(path):
    path.write_text("[" + json.dumps(GOOD) + ", " + json.dumps(GOOD)[:9])


def one_text(path):
    path.write_text('"just a text"')


def deep(path):
    path.write_text('{"a":' * 100_000 + "1" + "}" * 100_000 + "\n")


def deep_array(path):
    path.write_text("[" * 100_000 + "]" * 100_000)


def all_broken(path):
    path.write_text("this is\nno JSON\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.parquet", damaged_parquet),
        ("b.parquet", cut_parquet),
        ("c.arrow", cut_arrow),
        ("d.arrow", hostile_arrow),
        ("e.json", cut_array),
        ("f.json", one_text),
        ("h.json", deep_array),
        ("i.jsonl", all_broken),
    ],
)
def test_a_damaged_file_is_a_finding(tmp_path, name, write):
    good(tmp_path)
    write(tmp_path / name)
    found = scan(tmp_path, name, "good.jsonl")
    read, messages = told(found, name)
    assert not read.whole
    assert len(messages) == 1 and messages[0].startswith(f"{name}: ")
    assert found.rows >= 3


def test_deep_nesting_in_a_line_is_bounded(tmp_path):
    good(tmp_path)
    with (tmp_path / "deep.jsonl").open("w") as file:
        file.write(json.dumps(GOOD) + "\n")
        file.write('{"output":' + '{"output":' * 50_000 + "1" + "}" * 50_001 + "\n")
        file.write('{"model":"gpt-4","output":' + "[" * 50_000 + "]" * 50_000 + "}\n")
    read, _ = told(scan(tmp_path, "deep.jsonl", "good.jsonl"), "deep.jsonl")
    assert read.rows >= 2


def test_a_packed_stream_that_blows_up_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "FREE", 1 << 20)
    good(tmp_path)
    row = (json.dumps({**GOOD, "output": "z" * 5000}) + "\n").encode()
    for name, data in (("bomb.jsonl.gz", row * 8000), ("bomb.csv.gz", b"output\n" + b"z\n" * 20_000_000)):
        (tmp_path / name).write_bytes(gzip.compress(data, 9, mtime=0))
    found = scan(tmp_path, "bomb.jsonl.gz", "bomb.csv.gz", "good.jsonl")
    read, messages = told(found, "bomb.jsonl.gz")
    assert not read.whole
    assert sorted(m.split(":")[0] for m in messages) == ["bomb.csv.gz", "bomb.jsonl.gz"]
    assert all("more than 200 times its size" in m for m in messages)


def test_bytes_that_are_no_utf8_are_read_and_told(tmp_path):
    good(tmp_path)
    line = json.dumps(GOOD).encode()
    (tmp_path / "mixed.jsonl").write_bytes(
        line + b"\n" + '{"model": "gpt-4", "output": "caf\xe9"}'.encode("latin-1") + b"\n" + line + b"\n"
    )
    read, _ = told(scan(tmp_path, "mixed.jsonl", "good.jsonl"), "mixed.jsonl")
    assert (read.rows, read.status) == (3, "read")
    assert "U+FFFD" in read.why
    (tmp_path / "latin.csv").write_bytes("model,output\ngpt-4,café\n".encode("latin-1"))
    read, _ = told(scan(tmp_path, "latin.csv", "good.jsonl"), "latin.csv")
    assert read.rows == 1


def test_hostile_names_of_columns_and_values_stay_text(tmp_path):
    good(tmp_path)
    names = ["a'b", 'a"b', "x'); DROP TABLE t; --", "audit_file", "file", "row", "j", "", "a\x1fb"]
    for name in names:
        (tmp_path / "odd.jsonl").write_text(json.dumps({name: {"model": "gpt-4"}, "output": "'; --"}) + "\n")
        found = scan(tmp_path, "odd.jsonl", "good.jsonl")
        read, messages = told(found, "odd.jsonl")
        assert (read.rows, messages) == (1, [])
        if name:
            assert f"{name}.model" in {e.field for f in found.findings for e in f.evidence}
    for name in ("file", "row", "j", "filename"):
        pq.write_table(pa.Table.from_pylist([{name: {"model": "gpt-4"}}]), tmp_path / "odd.parquet")
        read, messages = told(scan(tmp_path, "odd.parquet", "good.jsonl"), "odd.parquet")
        assert (read.rows, messages) == (1, [])


def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    good(tmp_path)
    (tmp_path / "shut.jsonl").mkdir()
    with pytest.raises(Unreadable, match="cannot be opened"):
        data_file(tmp_path, "shut.jsonl")


def test_excerpts_are_short_and_findings_bounded(tmp_path):
    rows = [
        {"model": f"acme-{i}b-chat", "license": "x" * 5000, "output": "I am ChatGPT" + "!" * 9000}
        for i in range(999)
    ]
    (tmp_path / "many.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = scan(tmp_path, "many.jsonl")
    assert len(found.findings) < 110
    assert all(len(e.excerpt) <= 200 for f in found.findings for e in f.evidence)
    assert all(len(f.evidence) <= 20 for f in found.findings)
