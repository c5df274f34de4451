"""Explanations other than distillation, and what lineage table, dates and panel say about each.

Only what is on record, and what a comparison of weights said where there was one: no training data are looked
at. Leaves out any weight in the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.descent import Descent
from auditor.lineage import Lineage, definitely_later, plain_name, tokens_of
from auditor.references import INNOCENT, NOT_INDEPENDENT
from auditor.report import Alternative

# No more names than this in one sentence.
NAMES_SHOWN = 4
WEIGHTS_NEEDED = (
    "Text does not tell descent from distillation here; weights are needed, and none were examined."
)

NOT_EQUATED = "sampling differences were not tested."


@dataclass(frozen=True)
class Record:
    """What is on record about one student and teacher.

    Attributes
    ----------
    references : eligible references of the teacher. scores : joint score of every model of the panel
        towards the teacher, NaN where there is none. same_answers : share of answers that are word for
        word the same. weights : what a comparison of their weights says; "" = they were not compared.
        apart : the same of their log-probabilities.
    """

    descent: Descent
    references: tuple[str, ...]
    scores: Mapping[str, float]
    same_answers: float
    weights: str = ""
    apart: str = ""

    @property
    def student(self) -> str:
        """Name of the student."""
        return self.descent.student

    @property
    def teacher(self) -> str:
        """Name of the teacher."""
        return self.descent.teacher

    @property
    def lineage(self) -> Lineage:
        """History of the models."""
        return self.descent.lineage

    @property
    def scored(self) -> bool:
        """Whether the student has a score to set beside those of others."""
        return math.isfinite(self.scores.get(self.student, math.nan))

    @cached_property
    def same_base(self) -> tuple[str, ...]:
        """References that share an ancestor with the student, or are one; none that come from the student."""
        mine = plain_name(self.lineage.group(self.student))
        return tuple(
            m for m in self.references if self.descent.shared(m) and mine not in self.descent.ancestors(m)
        )

    @cached_property
    def learned_from_it(self) -> bool:
        """Whether the student is documented to have learned from the teacher or a sibling."""
        return bool(self.descent.aliases & _sources(self.lineage, self.student))

    @cached_property
    def taught_by(self) -> dict[str, str]:
        """Other models that the student is documented to have learned from: plain name -> name."""
        tokens = [t for t in tokens_of(self.lineage.row(self.student)) if t.casefold() not in INNOCENT]
        named = {plain_name(t.partition(":")[2] or t): t.partition(":")[2] or t for t in tokens}
        mine = plain_name(self.lineage.group(self.student))
        return {k: n for k, n in named.items() if k not in self.descent.aliases and k != mine}

    @cached_property
    def pupils(self) -> tuple[str, ...]:
        """Other models of the panel that are documented to have learned from the teacher or a sibling."""
        mine, aliases = self.lineage.group(self.student), self.descent.aliases
        return tuple(
            m
            for m in self.scores
            if self.lineage.group(m) != mine
            and plain_name(m) not in aliases
            and self.lineage.row(m).relation not in NOT_INDEPENDENT
            and aliases & _sources(self.lineage, m)
        )

    def told(self, models: Sequence[str]) -> str:
        """Models in the order of their joint scores, highest first, with the highest beside the student's."""
        scores = {m: s for m in models if math.isfinite(s := self.scores.get(m, math.nan))}
        ranked = sorted(models, key=lambda m: -scores.get(m, -math.inf))
        if not scores or not self.scored:
            return f"({_some(ranked)})"
        named = f"({ranked[0]}), which" if len(ranked) == 1 else f"({_some(ranked)}); the highest"
        return f"{named} scores {scores[ranked[0]]:.2f}, the student {self.scores[self.student]:.2f}"


def _sources(lineage: Lineage, model: str) -> set[str]:
    """Plain names of the models whose outputs a model is documented to have learned from."""
    tokens = (t for t in tokens_of(lineage.row(model)) if t.casefold() not in INNOCENT)
    return {plain_name(t.partition(":")[2] or t) for t in tokens}


def alternatives(record: Record) -> tuple[Alternative, ...]:
    """Other explanations of a resemblance, and what was and was not examined about each."""
    student, teacher = record.student, record.teacher
    return (
        Alternative(
            "same model",
            True,
            f"{student} may be {teacher} itself behind another name. {100 * record.same_answers:.1f} % of "
            f"the answers are word for word the same; {record.apart or NOT_EQUATED}",
        ),
        _direction(record),
        _common_source(record),
        _chain(record),
        _public_data(record),
        _common_ancestor(record),
    )


def missing(record: Record) -> tuple[str, ...]:
    """What the panel or the lineage table lacks to examine the alternatives."""
    if not record.descent.origin:
        return (f"The base model of {record.student}, on record in the lineage table.",)
    steps = []
    if not record.same_base:
        steps.append(
            f"References of the same base as {record.student} ({_some(record.descent.origin.values())})."
        )
    if record.descent.kin and not record.weights:
        steps.append(
            f"Weights of {record.student} and of {record.teacher}, to tell descent from distillation."
        )
    return tuple(steps)


