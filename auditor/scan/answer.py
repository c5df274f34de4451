"""`Answer`: the verdict on one intended use, with the chain from row to clause behind every part of it.

Leaves out how it comes about (`judge.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

# From the mildest to the strictest; the strictest part decides.
ANSWERS = ("allowed", "allowed_with_conditions", "cannot_tell", "conflict")
FROM_VERDICT = {
    "allowed": "allowed",
    "allowed_with_conditions": "allowed_with_conditions",
    "ambiguous": "cannot_tell",
    "unknown": "cannot_tell",
    "prohibited": "conflict",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One chain: what was seen -> who wrote it, or which licence -> terms (channel, date), clause -> answer.

    Attributes
    ----------
    findings : fingerprints of the findings it starts from. seen : those in words, with file and row.
    generator : plain name of a model; None = a licence of the dataset itself. provider : of the generator.
    through : id of the known dataset that the rows came through, or None.
    rows : how many; None = not counted. channel, when : as given, or None = not known.
    entry : id in the knowledge base, or None = none on file. name to read : its own.
    verdict : the entry's; answer : one of `ANSWERS`, milder where the finding is not sure.
    risk : who carries it. settle : what would settle it.
    """

    seen: str
    name: str
    verdict: str
    reason: str
    answer: str
    settle: str = ""
    findings: tuple[str, ...] = ()
    generator: str | None = None
    provider: str | None = None
    through: str | None = None
    rows: int | None = None
    channel: str | None = None
    when: str | None = None
    entry: str | None = None
    since: str | None = None
    clause: str | None = None
    risk: tuple[str, ...] = ()
    source: str | None = None
    read: str | None = None
    confidence: str = "high"
    needs_review: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict on a use.

    Attributes
    ----------
    answer : one of `ANSWERS`. headline : one sentence. links : the strictest first.
    conditions : what has to be met. settle : what would settle it, each said once.
    """

    use: str
    answer: str
    headline: str
    links: tuple[Link, ...]
    conditions: tuple[str, ...]
    settle: tuple[str, ...]
