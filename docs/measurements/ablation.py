"""What each part of the joint score is worth: the score again with one part left out, families held out.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/ablation.py

Parts are the four terms (first tokens, first sentence, wording, opening log-odds) and the two contrasts
(plain, length-matched). Printed are the separation of the bare score, that of its z by the null of each
teacher, the shares of innocents and students at p .05, and the separation where the student answered 50
probes. Last, how much choosing a variant on these pairs flatters it: chosen on half of the
families, judged on the other half. Leaves out detectors that are no part of the score: `audit bench`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auditor import measure, pairs, rates, relations, thresholds
from auditor.case import Case
from auditor.readers import ReadOptions
from auditor.references import STRATA
from auditor.scenes import Scene, best, spread
from detectors.combine import CHANNELS, LOG_ODDS, PLAIN
from detectors.hierarchy import fit
from detectors.null import length_matched_contrast, plain_contrast
from detectors.types import Bool, Float64, Measurement

DETECTORS = ("wording", "opening")
FEW, SUBSETS, HALVINGS = 50, 3, 200
FEWEST_STUDENTS = 8


@dataclass(frozen=True)
class Parts:
    """(3, n_subjects, n_columns) contrasts of the channels, (n_subjects, n_columns) of the log-odds."""

    plain: Float64
    matched: Float64
    log_odds: Float64


@dataclass(frozen=True)
class Variant:
    """Which parts stay, and the weights of the two contrasts."""

    name: str
    channels: tuple[int, ...] = (0, 1, 2)
    log_odds: bool = True
    plain: float = PLAIN
    matched: float = 1.0

    def score(self, parts: Parts) -> Float64:
        """(n_subjects, n_columns) sum of the parts that stay, each in units of its own spread."""
        total = np.zeros_like(parts.log_odds)
        for c in self.channels:
            plain, matched = (part / spread(part) for part in (parts.plain[c], parts.matched[c]))
            both = self.plain * plain + self.matched * matched
            total += both / spread(both)
        if self.log_odds:
            total += parts.log_odds / spread(parts.log_odds)
        return total


VARIANTS = (
    Variant("all"),
    *(
        Variant(f"without {' '.join(key)}", tuple(c for c in range(3) if c != i))
        for i, key in enumerate(CHANNELS)
    ),
    Variant("without opening log_odds", log_odds=False),
    *(Variant(f"{' '.join(key)} alone", (i,), log_odds=False) for i, key in enumerate(CHANNELS)),
    Variant("opening log_odds alone", ()),
    Variant("without the length-matched contrast", matched=0.0),
    Variant("without the plain contrast", plain=0.0),
    Variant("both contrasts alike", plain=1.0),
)


def main() -> None:
    """Print one line a variant."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    panel = data / "outputs" / "alpaca_eval.parquet"
    known = relations.read(data / "relations.csv", panel.stem)
    case = pairs.open_case(panel, None, known, ReadOptions())
    measured = measure.measure(case.panel, case.models, measure.choose(DETECTORS)[0], lambda _: None)
    clear = [p for p in pairs.measured_pairs(case, measured, known) if p.counted]
    head = ("AUC", "human data", "wrong teacher", "TPR 1 %", "TPR 5 %", "z: AUC", "innocents", "students")
    few = (f"{FEW}: AUC", "TPR 1 %")
    print(f"{'':40}" + "".join(f"{h:>14}" for h in (*head, *few)))
    whole = scenes_of(case, measured, clear)
    rng = np.random.default_rng(0)
    subsets = [np.sort(rng.choice(len(case.panel.probes), FEW, replace=False)) for _ in range(SUBSETS)]
    fewer = [scenes_of(*pairs.on_probes(case, measured, s), clear) for s in subsets]
    found = {}
    for variant in VARIANTS:
        score, z, p_t = judged(variant, whole, clear)
        at_few = [separation(judged(variant, part, clear)[0], clear) for part in fewer]
        report(variant.name, score, z, p_t, np.mean(at_few, axis=0)[:2], clear)
        found[variant.name] = score
    chosen_by_half(found, clear)


def scenes_of(
    case: Case, measured: Sequence[Measurement], clear: Sequence[pairs.Pair]
) -> dict[str, tuple[Scene, Parts]]:
    """Scene and parts of every student; parts depend on it by the provider that is no decoy alone."""
    like: dict[str, Scene] = {}
    parts: dict[int, Parts] = {}
    found = {}
    for student in dict.fromkeys(p.student for p in clear):
        scene = pairs.held_out(case, measured, student, like)[1]
        key = id(scene.terms)
        if key not in parts:
            parts[key] = parts_of(scene)
        found[student] = (scene, parts[key])
    return found


