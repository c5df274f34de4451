"""`audit calibrate`: pairs of known history on a panel -> a calibration file. The job, in order.

Leaves out the fit (`calibration.py`): the file holds the pairs, so that anybody can fit them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np

from auditor import calibration, measure, pairs, relations
from auditor.calibration import Calibration, Known
from auditor.case import Case, Progress
from auditor.errors import AuditError
from auditor.pairs import Pair
from auditor.readers import ReadOptions
from detectors.types import Measurement

# Only these make the joint score.
DETECTORS = ("wording", "opening")


def calibrate(
    panel: Path, table: Path, lineage: str | None, options: ReadOptions, progress: Progress
) -> tuple[Calibration, str]:
    """Measure the pairs of a panel; the calibration and a summary in lines of text."""
    progress.stage("Reading answers")
    known = relations.read(table, panel.stem)
    case = pairs.open_case(panel, lineage, known, options)
    progress.stage("Measuring", len(DETECTORS))
    chosen = measure.choose(DETECTORS)[0]
    measured = measure.measure(case.panel, case.models, chosen, lambda _: progress.advance())
    progress.stage("Judging pairs")
    found = of_pairs(panel.stem, case, measured, pairs.measured_pairs(case, measured, known))
    if not found.usable:
        raise AuditError(
            f"Too few families to calibrate on: {len(found.families(True))} of documented students and "
            f"{len(found.families(False))} of innocents; at least {calibration.FEWEST_FAMILIES} of each are "
            "needed. Families come from the lineage table (column family)."
        )
    return found, summary(found)


def of_pairs(name: str, case: Case, measured: Sequence[Measurement], found: Sequence[Pair]) -> Calibration:
    """The clear cases among the pairs, as numbers with their provenance."""
    version = metadata.version("distill-audit")
    made = (
        f"{name}: {len(case.panel.subjects)} models x {len(case.panel.probes)} probes, "
        f"panel {case.panel.content_hash()[:16]}, lineage {case.lineage.source}, distill-audit {version}, "
        f"statistics {', '.join(f'{m.detector} {m.statistic}' for m in measured)}"
    )
    known = (Known(p.student, p.group, p.family, p.positive, round(p.score, 6)) for p in found if p.counted)
    once = dict.fromkeys(known)  # two rows about checkpoints of one teacher are one pair
    return Calibration(name, made, len(case.panel.probes), tuple(once))


def summary(found: Calibration) -> str:
    """What the calibration is worth, judged with families held out."""
    positive = np.array([p.positive for p in found.pairs])
    log10_lr = calibration.held_out(found.pairs)
    known = np.isfinite(log10_lr)
    weight = calibration.equal_weights(positive, np.array([p.family for p in found.pairs]))
    cost = calibration.cllr(log10_lr[known], positive[known], weight[known])
    least = calibration.cllr_min(log10_lr[known], positive[known], weight[known])
    lines = [
        f"{int(positive.sum())} documented students of {len(found.families(True))} families, "
        f"{int((~positive).sum())} innocent pairs of {len(found.families(False))} families.",
        f"Families held out: Cllr {cost:.2f}, after the best recalibration {least:.2f}; log10 LR is at most "
        f"{found.cap:.1f}.",
    ]
    for level, limit in (("10", 1.0), ("100", 2.0)):
        misled = log10_lr[~positive] >= limit
        lines.append(
            f"LR of {level} or more: {(log10_lr[positive] >= limit).mean():.0%} of the students, "
            f"{int(misled.sum())} of {len(misled)} innocent pairs."
        )
    return "\n".join(lines)
