"""Which models of a panel are the null for a (student, teacher) pair, and why the others are not.

A reference is a model of *documented* origin that did not learn from the teacher, its siblings or its
provider (docs/method.md, section 2, point 4). Leaves out matching on capability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.lineage import Lineage, definitely_later, plain_name, tokens_of
from auditor.report import Exclusion

# Tokens of `trained_on` that say: no other model's outputs.
INNOCENT = frozenset(("human", "first-party", "none", "undistilled"))
INNOCENT_STRATUM = "innocent"
DECOY_STUDENT = "decoy-student"
# Kinds of innocents that the null keeps apart (`detectors.hierarchy`), by code.
STRATA = ("human data", "first party", "other teacher")
# A provider's own model that came after the teacher: innocent only as far as anybody has documented.
LATER_FIRST_PARTY = np.int8(len(STRATA))
NOT_INDEPENDENT = ("variant", "ensemble", "degenerate")
MIN_COVERAGE = 0.8
# A shorter name is too likely to be part of another one by accident.
SHORTEST_ALIAS = 4


@dataclass(frozen=True)
class References:
    """The null for one teacher: models, the stratum of each, and who was left out with the reason."""

    models: tuple[str, ...]
    strata: tuple[str, ...]
    excluded: tuple[Exclusion, ...]


@dataclass(frozen=True)
class TeacherNames:
    """What a teacher may be called in a `trained_on` or `base` column, and who provides it."""

    model: str
    group: str
    provider: str
    aliases: frozenset[str]


def names_of(teacher: str, lineage: Lineage) -> TeacherNames:
    """All names of a teacher: its own, its group's and its siblings'."""
    group = lineage.group(teacher)
    siblings = {m for m in lineage.rows if lineage.group(m) == group}
    aliases = frozenset(plain_name(n) for n in (teacher, group, *siblings))
    return TeacherNames(teacher, group, lineage.provider(teacher), aliases)


def eligible(
    subjects: Sequence[str],
    lineage: Lineage,
    student: str,
    teacher: str,
    coverage: Mapping[str, float],
) -> References:
    """Split the panel into references and exclusions for one pair.

    `coverage` : share of the student's probes that each subject answered.
    """
    names = names_of(teacher, lineage)
    mine = names_of(student, lineage) if student else None
    providers = _providers_by_name(lineage)
    tuned = is_tuned(student, lineage)
    models, strata, excluded = [], [], []
    for subject in subjects:
        if subject == student:
            continue
        reason = _reason_against(subject, lineage, mine, names, providers, coverage)
        if not reason and tuned and kind_of(subject, names, lineage) == LATER_FIRST_PARTY:
            reason = "first-party model that came after the teacher; what it learned from is not documented"
        if reason:
            excluded.append(Exclusion(subject, teacher, reason))
            continue
        models.append(subject)
        innocent = all(t.casefold() in INNOCENT for t in tokens_of(lineage.row(subject)))
        strata.append(INNOCENT_STRATUM if innocent else DECOY_STUDENT)
    return References(tuple(models), tuple(strata), tuple(excluded))


def is_tuned(student: str, lineage: Lineage) -> bool:
    """Whether the student is documented to be tuned from somebody else's model.

    Then later first-party models, whose training nobody has documented, are no measure for it
    (docs/decisions/0003-null-per-teacher.md).
    """
    row = lineage.row(student)
    return bool(row.base) and "first-party" not in tokens_of(row)


def kind_of(subject: str, teacher: TeacherNames, lineage: Lineage) -> np.int8:
    """Code of an innocent in `STRATA`, or `LATER_FIRST_PARTY`."""
    tokens = {t.casefold() for t in tokens_of(lineage.row(subject))}
    if not tokens <= INNOCENT:
        return np.int8(2)
    if "first-party" not in tokens:
        return np.int8(0)
    later = definitely_later(lineage.row(subject).released, first_release(teacher.group, lineage))
    return LATER_FIRST_PARTY if later else np.int8(1)


def first_release(group: str, lineage: Lineage) -> str:
    """Earliest documented release in a group of sibling checkpoints; "" = unknown."""
    dates = [row.released for m, row in lineage.rows.items() if row.released and lineage.group(m) == group]
    return min(dates, default="")


def innocents(
    subjects: Sequence[str], lineage: Lineage, models: Sequence[str], coverage: Mapping[str, float]
) -> NDArray[np.int8]:
    """(n_subjects, n_models) kind of innocent that each subject is of each model; -1 = not one.

    `coverage` : share of the probes that each subject answered. The student plays no part yet.
    """
    providers = _providers_by_name(lineage)
    codes = np.full((len(subjects), len(models)), -1, dtype=np.int8)
    for column, model in enumerate(models):
        names = names_of(model, lineage)
        for row, subject in enumerate(subjects):
            if not _reason_against(subject, lineage, None, names, providers, coverage):
                codes[row, column] = kind_of(subject, names, lineage)
    return codes


def _reason_against(
    subject: str,
    lineage: Lineage,
    student: TeacherNames | None,
    teacher: TeacherNames,
    providers: Mapping[str, str],
    coverage: Mapping[str, float],
) -> str | None:
    """Why a subject is not a reference, or None."""
    row = lineage.row(subject)
    if subject == teacher.model or lineage.group(subject) == teacher.group:
        return "is the teacher or its sibling checkpoint"
    if student and lineage.group(subject) == student.group:
        return "is a sibling checkpoint or variant of the student"
    if row.relation in NOT_INDEPENDENT:
        return f"is not an independent model (relation: {row.relation})"
    if coverage.get(subject, 0.0) < MIN_COVERAGE:
        return f"answered only {coverage.get(subject, 0.0):.0%} of the student's probes"
    tokens = tokens_of(row)
    if not tokens:
        return "origin not documented (trained_on is empty)"
    if lineage.provider(subject) == teacher.provider:
        return "comes from the teacher's provider"
    bases = {plain_name(name) for name in row.base.split(";")}
    if bases & teacher.aliases:
        return "descends from the teacher's weights"
    if student and bases & student.aliases:
        return "descends from the student's weights, so it says what the student says"
    for token in tokens:
        if token.casefold() not in INNOCENT:
            found = _link(token, teacher, providers)
            if found:
                return f"trained on {token}, {found}"
    return None


def _link(token: str, teacher: TeacherNames, providers: Mapping[str, str]) -> str | None:
    """How a `trained_on` entry leads to the teacher, or None."""
    prefix, _, rest = token.partition(":")
    name = plain_name(rest or token)
    if name in teacher.aliases:
        return "the teacher or its sibling"
    if teacher.provider in (prefix.casefold(), token.casefold(), providers.get(name)):
        return "another model of the teacher's provider"
    if name in providers:
        return None
    long_enough = (a for a in teacher.aliases if min(len(a), len(name)) >= SHORTEST_ALIAS)
    return "which may mean the teacher" if any(a in name or name in a for a in long_enough) else None


def _providers_by_name(lineage: Lineage) -> dict[str, str]:
    """Plain name of every model and group -> provider."""
    known: dict[str, str] = {}
    for model in lineage.rows:
        for name in (model, lineage.group(model)):
            known.setdefault(plain_name(name), lineage.provider(model))
    return known


def decoys(subjects: Sequence[str], lineage: Lineage, named: Sequence[str]) -> tuple[str, ...]:
    """Models that may serve as decoy teachers: those named, and those whose row says teacher or decoy.

    Where no row has such a role, every provider's own original model ("first-party") may.
    """
    rows = [lineage.row(s) for s in subjects]
    chosen = {r.model for r in rows if r.role in ("teacher", "decoy")}
    if not chosen:
        chosen = {r.model for r in rows if "first-party" in tokens_of(r)}
    independent = {r.model for r in rows if r.relation not in NOT_INDEPENDENT}
    return tuple(s for s in subjects if s in named or (s in chosen and s in independent))