def parts_of(scene: Scene) -> Parts:
    """Both contrasts of every subject towards every column."""
    columns, every = scene.columns, range(len(scene.models))
    masks = [columns.decoys_for(t, scene.student) for t in every]
    means = [scene.means[c] for c in CHANNELS]
    plain = [[plain_contrast(m, masks[t], t) for t in every] for m in means]
    matched = [[length_matched_contrast(m, masks[t], t, columns.length) for t in every] for m in means]
    log_odds = [plain_contrast(scene.means[LOG_ODDS], masks[t], t) for t in every]
    return Parts(np.array(plain).swapaxes(1, 2), np.array(matched).swapaxes(1, 2), np.array(log_odds).T)


def judged(
    variant: Variant, scenes: dict[str, tuple[Scene, Parts]], clear: Sequence[pairs.Pair]
) -> tuple[Float64, Float64, Float64]:
    """(n_pairs,) score, z by the teacher's null (the smallest over kinds of innocents) and predictive p."""
    by_parts: dict[int, Float64] = {}
    score, z, p_t = (np.full(len(clear), np.nan) for _ in range(3))
    for i, pair in enumerate(clear):
        scene, parts = scenes[pair.student]
        if id(parts) not in by_parts:
            found = best(scene, variant.score(parts))
            by_parts[id(parts)] = found / spread(found)
        scores, column = by_parts[id(parts)], scene.group_of(pair.teacher)
        strata = scene.strata.copy()
        strata[scene.student] = -1
        null = fit(scores, strata, scene.families, len(STRATA))
        there = null.models.sum(axis=1) > 0
        score[i] = scores[scene.student, column]
        z[i] = null.z(scores[scene.student])[there, column].min()
        p_t[i] = null.p_value(scores[scene.student])[column]
    return score, z, p_t


def separation(score: Float64, clear: Sequence[pairs.Pair]) -> Float64:
    """AUC, and share of students above 99 % and 95 % of the innocents."""
    positive = np.array([p.positive for p in clear])
    cut = [np.quantile(score[~positive], 1 - fpr) for fpr in (0.01, 0.05)]
    return np.array(
        [rates.auc(score[positive], score[~positive]), *((score[positive] > c).mean() for c in cut)],
        dtype=np.float64,
    )


def chosen_by_half(found: dict[str, Float64], clear: Sequence[pairs.Pair]) -> None:
    """Choose the variant with the best AUC + TPR at 1 % on half of the families, judge it on the other."""
    families = np.array([p.family for p in clear])
    positive = np.array([p.positive for p in clear])
    rng = np.random.default_rng(0)
    rows: list[tuple[Float64, Float64]] = []
    while len(rows) < HALVINGS:
        half = rng.permutation(np.unique(families))[: len(np.unique(families)) // 2]
        mine: Bool = np.isin(families, half)
        if min((positive & mine).sum(), (positive & ~mine).sum()) < FEWEST_STUDENTS:
            continue
        on, off = ([p for p, m in zip(clear, side, strict=True) if m] for side in (mine, ~mine))
        chosen = max(found, key=lambda name: separation(found[name][mine], on)[:2].sum())
        rows.append((separation(found[chosen][~mine], off), separation(found["all"][~mine], off)))
    for name, column in (("chosen on the other half", 0), ("all, on the same halves", 1)):
        print(f"{name:40}" + "".join(f"{f:14.3f}" for f in np.mean([r[column] for r in rows], axis=0)))


def report(
    name: str, score: Float64, z: Float64, p_t: Float64, few: Float64, clear: Sequence[pairs.Pair]
) -> None:
    """One line of the table."""
    positive = np.array([p.positive for p in clear])
    label = np.array([p.label for p in clear])
    auc, tpr01, tpr05 = separation(score, clear)
    unusual = p_t <= thresholds.UNUSUAL_AT
    figures = (
        auc,
        rates.auc(score[positive], score[label == "negative"]),
        rates.auc(score[positive], score[label == "negative-wrong-teacher"]),
        tpr01,
        tpr05,
        rates.auc(z[positive], z[~positive]),
        unusual[~positive].mean(),
        unusual[positive].mean(),
        *few,
    )
    print(f"{name:40}" + "".join(f"{f:14.3f}" for f in figures), flush=True)


if __name__ == "__main__":
    main()
