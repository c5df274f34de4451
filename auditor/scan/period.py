"""What the terms of one channel said over many days, in which one version may have followed another.

On which of these days outputs were made is not known: where the versions disagree, nobody can tell. Leaves
out which entries are meant (`in_force.py`) and several channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from auditor.scan.days import Span
from auditor.scan.terms import VERDICTS, Entry

SERVICE = ("service_terms", "aup")
"""Kinds that had versions before those on file; a licence is as old as its model."""


def said(versions: Sequence[Entry], days: Span, use: str) -> tuple[str, ...]:
    """Return the different verdicts on a use, in the order of the days.

    Parameters
    ----------
    versions : every entry on file for one model and channel, whatever its days; empty = ("unknown",).
    """
    found = [one for case in _services(versions) for one in _over(case, days, use)]
    return tuple(dict.fromkeys(found)) or ("unknown",)


def together(verdicts: Sequence[str]) -> str:
    """Return one verdict for several of which one held: the strictest, or "ambiguous" if only some forbid."""
    if "prohibited" in verdicts and len(set(verdicts)) > 1:
        return "ambiguous"
    return max(verdicts, key=VERDICTS.index, default="unknown")


def settled(entry: Entry, use: str) -> str:
    """Return the verdict of an entry; a reading of low confidence settles nothing, in neither direction."""
    verdict = entry.on(use).verdict
    return "ambiguous" if entry.confidence == "low" and verdict != "unknown" else verdict


def _services(versions: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries that hold together: those of one service, where services of a channel differ."""
    for hosts in dict.fromkeys(e.hosts for e in versions if e.hosts) or {(): None}:
        yield [e for e in versions if e.hosts in ((), hosts)]


def _over(versions: Sequence[Entry], days: Span, use: str) -> Iterator[str]:
    """Verdict from each day on which anything changed: the strictest of what was in force."""
    for day in _changes(versions, days):
        verdicts = []
        for kind, provider in dict.fromkeys((e.kind, e.provider) for e in versions):
            mine = [e for e in versions if (e.kind, e.provider) == (kind, provider)]
            held = [e for e in mine if _on(e, day)] or _of_the_time(mine, days, kind)
            verdicts += [settled(e, use) for e in held] or ["unknown"]
        yield max(verdicts, key=VERDICTS.index, default="unknown")


def _changes(versions: Sequence[Entry], days: Span) -> list[date]:
    """The first day, and every other on which a version began or ended."""
    begun = {e.since.first for e in versions if e.since}
    ended = {e.until.last for e in versions if e.until}
    return sorted({days.first, *(d for d in begun | ended if days.first < d <= days.last)})


def _on(entry: Entry, day: date) -> bool:
    """Tell whether an entry may have been in force on a day."""
    return (entry.since is None or entry.since.first <= day) and (
        entry.until is None or entry.until.last > day
    )


def _of_the_time(entries: Sequence[Entry], days: Span, kind: str) -> list[Entry]:
    """Licences that began within the days: a licence came with its model, whatever day it is dated."""
    if kind in SERVICE:
        return []
    return [e for e in entries if e.since is None or e.since.first <= days.last]
