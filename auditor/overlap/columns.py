"""Which column of a file is the text, which the id, which names a teacher: given, or recognised.

Recognised by name where exactly one known name is there, else where a file has only one column of text;
everything else is an error that lists the columns. Leaves out reading (`reading.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.errors import AuditError

TEXT = (
    *("text", "output", "response", "completion", "answer", "content", "generation", "generated_text"),
    *("model_output", "assistant", "reply", "messages", "conversations", "conversation", "chat"),
)
ID = ("id", "uuid", "uid", "doc_id", "document_id", "prompt_id", "record_id", "custom_id")
BY = ("teacher", "model", "generator", "model_name")
CHAT = re.compile(r"STRUCT\(.*(\"?role\"?|\"?from\"?).*\)\[\]", re.DOTALL)


@dataclass(frozen=True)
class Wanted:
    """Names of columns; None = recognise it (text, id, by), or none (source)."""

    text: str | None = None
    id: str | None = None
    by: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Chosen:
    """The columns of one file. `kind` : how the text lies in its column, "plain", "list" or "chat"."""

    text: str
    kind: str
    id: str | None
    by: str | None
    source: str | None


def choose(place: str, types: Mapping[str, str], wanted: Wanted) -> Chosen:
    """The columns to read of a file that has `types`: name -> DuckDB's type."""
    for option in ("text", "id", "by", "source"):
        name = getattr(wanted, option)
        if name is not None and name not in types:
            raise AuditError(
                f"{place} has no column {name!r}, which --{option} names. It has {_listed(types)}. "
                "Files of one corpus may differ in other columns, not in those that are named."
            )
    text = wanted.text or _text(place, types)
    return Chosen(
        *(text, _kind(text, types[text])),
        wanted.id or _known(types, ID),
        wanted.by or _known(types, BY),
        wanted.source,
    )


def _text(place: str, types: Mapping[str, str]) -> str:
    known = [name for name in types if name.lower() in TEXT and _kind(name, types[name])]
    if len(known) == 1:
        return known[0]
    texts = [name for name, kind in types.items() if kind in ("VARCHAR", "BLOB")]
    if not known and len(texts) == 1:
        return texts[0]
    if not known:
        raise AuditError(
            f"{place}: no column is known to hold the text. It has {_listed(types)}. Name one with --text."
        )
    raise AuditError(
        f"{place}: {' and '.join(repr(k) for k in known)} may hold the text. It has {_listed(types)}. "
        "Name one with --text."
    )


def _kind(name: str, kind: str) -> str:
    if CHAT.fullmatch(kind) or (kind in ("JSON", "JSON[]") and name.lower() in TEXT[-4:]):
        return "chat"
    return "list" if kind == "VARCHAR[]" else "plain"


def _known(types: Mapping[str, str], names: Sequence[str]) -> str | None:
    by_lower = {name.lower(): name for name in types}
    return next((by_lower[name] for name in names if name in by_lower), None)


def _listed(types: Mapping[str, str]) -> str:
    names = list(types)
    return (
        "the columns " + ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    )
