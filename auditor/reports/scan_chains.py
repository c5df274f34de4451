"""A chain as steps to follow: what was seen -> who wrote it -> which terms -> which clause -> what follows.

Takes the mapping that `ScanReport` is told as. Leaves out layout; every text is inert.
"""

from __future__ import annotations

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


class Step(NamedTuple):
    """One step, or one fact beside the steps; `about` are numbers of findings; `url` "" = none."""

    label: str
    text: str
    about: tuple[str, ...] = ()
    url: str = ""


def title(link: Part) -> str:
    """A chain in one line: generator or licence -> terms -> answer."""
    return f"{whose(link)} → {short(link['name'])} → {answer(link['answer'])}"


def whose(link: Part) -> str:
    """Who wrote it, or that the licence of the dataset is meant."""
    if link["generator"] is None:
        known = f" {name(link['through'])}, which rows came through" if link["through"] else ""
        return f"Licence of the dataset{known}"
    return name(link["generator"]) or "An unknown model"


def steps(link: Part, found: Part) -> tuple[Step, ...]:
    """The five steps from what was seen to the answer."""
    of = numbers(found)
    about = tuple(of[print_] for print_ in link["findings"] if print_ in of)
    return (
        Step("What was seen", short(link["seen"]), about),
        Step("Who wrote it", _writer(link)),
        Step("Which terms", _terms(link, found)),
        Step("Which clause", _clause(link)),
        Step("What follows", _follows(link)),
    )


def facts(link: Part) -> tuple[Step, ...]:
    """What a reader needs to check the chain: risk, what would settle it, source, confidence."""
    risk = ", ".join(PARTIES.get(r) or name(r) for r in link["risk"])
    made = [Step("Who carries the risk", risk or "not known")]
    if link["settle"]:
        made.append(Step("What would settle it", short(link["settle"])))
    if link["source"]:
        read = f"read on {name(link['read'])}" if link["read"] else "day of reading not known"
        made.append(Step("Source", read, url=link["source"]))
    review = "; to be read again before anybody relies on it" if link["needs_review"] else ""
    made.append(Step("Confidence", f"{name(link['confidence'])}{review}"))
    return tuple(made)


def _writer(link: Part) -> str:
    if link["generator"] is None:
        return "Not about who wrote it: about the licence of the data."
    by = f" of {name(link['provider'])}" if link["provider"] else ", of a provider that is not known"
    through = f"; it came through the dataset {name(link['through'])}" if link["through"] else ""
    rows = f"; {count(link['rows'])}" if link["rows"] is not None else ""
    return f"{whose(link)}{by}{rows}{through}."


def _terms(link: Part, found: Part) -> str:
    entry = f" [{name(link['entry'])}]" if link["entry"] else ""
    since = f", in force from {name(link['since'])}" if link["since"] else ""
    told = f"{short(link['name'])}{entry}{since}."
    if link["generator"] is None or link["entry"] is None:
        return told
    return f"{told} {_asked(link, found)}"


def _asked(link: Part, found: Part) -> str:
    """For which channel and day the terms were chosen."""
    channel = "not known over which channel the model was asked"
    if link["channel"]:
        told = meaning(found, "channels", link["channel"]).rstrip(".")
        channel = f"asked over the channel {name(link['channel'])}" + (f" ({told})" if told else "")
    when = f"in {name(link['when'])}" if link["when"] else "on a day that is not known"
    return f"{channel[0].upper()}{channel[1:]}, {when}."


def _clause(link: Part) -> str:
    if not link["clause"] and link["entry"] is None:
        return short(link["reason"])
    where = f"Clause {name(link['clause'])}" if link["clause"] else "No clause number was read"
    return f"{where}: {short(link['reason'])}"


def _follows(link: Part) -> str:
    said = VERDICTS.get(link["verdict"]) or name(link["verdict"])
    told = f"The terms {said}. Answer: {answer(link['answer']).lower()}."
    if OF_VERDICT.get(link["verdict"], link["answer"]) != link["answer"]:
        told += " The answer is not that of the terms, because it is not sure that they apply."
    return told
