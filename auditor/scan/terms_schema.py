"""The schemas of `data/terms` and `data/synthetic`: what a value means, and where a file breaks them.

Leaves out what a schema cannot say (`terms_check.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from auditor import shipped


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a shipped schema: "terms" or "synthetic"."""
    found: dict[str, Any] = json.loads(
        shipped.path(f"schema/{name}-1.0.schema.json").read_text(encoding="utf-8")
    )
    return found


@cache
def meaning(field: str) -> dict[str, str]:
    """Return the values that a field of an entry may have, each with what it means."""
    defs = schema("terms")["$defs"]
    found = {**defs["says"]["properties"], **defs["entry"]["properties"], "party": defs["party"]}[field]
    values: list[dict[str, str]] = found.get("items", found)["oneOf"]
    return {value["const"]: value["description"] for value in values}


def violations(name: str, tables: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """Say where tables break the schema: file, id of the entry, place, and what is wrong."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema(name))
    problems = []
    for file, table in tables.items():
        for error in validator.iter_errors(table):
            place = list(error.absolute_path)
            where = _row_name(table, place)
            what = " ".join(str(part) for part in place[2:])
            message = error.message if len(error.message) < 200 else error.message[:200] + " ..."
            problems.append(f"{file.name}: {where}{': ' + what if what else ''}: {message}")
    return problems


def _row_name(table: Mapping[str, Any], place: list[str | int]) -> str:
    """Return the id of the entry that a place is in, or which one it is."""
    if len(place) < 2:
        return "the file"
    row = table[str(place[0])][place[1]]
    return str(row["id"]) if isinstance(row, dict) and "id" in row else f"{place[0]} {place[1]}"
