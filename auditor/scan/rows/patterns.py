"""Patterns of `data/scan/text.toml`, put together for RE2, and the names they look for.

Leaves out running them (`statement.py`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from typing import Any

from auditor import shipped
from auditor.scan import synthetic
from auditor.scan.names import provider_of
from auditor.scan.terms import load


@dataclass(frozen=True)
class Who:
    """A provider as answers name it; every pattern is RE2, without regard to case.

    Attributes
    ----------
    model : the plain name that a finding is about. sure : what nothing else is called. doubtful : needs a
        sentence that speaks of an AI.
    """

    provider: str
    model: str
    sure: tuple[str, ...]
    doubtful: tuple[str, ...]


@dataclass(frozen=True)
class Patterns:
    """All patterns, with their lists filled in.

    Attributes
    ----------
    cues : over all text, with the marks; sentence_cues : without. named : a name or maker.
    selves : one group each, what it calls itself. refusals, guards, played : as in the table.
    ai : the sentence speaks of an AI.
    marks : as one pattern; families : mark or pattern -> what it hints at.
    known : full match of a plain name on file; shapes : of one that looks like a model. mistakable : known
        names that are words, too. hubs, slugs : full matches of known datasets.
    """

    cues: str
    sentence_cues: str
    named: str
    selves: tuple[str, ...]
    refusals: str
    guards: str
    played: str
    ai: str
    marks: str
    families: dict[str, str]
    who: tuple[Who, ...]
    known: str
    shapes: str
    mistakable: frozenset[str]
    hubs: str
    slugs: str
    envelopes_alone: frozenset[str]
    envelopes: frozenset[str]
    dates: tuple[str, ...]
    columns: dict[str, frozenset[str]]


@cache
def patterns() -> Patterns:
    """Read the table and put the patterns together."""
    table = tomllib.loads(shipped.path("scan/text.toml").read_text(encoding="utf-8"))
    fill = _lists(table)
    cues = _any(fill(c) for c in table["cues"])
    marks = table["GEN010"]["marks"]
    found = table["GEN010"]["patterns"]
    token = _any([*map(re.escape, sorted(marks, key=len, reverse=True)), *found])
    signals = synthetic.signals()
    return Patterns(
        cues=f"(?i){cues}|{token}",
        sentence_cues=f"(?i){cues}",
        named=f"(?i){_any(fill(w) for w in ('{name}', '{zh_name}', '{maker}', '{zh_maker}'))}",
        selves=tuple(f"(?i){fill(f)}" for f in table["GEN008"]["forms"]),
        refusals=f"(?i){_any(fill(f) for f in table['GEN009']['forms'])}",
        guards=f"(?im){_any(fill(g) for g in table['guards'])}",
        played=f"(?i){_any(fill(p) for p in table['played'])}",
        ai=f"(?i){_any([fill(table['words']['of_ai'])])}",
        marks=token,
        families={**marks, **found},
        who=tuple(_who(row) for row in table["who"]),
        known=_any([*map(re.escape, provider_of()), *_of_terms()]),
        shapes=_any(table["models"]["shapes"]),
        mistakable=frozenset(table["models"]["mistakable"]),
        hubs=_any(re.escape(h.lower()) for d in synthetic.load() for h in d.hub_ids),
        slugs=_any(re.escape(n) for d in synthetic.load() for n in (d.id, *d.aliases)),
        envelopes_alone=frozenset(table["envelopes"]["alone"]),
        envelopes=frozenset((*signals.envelope_fields, *table["envelopes"]["further"])),
        dates=tuple(table["dates"]["fields"]),
        columns={name: frozenset(values) for name, values in table["columns"].items()},
    )


def whose(named: str) -> tuple[Who, bool] | None:
    """Return whom a captured name or maker means, and whether nothing else is called so."""
    for who, sure, doubtful in _compiled():
        if sure.fullmatch(named):
            return who, True
        if doubtful.fullmatch(named):
            return who, False
    return None


@cache
def _compiled() -> tuple[tuple[Who, re.Pattern[str], re.Pattern[str]], ...]:
    return tuple(
        (w, re.compile(_any(w.sure) if w.sure else "(?!)", re.I), re.compile(_doubtful(w), re.I))
        for w in patterns().who
    )


def _doubtful(who: Who) -> str:
    return _any(who.doubtful) if who.doubtful else "(?!)"


def _who(row: dict[str, Any]) -> Who:
    sure = ("alone", "makers_alone", "zh_names", "zh_makers")
    return Who(
        row["provider"],
        row["model"],
        tuple(p for key in sure for p in row.get(key, ())),
        tuple(p for key in ("names", "makers") for p in row.get(key, ())),
    )


def _lists(table: dict[str, Any]) -> Any:
    """Return a function that fills the lists into a pattern."""

    def all_of(*keys: str) -> str:
        return _any(p for row in table["who"] for key in keys for p in row.get(key, ()))

    words = {
        "{name}": all_of("alone", "names"),
        "{zh_name}": all_of("zh_names"),
        "{maker}": all_of("makers_alone", "makers"),
        "{zh_maker}": all_of("zh_makers"),
        "{made}": table["words"]["made"],
        "{ai}": table["words"]["ai"],
        "{sure_maker}": all_of("makers_alone", "zh_makers"),
    }

    def fill(pattern: str) -> str:
        for word, value in words.items():
            pattern = pattern.replace(word, value)
        return pattern

    return fill


def _of_terms() -> list[str]:
    """Shell patterns of terms that name models, as RE2; those that meet every name say nothing."""
    globs = {p for e in load() if e.kind != "dataset_license" and not e.hosts for p in e.models if p != "*"}
    return [_plain(translate(p)) for p in sorted(globs)]


def _plain(pattern: str) -> str:
    """What `fnmatch.translate` writes, without what RE2 lacks: its flags, possessive and atomic parts."""
    inner = re.sub(r"^\(\?s:(.*)\)\\[Zz]$", r"\1", pattern, flags=re.DOTALL)
    return re.sub(r"\(\?>(.*?)\)", r"(?:\1)", inner)


def _any(patterns: Any) -> str:
    return "(?:" + "|".join(patterns) + ")"
