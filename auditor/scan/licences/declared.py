"""`Meaning`: which licences a declared value means: a value of the hub, an expression, a name, an address.

Leaves out where it was declared, and the licence's text (`texts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditor.scan import terms
from auditor.scan.licences import addresses, expressions, names, tables
from auditor.scan.licences.alike import distinct

LONGEST = 500
"""Characters of a value that are read."""
MOST = 50
"""Values of a list that are read."""
_FILLER_WORDS = (
    *(
        "the",
        "this",
        "a",
        "an",
        "is",
        "are",
        "under",
        "in",
        "of",
        "and",
        "or",
        "with",
        "to",
        "at",
        "for",
        "by",
        "see",
    ),
    *(
        "licen[cs]ed?",
        "licen[cs]es",
        "licen[cs]ing",
        "version",
        "v",
        "ver",
        "public",
        "international",
        "unported",
    ),
    *(
        "generic",
        "universal",
        "agreement",
        "data",
        "dataset",
        "datasets",
        "software",
        "terms",
        "full",
        "text",
        "file",
    ),
    *(
        "deed",
        "legalcode",
        "released",
        "available",
        "distributed",
        r"non[\s-]?exclusive",
        "only",
        "later",
        "any",
    ),
    *("gpl", "gnu", "open source", "copyright"),
)
_FILLER = re.compile(rf"\b(?:{'|'.join(_FILLER_WORDS)})\b|\W|\d|_", re.I)
_CHANGED = re.compile(
    r"\b(?:modified|custom|like|style|based|except|exception|restrict\w*|not|no|without|plus|non)\b", re.I
)
_LIMIT = re.compile(r"\bnon[\s-]?commercial\b|\bresearch (?:use |purposes? )?only\b|\bacademic\b", re.I)
_OPERATOR = re.compile(r"\s(?:AND|OR|WITH)\s|\s(?:or|and|with)\s|[()]")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a declared value means.

    Attributes
    ----------
    text : as it was declared, bounded. licence : SPDX expression, with LicenseRefs; "" = none that is known.
    keys : ids in the expression. unknown : parts that name a licence nobody knows, or none ("other").
    nothing : "unknown" or "other" where the value itself says that no licence is named; else "".
    confidence : "high" = an id, an address or a whole name; "medium" = words are left over.
    """

    text: str
    licence: str = ""
    keys: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    nothing: str = ""
    confidence: str = "high"


def read(value: Any) -> Meaning:
    """Read a declared value: a text, or a list of them (all hold: which part each is for is not said)."""
    if value is None or isinstance(value, bool):
        return Meaning("", nothing="unknown")
    if isinstance(value, dict):  # Croissant and schema.org: {"@type": "CreativeWork", "url": ...}
        value = [value[key] for key in ("@id", "url", "name", "license") if isinstance(value.get(key), str)][
            :1
        ]
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return _several([_one(str(part)) for part in list(value)[:MOST]])
    return _one(str(value))


def _several(parts: list[Meaning]) -> Meaning:
    """Join values of a list."""
    if len(parts) == 1:
        return parts[0]
    licences = tuple(dict.fromkeys(part.licence for part in parts if part.licence))
    return Meaning(
        text=", ".join(part.text for part in parts)[:LONGEST],
        licence=expressions.joined(licences),
        keys=tuple(dict.fromkeys(key for part in parts for key in part.keys)),
        unknown=tuple(dict.fromkeys(word for part in parts for word in part.unknown)),
        nothing="" if licences else next((part.nothing for part in parts if part.nothing), "unknown"),
        confidence=max((p.confidence for p in parts), key=("high", "medium").index, default="high"),
    )


def _one(text: str) -> Meaning:
    """Read one value."""
    text = " ".join(text[:LONGEST].split()).strip(" \"'`[]")
    low = text.lower()
    if not text or low in tables.says_nothing():
        return Meaning(
            text, unknown=(text,) if text else (), nothing=tables.says_nothing().get(low, "unknown")
        )
    return _as_id(text) or _as_expression(text) or _as_name(text) or Meaning(text, unknown=(text,))


def _as_id(text: str) -> Meaning | None:
    """Read a value of the hub, an id, the address of a licence, or a name that the terms on file have."""
    slug = "-".join(text.lower().split())
    key = tables.hub().get(slug) or expressions.spdx_id(text)
    if not key and not re.search(r"\s", text):
        key = addresses.of(text) if re.match(r"(?i)https?://|www\.|[\w.-]+\.\w+/", text) else None
    if not key:
        found = tuple({entry.spdx for entry in terms.load().by_licence(text)})
        found = found or tuple(filter(None, [tables.given().get(slug)]))
        if len(found) == 1:  # "modified-mit": others may call theirs so, too
            return Meaning(text, found[0], found, confidence="medium")
    return Meaning(text, key, (key,)) if key else None


def _as_expression(text: str) -> Meaning | None:
    """Read "MIT OR Apache-2.0"; every part has to be an id."""
    if not _OPERATOR.search(text):
        return None
    hub = tables.hub()
    words = re.sub(r"[A-Za-z0-9][A-Za-z0-9.+\-]*", lambda m: hub.get(m.group().lower(), m.group()), text)
    found = expressions.parsed(words)
    if not found or not all(expressions.known(key) for key in found[1]):
        return None
    return Meaning(text, found[0], found[1])


def names_only(text: str) -> bool:
    """Tell whether a text is nothing but names of licences."""
    found = names.find(text[:LONGEST])
    return bool(found) and not _left(text[:LONGEST], found)[0]


def _left(text: str, found: tuple[names.Named, ...]) -> tuple[str, str]:
    """Return the words beside names that mean something, and all that stands beside them."""
    rest = list(text)
    for named in found:
        rest[named.start : named.end] = " " * (named.end - named.start)
    beside = "".join(rest)
    return " ".join(_FILLER.sub(" ", beside).split()), beside


def _as_name(text: str) -> Meaning | None:
    """Read a name such as "Creative Commons Attribution 4.0 International", or several."""
    found = names.find(text)
    if not found:
        return None
    left, beside = _left(text, found)
    if _LIMIT.search(beside):  # "MIT, non-commercial use only" is not MIT
        return Meaning(
            text, "LicenseRef-non-commercial", ("LicenseRef-non-commercial",), (text,), confidence="medium"
        )
    if _CHANGED.search(beside) or (left and all(named.alone for named in found)):
        return None
    keys = distinct(named.licence for named in found)
    between = text[found[0].end : found[-1].start].lower() if len(keys) > 1 else ""
    either = re.search(r"\bor\b", between) is not None and not re.search(r"\band\b|[,;]", between)
    unknown = (left[:80],) if left else ()
    return Meaning(
        text,
        expressions.joined(keys, "OR" if either else "AND"),
        keys,
        unknown,
        confidence="medium" if left else "high",
    )