def _direction(record: Record) -> Alternative:
    """What the release dates say about who can have learned from whom."""
    student, teacher = record.student, record.teacher
    mine, theirs = (record.lineage.row(m).released for m in (student, teacher))
    claim = f"{teacher} may have learned from {student}."
    if not (mine and theirs):
        return Alternative("direction", False, f"{claim} Release dates are not both known.")
    dates = f"{claim} {student} was released {mine}, {teacher} {theirs}"
    if definitely_later(mine, theirs):
        says = "the dates speak against it, unless earlier versions were available"
    else:
        says = "the dates allow it" if definitely_later(theirs, mine) else "the dates do not tell"
    return Alternative("direction", True, f"{dates}: {says}.")


def _common_source(record: Record) -> Alternative:
    """How the models that are documented to have taught the student score towards this teacher."""
    student, teacher = record.student, record.teacher
    claim = "Both may have learned from a third model. Only the teachers named in this run were tested."
    tokens = {t.casefold() for t in tokens_of(record.lineage.row(student))}
    if tokens and tokens <= INNOCENT - {"first-party"}:
        claim += f" {student} is documented to have learned from no other model's answers."
    if not record.taught_by:
        return Alternative("common source", False, claim)
    claim += f" {student} is documented to have learned from {_some(record.taught_by.values())}"
    claim += ", too." if record.learned_from_it else f"; that {teacher} taught it is not on record."
    known = tuple(
        m
        for m, score in record.scores.items()
        if math.isfinite(score)
        and m != record.teacher
        and {plain_name(m), plain_name(record.lineage.group(m))} & record.taught_by.keys()
        and record.lineage.row(m).relation not in NOT_INDEPENDENT
    )
    if not (known and record.scored):
        return Alternative("common source", False, claim)
    has = f"The panel has {len(known)} of these models {record.told(known)}."
    return Alternative("common source", True, f"{claim} {has}")


def _chain(record: Record) -> Alternative:
    """Whether the student is documented to come from another student of the teacher."""
    student, teacher = record.student, record.teacher
    behind = record.descent.origin.keys() | _sources(record.lineage, student)
    between = [
        m
        for m in record.lineage.rows
        if plain_name(m) not in record.descent.aliases
        and {plain_name(m), plain_name(record.lineage.group(m))} & behind
        and record.descent.aliases & _sources(record.lineage, m)
    ]
    if between:
        return Alternative(
            "chain",
            True,
            f"{student} is documented to come from {between[0]}, itself documented to have learned from "
            f"{teacher} or its sibling: the resemblance may have come through it. Text alone does not tell.",
        )
    text = f"{student} may have learned from another student of {teacher}. Text alone does not tell."
    return Alternative("chain", False, text)


def _public_data(record: Record) -> Alternative:
    """Which controls of the same data the panel has; no training data were compared."""
    student, teacher = record.student, record.teacher
    claim = (
        f"{student} may have been trained on a public dataset that holds outputs of {teacher}, without "
        "ever asking it. "
    )
    if record.learned_from_it:
        claim += (
            f"It is documented to have learned from {teacher} or a sibling; whether by asking or from public "
            "data, the table does not say. "
        )
    others = _sources(record.lineage, student) - record.descent.aliases
    alike = tuple(m for m in record.references if others & _sources(record.lineage, m))
    if record.pupils:
        claim += (
            f"Documented to have learned from {teacher} or a sibling: "
            f"{_count(len(record.pupils), 'other model')} of the panel {record.told(record.pupils)}. Which "
            "of them shares a dataset with the student is not on record. "
        )
    else:
        claim += f"The panel has no other model that is documented to have learned from {teacher}. "
    if alike:
        claim += (
            f"Documented to have learned from another model that taught {student}, too: "
            f"{_count(len(alike), 'reference')} {record.told(alike)}. "
        )
    return Alternative(
        "public data", bool(alike) and record.scored, claim + "No overlap with a dataset was measured."
    )


def _common_ancestor(record: Record) -> Alternative:
    """What is on record about the descent of both, and how references of the same base score."""
    student, teacher = record.student, record.teacher
    if not record.descent.origin:
        text = f"The base model of {student} is not on record. " + (
            record.weights or "Whether both descend from one model takes weights to tell; none were examined."
        )
        return Alternative("common ancestor", bool(record.weights), text)
    origin = _some(record.descent.origin.values())
    text = record.descent.kin or (
        f"{student} is documented to descend from {origin}; nothing on record ties {teacher} to it."
    )
    n = len(record.same_base)
    if n:
        have = "has" if n == 1 else "have"
        text += f" {_count(n, 'reference')} {have} the same base {record.told(record.same_base)}."
    else:
        text += f" No reference has the same base ({origin})."
    compared = bool(n) and record.scored
    weights = record.weights or (WEIGHTS_NEEDED if record.descent.kin else "No weights were examined.")
    examined = bool(record.descent.kin or record.weights) or compared
    return Alternative("common ancestor", examined, f"{text} {weights}")


def _some(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    names = tuple(dict.fromkeys(names))
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
