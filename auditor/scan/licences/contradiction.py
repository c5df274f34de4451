"""Whether a tag and the prose beside it, or two declared values, contradict each other.

A difference of version is a contradiction; a tag that is one of several licences the prose names is none, and
prose that leaves the licence open is none. Leaves out reading either (`declared.py`, `prose.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.scan.licences import traits
from auditor.scan.licences.alike import alike, distinct
from auditor.scan.licences.declared import Meaning
from auditor.scan.licences.prose import Mention


def contradictions(tag: Meaning, mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """Return the mentions of another licence, as the dataset's own; empty = tag and prose may both hold."""
    mentions = tuple(mentions)
    if not tag.keys or tag.unknown:
        return ()
    narrow = distinct(m.licence for m in mentions if not m.limit)  # "CC BY-SA (CC BY-SA 4.0)" is the second
    named = [m for m in mentions if m.licence in narrow and not m.limit]
    stated = [m for m in named if m.stated]
    if _agrees(tag, [m for m in named if m.about in ("dataset", "part")]):
        stated = []
    return tuple(stated) or _limits(tag, mentions)


def differ(one: Meaning, other: Meaning) -> bool:
    """Tell whether two declared values (card, metadata, file) cannot mean one licence."""
    if not one.keys or not other.keys or one.unknown or other.unknown:
        return False
    return not any(alike(a, b) for a in one.keys for b in other.keys)


def _agrees(tag: Meaning, mentions: list[Mention]) -> bool:
    """Tell whether prose names a licence of the tag."""
    return any(alike(key, m.licence) for key in tag.keys for m in mentions)


def _limits(tag: Meaning, mentions: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """Return what keeps the dataset out of commerce, where no licence of the tag does."""
    read = [traits.of(key) for key in tag.keys]
    if any(t is None or t.noncommercial or t.research_only or t.ask for t in read):
        return ()
    return tuple(m for m in mentions if m.limit and m.stated)
