"""lm-evaluation-harness `samples_TASK_TIME.jsonl` of generation tasks, or a folder of them.

Leaves out multiple-choice tasks, which record log-likelihoods and no text, and filtered responses, which
keep only the extracted answer. Source: github.com/EleutherAI/lm-evaluation-harness, --log_samples.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.readers.jsontext import kind, load, objects, outline, parse
from auditor.readers.messages import prompt_of
from auditor.readers.options import ReadOptions
from auditor.readers.rows import Rows
from auditor.readers.text import stem_of
from auditor.recorded import Recorded

name = "lm_eval"
_TIME = re.compile(r"_(\d{4}-\d{2}-\d{2}T[\d.\-:]+)$")
_EXPECTED = "an object with doc_id, arguments and resps"
_NO_TEXT = "{n} rows are log-likelihoods of given choices, not text the model wrote: left out."
_FILTERS = "{n} rows repeat a response under another answer filter: left out."


def matches(path: Path, head: bytes) -> bool:
    """Whether samples begin here, or a folder holds such files."""
    if path.is_dir():
        return bool(_files(path))
    shape = outline(head)
    return shape.top == "{" and {"doc_id", "resps"} <= shape.keys


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read one samples file or every one in a folder."""
    rows = Rows(name, options)
    for file in _files(path) if path.is_dir() else [path]:
        rows.file(file)
        _read_file(file, rows)
    return rows.recorded()


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("samples_*.jsonl"), *folder.glob("*/samples_*.jsonl")])


def _read_file(path: Path, rows: Rows) -> None:
    model = _model_of(path, rows.options)
    task = _TIME.sub("", stem_of(path)).removeprefix("samples_")
    filters: dict[str, str] = {}  # document -> the filter it was first seen under
    for number, record in objects(path, rows, _EXPECTED):
        if "doc_id" not in record or not isinstance(record.get("resps"), list):
            rows.refuse(path, f"line {number}", f"expected {_EXPECTED}; got {kind(record)}.")
            continue
        document, used = str(record["doc_id"]), str(record.get("filter"))
        if filters.setdefault(document, used) != used:
            rows.count(_FILTERS)
            continue
        texts = _texts(record["resps"])
        if not texts:
            rows.count(_NO_TEXT)
        for sample, text in enumerate(texts):
            number_of = sample if len(texts) > 1 else None
            rows.add(model, text, f"{task}/{document}", _prompt(record.get("arguments")), number_of)


def _texts(resps: list[Any]) -> list[str]:
    """Generated texts: one request (a list of its repeats, or the text itself), never a choice's score."""
    if len(resps) != 1 and not all(isinstance(r, str) for r in resps):
        return []
    found = [r for part in resps for r in (part if isinstance(part, list) else [part])]
    return [text for text in found if isinstance(text, str)] if _all_text(found) else []


def _all_text(found: list[Any]) -> bool:
    return all(isinstance(text, str) for text in found) and not (
        len(found) == 2 and found[1] in ("True", "False") and _is_number(found[0])
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _prompt(arguments: Any) -> str | None:
    """First argument of the first request: text, or chat messages written as JSON."""
    first = arguments.get("gen_args_0") if isinstance(arguments, dict) else arguments
    for _ in range(3):  # (arguments of requests) -> (request) -> (prompt kept as a one-element list)
        if isinstance(first, dict):
            first = first.get("arg_0")
        elif isinstance(first, list) and first and not isinstance(first[0], dict):
            first = first[0]
    if isinstance(first, str) and first.lstrip().startswith('[{"'):
        try:
            return prompt_of(parse(first)) or first
        except ValueError:
            return first
    return prompt_of(first)


def _model_of(path: Path, options: ReadOptions) -> str:
    """Model name from the results file of the same run, else from the folder's name."""
    stamp = _TIME.search(stem_of(path))
    beside = sorted(path.parent.glob("results*.json"))
    beside.sort(key=lambda f: stamp is None or stamp[1] not in f.name)
    for file in beside[:1]:
        named = _named_in(file, options)
        if named:
            return named
    folder = path.resolve().parent.name
    return options.model or folder.replace("__", "/") or stem_of(path)


def _named_in(results: Path, options: ReadOptions) -> str | None:
    try:
        value = load(results, options)
    except AuditError:
        return None  # a results file that cannot be read names nobody; the folder does
    if not isinstance(value, dict):
        return None
    config = value.get("config") or {}
    arguments = config.get("model_args") if isinstance(config, dict) else None
    given = arguments if isinstance(arguments, str) else json.dumps(arguments)
    match = re.search(r'(?:pretrained|model)(?:=|": ")([^,"]+)', given)
    return value.get("model_name") or (match[1] if match else None)
