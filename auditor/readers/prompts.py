"""Prompt texts by prompt id, from a file beside the answers: questions, batch requests, or a table.

Leaves out checking that the texts are those the model was asked: the file is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import AuditError
from auditor.readers.jsontext import load, objects, outline
from auditor.readers.messages import content_text, prompt_of
from auditor.readers.options import ReadOptions
from auditor.readers.rows import Rows, file_hash
from auditor.readers.text import head_of, stem_of

IDS = ("prompt_id", "question_id", "uid", "custom_id", "id")
_TEXTS = ("prompt", "instruction", "question", "input", "text")


def found_near(path: Path, options: ReadOptions, name: str) -> Path | None:
    """File with the prompts: the one the user names, else `name` beside `path` or one folder above."""
    if options.prompts is not None:
        return options.prompts
    folder = path if path.is_dir() else path.parent
    return next((f / name for f in (folder, folder.parent) if (f / name).is_file()), None)


def load_prompts(path: Path, options: ReadOptions, source: str = "") -> dict[str, str]:
    """Prompt id -> text.

    Rows whose `source` column is `source` win over others; an id with several texts among the rest has none.
    """
    own: dict[str, str] = {}
    others: dict[str, set[str]] = {}
    for record in records(path, options):
        key = next((str(record[k]) for k in IDS if record.get(k) is not None), None)
        text = prompt_in(record)
        if key is None or text is None:
            continue
        if source and record.get("source") == source:
            own[key] = text
        else:
            others.setdefault(key, set()).add(text)
    texts = {key: next(iter(found)) for key, found in others.items() if len(found) == 1} | own
    if not texts:
        raise AuditError(
            f"{path}: no prompt texts found. Expected rows with one of {', '.join(IDS)} and one of "
            f"turns, body, {', '.join(_TEXTS)}. Name the right file with --prompts."
        )
    return texts


def prompt_in(record: Mapping[str, Any]) -> str | None:
    """Prompt text of one question, batch request or table row."""
    if isinstance(turns := record.get("turns"), list) and turns:
        return content_text(turns[0])
    if isinstance(body := record.get("body"), dict):
        return prompt_of(body.get("messages") or body.get("input") or body.get("prompt"))
    value = next((record[k] for k in _TEXTS if record.get(k) is not None), None)
    return prompt_of(value)


def texts_of(
    ids: pa.ChunkedArray, path: Path, options: ReadOptions, beside: bool
) -> tuple[pa.ChunkedArray, list[str], dict[str, str]]:
    """Prompt texts for a column of prompt ids, notes, and the files read.

    `beside` : look for `prompts.parquet` next to the file where the user names none.
    """
    at = found_near(path, options, "prompts.parquet") if beside else options.prompts
    if at is None:
        note = f"{path} carries no prompt texts, only ids; name a file with them with --prompts."
        return pa.chunked_array([pa.nulls(len(ids), pa.large_string())]), [note], {}
    texts = load_prompts(at, options, stem_of(path))
    encoded = ids.combine_chunks().dictionary_encode()
    mapped = [texts.get(key) for key in encoded.dictionary.to_pylist()]
    column = pa.array(mapped, pa.large_string()).take(encoded.indices)
    missing = sum(text is None for text in mapped)
    notes = [f"{missing} of {len(mapped)} prompt ids of {path} have no text in {at}."] if missing else []
    return pa.chunked_array([column]), notes, {str(at): file_hash(at)}


def records(path: Path, options: ReadOptions) -> Iterable[dict[str, Any]]:
    """Rows of a file of prompts: Parquet, JSON list, JSON Lines or CSV."""
    head = head_of(path, options)
    if head[:4] == b"PAR1":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    if outline(head).top == "[":
        return [r for r in load(path, options) if isinstance(r, dict)]
    if outline(head).top == "{":
        return [r for _, r in objects(path, Rows("prompts", options), "an object with a prompt and its id")]
    from auditor.readers.csv_table import read_table  # columns of tables need prompts, too

    return read_table(path, options).to_pylist()  # type: ignore[no-any-return]
