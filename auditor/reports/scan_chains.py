"""Chains as steps to follow: what was seen -> who wrote it -> which terms -> which clause -> what follows.

Chains that begin alike, and part at the terms (several versions, several channels), are told together. Takes
the mapping that `ScanReport` is told as. Leaves out layout; every text is inert.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from auditor.reports.scan_findings import numbers
from auditor.reports.scan_words import (
    OF_VERDICT,
    PARTIES,
    VERDICTS,
    Part,
    answer,
    count,
    meaning,
    name,
    short,
)

BEGINNING = ("seen", "findings", "generator", "provider", "through", "rows", "channel", "when")


class Step(NamedTuple):
    """One step, or one fact beside the steps; `about` are numbers of findings; `url` "" = none."""

    label: str
    text: str
    about: tuple[str, ...] = ()
    url: str = ""


def groups(links: Sequence[Part]) -> list[list[Part]]:
    """Chains that begin alike, in the order of the strictest of each."""
    made: dict[tuple[object, ...], list[Part]] = {}
    for link in links:
        made.setdefault(tuple(repr(link[key]) for key in BEGINNING), []).append(link)
    return list(made.values())


def title(group: Sequence[Part]) -> str:
    """Chains in one line: generator or licence -> terms -> the strictest answer."""
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    first = group[0]
    return f"{whose(first)} → {short(first['name'])}{more} → {answer(first['answer']).lower()}"


def whose(link: Part) -> str:
    """Who wrote it, or that the licence of the dataset is meant."""
    if link["generator"] is None:
        known = f" {name(link['through'])}, which rows came through" if link["through"] else ""
        return f"Licence of the dataset{known}"
    return name(link["generator"]) or "An unknown model"


def beginning(link: Part, found: Part) -> tuple[Step, ...]:
    """The first two steps: what was seen, and who wrote it."""
    of = numbers(found)
    about = tuple(of[print_] for print_ in link["findings"] if print_ in of)
    return Step("What was seen", short(link["seen"]), about), Step("Who wrote it", _writer(link, found))


def ending(link: Part) -> tuple[Step, ...]:
    """The last three steps: terms, clause, answer."""
    entry = f" [{name(link['entry'])}]" if link["entry"] else ""
    since = f", in force from {name(link['since'])}" if link["since"] else ""
    return (
        Step("Which terms", f"{short(link['name'])}{entry}{since}."),
        Step("Which clause", _clause(link)),
        Step("What follows", _follows(link)),
    )


def facts(link: Part) -> tuple[Step, ...]:
    """What a reader needs to check the chain: risk, source, confidence."""
    risk = ", ".join(PARTIES.get(r) or name(r) for r in link["risk"])
    made = [Step("Who carries the risk", risk or "not known")] if link["entry"] or risk else []
    if link["source"]:
        read = f"read on {name(link['read'])}" if link["read"] else "day of reading not known"
        made.append(Step("Source", read, url=link["source"]))
    review = "; to be read again before anybody relies on it" if link["needs_review"] else ""
    return (*made, Step("Confidence", f"{name(link['confidence'])}{review}"))


def settle(group: Sequence[Part]) -> tuple[str, ...]:
    """What would settle the chains, each once."""
    return tuple(dict.fromkeys(short(link["settle"]) for link in group if link["settle"]))


def brief(link: Part) -> str:
    """The end of a chain in one line."""
    entry = f" [{name(link['entry'])}]" if link["entry"] else ""
    since = f", in force from {name(link['since'])}" if link["since"] else ""
    return f"{short(link['name'])}{entry}{since}. {_clause(link)} {_follows(link)}"


def _writer(link: Part, found: Part) -> str:
    if link["generator"] is None:
        return "Not about who wrote it: about the licence of the data."
    by = f" of {name(link['provider'])}" if link["provider"] else ", of a provider that is not known"
    through = f"; it came through the dataset {name(link['through'])}" if link["through"] else ""
    rows = f"; {count(link['rows'])}" if link["rows"] is not None else ""
    return f"{whose(link)}{by}{rows}{through}. {_asked(link, found)}"


def _asked(link: Part, found: Part) -> str:
    """For which channel and day the terms were chosen."""
    channel = "Not known over which channel it was asked"
    if link["channel"]:
        told = meaning(found, "channels", link["channel"]).rstrip(".")
        channel = f"Asked over the channel {name(link['channel'])}" + (f" ({told})" if told else "")
    return f"{channel}, {'in ' + name(link['when']) if link['when'] else 'on a day that is not known'}."


def _clause(link: Part) -> str:
    if not link["clause"] and link["entry"] is None:
        return short(link["reason"])
    where = f"Clause {name(link['clause'])}" if link["clause"] else "No clause number was read"
    return f"{where}: {short(link['reason'])}"


def _follows(link: Part) -> str:
    by = "By this licence" if link["generator"] is None else "By these terms"
    said = VERDICTS[link["verdict"]].format(by)
    told = f"{said} Answer: {answer(link['answer']).lower()}."
    if OF_VERDICT.get(link["verdict"], link["answer"]) != link["answer"]:
        told += " The answer is not that of the terms, because it is not sure that they apply."
    return told
