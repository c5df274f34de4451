"""The likelihood ratio of one student's joint score, by a calibration that does not know the student.

Leaves out fitting (`calibration.py`) and the level that follows (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from auditor import calibration as calibrations
from auditor import calibration_file, shipped, verdict, weigh
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.report import Finding
from auditor.scenes import JOINT, Scene


def calibration_for(
    case: Case, config: CompareConfig, shipped_as: str = ""
) -> calibrations.Calibration | None:
    """The calibration without the student and its family; None where it is off or too little is left.

    `shipped_as` : another shipped calibration than the usual one; a calibration of the user's own was not
    measured as that one was, so it leaves none.
    """
    if config.calibration == "none" or (shipped_as and config.calibration):
        return None
    given = Path(config.calibration) if config.calibration else None
    answered = int(case.answered[case.panel.subjects.index(case.student)].sum())
    known = calibration_file.read(shipped.path(shipped_as) if shipped_as else given, answered)
    group = case.lineage.group(case.student)
    siblings = {s for s in case.panel.subjects if case.lineage.group(s) == group}
    families = {case.lineage.row(case.student).family} | {
        p.family for p in known.pairs if p.student in siblings
    }
    rest = known.without(families)
    return rest if rest.usable else None


def ratio_of(
    scene: Scene,
    teacher: str,
    findings: Sequence[Finding],
    calibration: calibrations.Calibration | None,
) -> verdict.Ratio | None:
    """Likelihood ratio of the joint score, kept within what the calibration can carry."""
    joint = findings[0] if findings and findings[0].detector == JOINT else None
    if calibration is None or joint is None or joint.value is None or joint.p_t is None:
        return None
    resampled = weigh.resampled_score(scene, teacher)
    scores = resampled[np.isfinite(resampled)] if len(resampled) else np.array([joint.value])
    point = float(calibrations.fit(calibration).log10_lr(np.array([joint.value]))[0])
    low, high = calibrations.interval(calibration, scores, scene.seed)
    cap = calibration.cap
    interval = (_within(low, cap), _within(high, cap))
    return verdict.Ratio(_within(point, cap), interval, cap, calibration.smallest_effect)


def _within(value: float, cap: float) -> float:
    return max(-cap, min(cap, value))
