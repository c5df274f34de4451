"""One verdict a teacher: what the level is decided on, the other explanations, ties, and the words.

Leaves out weighing (`weigh.py`), the rules (`verdict.py`) and the order of the verdicts (`compare.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from auditor import (
    alternatives,
    common_weights_words,
    comparable,
    next_steps,
    power,
    ratio,
    ties,
    verdict,
    words,
)
from auditor.case import Case, later, same_answers
from auditor.descent import Descent
from auditor.grounds import Grounds
from auditor.references import INNOCENT_STRATUM
from auditor.report import Finding, Verdict
from auditor.scenes import JOINT, Scene
from auditor.whom import DESCENT


def basis_for(
    case: Case,
    grounds: Grounds,
    teacher: str,
    findings: list[Finding],
    p_adjusted: float | None,
) -> verdict.Basis:
    """What one teacher's level is decided on."""
    scene, null = grounds.scene, grounds.null
    joint = findings[0] if findings and findings[0].detector == JOINT else None
    used = scene.columns.decoys_for(case.models.index(teacher), scene.student)[scene.student]
    return verdict.Basis(
        teacher=teacher,
        joint=joint,
        p_adjusted=p_adjusted,
        references=len(null.models),
        innocents=sum(s == INNOCENT_STRATUM for s in null.strata),
        decoys=int(used.sum()),
        decoy_providers=len(set(scene.columns.provider[used])),
        teacher_later=later(case, teacher),
        same_answers=same_answers(case, teacher),
        same_model=teacher in case.same,
        unlike_all=comparable.unlike_all(scene, teacher, null),
        templated=comparable.templated(case.view, case.student),
        descends=Descent(case.student, teacher, case.lineage).direct,
        related=_explains(case, teacher),
        second_part=second_smallest(f.p_t for f in findings if f.in_joint and f is not joint),
        ratio=ratio.ratio_of(scene, teacher, findings, grounds.calibration),
        power=power.power_of(scene, teacher, null, grounds.calibration),
    )


def verdict_for(case: Case, grounds: Grounds, basis: verdict.Basis) -> Verdict:
    """One teacher's verdict, its words still to come: they depend on the other verdicts."""
    scene, null = grounds.scene, grounds.null
    teacher, joint, lr = basis.teacher, basis.joint, basis.ratio
    level, reason = verdict.decide(basis)
    cap, cap_reason = verdict.cap(basis)
    group = case.lineage.group(teacher)
    scores = _scores(scene, teacher, joint) if joint else dict.fromkeys(scene.subjects, np.nan)
    descent = Descent(case.student, teacher, case.lineage)
    seen = case.weights.get(teacher)
    told = common_weights_words.explained(seen, case.student) if seen else ""
    record = alternatives.Record(
        descent, null.models, scores, basis.same_answers, told, case.apart.get(teacher, "")
    )
    return Verdict(
        teacher=teacher,
        teacher_group=tuple(m for m in case.models if case.lineage.group(m) == group),
        proposition="distillation",
        level=level,
        reason=reason,
        words="",
        log10_lr=lr.log10_lr if lr else None,
        log10_lr_interval=lr.interval if lr else None,
        cap=cap,
        cap_reason=cap_reason,
        p_rank=joint.p_rank if joint else None,
        p_floor=joint.p_floor if joint else None,
        p_t=joint.p_t if joint else None,
        p_adjusted=basis.p_adjusted,
        references=basis.references,
        decoys=basis.decoys,
        tied_with=ties.tied(case, scene, teacher),
        alternatives=alternatives.alternatives(record),
        power=verdict.power(basis, reason),
        would_change=next_steps.would_change(level, reason, basis, alternatives.missing(record)),
    )


def second_smallest(p_values: Iterable[float | None]) -> float | None:
    """The second smallest p of the parts of the score; None where fewer than two are known."""
    known = sorted(p for p in p_values if p is not None)
    return known[1] if len(known) > 1 else None


def in_words(case: Case, bases: dict[str, verdict.Basis], verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts with their sentences, those on one provider's models read together."""
    maker, of = providers(case), {v.teacher: case.lineage.provider(v.teacher) for v in verdicts}
    told = []
    for v in verdicts:
        others = [o for o in verdicts if of[o.teacher] == of[v.teacher]]
        said = words.words(case.student, v, bases[v.teacher], others, maker[v.teacher], kin(case, v.teacher))
        told.append(replace(v, words=said))
    return told


def providers(case: Case) -> dict[str, str]:
    """Provider of every teacher as the lineage table spells it; "" = not on record."""
    return {t: case.lineage.row(t).provider for t in case.teachers}


def kin(case: Case, teacher: str) -> str:
    """What descent may explain: the documented one, or what weights say, where they were compared."""
    documented = Descent(case.student, teacher, case.lineage).kin
    if relation := case.weights.get(teacher):
        return f"{documented} {common_weights_words.explained(relation, case.student)}".strip()
    return f"{documented} {DESCENT}" if documented else ""


def _explains(case: Case, teacher: str) -> bool | None:
    """Whether weights alone explain a resemblance: related, and not just through a base that is known."""
    relation = case.weights.get(teacher)
    if relation is None:
        return None
    return relation.related and relation.proposition == "weight_descent"


def _scores(scene: Scene, teacher: str, lead: Finding) -> dict[str, float]:
    """The leading statistic of every model of the panel towards a teacher; NaN where it was not measured."""
    scores = scene.scores[lead.detector, lead.statistic][:, scene.group_of(teacher)]
    return dict(zip(scene.subjects, scores.tolist(), strict=True))
