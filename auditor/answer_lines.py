"""One line of the file of answers: what it must hold, and when it may be added to.

Leaves out the file (`collected.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import AuditError
from auditor.sources.responder import Target

FORMAT = 1
MARK = "collected"  # the first key of every line; its value is the format
_START = f'{{"{MARK}": '.encode()


def rows_in(file: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Answers and their line numbers; a last line that was never finished is left out."""
    for number, line in enumerate(file, 1):
        row = parsed(line)
        if row is None and not line.endswith(b"\n") and is_torn(line):
            break
        _check_row(row, path, number)
        assert row is not None
        yield number, row


def _check_row(row: dict[str, Any] | None, path: Path, number: int) -> None:
    """Refuse a line that is not ours: adding to it could spoil somebody's file."""
    where = f"{path}, line {number}"
    left = "The file was left as it is; give -o another name"
    if row is None or MARK not in row:
        raise AuditError(f"{where}: not an answer that 'audit collect' wrote. {left}, or correct the line.")
    if row[MARK] != FORMAT:
        raise AuditError(
            f"{where}: written by distill-audit {row.get('version', '(unknown)')} in format {row[MARK]!r}; "
            f"this version adds to format {FORMAT} only. {left}, or use that version."
        )
    kinds: dict[str, type] = dict.fromkeys(("model", "probe", "prompt", "output", "at"), str)
    kinds |= {"sample": int, "decoding": dict}
    wrong = next((key for key, kind in kinds.items() if type(row.get(key)) is not kind), None)
    if wrong:
        raise AuditError(f"{where}: {wrong!r} is missing or of the wrong kind. {left}, or correct the line.")


def check_place(row: Mapping[str, Any], target: Target, path: Path, number: int) -> None:
    """Refuse to mix answers from two places: under one name there may be two models."""
    if row["at"] != target.at:
        raise AuditError(
            f"{path}, line {number}: holds answers of {target.name} at {row['at']}, and {target.at} may be "
            "another model. Answers from two places are kept apart: give another file, or ask the first "
            "place again. Nothing was lost."
        )


def check_decoding(row: Mapping[str, Any], decoding: Mapping[str, Any], path: Path, number: int) -> None:
    """Refuse to mix answers that were asked for differently: they would count as one model's."""
    theirs = row["decoding"]
    differ = [key for key in {**theirs, **decoding} if theirs.get(key) != decoding.get(key)]
    if differ:
        what = "; ".join(
            f"--{key.replace('_', '-')} {_shown(theirs.get(key))} there, {_shown(decoding.get(key))} now"
            for key in differ
        )
        raise AuditError(
            f"{path}, line {number}: holds answers of {row['model']} that were asked for in another way "
            f"({what}). Answers under different settings are kept apart: give -o another name, or ask as "
            "before. Nothing was lost."
        )


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    text = repr(value) if isinstance(value, str) else f"{value}"
    return text if len(text) <= 60 else text[:60] + "..."


def parsed(line: bytes) -> dict[str, Any] | None:
    """The object in a line, or None."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_torn(tail: bytes) -> bool:
    """Whether the end of a file can be the beginning of a line of ours, or what a crash left of one."""
    tail = tail.rstrip(b"\0")
    return tail.startswith(_START) or _START.startswith(tail)


def line_of(row: Mapping[str, Any]) -> bytes:
    """One answer as a line; half a character (a lone surrogate) is written as an escape."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row, allow_nan=False).encode() + b"\n"
