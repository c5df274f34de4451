"""Texts of model licences, told by title, release line and what their decisive clause turns on.

No library knows most of them, and near-twins give opposite answers: Llama 3 forbids what Llama 3.1 allows. A
text that has the title but not all the rest is "like" the licence, and not it. Leaves out every other text
(`texts.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from auditor.scan.licences import tables

HEAD = 3000
"""Characters from the beginning in which title and date are looked for."""
GAP = 160
"""Characters that '~' in a pattern may stand for."""
# Every character stays one character, so that places stay. Patterns that heed case are found much faster.
PLAIN = str.maketrans(
    dict(zip(ascii_uppercase, ascii_lowercase, strict=True))
    | dict.fromkeys("*_#>`|\\\t\xa0", " ")
    | {"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-"}
)


@dataclass(frozen=True, slots=True)
class Match:
    """One licence whose title a text has.

    Attributes
    ----------
    start : character at which the title begins. lacking : what does not fit; empty = the licence itself.
    met : features that fit. policy : a use policy, no licence.
    """

    licence: str
    start: int
    lacking: tuple[str, ...]
    met: int
    confidence: str
    policy: bool


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A row of the table, its patterns compiled; for texts in `PLAIN` characters."""

    licence: str
    title: re.Pattern[str]
    date: re.Pattern[str] | None
    needs: tuple[re.Pattern[str], ...]
    bars: tuple[re.Pattern[str], ...]
    seen: str
    policy: bool
    common_title: bool


def find(text: str) -> tuple[Match, ...]:
    """Return what a text is, or is like, in the order of titles; `text` should be bounded."""
    plain = text.translate(PLAIN)
    head = plain[:HEAD]
    found = []
    for print_ in all_of():
        title = print_.title.search(head)
        if title:
            lacking = tuple(_lacking(print_, plain, head))
            if lacking and print_.common_title:
                continue
            met = 1 + len(print_.needs) + (print_.date is not None) - len(lacking)
            confidence = "high" if print_.seen == "text" else "medium"
            found.append(Match(print_.licence, title.start(), lacking, met, confidence, print_.policy))
    return _best(sorted(found, key=lambda m: (m.start, -m.met)))


def _lacking(print_: Fingerprint, plain: str, head: str) -> list[str]:
    """Say what does not fit, in our words."""
    lacking = []
    if print_.date and not print_.date.search(head):
        lacking.append("another version or day")
    lacking += ["a decisive clause is missing, or another" for need in print_.needs if not need.search(plain)]
    lacking += ["a clause that the licence does not have" for bar in print_.bars if bar.search(plain)]
    return lacking


def _best(found: list[Match]) -> tuple[Match, ...]:
    """Keep what fits; else the one that lacks least."""
    whole = [match for match in found if not match.lacking]
    if whole:
        return tuple(whole)
    return tuple(sorted(found, key=lambda m: (len(m.lacking), -m.met))[:1])


@cache
def all_of() -> tuple[Fingerprint, ...]:
    """Return the fingerprints of the table, compiled."""
    return tuple(
        Fingerprint(
            row["licence"],
            _compiled(row["title"]),
            _compiled(row["date"]) if "date" in row else None,
            tuple(_compiled(need) for need in row["needs"]),
            tuple(_compiled(bar) for bar in (*row.get("bars", ()), *_topics_beside(row))),
            row["seen"],
            row.get("policy", False),
            row.get("common_title", False),
        )
        for row in tables.table("fingerprints")["fingerprint"]
    )


def _topics_beside(row: dict[str, Any]) -> Iterator[str]:
    """Yield patterns of topics that the licence has no words on."""
    for topic, pattern in tables.table("fingerprints")["topics"].items():
        if topic not in row.get("says", ()):
            yield pattern


def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the table: a blank stands for any blanks, '~' for a gap."""
    pattern = re.sub(r" \?", r"\\s{0,8}", pattern)
    pattern = re.sub(r" ?~ ?", rf"[\\s\\S]{{0,{GAP}}}?", pattern)
    return re.compile(pattern.replace(" ", r"\s+"))
