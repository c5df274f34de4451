"""How a scan's answers, codes and texts are said; whatever a dataset holds is made inert and cut first.

Takes the mapping that `ScanReport` is told as. Leaves out layout and escaping of a format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.reports.inert import one_line

Part = Mapping[str, Any]

ANSWERS = {
    "conflict": "Conflict",
    "cannot_tell": "Cannot tell",
    "allowed_with_conditions": "Allowed with conditions",
    "allowed": "Allowed",
}
USES = {
    "train_competing_llm": "Train a competing language model",
    "train_other_model_release_weights": "Train another language model and release its weights",
    "train_private_classifier": "Train a classifier for own use",
    "commercial_use_of_outputs": "Use the data commercially",
    "redistribute_outputs_as_dataset": "Publish the data",
    "internal_research": "Research in the house",
}
# What terms make of a use, by the verdict of their entry; {0} is "By these terms" or "By this licence".
VERDICTS = {
    "allowed": "{0} this use is permitted.",
    "allowed_with_conditions": "{0} this use is permitted under conditions.",
    "ambiguous": "{0} it stays open whether this use is permitted.",
    "unknown": "Nothing that was read answers for this use.",
    "prohibited": "{0} this use is forbidden.",
}
OF_VERDICT = {
    "allowed": "allowed",
    "allowed_with_conditions": "allowed_with_conditions",
    "ambiguous": "cannot_tell",
    "unknown": "cannot_tell",
    "prohibited": "conflict",
}
PARTIES = {
    "account_holder": "the account holder at the provider",
    "end_users_via_account_holder": "users of the account holder's product",
    "licensee": "whoever uses the weights or the data under the licence",
    "redistributor": "whoever passes the data, or what was made of it, on",
}
SEVERITIES = {"error": "Severe", "warning": "Warnings", "note": "Notes"}
PLACES = {
    "card": "card",
    "prose": "text of the card",
    "file": "licence file",
    "metadata": "metadata",
    "rows": "rows",
}
LIMITS = (
    "This is not legal advice. It finds the terms and the clause; a lawyer reads them, and says what they "
    "mean for you.",
    "It does not say that anybody broke the law or a contract. Whether a term binds you depends on what you "
    "agreed to, and whether it can be enforced is disputed.",
    "That no sign of a model was found is no proof that people wrote the rows: signs can be cleaned away.",
    "A sign of a model is no proof that it wrote the row: people quote models, and models imitate others.",
    "Clauses are told in our own words, as they were read on the day that is given. The source decides.",
    "Personal data, copyright in the texts that people wrote, and trade secrets were not looked at.",
)
TEXT = 400
NAME = 120
SAID = re.compile(r"(?:Conflict|Cannot tell|Allowed(?: (?:under|with) conditions)?): ")
FORMULA = re.compile(r"[=+\-@\t\r]")


def short(text: str | None, limit: int = TEXT) -> str:
    """A text on one line, inert, and no longer than `limit` characters and a note on what is left out."""
    if text is None:
        return ""
    if len(text) <= limit:
        return one_line(text)
    return f"{one_line(text[:limit])} [{len(text) - limit:,} more characters]"


def name(text: str | None, limit: int = NAME) -> str:
    """A name out of a dataset, as a cell; one that a spreadsheet would take for a formula is quoted."""
    shown = short(text, limit)
    return f"«{shown}»" if FORMULA.match(shown) else shown


def quoted(text: str | None, limit: int = TEXT) -> str:
    """What stands in a file, between « and »; "" = nothing."""
    return f"«{short(text, limit)}»" if text else ""


def answer(code: str) -> str:
    """An answer in words."""
    return ANSWERS.get(code) or short(code.replace("_", " "), NAME)


def use(code: str) -> str:
    """An intended use in words."""
    return USES.get(code) or short(code.replace("_", " ").capitalize(), NAME)


def meaning(found: Part, kind: str, code: str) -> str:
    """What a code means, as the knowledge base says it; "" = it does not."""
    return short(found["meanings"][kind].get(code, ""))


def lead(one: Part) -> str:
    """The answer on one use in one line."""
    return f"{answer(one['answer'])} ({short(one['use'], NAME)}): {headline(one)}"


def headline(one: Part) -> str:
    """The sentence of an answer, without the answer itself, which stands beside it."""
    said = SAID.match(one["headline"])
    return short(one["headline"][said.end() :] if said else one["headline"])


def conditions(one: Part) -> str:
    """What the list of conditions is called: meeting them does not settle what stays open."""
    return "Conditions to meet" if one["answer"] == "allowed_with_conditions" else "Conditions besides"


def ignored(found: Part) -> str:
    """How many findings an ignore list takes out; "" = none."""
    taken = len(found["ignored"])
    if not taken:
        return ""
    return (
        f"An ignore list takes out {count(taken, 'finding')}: the answers do not count what they are about."
    )


def count(value: int | None, of: str = "row") -> str:
    """A count as people read it; "not counted" = None."""
    if value is None:
        return "not counted"
    return f"{value:,} {of}" if value == 1 else f"{value:,} {of}s"


def percent(share: float | None) -> str:
    """A share as people read it; "" = not counted."""
    if share is None:
        return ""
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    return "below .1 %" if share < 0.001 else f"{min(100 * share, 99.9):.1f} %"


def moment(created: str) -> str:
    """A time in UTC with a Z, as SARIF (3.9) and CycloneDX want it."""
    at = datetime.fromisoformat(created)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def size(octets: int) -> str:
    """A size as people read it, in bytes or decimal multiples of them."""
    value, unit = float(octets), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def given(found: Part) -> str:
    """Channel, day and service as they were given."""
    told = [
        f"channel {name(found['channel'])}" if found["channel"] else "channel not given",
        f"day {name(found['when'])}" if found["when"] else "day not given",
    ]
    return "; ".join([*told, f"service {name(found['host'])}"] if found["host"] else told)
