"""The same rows in every format give the same findings; columns are found however they are nested."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.scan import scan_rows

ROWS = [
    {"id": 1, "model": "gpt-4", "instruction": "Name a colour.", "output": "Red is a colour."},
    {
        "id": 2,
        "model": "gpt-4",
        "instruction": "Who are you?",
        "output": "I am ChatGPT, a model made by OpenAI.",
    },
    {"id": 3, "model": None, "instruction": "Do it.", "output": "As an AI language model, I cannot do that."},
    {"id": 4, "model": "Mixtral-8x7B-Instruct-v0.1", "instruction": "Say yes.", "output": "Yes. <|im_end|>"},
]


def scan(root, *names, sample=0):
    return scan_rows(root, [data_file(root, n) for n in names], sample, (), Silent())


def met(found):
    return {(f.rule, f.subject): f for f in found.findings}


def jsonl(path, rows):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def as_jsonl(path):
    jsonl(path, ROWS)


def as_array(path):
    path.write_text(json.dumps(ROWS, indent=2))


def as_object(path):
    path.write_text(json.dumps({"version": "1", "data": ROWS}))


def as_csv(path):
    pyarrow.csv.write_csv(pa.Table.from_pylist(ROWS), path)


def as_tsv(path):
    options = pyarrow.csv.WriteOptions(delimiter="\t")
    pyarrow.csv.write_csv(pa.Table.from_pylist(ROWS), path, options)


def as_parquet(path):
    pq.write_table(pa.Table.from_pylist(ROWS), path)


def as_stream(path):
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def as_arrow(path):
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def packed(write, pack):
    def made(path):
        write(path)
        path.write_bytes(pack(path.read_bytes()))

    return made


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


FORMATS = {
    "a.jsonl": as_jsonl,
    "a.json": as_array,
    "b.json": as_object,
    "lines.json": as_jsonl,
    "a.csv": as_csv,
    "a.tsv": as_tsv,
    "a.parquet": as_parquet,
    "data-00000-of-00001.arrow": as_stream,
    "file.arrow": as_arrow,
    "a.jsonl.gz": packed(as_jsonl, gzip.compress),
    "a.jsonl.bz2": packed(as_jsonl, bz2.compress),
    "a.jsonl.xz": packed(as_jsonl, lzma.compress),
    "a.jsonl.zst": packed(as_jsonl, zstd),
    "a.csv.gz": packed(as_csv, gzip.compress),
    "a.json.zst": packed(as_array, zstd),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same(tmp_path, name):
    FORMATS[name](tmp_path / name)
    found = scan(tmp_path, name)
    by = met(found)
    assert found.rows == 4
    assert set(by) == {
        ("GEN001", "gpt-4"),
        ("GEN001", "mixtral-8x7b-instruct-v0.1"),
        ("GEN008", "chatgpt"),
        ("GEN009", ""),
        ("GEN010", "ChatML (OpenAI, Qwen and others)"),
    }
    assert by["GEN001", "gpt-4"].count == 2 and by["GEN001", "gpt-4"].confidence == "high"
    assert [e.row for e in by["GEN001", "gpt-4"].evidence] == [1, 2]
    (self,) = by["GEN008", "chatgpt"].evidence
    assert (self.file, self.row, self.field) == (name, 2, "output")
    assert "I am ChatGPT" in self.excerpt
    assert self.line == (2 if "jsonl" in name or name == "lines.json" else None)
    (read,) = found.files
    assert (read.status, read.rows, read.whole, read.why) == ("read", 4, True, "")
    assert {(g.name, g.rows) for g in found.generators} == {("gpt-4", 2), ("mixtral-8x7b-instruct-v0.1", 1)}
    assert found.unknown == 1


def test_shards_are_read_together_and_counted_apart(tmp_path):
    (tmp_path / "data").mkdir()
    names = []
    for i in range(3):
        pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "data" / f"{i}.parquet")
        jsonl(tmp_path / "data" / f"{i}.jsonl", ROWS)
        names += [f"data/{i}.parquet", f"data/{i}.jsonl"]
    found = scan(tmp_path, *names)
    assert found.rows == 24
    assert {f.path: f.rows for f in found.files} == dict.fromkeys(names, 4)
    assert {e.file for e in met(found)["GEN001", "gpt-4"].evidence} == set(names)


def test_files_of_other_columns_stand_beside_each_other(tmp_path):
    jsonl(tmp_path / "a.jsonl", ROWS)
    jsonl(tmp_path / "b.jsonl", [{"generator": "claude-2", "response": "Yes."}] * 3)
    jsonl(tmp_path / "c.jsonl", [{"text": "A human wrote this."}])
    found = scan(tmp_path, "a.jsonl", "b.jsonl", "c.jsonl")
    assert met(found)["GEN001", "claude-2"].count == 3
    assert found.rows == 8 and found.unknown == 2


TURNS = [
    {"role": "user", "content": "Are you Bard? I am ChatGPT, by the way."},
    {"role": "assistant", "content": "I am Claude, an AI assistant made by Anthropic."},
]
NESTED = {
    "messages": ({"messages": TURNS}, "messages"),
    "conversations": (
        {
            "conversations": [
                {"from": "human", "value": "I am ChatGPT."},
                {"from": "gpt", "value": TURNS[1]["content"]},
            ]
        },
        "conversations",
    ),
    "choices": (
        {"response": {"body": {"choices": [{"index": 0, "message": TURNS[1]}]}}},
        "response.body.choices[].message.content",
    ),
    "parts": (
        {"messages": [{"role": "assistant", "content": [{"type": "text", "text": TURNS[1]["content"]}]}]},
        "messages",
    ),
    "pairs": ({"chosen": TURNS, "rejected": TURNS[:1]}, "chosen"),
    "alternating": ({"data": [TURNS[0]["content"], TURNS[1]["content"]]}, "data"),
    "list": ({"outputs": ["Hello.", TURNS[1]["content"]]}, "outputs[]"),
    "as text": ({"messages": json.dumps(TURNS)}, "messages"),
    "only column": ({"prose": TURNS[1]["content"], "id": "3"}, "prose"),
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_answers_are_found_where_they_lie_and_only_there(tmp_path, kind, format):
    row, field = NESTED[kind]
    if format == "jsonl":
        jsonl(tmp_path / "a.jsonl", [row])
    else:
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    found = scan(tmp_path, f"a.{format}")
    assert {k for k in met(found) if k[0] == "GEN008"} == {("GEN008", "claude")}
    assert met(found)["GEN008", "claude"].evidence[0].field == field


FIELDS = [
    ({"metadata": {"model": "gpt-4o"}}, ("GEN001", "gpt-4o"), "metadata.model"),
    ({"metadata": json.dumps({"model": "gpt-4o"})}, ("GEN001", "gpt-4o"), "metadata.model"),
    ({"generation_models": ["gpt-4o", "x"]}, ("GEN001", "gpt-4o"), "generation_models[]"),
    (
        {"completions": [{"model": "openai/gpt-4o", "response": "a"}]},
        ("GEN001", "gpt-4o"),
        "completions[].model",
    ),
    ({"teacher": "acme-brain-70b-chat"}, ("GEN013", "acme-brain-70b-chat"), "teacher"),
    ({"deepseek_reasoning": "So."}, ("GEN002", "deepseek-r1"), "deepseek_reasoning"),
    ({"source": "tatsu-lab/alpaca"}, ("GEN004", "alpaca"), "source"),
    ({"license": "cc-by-nc-4.0"}, ("LIC008", "cc-by-nc-4.0"), "license"),
    ({"usage": {"prompt_tokens": 1}, "finish_reason": "stop"}, ("GEN003", ""), "usage"),
    ({"distilabel_metadata": {"raw_output_x": "y"}}, ("GEN003", ""), "distilabel_metadata"),
]


@pytest.mark.parametrize("format", ["jsonl", "parquet"])
@pytest.mark.parametrize(("row", "key", "field"), FIELDS)
def test_fields_tell_by_name_and_value(tmp_path, row, key, field, format):
    rows = [{"output": "Fine.", **row}]
    if format == "jsonl":
        jsonl(tmp_path / "a.jsonl", rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = scan(tmp_path, f"a.{format}")
    assert key in met(found)
    assert met(found)[key].evidence[0].field == field


INNOCENT = [
    {"model": "Civic", "engine": "V8", "output": "A car."},
    {"model": "Falcon 500", "source": "catalogue", "output": "A car."},
    {"model": "XC90", "engine": "2.0-litre", "output": "A car."},
    {"judge": {"model": "gpt-4"}, "output": "Fine."},
    {"judge_model": "gpt-4", "annotator_model": "gpt-4", "output": "Fine."},
    {"usage": "formal", "output": "A word."},
    {"deepseek_reasoning": "", "output": "Fine."},
    {"deepseek_reasoning": None, "output": "Fine."},
    {"source": "https://example.org/a", "output": "Fine."},
    {"source": "wikipedia", "output": "Fine."},
    {"finish_reason": None, "usage": None, "output": "Fine."},
]


@pytest.mark.parametrize("row", INNOCENT)
def test_a_name_of_a_field_alone_is_nothing(tmp_path, row):
    jsonl(tmp_path / "a.jsonl", [row])
    found = scan(tmp_path, "a.jsonl")
    assert not found.findings
    assert not found.generators and found.unknown == 1


def test_human_sets_are_told_and_are_no_finding(tmp_path):
    rows = [{"source": "databricks/databricks-dolly-15k", "output": "Fine."}] * 3
    jsonl(tmp_path / "a.jsonl", [*rows, {"source": "alpaca", "output": "Fine."}])
    found = scan(tmp_path, "a.jsonl")
    assert found.human == {"databricks-dolly-15k": 3}
    (own,) = found.generators
    assert (own.name, own.through, own.rows, own.share) == ("text-davinci-003", "alpaca", 1, 0.25)
    assert own.provider == "OpenAI"


def test_days_are_those_of_rows_with_a_generator(tmp_path):
    rows = [
        {"model": "gpt-4", "created": 1700000000, "output": "a"},
        {"model": "gpt-4", "created": 1710000000, "output": "a"},
        {"model": None, "created": 1600000000, "output": "a"},
    ]
    jsonl(tmp_path / "a.jsonl", rows)
    days = scan(tmp_path, "a.jsonl").days
    assert (days.field, days.first, days.last, days.generated) == (
        "created",
        "2023-11-14",
        "2024-03-09",
        True,
    )
    jsonl(tmp_path / "a.jsonl", [{"timestamp": "2024-05-06T07:08:09Z", "output": "a"}])
    days = scan(tmp_path, "a.jsonl").days
    assert (days.first, days.generated) == ("2024-05-06", False)
