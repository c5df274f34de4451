"""Verdicts on recorded log-probabilities, beside those on answers: the same rules on another statistic.

`contrast` leads where it was measured, else the correlation form of `lift`; which of them is settled before
anything is seen, so nothing is chosen by its outcome. Both kinds of verdict stand in the report, neither
changes the other. Leaves out measuring (`likelihood.py`) and weighing (`weigh.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from auditor import decision
from auditor.case import Case
from auditor.grounds import Grounds
from auditor.likelihood import Controls
from auditor.reasons import SHORTLY
from auditor.references import DECOY_STUDENT, INNOCENT_STRATUM
from auditor.report import Alternative, Finding, Verdict
from auditor.reports.numerals import p_value
from auditor.scenes import Scene
from auditor.thresholds import ACCUSING, UNUSUAL_AT
from auditor.verdict import Basis
from auditor.whom import level
from detectors.combine import holm

BY = "log-probabilities"
# What leads, the first that was measured for a teacher; and what it asks.
LEADS = {
    ("contrast", "neutral"): "on neutral text, the student leaves its base in the teacher's direction",
    (
        "contrast",
        "answers",
    ): "on the teacher's answers, the student leaves its base in the teacher's direction",
    ("lift", "correlation"): (
        "the student finds the teacher's answers likelier than its base where the teacher does, too"
    ),
}
# `contrast` takes the decoys' own deviations out, and needs no fewer (`Contrast.decoys`).
DECOYS = (2, 2)
# References that say how much models of one kind differ.
FEWEST = 5


@dataclass(frozen=True)
class Lead:
    """The leading statistic for one teacher, and the same of models trained on the teacher's public data.

    `same_data` : (n,) their values; empty = none was measured. `p_same` : p that one more of them scores as
    high as the student; 1 without any.
    """

    finding: Finding
    same_data: tuple[float, ...]
    p_same: float


def leads(
    grounds: Mapping[str, Grounds], findings: Mapping[str, Sequence[Finding]], controls: Controls
) -> dict[str, Lead]:
    """By teacher; a teacher without a leading statistic is missing."""
    found = {}
    for teacher, rows in findings.items():
        for key in LEADS:
            first = next((f for f in rows if (f.detector, f.statistic) == key and f.p_t is not None), None)
            if first:
                same = _values(grounds[teacher].scene, key, teacher, controls.get(teacher, ()))
                found[teacher] = Lead(first, same, p_same(first, same))
                break
    return found


def p_same(finding: Finding, same_data: Sequence[float]) -> float:
    """Predictive p of the student among models of the teacher's public data.

    Their mean says where such models lie, the references how much models of one kind differ: t with n - 1
    degrees of freedom on (value - mean) / (s sqrt(1 + 1/n_same)), n and s of the references. Such a model is
    measured without itself among the controls of `contrast`, so it scores rather too high: that favours the
    student.
    """
    values = np.array([v for v in finding.reference_values if np.isfinite(v)])
    if finding.value is None or not len(same_data) or len(values) < FEWEST:
        return 1.0
    scale = values.std(ddof=1) * np.sqrt(1 + 1 / len(same_data))
    return float(stats.t.sf((finding.value - np.mean(same_data)) / scale, len(values) - 1))


def _values(scene: Scene, key: tuple[str, str], teacher: str, models: Sequence[str]) -> tuple[float, ...]:
    """Statistic of these models towards a teacher, where it was measured."""
    rows = scene.rows([m for m in models if m in scene.subjects])
    values = scene.scores[key][rows, scene.group_of(teacher)]
    return tuple(float(v) for v in values if np.isfinite(v))


def verdicts(
    case: Case,
    grounds: Mapping[str, Grounds],
    findings: Mapping[str, Sequence[Finding]],
    controls: Controls,
) -> list[Verdict]:
    """Verdicts on log-probabilities, the strongest first; `controls` as in `likelihood.same_data`."""
    found = leads(grounds, findings, controls)
    if not found:
        return []
    p = [lead.finding.p_t or 0.0 for lead in found.values()]
    adjusted = dict(zip(found, holm(p), strict=True))
    bases = {t: _basis(case, grounds[t], t, lead, adjusted[t]) for t, lead in found.items()}
    bare = [
        _with_public_data(decision.verdict_for(case, grounds[t], basis), found[t])
        for t, basis in bases.items()
    ]
    said = decision.in_words(case, bases, [replace(v, tied_with=_siblings(v, bare, case)) for v in bare])
    told = [replace(v, evidence=BY, words=_words(v, found[v.teacher])) for v in said]
    return sorted(told, key=lambda v: (-_rank(v), v.p_adjusted if v.p_adjusted is not None else 1.0))


def _siblings(verdict: Verdict, others: Sequence[Verdict], case: Case) -> tuple[str, ...]:
    """Other accused teachers of the same provider: these statistics do not tell siblings apart.

    The right one of two had the larger `contrast` in 17 of 20 students (docs/measurements, "The zoo").
    """
    if verdict.level not in ACCUSING:
        return ()
    provider = case.lineage.provider(verdict.teacher)
    accused = [v.teacher for v in others if v.level in ACCUSING and v.teacher != verdict.teacher]
    return tuple(t for t in accused if case.lineage.provider(t) == provider)


def headline(student: str, found: Sequence[Verdict]) -> str:
    """What log-probabilities say, in one sentence; "" = nothing was measured."""
    if not found:
        return ""
    accused = [v for v in found if v.level in ACCUSING]
    if not accused:
        smallest = min(v.p_adjusted or 0.0 for v in found)
        names = ", ".join(v.teacher for v in found)
        why = [text for reason, text in SHORTLY.items() if any(v.reason == reason for v in found)]
        return (
            f"By log-probabilities: not enough evidence either way for distillation of {student} from "
            f"{names} (smallest adjusted p {p_value(smallest)}; {'; '.join(why)})."
        )
    first = [v for i, v in enumerate(accused) if not any(v.teacher in w.tied_with for w in accused[:i])]
    named = [
        f"{level(v).lower()} support for distillation of {student} from "
        f"{' or '.join((v.teacher, *v.tied_with))} (predictive p "
        f"{p_value(v.p_t)}, adjusted {p_value(v.p_adjusted)}; rank p {p_value(v.p_rank)}, its smallest "
        f"possible value {p_value(v.p_floor)}; {v.references} references)"
        for v in first
    ]
    return f"By log-probabilities: {'; '.join(named)}."


def _basis(case: Case, grounds: Grounds, teacher: str, lead: Lead, p_adjusted: float) -> Basis:
    """The rules' view of a leading statistic: uncalibrated, with references and decoys of its own."""
    answers = decision.basis_for(case, grounds, teacher, [], None)
    strata = lead.finding.reference_strata
    return replace(
        answers,
        joint=lead.finding,
        p_adjusted=max(p_adjusted, lead.p_same) if lead.same_data else p_adjusted,
        public_data=bool(lead.same_data) and lead.p_same > UNUSUAL_AT,
        references=sum(s in (INNOCENT_STRATUM, DECOY_STUDENT) for s in strata),
        innocents=sum(s == INNOCENT_STRATUM for s in strata),
        decoys_needed=DECOYS,
        unlike_all=False,
        templated=False,
        uncontrolled=not lead.same_data,
        second_part=None,
        ratio=None,
        power=None,
    )


