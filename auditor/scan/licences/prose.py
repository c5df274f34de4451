"""`Mention`: a licence that prose names, and what of: of the dataset, its source, its code, a part; or that it is not.

A mention is taken for the dataset's own unless the sentence says otherwise. Reads English, and a few words of other
languages where licences keep their English names. Leaves out whether tag and prose agree (`contradiction.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from auditor.scan.licences import names
from auditor.scan.licences.names import Named

LONGEST = 50_000
"""Characters of a section that are read."""
CARD = 2_000_000
"""Characters of a card in which its section is looked for."""
MOST = 200
"""Names, and limits, that are looked at."""
EXCERPT = 200
AROUND = 500
"""Characters before and after a name that are taken for its sentence."""
_HEADING = re.compile(r"^ {0,3}(?P<level>#{1,6})[ \t]+(?P<title>[^\n]*)$", re.M)
_LICENSING = re.compile(r"licen[cs]|copyright", re.I)

# Where a sentence ends: a stop before a blank (not of "v. 3"), an empty line, a new item or heading, a semicolon.
_END = re.compile(
    r"(?<![\s.(][a-zA-Z])(?<!\bv)(?<!\bno)(?<!\bal)[.!?](?=[\s\"'”)])|\n\s*\n|\n(?=\s*(?:[-*#|>•]|\d+[.)]\s))|;"
)
_DATA = r"(?:(?:training |test )?data(?:set|base)?s?|corp(?:us|ora)|annotations?|labels?|benchmark|collection|work|release|records?)"
_NOT = re.compile(
    r"(?:\bnot\b|n't\b|\bno longer\b|\bnever\b|\bneither\b|\brather than\b|\binstead of\b|\bpreviously\b)[^.,;]{0,50}$",
    re.I,
)
_CODE = re.compile(
    r"\b(?:(?:source )?code(?: base)?|software|scripts?|implementation|toolkit|tools?|library|package|models?|weights"
    r"|checkpoints?|loader|notebooks?)\b(?P<joined>\s*(?:,|and|&|as well as)\s+(?:the |our |its )?)?",
    re.I,
)
_SOURCE = re.compile(
    r"\b(?:source (?:text|data|material|document|article|corp|\w+ project)|sources?\b|original(?:ly)?|underlying|upstream|third[\s-]part"
    r"|images?\b|photos?\b|videos?\b|recordings?\b|articles?\b|wikipedia\b|wikidata\b|dbpedia\b|comments?\b|(?:content|text|editorial)s? "
    r"(?:of|from|on|in)|website|web ?site|based (?:up)?on|derived from|incorporat\w+|taken from|comes? from|came from|subset of"
    r"|obtained from|collected from|extracted from|built (?:up)?on|\w+'s terms|user contributions)",
    re.I,
)
_PART = re.compile(
    r"^\s*(?:[-*•|]|\d+[.)])\s*[\w\[*`\"'(][^:|—–]{0,60}(?:[:|—–]|\s-\s)|^\s*#{2,6}\s+\w+[^\n]{0,60}\n", re.I
)
_OWN = re.compile(
    rf"\b(?:th(?:e|is|ese)|our|all|all of our)\s+(?:[\w'’.-]+\s+){{0,4}}{_DATA}\b[^.;]{{0,80}}$", re.I
)
_LEAD = re.compile(
    r"(?:licen[cs]e[ds]?(?:\s+(?:is|type|used))?\s*[:=\-]?|licen[cs]ing(?: information)?\s*[:=\-]|under(?:\s+(?:the|an?|terms of(?: the)?))?|,|/|\band\b|\bor\b)"
    r"[\s\[*_\"'`(<]*$",
    re.I,
)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_PLAIN = frozenset(
    "the this licen licence license licensed licenses is are under an version by of and or international public dataset data unported see generic".split()
)
_LIMIT = re.compile(
    r"\bnon[\s\-]?commercial(?!ly)(?:\s+(?:and|or)\s+(?:research|academic|educational))?\s*,?\s*(?:scientific\s+)?(?:use|usage|research|purposes?|academic|educational)\b(?! as well as commercial)"
    r"|\b(?:for|to|in)\s+(?:academic\s+|scientific\s+)?research\s+(?:purposes?|use)\s+only\b"
    r"|\bonly\s+(?:be\s+used\s+)?for\s+(?:academic|research|non[\s\-]?commercial)\b"
    r"|\bresearch[\s-]only\b|\bacademic\s+use\s+only\b|\bnot\s+(?:be\s+used\s+)?for\s+commercial\s+(?:use|purposes?)\b",
    re.I,
)
_BOTH = re.compile(r"\bcommercial(?:ly)?\s*(?:and|or|as well as|/|,)\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Mention:
    """One place of a text that names a licence, or a limit.

    Attributes
    ----------
    licence : id. offset : character of the text. line : from 1. text : the sentence, bounded; hostile.
    about : "dataset", "source" (what the dataset was made from), "code", "part" (of several), or "negated".
    limit : no licence is named; what is said keeps to research, or out of commerce.
    """

    licence: str
    offset: int
    line: int
    text: str
    about: str
    limit: bool = False

    @property
    def stated(self) -> bool:
        """Tell whether it is stated as the dataset's own."""
        return self.about == "dataset"


def section(card: str) -> tuple[int, int]:
    """Return where a Markdown text's licensing section begins and ends; (0, 0) = it has none."""
    headings = list(_HEADING.finditer(card[:CARD]))
    for i, heading in enumerate(headings):
        if _LICENSING.search(heading["title"]):
            level = len(heading["level"])
            ends = (other.start() for other in headings[i + 1 :] if len(other["level"]) <= level)
            return heading.end(), next(ends, min(len(card), CARD))
    return 0, 0


def mentions(text: str) -> tuple[Mention, ...]:
    """Return the licences and limits that a text names, in their order."""
    text = text[:LONGEST]
    lines = [found.start() for found in re.finditer("\n", text)]
    ends = [0, *(found.end() for found in _END.finditer(text)), len(text)]
    found = [*_licences(text, ends), *_limits(text, ends)]
    return tuple(
        Mention(id, at, bisect_right(lines, at) + 1, " ".join(text[a:b].split())[:EXCERPT], about, limit)
        for id, at, (a, b), about, limit in sorted(found, key=lambda row: row[1])
    )


_Row = tuple[str, int, tuple[int, int], str, bool]


def _licences(text: str, ends: list[int]) -> Iterator[_Row]:
    found = names.find(text)
    for named in found[:MOST]:
        start, end = _sentence(ends, named.start)
        lead = not named.licence.startswith(
            "LicenseRef-"
        )  # "for research" says a limit, no name: see _limits
        if named.alone and not _counts(text, named, found, (start, end), lead):
            continue
        yield named.licence, named.start, (start, end), _about(text[start : named.start]), False


def _limits(text: str, ends: list[int]) -> Iterator[_Row]:
    for found in islice(_LIMIT.finditer(text), MOST):
        start, end = _sentence(ends, found.start())
        before = text[start : found.start()]
        if _BOTH.search(before) or re.match(r"\W+commercial\b", text[found.end() : end]):
            continue
        research = "research" in found.group().lower() and "commercial" not in found.group().lower()
        id = "LicenseRef-research-only" if research else "LicenseRef-non-commercial"
        about = _about(before)
        yield id, found.start(), (start, end), about if about != "negated" else "dataset", True


def _sentence(ends: list[int], at: int) -> tuple[int, int]:
    """Return where the sentence around a place begins and ends."""
    i = bisect_right(ends, at)
    end = ends[i] if i < len(ends) else ends[-1]
    return max(ends[i - 1], at - AROUND), min(end, at + AROUND)


def _about(before: str) -> str:
    """Tell what a licence is of, by the words of the sentence before it."""
    if _NOT.search(before):
        return "negated"
    if _PART.match(before):
        return "part"
    clause = re.split(r",\s+(?:and|but|while|with|whereas)\s+|\s(?:while|whereas|but)\s", before)[-1]
    if _of_code(clause):
        return "code"
    if _SOURCE.search(clause) and not _OWN.search(_SOURCE.split(clause)[-1] or ""):
        return "source"
    return "dataset"


def _of_code(clause: str) -> bool:
    """Tell whether code comes before data: "code to load the dataset", not "the dataset and its code"."""
    code = _CODE.search(clause)
    if not code:
        return False
    data = re.search(rf"\b{_DATA}\b", clause, re.I)
    joined = code["joined"] is not None and data is not None and data.start() == code.end()
    return not joined and (data is None or data.start() > code.start())


def _counts(text: str, named: Named, found: tuple[Named, ...], sentence: tuple[int, int], lead: bool) -> bool:
    """Tell whether "MIT" is the licence: words before say so, or the sentence holds nothing but names."""
    start, end = sentence
    if lead and _LEAD.search(text[start : named.start]):
        return True
    rest = list(text[start:end])
    for other in found:
        if start <= other.start < end:
            rest[other.start - start : other.end - start] = " " * (other.end - other.start)
    return not any(word.lower() not in _PLAIN for word in _WORDS.findall("".join(rest)))
