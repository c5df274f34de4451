"""JSON as evaluation tools write it: one document, or one object a line, with errors that name the line.

Leaves out a parser of its own (`json` is the standard library's) and any schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.readers.options import ReadOptions
from auditor.readers.rows import Rows
from auditor.readers.text import document, lines, open_binary, undecodable

# A string (unrolled, so that a long one is matched in one go), or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}\[\]]', re.DOTALL)
_SHOWN = 60


@dataclass(frozen=True)
class Outline:
    """What the beginning of a JSON text shows: "{", "[" or "", and the keys of its first object."""

    top: str
    keys: frozenset[str]


def outline(head: bytes) -> Outline:
    """Keys of the first object in the beginning of a JSON text, which may be cut anywhere."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    top = head[:1].decode("latin-1")
    if top not in ("{", "["):
        return Outline("", frozenset())
    depth, objects, keys = 0, 1 if top == "{" else 2, set()
    for token in _TOKEN.finditer(head):
        mark = token[0][:1]
        if mark in b"{[":
            depth += 1
        elif mark in b"}]":
            depth -= 1
            if depth < objects:
                break
        elif depth == objects and token[1]:
            keys.add(token[0][1:].rpartition(b'"')[0].decode("utf-8", "replace"))
    return Outline(top, frozenset(keys))


def load(path: Path, options: ReadOptions) -> Any:
    """Read one JSON document."""
    text = document(path, options)
    if not text.strip():
        raise AuditError(f"{path}: the file is empty. Check how it was written.")
    try:
        return parse(text)
    except ValueError as error:
        raise AuditError(f"{path}: not valid JSON: {error}. Get the file again or correct it.") from None


def objects(path: Path, rows: Rows, expected: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSON lines file with their line numbers; bad lines go to `rows.refuse`."""
    empty = True
    for number, line in lines(path, rows.options):
        if isinstance(line, UnicodeDecodeError):
            if not rows.options.keep_going:
                raise AuditError(undecodable(path, number, line, _offset_of_line(path, number)))
            rows.refuse(path, f"line {number}", "it is no text in this encoding.")
            empty = False
            continue
        if not line.strip():
            continue
        empty = False
        try:
            value = parse(line)
        except ValueError as error:
            rows.refuse(path, f"line {number}", _bad_line(line, error, expected))
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            rows.refuse(path, f"line {number}", f"expected {expected}; got {kind(value)}.")
    if empty:
        raise AuditError(
            f"{path}: the file is empty. Expected {expected} on each line; check how it was written."
        )


def parse(text: str) -> Any:
    """Parse JSON; every way to fail is a ValueError that says where."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


def kind(value: Any) -> str:
    """Name a JSON value in words, with its beginning or its keys."""
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(list(value)[:12]) or '(none)'}"
    if isinstance(value, list):
        return f"a list of {len(value)}" + (f" (first: {kind(value[0])})" if value else "")
    if isinstance(value, str):
        return f"the text {shorten(value)!r}"
    return json.dumps(value)


def shorten(text: str) -> str:
    """Beginning of a text, for a message."""
    text = text.strip()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _bad_line(line: str, error: ValueError, expected: str) -> str:
    cut = "" if line.endswith("\n") else " This is the last line: the file may be cut off."
    where = re.sub(r"line 1 (?=column)", "", str(error))
    return f"not valid JSON ({where}). Expected {expected}; got {shorten(line)!r}.{cut}"


def _offset_of_line(path: Path, number: int) -> int:
    """Byte offset at which a line starts (unpacked)."""
    with open_binary(path) as file:
        return sum(len(file.readline()) for _ in range(number - 1))
