"""Verdicts on recorded log-probabilities, beside those on answers: the same rules on another statistic.

`contrast` leads where it was measured, else the correlation form of `lift`; which of them is settled before
anything is seen, so nothing is chosen by its outcome. Both kinds of verdict stand in the report, neither
changes the other. Leaves out measuring (`likelihood.py`) and weighing (`weigh.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auditor import decision
from auditor.case import Case
from auditor.grounds import Grounds
from auditor.references import DECOY_STUDENT, INNOCENT_STRATUM
from auditor.report import Finding, Verdict
from auditor.reports.numerals import p_value
from auditor.thresholds import ACCUSING
from auditor.verdict import Basis
from auditor.whom import level
from detectors.combine import holm
from detectors.types import Measurement

BY = "log-probabilities"
# What leads, the first that was measured for a teacher.
LEADS = (("contrast", "partial_correlation"), ("lift", "correlation"))
# `contrast` takes the decoys' own deviations out, and needs no fewer (`Contrast.decoys`).
DECOYS = (2, 2)
UNCONTROLLED = (
    "no model trained on {t}'s public data took part (--same-data), so learning from its outputs is not told "
    "from learning what it learned from"
)


@dataclass(frozen=True)
class Lead:
    """The leading statistic for one teacher, and whether a model of the teacher's own data took part."""

    finding: Finding
    controlled: bool


def leads(findings: Mapping[str, Sequence[Finding]], measured: Sequence[Measurement]) -> dict[str, Lead]:
    """By teacher; a teacher without a leading statistic is missing."""
    without = {name for m in measured for name in m.params.get("without_same_data", ())}
    found = {}
    for teacher, rows in findings.items():
        for key in LEADS:
            first = next((f for f in rows if (f.detector, f.statistic) == key and f.p_t is not None), None)
            if first:
                found[teacher] = Lead(first, key == LEADS[0] and teacher not in without)
                break
    return found


def verdicts(
    case: Case,
    grounds: Mapping[str, Grounds],
    findings: Mapping[str, Sequence[Finding]],
    measured: Sequence[Measurement],
) -> list[Verdict]:
    """Verdicts on log-probabilities, the strongest first."""
    found = leads(findings, measured)
    if not found:
        return []
    p = [lead.finding.p_t or 0.0 for lead in found.values()]
    adjusted = dict(zip(found, holm(p), strict=True))
    bases = {t: _basis(case, grounds[t], t, lead, adjusted[t]) for t, lead in found.items()}
    said = decision.in_words(
        case, bases, [decision.verdict_for(case, grounds[t], b) for t, b in bases.items()]
    )
    told = [replace(v, evidence=BY, words=_words(v, found[v.teacher])) for v in said]
    return sorted(told, key=lambda v: (-_rank(v), v.p_adjusted if v.p_adjusted is not None else 1.0))


def headline(student: str, found: Sequence[Verdict]) -> str:
    """What log-probabilities say, in one sentence; "" = nothing was measured."""
    if not found:
        return ""
    accused = [v for v in found if v.level in ACCUSING]
    if not accused:
        smallest = min(v.p_adjusted or 0.0 for v in found)
        names = ", ".join(v.teacher for v in found)
        return (
            f"By log-probabilities: not enough evidence either way for distillation of {student} from "
            f"{names} (smallest adjusted p {p_value(smallest)})."
        )
    named = [
        f"{level(v).lower()} support for distillation of {student} from {v.teacher} (predictive p "
        f"{p_value(v.p_t)}, adjusted {p_value(v.p_adjusted)}; rank p {p_value(v.p_rank)}, its smallest "
        f"possible value {p_value(v.p_floor)}; {v.references} references)"
        for v in accused
    ]
    return f"By log-probabilities: {'; '.join(named)}."


def _basis(case: Case, grounds: Grounds, teacher: str, lead: Lead, p_adjusted: float) -> Basis:
    """The rules' view of a leading statistic: uncalibrated, with references and decoys of its own."""
    answers = decision.basis_for(case, grounds, teacher, [], None)
    strata = lead.finding.reference_strata
    return replace(
        answers,
        joint=lead.finding,
        p_adjusted=p_adjusted,
        references=sum(s in (INNOCENT_STRATUM, DECOY_STUDENT) for s in strata),
        innocents=sum(s == INNOCENT_STRATUM for s in strata),
        decoys_needed=DECOYS,
        unlike_all=False,
        templated=False,
        uncontrolled="" if lead.controlled else UNCONTROLLED.format(t=teacher),
        second_part=None,
        ratio=None,
        power=None,
    )


def _words(verdict: Verdict, lead: Lead) -> str:
    """The usual sentences, and which statistic they are about."""
    about = (
        "on neutral text, the student leaves its base in the direction in which the teacher lies"
        if lead.finding.detector == LEADS[0][0]
        else "the student finds the teacher's answers likelier than its base does where the teacher does, too"
    )
    sentence = verdict.words
    if lead.finding.n_probes and not lead.controlled and verdict.level in ACCUSING:
        sentence += f" Weak at most: {verdict.cap_reason}."
    return (
        f"By log-probabilities ({lead.finding.detector}: whether {about}). {sentence} A copy or fine-tune of "
        "the teacher looks the same here: compare weights where they are at hand."
    )


def _rank(verdict: Verdict) -> int:
    return ACCUSING.index(verdict.level) if verdict.level in ACCUSING else -1
