"""Rows whose prompt a panel has: which prompt, which answer, under whose name, in every format."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.scan.rows.files import data_file
from auditor.scan.rows.shared import shared_rows

PROMPTS = ["Say  hi\nnow", "Sum: 1 2", "naïve é\u3000test", "The fourth prompt", "", "Say hi now"]
NAMES = ("gpt-4", "gpt-4-0613", "claude-2", "gemini", "deepseek-r1")
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Say hi\x1f now"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "The fourth prompt"},
    {"role": "assistant", "content": "Four."},
]


def found(folder, name="a.jsonl", names=NAMES):
    rows = shared_rows(folder, [data_file(folder, name)], PROMPTS, names, 0)
    return [(r.named, r.prompt, r.answer) for r in rows]


def lines(folder, *records):
    (folder / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    return found(folder)


def test_prompts_meet_whatever_their_white_space_and_composition(tmp_path):
    rows = [
        {"prompt": "Say hi now ", "response": "a", "model": "openai/GPT-4"},
        {"prompt": "nai\u0308ve e\u0301 test", "response": "b", "model": "Claude2"},
        {"prompt": "say hi now", "response": "another case is another prompt", "model": "claude-2"},
        {"prompt": "", "response": "no prompt", "model": "claude-2"},
        {"prompt": "The fourth prompt", "response": " ", "model": "claude-2"},
        {"prompt": "The fourth prompt", "response": "not asked for", "model": "gpt-3.5-turbo"},
    ]
    # Two prompts of the panel that are one and the same when normalised count as the first.
    assert lines(tmp_path, *rows) == [("claude-2", 2, "b"), ("gpt-4", 0, "a")]


def test_an_instruction_and_its_input_are_one_prompt(tmp_path):
    rows = [
        {"instruction": "Sum:", "input": "1 2", "output": "3", "model": "gpt-4"},
        {"instruction": "The fourth prompt", "input": "of another kind", "output": "x", "model": "gpt-4"},
        {"instruction": "Say hi now", "input": "", "output": "Hi.", "model": "gpt-4"},
    ]
    assert lines(tmp_path, *rows) == [("gpt-4", 0, "Hi."), ("gpt-4", 1, "3")]


def test_of_a_conversation_the_first_exchange_counts(tmp_path):
    assert lines(tmp_path, {"messages": TURNS, "generator": "gpt-4"}) == [("gpt-4", 0, "Hi.")]
    share = [{"from": "human", "value": "The fourth prompt"}, {"from": "gpt", "value": "4"}]
    assert lines(tmp_path, {"conversations": share, "model": "gpt-4-0613"}) == [("gpt-4-0613", 3, "4")]


def test_a_field_named_after_a_model_holds_its_answer(tmp_path):
    row = {"question": "Sum: 1 2", "gpt4_answer": "three", "gemini_attempt": "3"}
    assert sorted(lines(tmp_path, row)) == [("gemini", 1, "3"), ("gpt-4", 1, "three")]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Sum: 1 2", "response_a": "3", "response_b": "4", "model": "gpt-4"},
        {"prompt": "Sum: 1 2", "response": "3", "model": "gpt-4", "generator": "claude-2"},
        {"prompt": "Sum: 1 2", "rejected": "4", "model": "gpt-4"},
        {"prompt": "Sum: 1 2", "response": "3", "judge_model": "gpt-4"},
        {"response": "Sum: 1 2", "model": "gpt-4"},
    ],
)
def test_nothing_is_said_where_it_is_open_who_answered(tmp_path, row):
    assert lines(tmp_path, row) == []


def test_the_first_answer_of_a_name_to_a_prompt_counts_and_says_where_it_stands(tmp_path):
    records = [{"prompt": "Sum: 1 2", "output": str(i), "model": "gpt-4"} for i in range(3000)]
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "p.parquet")
    [row] = shared_rows(tmp_path, [data_file(tmp_path, "p.parquet")], PROMPTS, NAMES, 0)
    assert (row.answer, row.at.file, row.at.row, row.at.field) == ("0", "p.parquet", 1, "output")
    (tmp_path / "a.csv").write_text('prompt,output,model\n"Say hi now","a, b",gpt-4\n')
    assert found(tmp_path, "a.csv") == [("gpt-4", 0, "a, b")]
    (tmp_path / "a.json").write_text(json.dumps(records[:2]))
    assert found(tmp_path, "a.json") == [("gpt-4", 1, "0")]


def test_what_cannot_be_read_is_left_to_the_scan(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"prompt": "Sum: 1 2", "output": "3", "model": "gpt-4"}\n{"broken\n')
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    files = [data_file(tmp_path, n) for n in ("b.parquet", "a.jsonl")]
    assert [r.answer for r in shared_rows(tmp_path, files, PROMPTS, NAMES, 0)] == ["3"]
