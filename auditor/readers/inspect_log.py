"""Inspect logs: `.eval` archives and JSON logs, one file or a folder of them.

Leaves out events, scores and every message but the last answer.
Source: inspect.aisi.org.uk, "Log Files" (an .eval file is a zip with header.json and samples/*.json).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.readers.archive import member, opened
from auditor.readers.jsontext import kind, load, outline, parse
from auditor.readers.messages import content_text, prompt_of
from auditor.readers.options import ReadOptions
from auditor.readers.rows import Rows
from auditor.readers.text import stem_of
from auditor.recorded import Recorded

name = "inspect"
_SAMPLE = re.compile(r"samples/[^/\\]+\.json")
_ATTACHED = "attachment://"


def matches(path: Path, head: bytes) -> bool:
    """Whether this is a zip named .eval, a JSON log, or a folder of .eval files."""
    if path.is_dir():
        return any(path.glob("*.eval"))
    if head.startswith(b"PK\x03\x04"):
        return path.suffix == ".eval" or _has_header(path)
    shape = outline(head)
    return shape.top == "{" and "eval" in shape.keys and bool({"status", "version"} & shape.keys)


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read one log or every .eval in a folder."""
    rows = Rows(name, options)
    for file in sorted(path.glob("*.eval")) if path.is_dir() else [path]:
        rows.file(file)
        _read_log(file, rows)
    return rows.recorded()


def _read_log(path: Path, rows: Rows) -> None:
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    header, samples = _from_archive(path) if zipped else _from_json(path, rows.options)
    about = _part(header, "eval")
    model = str(about.get("model") or rows.options.model or stem_of(path))
    task = str(about.get("task") or stem_of(path))
    numbered = (_part(about, "config").get("epochs") or 1) > 1
    for at, sample in enumerate(samples):
        if not isinstance(sample, dict) or not isinstance(sample.get("output"), dict):
            rows.refuse(
                path, f"sample {at}", f"expected an object with input and output; got {kind(sample)}."
            )
            continue
        _add(sample, model, task, numbered, rows)


def _add(sample: dict[str, Any], model: str, task: str, numbered: bool, rows: Rows) -> None:
    choices = sample["output"].get("choices") or []
    if not choices:
        rows.count("{n} samples ended without an answer (an error or a limit): left out.")
        return
    attached = sample.get("attachments") or {}
    text = content_text((choices[0].get("message") or {}).get("content"))
    epoch = sample.get("epoch")
    rows.add(
        model,
        _attachment(text, attached),
        f"{task}/{sample.get('id')}",
        _attachment(prompt_of(sample.get("input")), attached),
        epoch - 1 if numbered and isinstance(epoch, int) and epoch > 0 else None,
    )


def _attachment(text: str | None, attached: dict[str, str]) -> str | None:
    """Long content may be stored once and referred to."""
    if text is None or not text.startswith(_ATTACHED):
        return text
    return attached.get(text.removeprefix(_ATTACHED), text)


def _part(value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _from_json(path: Path, options: ReadOptions) -> tuple[dict[str, Any], Iterator[Any]]:
    log = load(path, options)
    if not isinstance(log, dict) or not isinstance(log.get("samples"), list):
        raise AuditError(
            f"{path}: an Inspect log must be an object with eval and samples; got {kind(log)}. "
            "If it is a header only, write the whole log with `inspect log dump`."
        )
    return log, iter(log["samples"])


def _from_archive(path: Path) -> tuple[dict[str, Any], Iterator[Any]]:
    with opened(path) as archive:
        names = archive.namelist()
    header = next((n for n in ("header.json", "_journal/start.json") if n in names), None)
    if header is None:
        raise AuditError(
            f"{path}: no header.json in the archive; it holds {', '.join(names[:5]) or 'nothing'}. "
            "Check that this is an Inspect .eval log."
        )
    with opened(path) as archive:
        about = _json_member(path, archive, header)
    return about, _samples(path, [n for n in names if _SAMPLE.fullmatch(n)])


def _samples(path: Path, names: list[str]) -> Iterator[Any]:
    with opened(path) as archive:
        for each in names:
            yield _json_member(path, archive, each)


def _json_member(path: Path, archive: zipfile.ZipFile, each: str) -> Any:
    try:
        return parse(member(path, archive, each).decode("utf-8"))
    except ValueError as error:
        raise AuditError(
            f"{path}: {each} in the archive is not valid JSON: {error}. Get the log again."
        ) from None


def _has_header(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "header.json" in archive.namelist()
    except zipfile.BadZipFile:
        return False
