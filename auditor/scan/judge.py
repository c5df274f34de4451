"""`judge`: the answer for an intended use over all parts of a dataset; the strictest chain decides.

Leaves out the chains themselves (`chains.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditor.scan.answer import ANSWERS, Answer, Link
from auditor.scan.terms import Terms

PLACES = 3


def judge(links: Iterable[Link], use: str, terms: Terms) -> Answer:
    """Answer for one use, by its chains (`chains.py`)."""
    links = merged(list(links))
    links.sort(key=lambda link: (-ANSWERS.index(link.answer), link.generator is None, -(link.rows or 0)))
    answer = strictest(links)
    deciding = [link for link in links if link.answer == answer]
    return Answer(
        use=use,
        answer=answer,
        headline=headline(answer, deciding),
        links=tuple(links),
        conditions=conditions(links, terms),
        settle=tuple(dict.fromkeys(link.settle for link in links if link.settle)),
    )


def strictest(links: Iterable[Link]) -> str:
    """Return the strictest answer of some chains; none: nothing can be told."""
    return max((link.answer for link in links), key=ANSWERS.index, default="cannot_tell")


def merged(links: Sequence[Link]) -> list[Link]:
    """Make one of the chains that differ in where they start alone: many files may declare one licence."""
    groups: dict[tuple[object, ...], list[Link]] = {}
    for link in links:
        key = (link.generator, link.through, link.entry, link.name, link.verdict, link.answer)
        groups.setdefault(key, []).append(link)
    return [_one(group) for group in groups.values()]


def _one(group: Sequence[Link]) -> Link:
    """Join the chains of a group."""
    seen = list(dict.fromkeys(link.seen for link in group))
    more = f" And {len(seen) - PLACES} more places." if len(seen) > PLACES else ""
    counted = [link.rows for link in group if link.rows is not None]
    return replace(
        group[0],
        seen=" ".join(seen[:PLACES]) + more,
        findings=tuple(dict.fromkeys(f for link in group for f in link.findings)),
        rows=sum(counted) if counted else None,
    )


def headline(answer: str, deciding: Sequence[Link]) -> str:
    """Say the answer in one sentence, by the chain that decides."""
    if not deciding:
        return "Cannot tell: nothing was found to judge by."
    first = next((link for link in deciding if link.entry), deciding[0])
    who = f"{first.generator} wrote rows, and " if first.generator and first.generator != "unknown" else ""
    clause = f" (clause {first.clause})" if first.clause else ""
    more = _more(deciding)
    match answer:
        case "conflict":
            return f"Conflict: {who}{first.name}{clause} rules this use out.{more}"
        case "cannot_tell":
            return f"Cannot tell: {first.reason}{more}"
        case "allowed_with_conditions" if not first.entry:
            return f"Allowed under conditions: {first.reason}{more}"
        case "allowed_with_conditions":
            return f"Allowed under conditions: {who}{first.name}{clause} sets some.{more}"
        case _:
            return f"Allowed: nothing on file stands against it; {who}{first.name}{clause} permits it."


def _more(deciding: Sequence[Link]) -> str:
    others = len({link.name for link in deciding}) - 1
    return f" So say {others} more." if others > 1 else " So says one more." if others else ""


def conditions(links: Iterable[Link], terms: Terms) -> tuple[str, ...]:
    """Return what has to be met, each with whose condition it is."""
    found: dict[str, None] = {}
    for link in links:
        if link.answer != "allowed_with_conditions":
            continue
        found[f"{link.name}: {link.reason}"] = None
        for condition in terms.get(link.entry).conditions if link.entry else ():
            found[f"{link.name}: {condition}"] = None
    return tuple(found)
