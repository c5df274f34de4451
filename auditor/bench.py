"""`audit bench`: how well the toolkit does on pairs of known history, every family held out in its turn.

The null of a pair never holds the student's family, and neither does the fit of its likelihood ratio.
Sibling checkpoints of a teacher enter by their maximum, for every pair alike. Leaves out how the figures
look (`reports/bench.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

from auditor import calibration, measure, pairs, relations, verdict
from auditor.calibration import Known
from auditor.case import Case, Progress
from auditor.errors import AuditError
from auditor.pairs import Pair
from auditor.readers import ReadOptions
from auditor.relations import NEGATIVES
from auditor.report import Finding
from detectors.types import Bool, Float64, Measurement

JOINT_DETECTORS = ("wording", "opening")
# Random subsets of the probes that a figure at fewer probes averages over.
SUBSETS = 3
MODERATE = ("moderate", "moderately_strong", "strong")


@dataclass(frozen=True)
class Rate:
    """`n` of `of`, with a Clopper-Pearson 95 % interval over pairs and one that resamples families."""

    n: int
    of: int
    rate: float | None
    lower95: float | None
    upper95: float | None
    family_lower95: float | None
    family_upper95: float | None


@dataclass(frozen=True)
class Bench:
    """Everything `audit bench` found; `asdict` of it is the JSON report.

    Attributes
    ----------
    top1_teacher, top1_provider : documented students whose nearest candidate teacher (one that the
        relations name, not released later) is theirs, or its provider's; constant_provider : the same for
        always answering the commonest provider.
    auc, tpr_at_fpr01, tpr_at_fpr05 : of the held-out log10 LR over all clear pairs.
    controls_at_moderate_or_above : innocent pairs accused; students_... : documented students found.
    reasons : pairs by the reason of their answer.
    by_label, by_teacher, by_detector, by_probes : the same by part.
    rows : every pair, for whoever wants to know which ones stand in the way.
    """

    panel: str
    models: int
    probes: int
    students: int
    controls: int
    families: int
    auc: float | None
    tpr_at_fpr01: Rate
    tpr_at_fpr05: Rate
    top1_teacher: Rate
    top1_provider: Rate
    constant_provider: Rate
    cllr: float | None
    cllr_min: float | None
    controls_at_moderate_or_above: Rate
    students_at_moderate_or_above: Rate
    by_label: dict[str, dict[str, Any]]
    by_teacher: dict[str, dict[str, Any]]
    by_detector: dict[str, dict[str, Any]]
    by_probes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    rows: tuple[dict[str, Any], ...] = ()


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
    found = pairs.measured_pairs(case, measured, known)
    if not any(p.counted for p in found):
        raise AuditError(
            f"{panel}: no pair of known history could be judged. Labels must be 'positive' or one of "
            f"{', '.join(NEGATIVES)}."
        )
    counts = [n for n in probe_counts if n < len(case.panel.probes)]
    progress.stage("Fewer probes", len(counts) * SUBSETS)
    text = [m for m in measured if m.detector in JOINT_DETECTORS]
    clear = [p for p in found if p.counted]
    fewer = {str(n): at_fewer(case, text, clear, n, seed, progress.advance) for n in counts}
    return count(panel.stem, case, found, fewer)


def count(name: str, case: Case, found: Sequence[Pair], fewer: dict[str, dict[str, Any]]) -> Bench:
    """All figures of judged pairs."""
    clear = [p for p in found if p.counted]
    log10_lr = held_out(clear)
    levels = [level_of(p, lr) for p, lr in zip(clear, log10_lr, strict=True)]
    positive = np.array([p.positive for p in clear])
    groups = {p.group for p in clear}
    rows = tuple(_row(p, groups, lr, *level) for p, lr, level in zip(clear, log10_lr, levels, strict=True))
    value = np.where(np.isfinite(log10_lr), log10_lr, [p.score for p in clear])
    moderate = np.array([level in MODERATE for level, _ in levels])
    teacher, provider, constant = attribution(clear)
    scored = np.isfinite(log10_lr)
    weight = calibration.equal_weights(positive, np.array([p.family for p in clear]))
    costs = [
        f(log10_lr[scored], positive[scored], weight[scored]) if scored.any() else None
        for f in (calibration.cllr, calibration.cllr_min)
    ]
    return Bench(
        panel=name,
        models=len(case.panel.subjects),
        probes=len(case.panel.probes),
        students=int(positive.sum()),
        controls=int((~positive).sum()),
        families=len({p.family for p in clear}),
        **_separation(value, clear),
        top1_teacher=teacher,
        top1_provider=provider,
        constant_provider=constant,
        cllr=costs[0],
        cllr_min=costs[1],
        controls_at_moderate_or_above=rate(moderate, clear, ~positive),
        students_at_moderate_or_above=rate(moderate, clear, positive),
        by_label=_by_label(value, moderate, clear),
        by_teacher=_by_teacher(moderate, clear),
        by_detector=_by_detector(clear),
        by_probes={**fewer, str(len(case.panel.probes)): _brief(value, clear)},
        reasons=_tally([reason for _, reason in levels]),
        rows=rows,
    )


def held_out(clear: Sequence[Pair]) -> Float64:
    """(n,) log10 LR, the student's family not in the fit; NaN where too few families are left."""
    known = [Known(p.student, p.group, p.family, p.positive, p.score) for p in clear]
    return calibration.held_out(known)


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
    parts = []
    for _ in range(SUBSETS):
        probes = np.sort(rng.choice(len(case.panel.probes), n, replace=False))
        parts.append(_brief(pairs.scores(case, pairs.on_probes(measured, probes), clear), clear))
        advance()
    return {key: _mean([p[key] for p in parts]) for key in parts[0]}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None


