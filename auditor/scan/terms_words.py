"""An entry in words for a lawyer: what, since when, for whom, and per intended use verdict, reason, clause.

Leaves out choosing the entry. What values mean is taken from the schema.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from auditor.scan.terms import Entry, Says
from auditor.scan.terms_schema import meaning

NOT_ADVICE = "A reading of the terms in our own words, to find the clause by. Not legal advice."

_WIDTH = 100
_LABEL = 14


def in_words(entry: Entry) -> str:
    """Write an entry out."""
    lines = [f"{entry.name}  ({entry.id})", ""]
    for label, text in _facts(entry):
        lines += _wrapped(label, text)
    lines += ["", "What it says of each use"]
    for said in entry.says:
        lines += ["", *_of_use(entry, said)]
    lines.append("")
    for label, text in _origin(entry):
        lines += _wrapped(label, text)
    return "\n".join([*lines, "", NOT_ADVICE])


def as_dict(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON can hold it; the verdicts under the names of the uses."""
    row = asdict(entry)
    row |= {key: row[key] and row[key]["text"] for key in ("since", "until")}
    row["read"] = entry.read.isoformat()
    row["says"] = {
        said.use: {key: value for key, value in asdict(said).items() if key != "use"} for said in entry.says
    }
    return row | {"not_legal_advice": True}


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """Who, what, when, for whom."""
    yield "Provider", entry.provider
    yield "Kind", meaning("kind")[entry.kind]
    yield "Licence id", ", ".join((entry.spdx, *(f"{x} on the hub" for x in entry.hf_licences)))
    yield "Channels", _meant("channels", entry.channels)
    but = f"; not {', '.join(entry.except_models)}" if entry.except_models else ""
    yield "Models", (", ".join(entry.models) or "whichever carries it by name") + but
    if entry.hosts:
        yield "Service", ", ".join(entry.hosts)
    yield "In force", _days(entry)
    versions = [f"before it {entry.supersedes}"] if entry.supersedes else []
    versions += [f"after it {id}" for id in entry.superseded_by]
    if versions:
        yield "Versions", "; ".join(versions)
    yield "Binds", _meant("party", entry.binds)
    yield "Risk with", _meant("party", entry.risk)
    yield "On outputs", _meant("outputs", entry.outputs)
    if entry.conditions:
        yield "Conditions", "; ".join(entry.conditions)


def _of_use(entry: Entry, said: Says) -> Iterator[str]:
    """One intended use: verdict, reason, clause, confidence."""
    yield f"{said.use}: {said.verdict.replace('_', ' ')}"
    yield from _indented(meaning("uses")[said.use])
    known = f"clause: {said.clause or 'not read'}; confidence: {_confidence(entry, said)}"
    yield from _indented(f"Because: {said.reason} [{known}]")


def _indented(text: str) -> list[str]:
    """Wrap a text under a use."""
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _confidence(entry: Entry, said: Says) -> str:
    """Confidence of one verdict: that of the entry, unless nobody has looked at the verdict twice."""
    return f"{entry.confidence}, to be reviewed" if said.needs_review else entry.confidence


def _origin(entry: Entry) -> Iterator[tuple[str, str]]:
    """Where it stands, when it was read, how sure we are."""
    yield "Clauses read", "; ".join(entry.clauses) or "none"
    yield "Source", entry.source
    how = meaning("evidence")[entry.evidence].rstrip(".")
    yield "Read", f"{entry.read}: {how}" + (f" ({entry.read_at})" if entry.read_at else "")
    yield "Confidence", entry.confidence
    if entry.needs_review:
        yield "Read again", entry.needs_review
    if entry.notes:
        yield "Notes", entry.notes


def _days(entry: Entry) -> str:
    """From when to when, and how that is known."""
    since = f"from {entry.since}" if entry.since else "since a day that is not known"
    if entry.date_kind == "not_applicable":
        return "at all times"
    until = f" until {entry.until}" if entry.until else ""
    return f"{since}{until} ({meaning('date_kind')[entry.date_kind].rstrip('.')})"


def _meant(field: str, values: tuple[str, ...]) -> str:
    """Values of a field by what they mean."""
    return "; ".join(f"{value} ({meaning(field)[value].rstrip('.')})" for value in values)


def _wrapped(label: str, text: str) -> list[str]:
    """A label and its text, wrapped beside it."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=label.ljust(_LABEL),
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )
