"""`Mention`: a licence that prose names, and what of: the dataset, its source, its code, a part of it.

A mention is taken for the dataset's own unless the sentence says otherwise (`sentence.py`). Leaves out
whether tag and prose agree (`contradiction.py`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from auditor.scan.licences import names, sentence
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
# Where a sentence ends: a stop before a blank (not of "v. 3"), an empty line, a new item, a semicolon.
_END = re.compile(
    r"(?<![\s.(][a-zA-Z])(?<!\bv)(?<!\bno)(?<!\bal)[.!?](?=[\s\"'”)])|\n\s*\n|\n(?=\s*(?:[-*#|>•]|\d+[.)]\s))|;"
)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_PLAIN = frozenset(
    {"the", "this", "is", "are", "under", "an", "by", "of", "and", "or", "see", "dataset", "data", "version"}
    | {"licence", "license", "licensed", "licenses", "international", "public", "unported", "generic"}
)


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
    found = names.find(text)[:MOST]
    for named in found:
        where = _sentence(ends, named.start)
        before = text[where[0] : named.start]
        # "for research" says a limit, and is no name: sentence.limits.
        led = not named.licence.startswith("LicenseRef-") and sentence.leads(before)
        if not named.alone or led or _names_only(text, where, found):
            yield named.licence, named.start, where, sentence.about(before), False


def _limits(text: str, ends: list[int]) -> Iterator[_Row]:
    for id, at, _ in islice(sentence.limits(text), MOST):
        where = _sentence(ends, at)
        about = sentence.about(text[where[0] : at])
        yield id, at, where, "dataset" if about == "negated" else about, True


def _sentence(ends: list[int], at: int) -> tuple[int, int]:
    """Return where the sentence around a place begins and ends."""
    i = bisect_right(ends, at)
    end = ends[i] if i < len(ends) else ends[-1]
    return max(ends[i - 1], at - AROUND), min(end, at + AROUND)


def _names_only(text: str, where: tuple[int, int], found: tuple[Named, ...]) -> bool:
    """Tell whether a sentence holds nothing but names: then "MIT" is the licence, not the institute."""
    start, end = where
    rest = list(text[start:end])
    for other in found:
        if start <= other.start < end:
            rest[other.start - start : other.end - start] = " " * (other.end - other.start)
    return not any(word.lower() not in _PLAIN for word in _WORDS.findall("".join(rest)))
