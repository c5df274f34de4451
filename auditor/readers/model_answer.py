"""Answers as MT-bench and Arena-Hard keep them: one JSON line a question, or a folder of such files.

Leaves out turns after the first and all judgments.
Source: github.com/lm-sys/FastChat (llm_judge) and github.com/lmarena/arena-hard-auto, `model_answer/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.readers.jsontext import kind, objects, outline
from auditor.readers.messages import content_text, first_exchange
from auditor.readers.options import ReadOptions
from auditor.readers.prompts import found_near, load_prompts
from auditor.readers.rows import Rows
from auditor.readers.text import head_of, stem_of
from auditor.recorded import Recorded

name = "model_answer"
_EXPECTED = "question_id (or uid), model and choices (or messages)"


def matches(path: Path, head: bytes) -> bool:
    """Whether answers of this kind begin here, or a folder holds a file where they do."""
    if path.is_dir():
        return bool(_files(path))
    shape = outline(head)
    keys = shape.keys
    return shape.top == "{" and ({"question_id", "choices"} <= keys or {"uid", "messages"} <= keys)


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read one file or a folder of them, with the questions that lie beside or above."""
    rows = Rows(name, options)
    questions = found_near(path, options, "question.jsonl")
    prompts = load_prompts(questions, options) if questions else {}
    for file in _files(path) if path.is_dir() else [path]:
        rows.file(file)
        for number, record in objects(file, rows, f"an object with {_EXPECTED}"):
            answers = list(_answers(record))
            if not answers:
                rows.refuse(file, f"line {number}", f"expected {_EXPECTED}; got {kind(record)}.")
            _add(record, answers, file, rows, prompts)
    if questions:
        rows.file(questions)
    return rows.recorded()


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.jsonl"))
    return [file for file in found if matches(file, head_of(file, ReadOptions()))]


def _add(
    record: dict[str, Any],
    answers: list[tuple[str | None, str | None]],
    file: Path,
    rows: Rows,
    prompts: dict[str, str],
) -> None:
    model = record.get("model_id") or record.get("model") or rows.options.model or stem_of(file)
    found = record.get("question_id", record.get("uid"))
    prompt_id = None if found is None else str(found)
    for sample, (prompt, output) in enumerate(answers):
        text = prompts.get(prompt_id or "", prompt)
        if text is None:
            rows.count(
                "{n} answers have no prompt text; put question.jsonl beside or name it with --prompts."
            )
        rows.add(str(model), output, prompt_id, text, sample if len(answers) > 1 else None)


def _answers(record: dict[str, Any]) -> Iterator[tuple[str | None, str | None]]:
    """(prompt, first answer) for each sample of one question."""
    if isinstance(messages := record.get("messages"), list) and messages:
        yield first_exchange(messages)
    for choice in record.get("choices") or []:
        turns = choice.get("turns") if isinstance(choice, dict) else None
        if isinstance(turns, list) and turns:
            yield None, content_text(turns[0])
