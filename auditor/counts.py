"""Everything `audit bench` says: the counts of judged pairs, as a whole and by part.

Leaves out how pairs are judged (`bench.py`) and how the counts look (`reports/bench.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from auditor import breakdown, likelihoods
from auditor.attribution import attribution
from auditor.judged import Judged, rows
from auditor.pairs import CONTROL, SAME_BASE, SAME_PROVIDER, STUDENT
from auditor.rates import Rate, area, rate, tpr


@dataclass(frozen=True)
class Bench:
    """Everything `audit bench` found; `asdict` of it is the JSON report.

    Attributes
    ----------
    students, controls : pairs of either clear kind; families : of both.
    auc, auc_family95, tpr_at_fpr01, tpr_at_fpr05 : of the held-out log10 LR over all clear pairs.
    top1_teacher, top1_provider : documented students whose nearest candidate teacher (one that the
        relations name, not released later) is theirs, or its provider's; constant_provider : the same for
        always answering the commonest provider.
    cllr, cllr_family95, cllr_min, tippett, ece, misleading : what the ratios are worth (`likelihoods.py`).
    controls_at_moderate_or_above : innocent pairs accused; students_... : documented students found.
    controls_with_earlier_teacher : the accused among innocent pairs whose teacher did not come later;
        controls_without_dates : among all, with the rule on release dates off.
    reasons : clear pairs by the reason of their answer.
    by_label, by_tuning, by_teacher, by_detector, by_probes : the same by part.
    same_base : pairs that share weights or logits, which is descent, not distillation. same_provider :
        innocent pairs towards another model of the provider that the student comes or learned from. Neither
        are controls.
    rows : every pair, for whoever wants to know which ones stand in the way.
    """

    panel: str
    models: int
    probes: int
    students: int
    controls: int
    families: int
    auc: float | None
    auc_family95: list[float] | None
    tpr_at_fpr01: Rate
    tpr_at_fpr05: Rate
    top1_teacher: Rate
    top1_provider: Rate
    constant_provider: Rate
    controls_at_moderate_or_above: Rate
    controls_with_earlier_teacher: Rate
    controls_without_dates: Rate
    students_at_moderate_or_above: Rate
    cllr: float | None = None
    cllr_family95: list[float] | None = None
    cllr_min: float | None = None
    tippett: dict[str, list[float]] | None = None
    ece: dict[str, list[float]] | None = None
    misleading: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_label: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_tuning: dict[str, dict[str, Any]] = field(default_factory=dict)
    same_base: dict[str, Any] = field(default_factory=dict)
    same_provider: dict[str, Any] = field(default_factory=dict)
    by_teacher: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_detector: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_probes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    rows: tuple[dict[str, Any], ...] = ()


def count(name: str, models: int, probes: int, judged: Judged, by_probes: dict[str, dict[str, Any]]) -> Bench:
    """All figures of judged pairs of a panel of so many models and probes."""
    clear = judged.of(STUDENT, CONTROL)
    earlier = clear.controls & np.array([not p.later for p in clear.pairs])
    separation = (clear.value, clear.families, clear.students, clear.controls)
    teacher, provider, constant = attribution(clear.pairs)
    return Bench(
        panel=name,
        models=models,
        probes=probes,
        students=int(clear.students.sum()),
        controls=int(clear.controls.sum()),
        families=len(set(clear.families)),
        **area(*separation),
        tpr_at_fpr01=tpr(*separation, 0.01),
        tpr_at_fpr05=tpr(*separation, 0.05),
        top1_teacher=teacher,
        top1_provider=provider,
        constant_provider=constant,
        controls_at_moderate_or_above=rate(clear.accused, clear.families, clear.controls),
        controls_with_earlier_teacher=rate(clear.accused, clear.families, earlier),
        controls_without_dates=rate(clear.accused_without_dates, clear.families, clear.controls),
        students_at_moderate_or_above=rate(clear.accused, clear.families, clear.students),
        **likelihoods.costs(clear),
        tippett=likelihoods.tippett(clear),
        ece=likelihoods.ece(clear),
        misleading=likelihoods.misleading(clear),
        by_label=breakdown.by_label(clear),
        by_tuning=breakdown.by_tuning(clear),
        same_base=breakdown.apart(judged, SAME_BASE),
        same_provider=breakdown.apart(judged, SAME_PROVIDER),
        by_teacher=breakdown.by_teacher(clear),
        by_detector=breakdown.by_detector(clear),
        by_probes=by_probes,
        reasons=breakdown.tally(clear.reasons),
        rows=rows(judged, [p.group for p in clear.pairs]),
    )
