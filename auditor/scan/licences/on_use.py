"""`says`: what a licence says of an intended use, from the terms on file or, failing that, from its traits.

Of licences that all hold (AND) the strictest decides, of a choice (OR) the mildest. A licence nobody has read
is "unknown": that is no permission. Leaves out the generators' terms (`in_force.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from auditor.errors import AuditError
from auditor.scan import terms
from auditor.scan.in_force import strictest
from auditor.scan.licences import expressions, tables, traits
from auditor.scan.terms import USES, VERDICTS, Entry, Terms

_SERVICE = {"LicenseRef-openai-terms", "LicenseRef-anthropic-terms", "LicenseRef-google-translate-terms"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a licence says of a use.

    Attributes
    ----------
    licence : the id that decides. verdict : one of `terms.VERDICTS`. clause : its number; None = none read.
    entry : id in the knowledge base; None = from traits, or not known. confidence : "low", "medium", "high".
    """

    licence: str
    use: str
    verdict: str
    reason: str
    clause: str | None
    entry: str | None
    confidence: str


def says(licence: str, use: str, known: Terms | None = None) -> Said:
    """Answer for an id or an expression; "" is a licence that nobody knows."""
    if use not in USES:
        raise AuditError(f"{use!r} is no use. Known are: {', '.join(USES)}.")
    known = known or terms.load()
    tree = expressions.tree(licence) if licence else None
    if tree is None:
        return Said(
            licence, use, "unknown", "No licence is known, and that is no permission.", None, None, "high"
        )
    return _of_tree(tree, use, known)


def entries(licence: str, known: Terms | None = None) -> tuple[Entry, ...]:
    """Return the entries for one id: those for datasets, else those for models (of Gemma, every version)."""
    known = known or terms.load()
    called = [licence, *(value for value, key in tables.hub().items() if key == licence)]
    for kind in ("dataset_license", "model_license"):
        found = tuple(dict.fromkeys(e for name in called for e in known.by_licence(name, kind)))
        if found:
            return found
    return ()


def _of_tree(tree: Any, use: str, known: Terms) -> Said:
    """Weigh the parts of an expression."""
    parts = [_of_tree(part, use, known) for part in getattr(tree, "args", ())]
    if not parts:
        return _one(expressions.key_of(tree), use, known)
    choose = min if expressions.is_choice(tree) else max
    return choose(parts, key=lambda said: VERDICTS.index(said.verdict))


def _one(key: str, use: str, known: Terms) -> Said:
    """Answer for one id."""
    found = entries(key, known)
    if found:
        verdict, deciding = strictest(found, use)
        said = deciding[0].on(use)
        return Said(key, use, verdict, said.reason, said.clause, deciding[0].id, deciding[0].confidence)
    if key in _SERVICE:
        reason = "It names a service, not a licence: the terms of the model that wrote the rows decide."
        return Said(key, use, "unknown", reason, None, None, "high")
    read = traits.of(key)
    if read is None:
        return Said(
            key, use, "unknown", "The licence is not on file, and that is no permission.", None, None, "high"
        )
    verdict, reason = _by_traits(read, use)
    return Said(key, use, verdict, reason, None, None, read.confidence)


@cache
def _by_traits(read: traits.Traits, use: str) -> tuple[str, str]:
    """Return verdict and reason of the first case whose traits hold."""
    for case in tables.table("uses")["case"]:
        if all(getattr(read, trait) for trait in case["traits"]):
            return next((s["verdict"], s["reason"]) for s in case["says"] if use in s["uses"])
    raise AssertionError("the last case has no traits")