def _separation(value: Float64, clear: Sequence[Pair]) -> dict[str, Any]:
    positive = np.array([p.positive for p in clear])
    return {
        "auc": auc(value[positive], value[~positive]),
        "tpr_at_fpr01": _tpr(value, clear, 0.01),
        "tpr_at_fpr05": _tpr(value, clear, 0.05),
    }


def _brief(value: Float64, clear: Sequence[Pair]) -> dict[str, float | None]:
    found = _separation(value, clear)
    return {
        "auc": found["auc"],
        "tpr_at_fpr01": found["tpr_at_fpr01"].rate,
        "tpr_at_fpr05": found["tpr_at_fpr05"].rate,
    }


def auc(positive: Float64, negative: Float64) -> float | None:
    """Area under the ROC curve; None without both kinds."""
    positive, negative = positive[np.isfinite(positive)], negative[np.isfinite(negative)]
    if not len(positive) or not len(negative):
        return None
    labels = np.repeat((1, 0), (len(positive), len(negative)))
    return float(roc_auc_score(labels, np.concatenate((positive, negative))))


def _tpr(value: Float64, clear: Sequence[Pair], fpr: float) -> Rate:
    """Documented students above the (1 - fpr) quantile of the innocents."""
    positive = np.array([p.positive for p in clear])
    if positive.all():
        return rate(np.zeros(len(clear), dtype=bool), clear, ~positive)
    return rate(value > np.quantile(value[~positive], 1 - fpr), clear, positive)


def rate(hits: Bool, clear: Sequence[Pair], among: Bool) -> Rate:
    """How many of the pairs in `among` are hits."""
    n, of = int((hits & among).sum()), int(among.sum())
    if not of:
        return Rate(0, 0, None, None, None, None, None)
    exact = stats.binomtest(n, of).proportion_ci()
    families, inverse = np.unique(
        [p.family for p, a in zip(clear, among, strict=True) if a], return_inverse=True
    )
    hit = np.bincount(inverse, hits[among], len(families))
    size = np.bincount(inverse, minlength=len(families))
    drawn = np.random.default_rng(0).integers(len(families), size=(2000, len(families)))
    again = hit[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.quantile(again, (0.025, 0.975))
    return Rate(n, of, n / of, float(exact.low), float(exact.high), float(low), float(high))


def attribution(clear: Sequence[Pair]) -> tuple[Rate, Rate, Rate]:
    """Students whose nearest candidate is their teacher; whose provider is right; who would be, by habit."""
    provider_of = {p.group: p.provider for p in clear}
    students: dict[str, list[Pair]] = {}
    for p in clear:
        if p.positive and nearest_candidate(p, provider_of):
            students.setdefault(p.student, []).append(p)
    firsts = [mine[0] for mine in students.values()]
    makers = [{p.provider for p in mine} for mine in students.values()]
    usual = Counter(m for mine in makers for m in mine).most_common(1)[0][0] if makers else ""
    nearest = [nearest_candidate(p, provider_of) for p in firsts]
    right = [n in {p.group for p in mine} for n, mine in zip(nearest, students.values(), strict=True)]
    maker = [provider_of[n] in mine for n, mine in zip(nearest, makers, strict=True)]
    every = np.ones(len(firsts), dtype=bool)
    habit = [usual in m for m in makers]
    by_teacher, by_provider, constant = (
        rate(np.array(hits, dtype=bool), firsts, every) for hits in (right, maker, habit)
    )
    return by_teacher, by_provider, constant


def nearest_candidate(pair: Pair, candidates: Container[str]) -> str:
    """The candidate group with the highest joint score; "" where none could have taught the student."""
    known = {group: score for group, score in pair.others.items() if group in candidates}
    return max(known, key=lambda g: known[g]) if known else ""


def level_of(pair: Pair, log10_lr: float) -> tuple[str, str]:
    """Level and reason that `audit compare` would give this pair, tested alone."""
    joint = Finding(
        *(pair.teacher, "joint", "score", "wording", "", pair.score, None, None, pair.p_rank, None, pair.p_t),
        *(None, None, pair.n_probes, True, (), (), ()),
    )
    ratio = verdict.Ratio(log10_lr, (log10_lr, log10_lr), 9.0) if np.isfinite(log10_lr) else None
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
        ratio=ratio,
    )
    return verdict.decide(basis)


