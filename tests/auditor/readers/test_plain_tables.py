from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import AuditError
from auditor.readers import ReadOptions, read
from tests.auditor.readers.written import lines_of, put, rows_of

RECORD = {"model": "m", "id": 5, "question": "Ask?", "epoch": 1, "response": 'Said, "so".\nTwice.'}
ROW = ("m", "5", "Ask?", 0, 'Said, "so".\nTwice.')
CSV = 'model,id,question,epoch,response\nm,5,Ask?,1,"Said, ""so"".\nTwice."\n'


def write(path: Path) -> Path:
    if ".parquet" in path.suffixes:
        pq.write_table(pa.Table.from_pylist([RECORD]), path)
        return path
    if ".tsv" in path.suffixes:
        content = CSV.replace(",", "\t").replace("Said\t", "Said,")
    else:
        content = {".jsonl": lines_of(RECORD), ".json": json.dumps([RECORD]), ".csv": CSV}[path.suffixes[0]]
    put(path, gzip.compress(content.encode()) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.jsonl.gz", "a.json", "a.json.gz", "a.csv", "a.csv.gz", "a.tsv", "a.parquet"]
)
def test_same_rows_in_every_plain_format(tmp_path, name):
    path = write(tmp_path / name)
    assert rows_of(read(path)) == [ROW]


def test_content_counts_not_the_ending(tmp_path):
    assert read(write(tmp_path / "a.jsonl").rename(tmp_path / "a.txt")).format == "jsonl"
    assert read(write(tmp_path / "a.csv").rename(tmp_path / "b.txt")).format == "csv"


@pytest.mark.parametrize("name", ["birds.jsonl", "birds.csv", "birds.parquet"])
def test_model_from_option_or_file_name(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table({"prompt": ["Ask?"], "output": ["x"]}), path)
    else:
        put(
            path,
            lines_of({"prompt": "Ask?", "output": "x"}) if name.endswith("l") else "prompt,output\nAsk?,x\n",
        )
    assert read(path).table["model"].to_pylist() == ["birds"]
    assert read(path, ReadOptions(model="owl")).table["model"].to_pylist() == ["owl"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_columns_by_option_and_missing_ones(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        pq.write_table(pa.table({"prompt": ["Ask?"], "said": ["x"]}), path)
    else:
        put(
            path, lines_of({"prompt": "Ask?", "said": "x"}) if name.endswith("l") else "prompt,said\nAsk?,x\n"
        )
    assert read(path, ReadOptions(columns={"output": "said"})).table["output"].to_pylist() == ["x"]
    with pytest.raises(
        AuditError, match=r"no column holds the response.*there: prompt, said.*--column output"
    ):
        read(path)
    with pytest.raises(AuditError, match=r"no column 'nope' to take as output.*there: prompt, said"):
        read(path, ReadOptions(columns={"output": "nope"}))
    with pytest.raises(AuditError, match=r"no such column of ours. Allowed are model, prompt_id"):
        read(path, ReadOptions(columns={"answer": "said"}))


def test_no_prompt_column(tmp_path):
    with pytest.raises(AuditError, match=r"no column tells which prompt"):
        read(put(tmp_path / "a.jsonl", lines_of({"output": "x"})))


def test_two_columns_that_could_be_the_prompt_are_noted(tmp_path):
    found = read(put(tmp_path / "a.jsonl", lines_of({"instruction": "Ask?", "input": "this", "output": "x"})))
    assert "column instruction was taken as prompt, though input could be too" in found.notes[0]


def panel(tmp_path: Path, prompts: dict) -> Path:
    path = tmp_path / "birds.parquet"
    pq.write_table(pa.table({"model": ["a", "b"], "prompt_id": ["p1", "p2"], "output": ["x", "y"]}), path)
    pq.write_table(pa.table(prompts), tmp_path / "prompts.parquet")
    return path


def test_panel_takes_prompts_beside_and_prefers_its_own_source(tmp_path):
    path = panel(
        tmp_path,
        {"source": ["birds", "other"], "prompt_id": ["p1", "p1"], "prompt": ["Mine?", "Not mine?"]},
    )
    found = read(path)
    assert found.format == "panel"
    assert found.table["prompt"].to_pylist() == ["Mine?", None]
    assert "1 of 2 prompt ids" in found.notes[0]
    assert list(found.files) == [str(path), str(tmp_path / "prompts.parquet")]


def test_prompts_file_for_any_table_of_ids(tmp_path):
    prompts = put(tmp_path / "p.csv", "id,prompt\n1,Ask?\n")
    options = ReadOptions(prompts=prompts)
    jsonl = put(tmp_path / "a.jsonl", lines_of({"id": "1", "output": "x"}))
    table = put(tmp_path / "a.csv", "id,output\n1,x\n")
    assert read(jsonl, options).table["prompt"].to_pylist() == ["Ask?"]
    assert read(table, options).table["prompt"].to_pylist() == ["Ask?"]
    assert "only ids" in read(table).notes[0]


def test_wrong_column_types(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"prompt": ["Ask?"], "output": [{"a": 1}]}), path)
    with pytest.raises(AuditError, match=r"'output' \(taken as output\) must hold UTF-8 text; it is struct"):
        read(path)
    table = put(tmp_path / "a.csv", "prompt,output,sample\nAsk?,x,first\n")
    with pytest.raises(AuditError, match=r"must hold whole numbers"):
        read(table)


def test_csv_rows_with_too_many_fields(tmp_path):
    path = put(tmp_path / "a.csv", "prompt,output\nA?,x\nB?,y,z\nC?,w\n")
    with pytest.raises(AuditError, match=r"Row #3: Expected 2 columns, got 3.*--keep-going"):
        read(path)
    found = read(path, ReadOptions(keep_going=True))
    assert found.table["output"].to_pylist() == ["x", "w"]
    assert "1 rows were left out" in found.notes[0]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_two_columns_of_one_name(tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        columns = [pa.array(["A?"]), pa.array(["x"]), pa.array(["y"])]
        pq.write_table(pa.Table.from_arrays(columns, names=["prompt", "output", "output"]), path)
    else:
        put(path, "prompt,output,output\nA?,x,y\n")
    with pytest.raises(AuditError, match=r"two columns are called 'output'"):
        read(path)


def test_named_columns_make_a_list_plain(tmp_path):
    path = put(tmp_path / "a.json", [{"instruction": "Ask?", "output": "x", "better": "y"}])
    assert read(path).format == "alpaca_eval"
    assert read(path, ReadOptions(columns={"output": "better"})).table["output"].to_pylist() == ["y"]


def test_an_id_with_several_texts_has_none(tmp_path):
    path = panel(tmp_path, {"source": ["s", "t"], "prompt_id": ["p1", "p1"], "prompt": ["One?", "Other?"]})
    with pytest.raises(AuditError, match=r"no prompt texts found"):
        read(path)
