"""How far models on this machine are from each teacher on this machine, over whole distributions.

Student, bases and decoys given as "hf:..." are set beside the teacher one after the other: two models are in
memory at once, and nothing of the vocabulary's length is kept. Bases and decoys are what a small distance is
held against: without any, none is reported. Leaves out models behind endpoints, which show no distributions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from auditor.case import Case
from auditor.checkpoints import SCHEME
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.progress import Progress
from auditor.report import PairTest
from auditor.score_texts import Text, in_panel
from auditor.sources.names import called
from auditor.sources.side_by_side import Distance, distance, unlike
from detectors.null import rank_p

# Texts that both are run over, those with the smallest probe ids: the same for everybody.
MOST_TEXTS = 200
# Statistic -> sign with which a larger value is closer.
STATISTICS = {"jensen_shannon": -1.0, "bottom_overlap": 1.0, "subspace_residual": -1.0}
RESTS_ON = "the rank of the student among the bases and decoys on this machine, measured alike"


@dataclass(frozen=True)
class Distances:
    """From one teacher: of the student, and of the bases and decoys by name."""

    student: Distance
    others: Mapping[str, Distance]


@dataclass(frozen=True)
class Measured:
    """By teacher; and what was not measured, with the reason."""

    by_teacher: Mapping[str, Distances] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def measured(case: Case, config: CompareConfig, progress: Progress) -> Measured:
    """Measure every teacher on this machine; empty where the student is not on it."""
    teachers = [text for text in config.teachers if text.startswith(SCHEME)]
    if not config.student.startswith(SCHEME) or not teachers:
        return Measured()
    others = [text for text in (*config.bases, *config.decoys) if text.startswith(SCHEME)]
    if not others:
        names = ", ".join(map(called, teachers))
        return Measured(
            skipped=(
                f"distributions of {case.student} beside those of {names}: no base or decoy on this machine "
                "to hold them against (--base, --decoy hf:FOLDER)",
            )
        )
    found, skipped = {}, []
    progress.stage("Comparing distributions", len(teachers) * (1 + len(others)))
    for text in teachers:
        one, reasons = _from(case, text, config.student, others, progress)
        skipped += reasons
        if one:
            found[called(text)] = one
    return Measured(found, tuple(skipped))


def rows(student: str, found: Mapping[str, Distances]) -> tuple[PairTest, ...]:
    """Every statistic of the student and each teacher, with its rank among the others."""
    return tuple(
        _row(student, teacher, name, distances)
        for teacher, distances in found.items()
        if distances.others
        for name in STATISTICS
        if not math.isnan(getattr(distances.student, name))
    )


def _from(
    case: Case, teacher: str, student: str, others: list[str], progress: Progress
) -> tuple[Distances | None, list[str]]:
    """Distances from one teacher; who could not be set beside it, and why."""
    from auditor.sources.local import opened

    texts = texts_of(case, called(teacher))
    prompts, answers = [t.prompt for t in texts], [t.text for t in texts]
    found: dict[str, Distance] = {}
    reasons = []
    beside = opened(teacher)
    for text in (student, *others):
        name = called(text)
        try:
            model = opened(text)
            why = unlike(model, beside)
            apart = None if why else distance(model, beside, prompts, answers)
        except AuditError as error:
            why, apart = f"{name} was not set beside {called(teacher)}: {error}", None
        if apart:
            found[name] = apart
        elif why:
            reasons.append(why)
        progress.advance()
    mine = found.pop(called(student), None)
    return (Distances(mine, found) if mine else None), reasons


def texts_of(case: Case, teacher: str) -> list[Text]:
    """Answers of student and teacher, first samples, after their prompts."""
    both = [
        t
        for t in in_panel(case.panel, None)
        if t.id.text_of in (case.student, teacher) and t.id.sample == 0 and t.prompt
    ]
    return sorted(both, key=lambda t: (t.id.probe, t.id.text_of))[:MOST_TEXTS]


def _row(student: str, teacher: str, name: str, distances: Distances) -> PairTest:
    sign, mine = STATISTICS[name], distances.student
    others = {m: getattr(d, name) for m, d in distances.others.items()}
    known = np.array([v for v in others.values() if not math.isnan(v)])
    p, floor = rank_p(sign * getattr(mine, name), sign * known)
    return PairTest(
        detector="equality",
        proposition="same_model",
        statistic=name,
        subject=student,
        other=teacher,
        p=p,
        log10_p=math.log10(p),
        value=getattr(mine, name),
        n=mine.positions,
        place=f"{mine.texts} texts that both were run over, distributions",
        rests_on=RESTS_ON,
        params={"texts": mine.texts, "p_floor": floor, "others": others},
    )
