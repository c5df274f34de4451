"""The score it takes to be accused of one teacher in this run, and how many documented students reach it.

This is power on documented students of public models. It is not power on students distilled on purpose, at
a known share of their training data: positive controls measure that (`found_controls.py`).
Leaves out whether the question could be judged at all (`verdict.py`) and the sentence (`words.py`).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from auditor import calibration as calibrations
from auditor import weigh
from auditor.calibration import Calibration
from auditor.references import References
from auditor.scenes import SCORE, Scene
from auditor.thresholds import LADDER, RANK_FORBIDS_ABOVE, UNUSUAL_AT
from auditor.verdict import Bar, Power
from detectors.hierarchy import TAIL_DOF
from detectors.types import Float64


def power_of(scene: Scene, teacher: str, null: References, calibration: Calibration | None) -> Power | None:
    """Power towards one teacher; None without a calibration, a score or a null.

    `calibration` knows neither the student nor its family. Its scores come from its own panel and from
    students of several teachers, and are taken as this panel's would be, as the likelihood ratio does; its
    line was fitted to the same students, which flatters them a little.
    """
    if calibration is None or not scene.has_joint:
        return None
    null = weigh.measurable(scene, scene.scores[SCORE], teacher, null)
    lowest = score_for_null(scene, teacher, null)
    if lowest is None:
        return None
    rank = score_for_rank(scene, teacher, null)
    weak, moderate = (_bar(calibration, level, lowest, rank) for level in ("weak", "moderate"))
    students = {p.student for p in calibration.pairs if p.positive}
    families = calibration.families(True)
    return Power(len(students), len(families), weak, moderate, calibration.name, calibration.n_probes)


def _bar(calibration: Calibration, level: str, null: float, rank: float) -> Bar:
    """The largest of the three scores that a level takes."""
    needed = {"null": null, "rank": rank, "ratio": score_for_ratio(calibration, dict(LADDER)[level])}
    rule = max(needed, key=lambda name: needed[name])
    return Bar(needed[rule], rule, calibration.found_at(needed[rule]))


def score_for_null(scene: Scene, teacher: str, null: References) -> float | None:
    """Joint score whose predictive p is .05 for every kind of innocent that the panel knows."""
    column = scene.group_of(teacher)
    fitted = weigh.null_of(scene, scene.scores[SCORE], teacher, null)
    if not fitted.models[:, column].any():
        return None
    known = fitted.models.sum(axis=1) > 0
    needed = fitted.location + fitted.scale * stats.t.isf(UNUSUAL_AT, TAIL_DOF)
    return float(needed[known, column].max())


def score_for_rank(scene: Scene, teacher: str, null: References) -> float:
    """Joint score whose rank p is .10 among all references and among every kind that is large enough."""
    values = scene.scores[SCORE][scene.rows(null.models), scene.group_of(teacher)]
    kinds = np.array(null.strata)
    large = [kinds == k for k in set(null.strata) if null.strata.count(k) >= weigh.SMALLEST_STRATUM]
    return max(_above_most(values[mask]) for mask in (np.ones(len(values), dtype=bool), *large))


def _above_most(values: Float64) -> float:
    """Smallest number that so few of the values reach that the rank p is at most .10."""
    may_reach = math.floor(RANK_FORBIDS_ABOVE * (len(values) + 1) + 1e-9) - 1
    if may_reach < 0:
        return math.inf
    return float(np.nextafter(np.sort(values)[::-1][may_reach], np.inf))


def score_for_ratio(calibration: Calibration, log10_lr: float) -> float:
    """Joint score whose log10 likelihood ratio is this much; infinity beyond what the calibration carries."""
    if calibration.cap < log10_lr:
        return math.inf
    return calibrations.fit(calibration).score_at(log10_lr)
