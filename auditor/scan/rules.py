"""The rules of a scan (`data/scan/rules.toml`), each with an id that stays.

Leaves out looking.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from auditor import shipped

SEVERITIES = ("note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes
    ----------
    severity : one of `SEVERITIES`, of a finding that says nothing of its own.
    title : what was found, in a few words. help : why it matters, and what to do.
    """

    id: str
    name: str
    severity: str
    title: str
    help: str


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its id, in the order of the file."""
    table = tomllib.loads(shipped.path("scan/rules.toml").read_text(encoding="utf-8"))
    return {id: Rule(id, **row) for id, row in table.items()}
