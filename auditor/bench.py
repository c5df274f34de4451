"""`audit bench`: how well the toolkit does on pairs of known history, every family held out in its turn.

The null of a pair never holds the student's family, and neither does the fit of its likelihood ratio.
Sibling checkpoints of a teacher enter by their maximum, for every pair alike. Leaves out counting
(`counts.py`) and how the figures look (`reports/bench.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from auditor import calibration, measure, pairs, relations, verdict
from auditor.calibration import Calibration, Known
from auditor.case import Case, Progress
from auditor.counts import Bench, count
from auditor.errors import AuditError
from auditor.judged import Judged
from auditor.pairs import Pair
from auditor.rates import auc, mean_rate, rate, tpr
from auditor.readers import ReadOptions
from auditor.relations import NEGATIVES
from auditor.report import Finding
from detectors.types import Float64, Measurement

JOINT_DETECTORS = ("wording", "opening")
# Random subsets of the probes that a figure at fewer probes averages over.
SUBSETS = 3
MODERATE = ("moderate", "moderately_strong", "strong")


def run(
    panel: Path,
    table: Path,
    lineage: str | None,
    options: ReadOptions,
    probe_counts: Sequence[int],
    seed: int,
    progress: Progress,
) -> Bench:
    """Measure the panel, judge every relation, and count."""
    progress.stage("Reading answers")
    known = relations.read(table, panel.stem)
    case = pairs.open_case(panel, lineage, known, options)
    chosen, _ = measure.able(measure.choose(())[0], case.panel)
    progress.stage("Measuring", len(chosen))
    measured = measure.measure(case.panel, case.models, chosen, lambda _: progress.advance())
    progress.stage("Judging pairs")
    found = [p for p in pairs.measured_pairs(case, measured, known) if p.part]
    clear = [p for p in found if p.counted]
    if not clear:
        raise AuditError(
            f"{panel}: no pair of known history could be judged. Labels must be 'positive' or one of "
            f"{', '.join(NEGATIVES)}."
        )
    judged = judge(found)
    n_probes = len(case.panel.probes)
    counts = [n for n in probe_counts if n < n_probes]
    progress.stage("Fewer probes", len(counts) * SUBSETS)
    text = [m for m in measured if m.detector in JOINT_DETECTORS]
    by_probes = {str(n): at_fewer(case, text, clear, n, seed, progress.advance) for n in counts}
    whole = [np.array([p.score for p in clear])]
    by_probes[str(n_probes)] = separation(whole, clear)
    return count(panel.stem, len(case.panel.subjects), n_probes, judged, by_probes)


def judge(found: Sequence[Pair]) -> Judged:
    """The answer to every pair, tested alone, by ratios of which its family knows nothing.

    Levels are those of capped ratios, as in `audit compare`; the ratios kept are as they were fitted.
    """
    log10_lr = held_out(found)
    most = caps(found)
    capped = np.clip(log10_lr, -most, most)
    given = list(zip(found, capped, margins(found), strict=True))
    answers = [level_of(p, lr, margin) for p, lr, margin in given]
    undated = [level_of(replace(p, later=False), lr, margin)[0] for p, lr, margin in given]
    return Judged(
        pairs=tuple(found),
        log10_lr=log10_lr,
        levels=tuple(level for level, _ in answers),
        reasons=tuple(reason for _, reason in answers),
        accused=np.array([level in MODERATE for level, _ in answers], dtype=bool),
        accused_without_dates=np.array([level in MODERATE for level in undated], dtype=bool),
    )


def held_out(found: Sequence[Pair]) -> Float64:
    """(n,) log10 LR by the line through the clear pairs of other families; NaN where too few are left."""
    known = [Known(p.student, p.group, p.family, p.positive, p.score) for p in found]
    clear = [k for k, p in zip(known, found, strict=True) if p.counted]
    return calibration.held_out(clear, known)


def caps(found: Sequence[Pair]) -> Float64:
    """(n,) largest log10 LR that the innocents of other families can carry (`Calibration.cap`)."""
    innocents = {p.family for p in found if p.counted and not p.positive}
    return np.log10([len(innocents - {p.family}) + 1 for p in found])


def margins(found: Sequence[Pair]) -> list[float | None]:
    """Smallest effect that documented students of other families show (`Calibration.smallest_effect`)."""
    students = tuple(Known(p.student, p.group, p.family, True, p.score) for p in found if p.positive)
    whole = Calibration("", "", 0, students)
    by_family = {f: whole.without([f]).smallest_effect for f in {p.family for p in found}}
    return [by_family[p.family] for p in found]


def at_fewer(
    case: Case,
    measured: Sequence[Measurement],
    clear: Sequence[Pair],
    n: int,
    seed: int,
    advance: Callable[[], None],
) -> dict[str, Any]:
    """Separation when students answered only `n` probes, averaged over random subsets.

    Teachers and references have answered all: what is typical of a teacher's openings is learned from more.
    """
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(SUBSETS):
        probes = np.sort(rng.choice(len(case.panel.probes), n, replace=False))
        values.append(pairs.scores(*pairs.on_probes(case, measured, probes), clear))
        advance()
    return separation(values, clear)


def ratios(values: Sequence[Float64], clear: Sequence[Pair]) -> dict[str, Any]:
    """What the ratios of (n_pairs,) scores are worth: Cllr, and innocents and students at LR 10 or more.

    The calibration is on all draws of as many probes; families held out, figures averaged over the draws.
    """
    families = np.array([p.family for p in clear], dtype=str)
    students = np.array([p.positive for p in clear], dtype=bool)
    weight = calibration.equal_weights(students, families)
    known = [Known(p.student, p.group, p.family, p.positive, p.score) for p in clear]
    drawn = [[replace(k, score=float(s)) for k, s in zip(known, v, strict=True)] for v in values]
    found = [calibration.held_out([k for these in drawn for k in these], these) for these in drawn]
    if not all(np.isfinite(r).all() for r in found):
        return {"cllr": None, "controls_at_lr10": None, "students_at_lr10": None}
    at_ten = [[rate(r >= 1, families, among) for r in found] for among in (~students, students)]
    return {
        "cllr": float(np.mean([calibration.cllr(r, students, weight) for r in found])),
        "controls_at_lr10": asdict(mean_rate(at_ten[0])),
        "students_at_lr10": asdict(mean_rate(at_ten[1])),
    }


def separation(values: Sequence[Float64], clear: Sequence[Pair]) -> dict[str, Any]:
    """Separation and ratios, averaged over the (n_pairs,) scores of one or more draws of probes."""
    families = np.array([p.family for p in clear], dtype=str)
    students = np.array([p.positive for p in clear], dtype=bool)
    areas = [auc(v[students], v[~students]) for v in values]
    return {
        "draws": len(values),
        "auc": None if None in areas else float(np.mean([a for a in areas if a is not None])),
        **{
            f"tpr_at_fpr{round(fpr * 100):02d}": asdict(
                mean_rate([tpr(v, families, students, ~students, fpr) for v in values])
            )
            for fpr in (0.01, 0.05)
        },
        **ratios(values, clear),
    }


def level_of(pair: Pair, log10_lr: float, margin: float | None = None) -> tuple[str, str]:
    """Level and reason that `audit compare` would give this pair, tested alone, if probes made no difference.

    `margin` : the smallest effect of documented students. Nothing is resampled, so the ends of the
    intervals are their middles, and "against" comes a little more easily than in a run.
    """
    point = (pair.score, pair.score)
    joint = Finding(
        *(pair.teacher, "joint", "score", "wording", "", pair.score, point, None),
        *(pair.p_rank, None, pair.p_t, None, None, pair.n_probes, True),
    )
    given = np.isfinite(log10_lr)
    ratio = verdict.Ratio(log10_lr, (log10_lr, log10_lr), 9.0, margin) if given else None
    basis = verdict.Basis(
        teacher=pair.teacher,
        joint=joint,
        p_adjusted=pair.p_t,
        references=pair.references,
        innocents=pair.innocents,
        decoys=pair.decoys,
        decoy_providers=pair.decoy_providers,
        teacher_later=pair.later,
        same_answers=0.0,
        unlike_all=pair.unlike_all,
        templated=pair.templated,
        descends=pair.descends,
        second_part=pair.second_part,
        ratio=ratio,
    )
    return verdict.decide(basis)
