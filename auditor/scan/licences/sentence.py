"""What a sentence says of a licence in it: whose it is, by the words before; and limits that name no licence.

English words alone. Leaves out finding the licence and the sentence (`prose.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DATA = (
    r"\b(?:(?:training |test )?data(?:set|base)?s?|corp(?:us|ora)|annotations?|labels?|benchmark|collection"
    r"|work|release|records?)\b"
)
_CODE_WORDS = (
    *("(?:source )?code(?: base)?", "software", "scripts?", "implementation", "toolkit", "tools?", "library"),
    *("package", "models?", "weights", "checkpoints?", "loader", "notebooks?"),
)
_SOURCE_WORDS = (
    r"source (?:text|data|material|document|article|corp|\w+ project)",
    *(
        r"sources?\b",
        "original(?:ly)?",
        "underlying",
        "upstream",
        r"third[\s-]part",
        r"images?\b",
        r"photos?\b",
    ),
    *(
        r"videos?\b",
        r"recordings?\b",
        r"articles?\b",
        r"wikipedia\b",
        r"wikidata\b",
        r"dbpedia\b",
        r"comments?\b",
    ),
    *("(?:content|text|editorial)s? (?:of|from|on|in)", "website", "web ?site", "user contributions"),
    *(
        "based (?:up)?on",
        "derived from",
        r"incorporat\w+",
        "taken from",
        "comes? from",
        "came from",
        "subset of",
    ),
    *("obtained from", "collected from", "extracted from", "built (?:up)?on", r"\w+'s terms"),
)
_NOT_WORDS = (
    *(
        r"\bnot\b",
        r"n't\b",
        r"\bno longer\b",
        r"\bnever\b",
        r"\bneither\b",
        r"\brather than\b",
        r"\binstead of\b",
    ),
    r"\bpreviously\b",
)
_USE = r"(?:use|usage|research|purposes?|academic|educational)"
_LIMIT_WORDS = (
    r"\bnon[\s\-]?commercial(?!ly)(?:\s+(?:and|or)\s+(?:research|academic|educational))?\s*,?\s*(?:scientific\s+)?"
    rf"{_USE}\b(?! as well as commercial)",
    r"\b(?:for|to|in)\s+(?:academic\s+|scientific\s+)?research\s+(?:purposes?|use)\s+only\b",
    r"\bonly\s+(?:be\s+used\s+)?for\s+(?:academic|research|non[\s\-]?commercial)\b",
    r"\bresearch[\s-]only\b",
    r"\bacademic\s+use\s+only\b",
    r"\bnot\s+(?:be\s+used\s+)?for\s+commercial\s+(?:use|purposes?)\b",
)
_LEAD_WORDS = (
    *(r"licen[cs]e[ds]?(?:\s+(?:is|type|used))?\s*[:=\-]?", r"licen[cs]ing(?: information)?\s*[:=\-]"),
    *(r"under(?:\s+(?:the|an?|terms of(?: the)?))?", ",", "/", r"\band\b", r"\bor\b"),
)


def _any(words: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(words)})"


_NOT = re.compile(rf"{_any(_NOT_WORDS)}[^.,;]{{0,50}}$", re.I)
_CODE = re.compile(
    rf"\b{_any(_CODE_WORDS)}\b(?P<joined>\s*(?:,|and|&|as well as)\s+(?:the |our |its )?)?", re.I
)
_SOURCE = re.compile(rf"\b{_any(_SOURCE_WORDS)}", re.I)
_OWN = re.compile(
    rf"\b(?:th(?:e|is|ese)|our|all|all of our)\s+(?:[\w'’.-]+\s+){{0,4}}{_DATA}[^.;]{{0,80}}$", re.I
)
_ITEM = r"^\s*(?:[-*•|]|\d+[.)])\s*[\w\[*`\"'(][^:|—–]{0,60}(?:[:|—–]|\s-\s)"
_PART = re.compile(rf"{_ITEM}|^\s*#{{2,6}}\s+\w+[^\n]{{0,60}}\n")
_TURN = re.compile(r",\s+(?:and|but|while|with|whereas)\s+|\s(?:while|whereas|but)\s")
_LEAD = re.compile(rf"{_any(_LEAD_WORDS)}[\s\[*_\"'`(<]*$", re.I)
_LIMIT = re.compile(_any(_LIMIT_WORDS), re.I)
_COMMERCIAL_TOO = re.compile(r"\bcommercial(?:ly)?\s*(?:and|or|as well as|/|,)\s*$", re.I)


def about(before: str) -> str:
    """Tell what a licence is of, by the words of its sentence before it; "dataset" if they do not say."""
    if _NOT.search(before):
        return "negated"
    if _PART.match(before):
        return "part"
    clause = _TURN.split(before)[-1]
    if _of_code(clause):
        return "code"
    if _SOURCE.search(clause) and not _OWN.search(_SOURCE.split(clause)[-1] or ""):
        return "source"
    return "dataset"


def leads(before: str) -> bool:
    """Tell whether words such as "license:" or "under the" lead up to a name."""
    return _LEAD.search(before) is not None


def limits(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield id, start and end of words that keep a dataset to research, or out of commerce."""
    for found in _LIMIT.finditer(text):
        before = text[max(0, found.start() - 40) : found.start()]
        after = text[found.end() : found.end() + 40]
        if _COMMERCIAL_TOO.search(before) or re.match(r"\W+commercial\b", after):
            continue
        words = found.group().lower()
        research = "research" in words and "commercial" not in words
        id = "LicenseRef-research-only" if research else "LicenseRef-non-commercial"
        yield id, found.start(), found.end()


def _of_code(clause: str) -> bool:
    """Tell whether code comes before data: "code to load the dataset", not "the dataset and its code"."""
    code = _CODE.search(clause)
    if not code:
        return False
    data = re.search(_DATA, clause, re.I)
    joined = code["joined"] is not None and data is not None and data.start() == code.end()
    return not joined and (data is None or data.start() > code.start())
