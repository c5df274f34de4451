"""`generation`: sentences of a card that say a model wrote rows; `derived`: those that name a set it was made from.

A sentence counts only if it says that something was *made* by the model: cards also name models that were evaluated,
trained, or asked to judge. Leaves out licences (`licences/prose.py`) and the card's metadata (`card.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.scan.models import named
from auditor.scan.synthetic import Dataset, find, load

LONGEST = 400_000
"""Characters of prose that are read; a longer card is cut, and said to be."""
_SENTENCE_MOST = 600

_MADE = re.compile(
    r"\b(?:generat|synthesi[sz]|creat|produc|distil|written|wrote|translat|paraphras|rewrit|rewrote|respon|answer|complet"
    r"|augment|sampled|collected|obtained|derived|built|constructed|curated|prompt|quer(?:y|ied)|ask|call|outputs?|traces?"
    r"|annotat|label+ed|convers|self-instruct|evol)\w*",
    re.IGNORECASE,
)
# What ties the making to the model: "by GPT-4", "using", "from", "with", "GPT-4 was used to", "GPT-4 generated".
_BEFORE = re.compile(
    r"\b(?:by|with|using|from|via|through|of|prompt(?:ed|ing)?|quer(?:ied|ying)|ask(?:ed|ing)?|call(?:ed|ing)?"
    r"|leverag(?:ed|ing)|employ(?:ed|ing)|utili[sz](?:ed|ing)|used?|us(?:es|ing)|teacher(?: model)?:?|generator:?|models?:?)"
    r"\s+(?:[\w'’.,()/\[\]*`\"“”-]+\s+){0,5}?[\[(*`\"“”']*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^[\])*`\"“”']*(?:'s|’s)?\s*(?:\([^)]{0,80}\)\s*)?(?:api\s+)?(?:models?\s+)?"
    r"(?:(?:and|or|,|/)\s+\S+\s+){0,3}"
    r"(?:to (?:generate|create|produce|write|answer|translate|paraphrase|rewrite|respond|synthesi[sz]e|complete|annotate"
    r"|augment|obtain|extract|label)|(?:was|were|is|are) (?:used|prompted|asked|queried|employed|leveraged)"
    r"|(?:-| )?(?:generated|synthesi[sz]ed|written|distilled|created|produced|translated|generations?|outputs?|responses?"
    r"|answers?|completions?|conversations?|traces?|dialogues?|synthetic))",
    re.IGNORECASE,
)
# What is no making of rows: judging, measuring, training, comparing, counting tokens, forbidding.
_NOT = re.compile(
    r"\b(?:not|never|no|without|n[o']t|rather than|instead of|human[- ]written|evaluat\w*|benchmark\w*|judg\w*|compar\w*|score[sd]?|scoring"
    r"|rated?|rating|ranked|leaderboard|perform(?:s|ed|ance)?|accuracy|fine-?tun\w*|trained|training|train a|pre-?train\w*"
    r"|tokeni[sz]\w*|tokens?|context (?:length|window)|compatible|format(?:ted)? for|similar to|like|such as|inspired"
    r"|detect(?:s|ing|ion)?|target model|adversar\w*|should not|may not|cannot|filter(?:ed)? (?:out|with|by|using)|classif\w*|verif\w*)\b",
    re.IGNORECASE,
)
_DERIVED = re.compile(
    r"\b(?:derived from|based on|subset of|cleaned version of|filtered version of|version of|translat\w+ (?:version )?of"
    r"|translated from|translation of|built (?:from|on|upon)|created from|extends|extended from|combin\w+|mix(?:ture|ed)?\b"
    r"|merge[sd]?|consists? of|compris\w+|includ(?:es|ing)|sampled from|taken from|collected from|sourced from|sources?:"
    r"|source data(?:set)?s?|converted from|conversion of|copy of|fork of|adapted from|processed from|reformatted"
    r"|deduplicated)",
    re.IGNORECASE,
)
_HUB = re.compile(r"(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+)")
_CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)
_CITATION = re.compile(r"@\w+\s*\{", re.IGNORECASE)


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
        if not _MADE.search(text):
            continue
        names = [n for n in named(text) if _wrote(text, n.start, n.end)]
        if names:
            found.append(Generation(tuple(dict.fromkeys(n.name for n in names)), sentence))
    return tuple(found)


def derived(prose: str, first_line: int = 1) -> tuple[Derivation, ...]:
    """Find the sentences that say the set was made from known ones."""
    found: dict[str, Derivation] = {}
    for sentence in sentences(prose, first_line):
        if not _DERIVED.search(sentence.text):
            continue
        for dataset in _datasets(sentence.text):
            found.setdefault(dataset.id, Derivation(dataset, sentence))
    return tuple(found.values())


def _wrote(text: str, start: int, end: int) -> bool:
    """Tell whether a sentence says that the model at [start, end) made something."""
    before, after = text[max(0, start - 160) : start], text[end : end + 160]
    if _AFTER.match(after):
        clause = re.split(r"[;:]| but | while | whereas ", before)[-1]
        return not _NOT.search(clause) or bool(re.match(r"^\W*(?:'s)?\s*(?:-| )?generated", after))
    if not _BEFORE.search(before):
        return False
    clause = re.split(r"[;]| but | while | whereas ", before)[-1]
    return bool(_MADE.search(clause)) and not _NOT.search(clause[-120:])


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
    """Tell whether a text names a set, as written; a name that is a plain word counts before "dataset" alone."""
    if len(name) < 5 or name not in text:
        return False
    word = name.isalpha() and name[1:].islower()
    data = r"(?=[\])*`]*(?:\([^)]*\))?[\s-]+(?:data|set|corpus|instruct))" if word else ""
    return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-]){data}", text))
