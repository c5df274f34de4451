"""Evidence that only a teacher's owner can bring: its served log and the key of what it planted.

Verdicts of either kind stand beside those on answers and change none of them. Here is what both kinds share:
whose file is whose, and how a p becomes a level. Leaves out the tests (`served_log.py`, `keyed.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor import reasons
from auditor.case import Case, later, same_answers
from auditor.descent import Descent
from auditor.errors import AuditError
from auditor.report import Alternative, PairTest, Verdict
from auditor.reports.numerals import exact_p
from auditor.thresholds import ACCUSING, SAME_ANSWERS
from auditor.whom import level
from detectors.combine import holm

INSUFFICIENT = "insufficient"
Ladder = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Kind:
    """One kind of such evidence: its `Verdict.evidence`, how sentences begin, and p -> level.

    `ladder` : (level, largest adjusted p), the strongest first.
    """

    evidence: str
    by: str
    ladder: Ladder


@dataclass(frozen=True)
class Tested:
    """What came out for one teacher.

    Attributes
    ----------
    p : of the student's test, or None; why : reason and sentence for which there is no support whatever p
        is, ("", "") = none.
    said : the figures as a sentence. cap, cap_reason : the highest level, and why.
    references : models that served as references or as controls.
    """

    teacher: str
    p: float | None
    why: tuple[str, str]
    said: str
    cap: str
    cap_reason: str
    references: int
    alternatives: tuple[Alternative, ...]
    would_change: tuple[str, ...]
    tests: tuple[PairTest, ...] = ()


def by_teacher(given: Sequence[str], case: Case, option: str) -> dict[str, Path]:
    """`TEACHER=FILE`, or a path where there is one teacher, as teacher -> file that exists."""
    found: dict[str, Path] = {}
    for text in given:
        named, _, rest = text.partition("=")
        teacher, path = (named, rest) if rest and named in case.teachers else ("", text)
        if not teacher and len(case.teachers) > 1:
            raise AuditError(
                f"{option} {text!r}: with several teachers it must say whose file it is: TEACHER=FILE. "
                f"Teachers are {', '.join(case.teachers)}."
            )
        teacher = teacher or case.teachers[0]
        if teacher in found:
            raise AuditError(f"{option} is given twice for {teacher}. Put all of it into one file.")
        if not Path(path).is_file():
            raise AuditError(f"{option} {path}: no such file. Name the file that the teacher's owner keeps.")
        found[teacher] = Path(path)
    return found


def judged(case: Case, kind: Kind, tested: Sequence[Tested]) -> tuple[Verdict, ...]:
    """Verdicts of one kind of evidence, Holm over its teachers, the strongest first."""
    p = {t.teacher: t.p for t in tested if t.p is not None}
    adjusted = dict(zip(p, holm(list(p.values())), strict=True))
    found = [_verdict(case, kind, t, adjusted.get(t.teacher)) for t in tested]
    return tuple(sorted(found, key=lambda v: (-_rank(v.level), 1.0 if v.p_exact is None else v.p_exact)))


def headline(student: str, kind: Kind, found: Sequence[Verdict]) -> str:
    """One sentence; "" = no evidence of this kind was given."""
    if not found:
        return ""
    named = [
        f"{level(v).lower()} support for distillation of {student} from {v.teacher} (adjusted p "
        f"{exact_p(v.p_adjusted)})"
        for v in found
        if v.level in ACCUSING
    ]
    if named:
        return f"{kind.by}: {'; '.join(named)}."
    smallest = min((v.p_adjusted for v in found if v.p_adjusted is not None), default=None)
    figures = f" (smallest adjusted p {exact_p(smallest)})" if smallest is not None else " (not tested)"
    names = ", ".join(v.teacher for v in found)
    return f"{kind.by}: not enough evidence either way for distillation of {student} from {names}{figures}."


def _verdict(case: Case, kind: Kind, t: Tested, adjusted: float | None) -> Verdict:
    reached, reason, because = _decided(case, kind, t, adjusted)
    support = (
        f"Not enough evidence either way that {case.student} was trained on {t.teacher}'s answers: {because}."
        if reached == INSUFFICIENT
        else f"{reached.replace('_', ' ').capitalize()} support for {case.student} having been trained on "
        f"{t.teacher}'s answers."
    )
    return Verdict(
        teacher=t.teacher,
        teacher_group=(t.teacher,),
        proposition="distillation",
        level=reached,
        reason=reason,
        words=" ".join(filter(None, (f"{kind.by}.", support, t.said))),
        log10_lr=None,
        log10_lr_interval=None,
        cap=t.cap,
        cap_reason=t.cap_reason,
        p_rank=None,
        p_floor=None,
        p_t=None,
        p_adjusted=adjusted,
        references=t.references,
        decoys=0,
        tied_with=(),
        alternatives=t.alternatives,
        power=None,
        would_change=t.would_change,
        p_exact=t.p,
        evidence=kind.evidence,
    )


def _decided(case: Case, kind: Kind, t: Tested, adjusted: float | None) -> tuple[str, str, str]:
    """Level, reason, and the reason as half a sentence; what forbids it on answers forbids it here, too."""
    barred = reasons.LATER if later(case, t.teacher) else ""
    if not barred and same_answers(case, t.teacher) >= SAME_ANSWERS:
        barred = "same_answers"
    if not barred and t.teacher in case.same:
        barred = "same_model"
    if not barred and t.why[0]:
        return INSUFFICIENT, *t.why
    if not barred:
        reached = level_of(kind.ladder, 1.0 if adjusted is None else adjusted, t.cap)
        if reached == INSUFFICIENT:
            return INSUFFICIENT, "not_unusual", "chance alone gives such a value often enough"
        barred = _descent(case, t.teacher)
        if not barred:
            return reached, "unusual", ""
    return INSUFFICIENT, barred, reasons.why(t.teacher, barred)


def _descent(case: Case, teacher: str) -> str:
    """Why weights alone explain it; "" = nothing says so."""
    relation = case.weights.get(teacher)
    if relation and relation.related and relation.proposition == "weight_descent":
        return "related_weights"
    return "descends" if Descent(case.student, teacher, case.lineage).direct else ""


def level_of(ladder: Ladder, p: float, cap: str) -> str:
    """The level that an adjusted p reaches, no higher than the cap."""
    reached = next((name for name, most in ladder if p <= most), INSUFFICIENT)
    return min(reached, cap, key=_rank)


def _rank(name: str) -> int:
    return ACCUSING.index(name) if name in ACCUSING else -1
