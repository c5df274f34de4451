"""`Sign`: what a text shows, out of the short codes of the statement.

Leaves out finding them (`statement.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.scan.finding import EXCERPT
from auditor.scan.rows.patterns import patterns, whose


@dataclass(frozen=True)
class Sign:
    """One sign. answer : number of the plan's answer. subject : family of models, "" = refusals."""

    rule: str
    answer: int
    subject: str
    found: str


def signs(hits: Sequence[str]) -> Iterator[Sign]:
    """Read codes such as "0:s+chatgpt", "0:r", "1:m<think>"; a doubtful name with no AI beside it is none."""
    for hit in hits:
        answer, kind, rest = int(hit[0], 16), hit[2:3], hit[3:]
        if kind == "r":
            yield Sign("GEN009", answer, "", "")
        elif kind == "m":
            yield Sign("GEN010", answer, _family(rest), rest)
        elif found := whose(rest[1:]):
            who, sure = found
            if sure or rest[0] == "+":
                yield Sign("GEN008", answer, who.model, rest[1:])


def _family(mark: str) -> str:
    families = patterns().families
    if mark in families:
        return families[mark]
    return next(
        (family for pattern, family in families.items() if _matches(pattern, mark)), "a chat template"
    )


def _matches(pattern: str, mark: str) -> bool:
    return bool(re.match(pattern, mark)) if "\\" in pattern else mark.startswith(pattern)


def cut(text: str, around: str) -> str:
    """At most `EXCERPT` characters of a text, around what was found."""
    at = max(0, text.lower().find(around.lower()) + len(around) // 2 - EXCERPT // 2)
    start = max(0, min(at, len(text) - EXCERPT))
    return text[start : start + EXCERPT]
