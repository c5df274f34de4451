"""SQL that reaches a nested place: `metadata.model`, `choices[].message.content`, JSON inside a text.

Leaves out which places are read (`columns.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.overlap.statements import literal

ITEM, INSIDE = "[]", "{}"
"""Steps that are no name of a field: every item of a list, and what a text holds as JSON."""
Steps = tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A place in a record. `steps` : names of fields, `ITEM` and `INSIDE`, the column first."""

    steps: Steps

    @property
    def label(self) -> str:
        """As people write it: "choices[].message.content"."""
        text = ""
        for step in self.steps:
            text += step if step == ITEM else "" if step == INSIDE else f".{step}" if text else step
        return text

    @property
    def name(self) -> str:
        """The last field, in lower case."""
        return next((s for s in reversed(self.steps) if s not in (ITEM, INSIDE)), "").lower()

    @property
    def many(self) -> bool:
        """Whether a row has several values there."""
        return ITEM in self.steps


def reach(expression: str, steps: Steps, depth: int = 0, below: Sequence[Steps] = ()) -> str:
    """SQL of what lies at the end of the steps, as it is; a list where one step is `ITEM`.

    `below` : steps from there that are still to be taken, for JSON inside a text.
    """
    if not steps:
        return expression
    first, rest = steps[0], steps[1:]
    if first == ITEM:
        name = f"x{depth}"
        inner = f"list_transform({expression}, lambda {name}: {reach(name, rest, depth + 1, below)})"
        return f"flatten({inner})" if ITEM in rest else inner
    if first == INSIDE:
        wanted = literal(json.dumps(structure([(*rest, *b) for b in below] or [rest])))
        return reach(f"TRY(from_json({expression}, {wanted}))", rest, depth, below)
    return reach(f"struct_extract({expression}, {literal(first)})", rest, depth, below)


def structure(steps: list[Steps]) -> Any:
    """What DuckDB's `from_json` takes to read no more than some places; every value as text."""
    steps = [s for s in steps if s]
    if not steps or any(s[0] == INSIDE for s in steps):
        return "VARCHAR"
    if any(s[0] == ITEM for s in steps):
        return [structure([s[1:] for s in steps if s[0] == ITEM])]
    by_name: dict[str, list[Steps]] = {}
    for s in steps:
        # DuckDB's names do not tell cases apart, JSON's do: the first one is read.
        same = next((n for n in by_name if n.lower() == s[0].lower()), s[0])
        if same == s[0]:
            by_name.setdefault(s[0], []).append(s[1:])
    return {name: structure(own) for name, own in by_name.items()}
