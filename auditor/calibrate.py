"""`audit calibrate`: pairs of known history on a panel -> a calibration file. The job, in order.

Leaves out the fit (`calibration.py`) and the file (`calibration_file.py`), which holds the pairs, so that
anybody can fit them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

from auditor import calibration, measure, pairs, relations
from auditor.calibration import Calibration, Known
from auditor.case import Case, Progress
from auditor.errors import AuditError
from auditor.pairs import Pair
from auditor.readers import ReadOptions
from detectors.types import Float64, Measurement

# Only these make the joint score.
DETECTORS = ("wording", "opening")
# Numbers of probes that a student may have answered, beside all of the panel's, and random draws of each.
FEWER, DRAWS = (20, 50, 100, 200, 400), 3


def calibrate(
    panel: Path, table: Path, lineage: str | None, options: ReadOptions, seed: int, progress: Progress
) -> tuple[list[Calibration], str]:
    """Measure the pairs of a panel, on all probes and on fewer; calibrations and a summary of the first."""
    progress.stage("Reading answers")
    known = relations.read(table, panel.stem)
    case = pairs.open_case(panel, lineage, known, options)
    progress.stage("Measuring", len(DETECTORS))
    chosen = measure.choose(DETECTORS)[0]
    measured = measure.measure(case.panel, case.models, chosen, lambda _: progress.advance())
    progress.stage("Judging pairs")
    clear = once(pairs.measured_pairs(case, measured, known))
    whole = calibration_of(panel.stem, case, measured, clear, [np.array([p.score for p in clear])])
    if not whole.usable:
        raise AuditError(
            f"Too few families to calibrate on: {len(whole.families(True))} of documented students and "
            f"{len(whole.families(False))} of innocents; at least {calibration.FEWEST_FAMILIES} of each are "
            "needed. Families come from the lineage table (column family)."
        )
    counts = [n for n in FEWER if n < len(case.panel.probes)]
    progress.stage("Fewer probes", len(counts) * DRAWS)
    rng = np.random.default_rng(seed)
    fewer = [at_fewer(panel.stem, case, measured, clear, n, rng, progress) for n in reversed(counts)]
    return [whole, *fewer], summary(whole)


def once(found: Sequence[Pair]) -> list[Pair]:
    """The clear cases; two rows about checkpoints of one teacher are one pair."""
    return list({(p.student, p.group, p.positive): p for p in found if p.counted}.values())


def at_fewer(
    name: str,
    case: Case,
    measured: Sequence[Measurement],
    clear: Sequence[Pair],
    n: int,
    rng: np.random.Generator,
    progress: Progress,
) -> Calibration:
    """The same pairs where only `n` probes were answered, once for each draw of probes."""
    draws = []
    for _ in range(DRAWS):
        probes = np.sort(rng.choice(len(case.panel.probes), n, replace=False))
        draws.append(pairs.on_probes(case, measured, probes))
    scores = []
    for drawn in draws:
        scores.append(pairs.scores(*drawn, clear))
        progress.advance()
    return replace(calibration_of(name, case, measured, clear, scores), n_probes=n)


def calibration_of(
    name: str, case: Case, measured: Sequence[Measurement], clear: Sequence[Pair], scores: Sequence[Float64]
) -> Calibration:
    """Pairs with their scores, (n_pairs,) for each draw, as numbers with their provenance."""
    version = metadata.version("distill-audit")
    made = (
        f"{name}: {len(case.panel.subjects)} models x {len(case.panel.probes)} probes, "
        f"panel {case.panel.content_hash()[:16]}, lineage {case.lineage.source}, distill-audit {version}, "
        f"statistics {', '.join(f'{m.detector} {m.statistic}' for m in measured)}"
    )
    known = tuple(
        Known(p.student, p.group, p.family, p.positive, round(float(score), 6))
        for drawn in scores
        for p, score in zip(clear, drawn, strict=True)
    )
    return Calibration(name, made, len(case.panel.probes), known)


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
