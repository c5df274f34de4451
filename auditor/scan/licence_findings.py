"""Findings on the licences of a part: none, unknown, contradictory, and what they ask for or exclude.

Leaves out reading them (`facts.py`, `licences/`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.scan.chains import place, where
from auditor.scan.facts import Part
from auditor.scan.finding import CONFIDENCES, Evidence, Finding
from auditor.scan.licences import declared as licences
from auditor.scan.licences import on_use, traits
from auditor.scan.licences.alike import alike
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
        if known and {d.place for d in known} <= {"card", "rows"}:
            message = f"Only the tag of {where(part)} declares {known[0].licence}."
            yield Finding("LIC011", message, "high", part.path, (_at(known[0]),), part=part.path)
        for licence in dict.fromkeys(d.licence for d in known):
            at = tuple(_at(d) for d in known if d.licence == licence)
            yield from _asks(part, licence, at, uses)
        if part.path != "." and root and {d.licence for d in known} - root:
            names = ", ".join(sorted({d.licence for d in known}))
            message = f"The folder {part.path} is under {names}."
            yield Finding("LIC010", message, "high", part.path, tuple(map(_at, known)), part=part.path)


def _contradictions(part: Part, known: Sequence[Declared]) -> Iterator[Finding]:
    """One finding where licence file or metadata and the card name licences that cannot be one.

    Tag against prose is told where the card is read (`facts.py`). A file's licence may be that of the code
    beside the data, so that it is not sure.
    """
    card = [d for d in known if d.place in ("card", "prose")]
    for place_, confidence in (("metadata", "high"), ("file", "medium")):
        others = [d for d in known if d.place == place_]
        if not card or not others or any(_alike(a, b) for a in card for b in others):
            continue
        message = (
            f"{place(card[0])} declares {card[0].licence}. {place(others[0])} declares {others[0].licence}."
        )
        subject = f"{card[0].licence} / {others[0].licence}"
        at = (_at(card[0]), *map(_at, others))
        yield Finding("LIC003", message, confidence, subject, at, len(others), part=part.path)


def _alike(one: Declared, other: Declared) -> bool:
    """Tell whether two declarations have a licence in common."""
    first, second = licences.read(one.licence).keys, licences.read(other.licence).keys
    return any(alike(a, b) for a in first for b in second)


def _asks(part: Part, licence: str, at: tuple[Evidence, ...], uses: Sequence[str]) -> Iterator[Finding]:
    """What one licence excludes or asks for, where it matters for an intended use."""
    found = _traits(licence)
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


@dataclass(frozen=True, slots=True)
class _Asks:
    """Traits over the licences of an expression."""

    noncommercial: bool
    share_alike: bool
    no_derivatives: bool
    attribution: bool
    confidence: str


def _traits(licence: str) -> _Asks:
    """Join the traits of an expression's licences: what any of them asks for."""
    read = [t for key in licences.read(licence).keys if (t := traits.of(key))]
    return _Asks(
        noncommercial=any(t.noncommercial or t.research_only for t in read),
        share_alike=any(t.share_alike for t in read),
        no_derivatives=any(t.no_derivatives for t in read),
        attribution=any(t.attribution for t in read),
        confidence=min((t.confidence for t in read), key=CONFIDENCES.index, default="high"),
    )


def _at(one: Declared) -> Evidence:
    return Evidence(one.file, one.line, excerpt=one.text)


def _first(part: Part) -> tuple[Evidence, ...]:
    """Where a licence would have stood: the card, or the first file."""
    names = [c.file.name for c in part.cards] + [f.name for f in part.data]
    return (Evidence(names[0]),) if names else ()
