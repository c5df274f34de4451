"""OpenAI batch output (JSON lines), with the prompts from the batch input beside it.

Leaves out tool calls and reasoning; requests that failed are counted.
Source: platform.openai.com, Batch API, /v1/chat/completions, /v1/completions and /v1/responses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.readers.jsontext import kind, objects, outline
from auditor.readers.messages import content_text
from auditor.readers.options import ReadOptions
from auditor.readers.prompts import load_prompts
from auditor.readers.rows import Rows
from auditor.readers.text import head_of, stem_of
from auditor.recorded import Recorded

name = "openai_batch"
_EXPECTED = "an object with custom_id and response"


def matches(path: Path, head: bytes) -> bool:
    """Whether batch results begin here, or a folder holds a file where they do."""
    if path.is_dir():
        return bool(_files(path, {"custom_id", "response"}))
    return _begins_with(head, {"custom_id", "response"})


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read one output file, or all in a folder, and the requests that go with them."""
    rows = Rows(name, options)
    folder = path if path.is_dir() else path.parent
    asked = [options.prompts] if options.prompts else _files(folder, {"custom_id", "body"})
    prompts: dict[str, str] = {}
    for file in asked:
        prompts.update(load_prompts(file, options))
    for file in _files(path, {"custom_id", "response"}) if path.is_dir() else [path]:
        rows.file(file)
        for number, record in objects(file, rows, _EXPECTED):
            _add(record, number, file, rows, prompts)
    for file in asked:
        rows.file(file)
    return rows.recorded()


def _begins_with(head: bytes, keys: set[str]) -> bool:
    shape = outline(head)
    return shape.top == "{" and keys <= shape.keys


def _files(folder: Path, keys: set[str]) -> list[Path]:
    found = sorted(folder.glob("*.jsonl"))
    return [file for file in found if _begins_with(head_of(file, ReadOptions()), keys)]


def _add(record: dict[str, Any], number: int, file: Path, rows: Rows, prompts: dict[str, str]) -> None:
    if "custom_id" not in record or "response" not in record:
        rows.refuse(file, f"line {number}", f"expected {_EXPECTED}; got {kind(record)}.")
        return
    answered = record["response"] if isinstance(record["response"], dict) else {}
    body = answered.get("body") if isinstance(answered.get("body"), dict) else None
    texts = _texts(body or {})
    if record.get("error") or body is None or not texts:
        rows.count("{n} requests failed or came back without an answer: left out.")
        return
    prompt_id = str(record["custom_id"])
    prompt = prompts.get(prompt_id)
    if prompt is None:
        rows.count("{n} answers have no prompt text; put the batch input beside or name it with --prompts.")
    model = str((body or {}).get("model") or rows.options.model or stem_of(file))
    for sample, text in enumerate(texts):
        rows.add(model, text, prompt_id, prompt, sample if len(texts) > 1 else None)


def _texts(body: dict[str, Any]) -> list[str | None]:
    """Answers of one request: chat or text choices, or the message items of /v1/responses."""
    if isinstance(choices := body.get("choices"), list):
        return [
            content_text((c.get("message") or {}).get("content")) if "message" in c else c.get("text")
            for c in choices
            if isinstance(c, dict)
        ]
    items = [i for i in body.get("output") or [] if isinstance(i, dict) and i.get("type") == "message"]
    return ["".join(content_text(i.get("content")) or "" for i in items)] if items else []