def _row(pair: Pair, candidates: Container[str], log10_lr: float, level: str, reason: str) -> dict[str, Any]:
    return {
        "student": pair.student,
        "teacher": pair.teacher,
        "label": pair.label,
        "family": pair.family,
        "score": round(pair.score, 4),
        "log10_lr": round(float(log10_lr), 3) if np.isfinite(log10_lr) else None,
        "p_t": round(pair.p_t, 5),
        "p_rank": round(pair.p_rank, 5),
        "level": level,
        "reason": reason,
        "nearest": nearest_candidate(pair, candidates),
    }


def _by_label(value: Float64, moderate: Bool, clear: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    positive = np.array([p.positive for p in clear])
    found = {}
    for label in sorted({p.label for p in clear if not p.positive}):
        mine = np.array([p.label == label for p in clear])
        found[label] = {
            "auc": auc(value[positive], value[mine]),
            "at_moderate_or_above": asdict(rate(moderate, clear, mine)),
        }
    return found


def _by_teacher(moderate: Bool, clear: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """For each teacher group: how its own null and the level do on its own pairs."""
    positive = np.array([p.positive for p in clear])
    unusual = np.array([p.p_t <= verdict.UNUSUAL_AT for p in clear])
    score = np.array([p.score for p in clear])
    found = {}
    for group in sorted({p.group for p in clear}):
        mine = np.array([p.group == group for p in clear])
        found[group] = {
            "auc": auc(score[mine & positive], score[mine & ~positive]),
            "false_positives_at_p05": asdict(rate(unusual, clear, mine & ~positive)),
            "true_positives_at_p05": asdict(rate(unusual, clear, mine & positive)),
            "controls_at_moderate_or_above": asdict(rate(moderate, clear, mine & ~positive)),
            "students_at_moderate_or_above": asdict(rate(moderate, clear, mine & positive)),
        }
    return found


def _by_detector(clear: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Every statistic alone: separation with and without its null, and its rates at p .05."""
    positive = np.array([p.positive for p in clear])
    human = np.array([p.label == "negative" for p in clear])
    found = {}
    for key in sorted({k for p in clear for k in p.contrasts}):
        value = np.array([p.contrasts.get(key, np.nan) for p in clear])
        z, p_t = (np.array([p.statistics.get(key, (np.nan, np.nan))[i] for p in clear]) for i in (0, 1))
        known = np.isfinite(p_t)
        found[key] = {
            "auc": auc(value[positive], value[~positive]),
            "auc_human_data": auc(value[positive], value[human]),
            "auc_with_null": auc(z[positive], z[~positive]),
            "false_positives_at_p05": asdict(rate(p_t <= verdict.UNUSUAL_AT, clear, ~positive & known)),
            "true_positives_at_p05": asdict(rate(p_t <= verdict.UNUSUAL_AT, clear, positive & known)),
        }
    return found


def _tally(reasons: Sequence[str]) -> dict[str, int]:
    return {r: reasons.count(r) for r in sorted(set(reasons))}
