"""The tables of `data/licences`: values of the hub, names, addresses; and every LicenseRef that they use.

Leaves out what the names are good for (`declared.py`, `prose.py`).
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from auditor import shipped


@cache
def table(name: str) -> dict[str, Any]:
    """Return a table of `data/licences` as it stands."""
    return tomllib.loads(shipped.path(f"licences/{name}.toml").read_text(encoding="utf-8"))


@cache
def hub() -> dict[str, str]:
    """Return values of the hub -> id."""
    return dict(table("hub")["hub"])


@cache
def given() -> dict[str, str]:
    """Return names that publishers give their licence where the hub has no value for it -> id."""
    return dict(table("hub")["given"])


@cache
def says_nothing() -> dict[str, str]:
    """Return values that name no licence -> "other" or "unknown"."""
    return {value: kind for kind, values in table("hub")["says_nothing"].items() for value in values}


@cache
def names() -> tuple[dict[str, Any], ...]:
    """Return licences with the patterns of their names."""
    return tuple(table("names")["licence"])


@cache
def references() -> frozenset[str]:
    """Return every id that a table uses, the terms on file included."""
    from auditor.scan import terms

    found = (
        {entry.spdx for entry in terms.load()}
        | {*hub().values(), *given().values()}
        | {row["id"] for row in names()}
    )
    found |= {row["licence"] for row in table("fingerprints")["fingerprint"]}
    found |= {id for row in table("addresses")["address"] for id in [row["id"]]}
    return frozenset(found)
