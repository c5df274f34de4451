"""`generation`: sentences of a card that say a model wrote rows; `derived`: that name a set it comes from.

A sentence counts only if it says that something was *made* by the model: cards also name models that were
evaluated, trained, or asked to judge. The words are in `data/scan/prose.toml`. Leaves out licences
(`licences/prose.py`) and the card's metadata (`card.py`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from auditor import shipped
from auditor.scan.models import named
from auditor.scan.synthetic import Dataset, find, load

LONGEST = 400_000
"""Characters of prose that are read; a longer card is cut, and said to be."""
_SENTENCE_MOST = 600

_HUB = re.compile(r"(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+)")
_CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)
_CITATION = re.compile(r"@\w+\s*\{", re.IGNORECASE)


@cache
def _words() -> dict[str, re.Pattern[str]]:
    """Return the expressions, by what they tell."""
    file = shipped.path("scan/prose.toml")
    either = {k: "|".join(v) for k, v in tomllib.loads(file.read_text(encoding="utf-8")).items()}
    # Between the tie and the name, or the name and the tie: few words, brackets and quotes.
    words = r"(?:[\w'’.,()/\[\]*`\"“”-]+\s+){0,5}?[\[(*`\"“”']*$"
    between = (
        r"^[\])*`\"“”']*(?:'s|’s)?\s*(?:\([^)]{0,80}\)\s*)?(?:api\s+)?(?:models?\s+)?"
        r"(?:(?:and|or|,|/)\s+\S+\s+){0,3}"
    )
    patterns = {
        "made": rf"\b(?:{either['made']})\w*",
        "tie": rf"\b(?:{either['tie']})\s+{words}",
        "tie_after": rf"{between}(?:{either['tie_after']})",
        "not_made": rf"\b(?:{either['not_made']})\b",
        "derived": rf"\b(?:{either['derived']})",
    }
    return {key: re.compile(pattern, re.IGNORECASE) for key, pattern in patterns.items()}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: text, and the line of the card it begins in, from 1."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Generation:
    """A sentence that says a model wrote rows; `names` are plain."""

    names: tuple[str, ...]
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Derivation:
    """A sentence that says the set was made from a known one."""

    dataset: Dataset
    sentence: Sentence


def sentences(prose: str, first_line: int = 1) -> Iterator[Sentence]:
    """Cut prose into sentences, list items and table rows; code and citations are left out."""
    blank = _CODE.sub(lambda m: "\n" * m[0].count("\n"), prose[:LONGEST])
    cited = _CITATION.search(blank)
    if cited:
        blank = blank[: cited.start()]
    for number, line in enumerate(blank.split("\n"), first_line):
        for part in re.split(r"(?<=[.!?。])\s+(?=[A-Z\[*])", line.strip()):
            if part:
                yield Sentence(part[:_SENTENCE_MOST], number)


def generation(prose: str, first_line: int = 1) -> tuple[Generation, ...]:
    """Find the sentences that say a model wrote rows."""
    found = []
    for sentence in sentences(prose, first_line):
        text = sentence.text
        if not _words()["made"].search(text):
            continue
        names = [n for n in named(text) if _wrote(text, n.start, n.end)]
        if names:
            found.append(Generation(tuple(dict.fromkeys(n.name for n in names)), sentence))
    return tuple(found)


def derived(prose: str, first_line: int = 1) -> tuple[Derivation, ...]:
    """Find the sentences that say the set was made from known ones."""
    found: dict[str, Derivation] = {}
    for sentence in sentences(prose, first_line):
        if not _words()["derived"].search(sentence.text):
            continue
        for dataset in _datasets(sentence.text):
            found.setdefault(dataset.id, Derivation(dataset, sentence))
    return tuple(found.values())


def _wrote(text: str, start: int, end: int) -> bool:
    """Tell whether a sentence says that the model at [start, end) made something."""
    before, after = text[max(0, start - 160) : start], text[end : end + 160]
    if _words()["tie_after"].match(after):
        clause = re.split(r"[;:]| but | while | whereas ", before)[-1]
        return not _words()["not_made"].search(clause) or bool(
            re.match(r"^\W*(?:'s)?\s*(?:-| )?generated", after)
        )
    if not _words()["tie"].search(before):
        return False
    clause = re.split(r"[;]| but | while | whereas ", before)[-1]
    return bool(_words()["made"].search(clause)) and not _words()["not_made"].search(clause[-120:])


def _datasets(text: str) -> Iterator[Dataset]:
    """Yield the known sets that a sentence names by hub id, or by a name that is not a common word."""
    seen = set()
    for hub in _HUB.findall(text):
        dataset = find(hub.rstrip("."))
        if dataset and dataset.id not in seen:
            seen.add(dataset.id)
            yield dataset
    for dataset in load():
        if dataset.id not in seen and _names_it(dataset.name, text):
            seen.add(dataset.id)
            yield dataset


def _names_it(name: str, text: str) -> bool:
    """Tell whether a text names a set, as written; a plain word counts before "dataset" alone."""
    if len(name) < 5 or name not in text:
        return False
    word = name.isalpha() and name[1:].islower()
    data = r"(?=[\])*`]*(?:\([^)]*\))?[\s-]+(?:data|set|corpus|instruct))" if word else ""
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-]){data}", text))
