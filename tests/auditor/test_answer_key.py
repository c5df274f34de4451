"""Answer keys become tags; what is no key says so."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.answer_key import with_key
from auditor.errors import AuditError
from auditor.panel import Panel, assemble
from auditor.readers import ReadOptions, read


def panel(tmp_path: Path) -> Panel:
    prompts = ["Which?", "Who  is it?", "Why?"]
    table = pa.table({"model": ["m"] * 3, "prompt": prompts, "output": ["A", "B", "C"]})
    pq.write_table(table, tmp_path / "panel.parquet")
    return assemble([read(tmp_path / "panel.parquet", ReadOptions())])


def key(tmp_path: Path, *rows: dict[str, object]) -> Path:
    path = tmp_path / "key.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in rows))
    return path


def test_by_prompt_with_options(tmp_path: Path) -> None:
    path = key(
        tmp_path,
        {"question": "Which?", "answer": "d", "options": ["a", "b", "c", "d"]},
        {"question": "Who is it?", "answer": 1, "options": "['x', 'y']"},
        {"question": "Another?", "answer": "A"},
    )
    found = with_key(panel(tmp_path), path, ReadOptions())
    assert [p.tags for p in found.probes] == [("answer:D", "options:4"), ("answer:B", "options:2"), ()]
    assert "covers 2 of 3" in found.notes[-1] and str(path) in found.files


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "Which?", "answer": "both"}, "row 1: the answer must be a letter"),
        ({"question": "Which?"}, "no answers found"),
        ({"question": "Elsewhere?", "answer": "A"}, "none of its 1 prompts"),
    ],
)
def test_no_key(tmp_path: Path, row: dict[str, object], said: str) -> None:
    with pytest.raises(AuditError, match=said):
        with_key(panel(tmp_path), key(tmp_path, row), ReadOptions())
