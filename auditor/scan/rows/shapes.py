"""`Shape`: how a column is nested, told by DuckDB's type, or by some records of JSON.

Leaves out what a column means (`columns.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 8
MOST_FIELDS = 2000
"""Names of one level that are kept: a record whose keys are ids has more, and none of them says anything."""


@dataclass
class Shape:
    """What may lie at a place: fields by name, items of a list, or text; `inside` : text that holds JSON."""

    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    text: bool = False
    inside: Shape | None = None

    def add(self, value: Any, depth: int = 0) -> None:
        """Take in one value as `json.loads` gives it."""
        if depth > DEEPEST or value is None:
            return
        if isinstance(value, dict):
            for name, one in value.items():
                if name in self.fields or len(self.fields) < MOST_FIELDS:
                    self.fields.setdefault(name, Shape()).add(one, depth + 1)
        elif isinstance(value, list):
            self.items = self.items or Shape()
            for one in value[:20]:
                self.items.add(one, depth + 1)
        else:
            self.text = True
            found = _json(value)
            if found is not None:
                self.inside = self.inside or Shape()
                self.inside.add(found, depth + 1)


def of_records(records: Iterable[Any]) -> Shape:
    """Shape of some records of JSON; what is no object says nothing."""
    shape = Shape()
    for record in records:
        if isinstance(record, dict):
            shape.add(record)
    return shape


def of_type(kind: Any, depth: int = 0) -> Shape:
    """Shape of a DuckDB type."""
    if depth > DEEPEST:
        return Shape()
    if kind.id == "struct":
        return Shape(fields={name: of_type(one, depth + 1) for name, one in kind.children})
    if kind.id in ("list", "array"):
        return Shape(items=of_type(kind.children[0][1], depth + 1))
    # Of maps nothing is read: their keys are values.
    return Shape(text=kind.id not in ("map", "blob", "union"))


def _json(value: Any) -> Any:
    """What a text holds, if that is an object or a list of objects in JSON."""
    if not isinstance(value, str) or value[:1] not in "{[" or len(value) > 1 << 20:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list) and not (found and isinstance(found[0], dict)):
        return None
    return found