def _with_public_data(verdict: Verdict, lead: Lead) -> Verdict:
    """The verdict with what models of the teacher's public data say about that explanation."""
    if not lead.same_data:
        return verdict
    n, p = len(lead.same_data), p_value(lead.p_same)
    text = (
        f"{verdict.teacher} and the student may have learned from the same public data. One more model "
        f"trained on the teacher's (there are {n}) would score as high as the student with p {p}."
    )
    seen = Alternative("public data", True, text)
    others = tuple(seen if a.name == seen.name else a for a in verdict.alternatives)
    return replace(verdict, alternatives=others)


def _words(verdict: Verdict, lead: Lead) -> str:
    """The usual sentences, and which statistic they are about."""
    about = LEADS[lead.finding.detector, lead.finding.statistic]
    sentence = verdict.words
    if lead.same_data:
        n = len(lead.same_data)
        sentence += (
            f" Among {n} model{'s' if n > 1 else ''} trained on the teacher's public data a value like the "
            f"student's has p {p_value(lead.p_same)}."
        )
    return (
        f"By log-probabilities ({lead.finding.detector}: whether {about}). {sentence} A copy or fine-tune of "
        "the teacher looks the same here: compare weights where they are at hand."
    )


def _rank(verdict: Verdict) -> int:
    return ACCUSING.index(verdict.level) if verdict.level in ACCUSING else -1
