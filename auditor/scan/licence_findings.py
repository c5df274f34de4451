"""Findings on the licences of a part: none, unknown, contradictory, and what they ask for or exclude.

Leaves out reading them (`facts.py`, `licences/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.scan.chains import place, where
from auditor.scan.facts import Part
from auditor.scan.finding import Evidence, Finding
from auditor.scan.licences import on_use, traits
from auditor.scan.result import Declared

TRAINS_OR_PASSES_ON = (
    *("train_competing_llm", "train_other_model_release_weights", "redistribute_outputs_as_dataset"),
)


def of_licences(parts: Sequence[Part], uses: Sequence[str]) -> Iterator[Finding]:
    """Yield what is to be said of the licences of all parts."""
    root = {d.licence for p in parts if p.path == "." for d in p.declared}
    for part in parts:
        known = [d for d in part.declared if d.licence]
        if not part.declared:
            message = f"Nothing in {where(part)} declares a licence."
            yield Finding("LIC001", message, "high", part.path, _first(part), part=part.path)
        for one in part.declared:
            if not one.licence and one.place in ("card", "metadata", "rows"):
                message = f"{place(one)} declares {one.text!r}, which is no licence that is known."
                yield Finding("LIC002", message, "high", one.text, (_at(one),), part=part.path)
        yield from _contradictions(part, known)
        yield from _rows(part, known)
        for licence in dict.fromkeys(d.licence for d in known):
            at = tuple(_at(d) for d in known if d.licence == licence)
            yield from _asks(part, licence, at, uses)
        if part.path != "." and root and {d.licence for d in known} - root:
            names = ", ".join(sorted({d.licence for d in known}))
            message = f"The folder {part.path} is under {names}."
            yield Finding("LIC010", message, "high", part.path, tuple(map(_at, known)), part=part.path)


def _contradictions(part: Part, known: Iterable[Declared]) -> Iterator[Finding]:
    """One finding where places declare different licences; the rows' own are another matter."""
    by_place: dict[str, set[str]] = {}
    for one in known:
        if one.place != "rows":
            by_place.setdefault(one.place, set()).update(traits.keys(one.licence))
    said = list(by_place.values())
    if len(said) < 2 or all(a & b for i, a in enumerate(said) for b in said[i + 1 :]):
        return
    each = [f"{place(d)}: {d.licence}" for d in known if d.place != "rows"]
    message = f"Licences differ. {'; '.join(dict.fromkeys(each))}."
    sure = "high" if {"card", "prose"} <= set(by_place) or "metadata" in by_place else "medium"
    subject = ", ".join(sorted(set().union(*said)))
    yield Finding("LIC003", message, sure, subject, tuple(_at(d) for d in known), len(each), part=part.path)


def _rows(part: Part, known: Sequence[Declared]) -> Iterator[Finding]:
    """One finding a licence that rows carry and nobody else declares."""
    whole = {d.licence for d in known if d.place != "rows"}
    for one in known:
        if one.place == "rows" and one.licence not in whole:
            rows = one.rows or 1
            message = f"{rows:,} rows carry the licence {one.licence}, which nothing else declares."
            yield Finding("LIC008", message, "high", one.licence, (_at(one),), rows, part=part.path)


def _asks(part: Part, licence: str, at: tuple[Evidence, ...], uses: Sequence[str]) -> Iterator[Finding]:
    """What one licence excludes or asks for, where it matters for an intended use."""
    found = traits.of(licence)
    against = [u for u in uses if on_use.says(licence, u).verdict in ("prohibited", "ambiguous")]
    if found.noncommercial and against:
        message = f"{licence} excludes commercial use: {', '.join(against)}."
        yield Finding("LIC004", message, found.confidence, licence, at, len(at), part=part.path)
    if found.share_alike and set(uses) & set(TRAINS_OR_PASSES_ON):
        message = f"{licence} asks for the same licence on what is made from the data and passed on."
        yield Finding("LIC005", message, found.confidence, licence, at, len(at), part=part.path)
    if found.no_derivatives:
        message = f"{licence} bars passing on a changed copy."
        yield Finding("LIC006", message, found.confidence, licence, at, len(at), part=part.path)
    if found.attribution:
        message = f"{licence} asks for the authors to be named, or for notices to be kept."
        yield Finding("LIC009", message, found.confidence, licence, at, len(at), part=part.path)


def _at(one: Declared) -> Evidence:
    return Evidence(one.file, one.line, excerpt=one.text)


def _first(part: Part) -> tuple[Evidence, ...]:
    """Where a licence would have stood: the card, or the first file."""
    names = [c.file.name for c in part.cards] + [f.name for f in part.data]
    return (Evidence(names[0]),) if names else ()
