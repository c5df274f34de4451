"""Which shingles suit answers of models, and whether `minhash` helps the joint score, families held out.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/minhash_settings.py

Settings are measured on `PROBES` random probes of the real panel, the joint score on all of them. Printed per
setting: the separation of the bare contrast, then with the null of each teacher, families held out, and the
shares of innocents and students at p .05; then what choosing a setting on half of the families gives on the
other half, and the joint score with a statistic as a fifth term. Leaves out speed (`minhash/`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from ablation import DETECTORS, chosen_by_half, separation

from auditor import measure, pairs, rates, relations, thresholds
from auditor.case import Case
from auditor.readers import ReadOptions
from auditor.references import STRATA
from auditor.scenes import Scene, best, contrasts, spread
from detectors.combine import PLAIN, joint_score, scales
from detectors.hierarchy import fit
from detectors.minhash.detector import MinHashOverlap
from detectors.null import length_matched_contrast
from detectors.types import Float64, PanelView

PROBES = 200
SETTINGS = (
    *(MinHashOverlap(n=n) for n in (1, 2, 3, 4, 5)),
    *(MinHashOverlap(shingle="characters", n=n) for n in (5, 8, 12, 20)),
    MinHashOverlap(k=32),
    MinHashOverlap(k=512),
)
Found = dict[str, Float64]


@dataclass(frozen=True)
class Bench:
    """Pairs of known history and the scene of each student, its family held out."""

    pairs: Sequence[pairs.Pair]
    scenes: dict[str, Scene]

    def values(self, means: Float64) -> tuple[Float64, Float64, Float64]:
        """(n_pairs,) contrast, z and predictive p of one statistic from its (n_subjects, n_columns) means."""
        by_decoys: dict[int, Float64] = {}
        found = np.full((3, len(self.pairs)), np.nan)
        for i, pair in enumerate(self.pairs):
            scene = self.scenes[pair.student]
            if id(scene.scores) not in by_decoys:
                scores = best(scene, contrasts(means, scene.columns, scene.student))
                by_decoys[id(scene.scores)] = scores / spread(scores)
            scores, column = by_decoys[id(scene.scores)], scene.group_of(pair.teacher)
            strata = scene.strata.copy()
            strata[scene.student] = -1
            null = fit(scores, strata, scene.families, len(STRATA))
            there = null.models.sum(axis=1) > 0
            row = scores[scene.student]
            found[:, i] = row[column], null.z(row)[there, column].min(), null.p_value(row)[column]
        return found[0], found[1], found[2]

    def joint(self, fifth: Float64 | None) -> Float64:
        """(n_pairs,) joint score, with a statistic as a fifth term of equal weight where one is given."""
        by_decoys: dict[int, Float64] = {}
        found = np.full(len(self.pairs), np.nan)
        for i, pair in enumerate(self.pairs):
            scene = self.scenes[pair.student]
            if id(scene.scores) not in by_decoys:
                score = joint_score(scene.terms, scales(scene.terms, np.arange(len(scene.subjects))))
                by_decoys[id(scene.scores)] = best(scene, score + _term(scene, fifth))
            found[i] = by_decoys[id(scene.scores)][scene.student, scene.group_of(pair.teacher)]
        return found


def _term(scene: Scene, means: Float64 | None) -> Float64 | float:
    """Both contrasts of a statistic as the channels of the joint score have them."""
    if means is None:
        return 0.0
    columns, every = scene.columns, range(means.shape[1])
    masks = [columns.decoys_for(t, scene.student) for t in every]
    plain = contrasts(means, columns, scene.student)
    matched = np.stack([length_matched_contrast(means, masks[t], t, columns.length) for t in every], axis=1)
    both = PLAIN * plain / spread(plain) + matched / spread(matched)
    return both / spread(both)


def main() -> None:
    """Print one line a setting and statistic."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    panel = data / "outputs" / "alpaca_eval.parquet"
    known = relations.read(data / "relations.csv", panel.stem)
    case = pairs.open_case(panel, None, known, ReadOptions())
    measured = measure.measure(case.panel, case.models, measure.choose(DETECTORS)[0], lambda _: None)
    clear = [p for p in pairs.measured_pairs(case, measured, known) if p.counted]
    like: dict[str, Scene] = {}
    scenes = {s: pairs.held_out(case, measured, s, like)[1] for s in dict.fromkeys(p.student for p in clear)}
    bench = Bench(clear, scenes)
    head = ("AUC", "human data", "TPR 1 %", "TPR 5 %", "z: AUC", "innocents", "students")
    print(f"{'':44}" + "".join(f"{h:>12}" for h in head))
    part = _part(case)
    found: dict[str, Found] = {}
    for setting in SETTINGS:
        for statistic, means in _means(setting, case, part).items():
            name = f"{setting.shingle} {setting.n}, k {setting.k}"
            value, z, p = bench.values(means)
            found.setdefault(statistic, {})[name] = value
            report(f"{statistic}, {name}", value, z, p, clear)
    for statistic, values in found.items():
        print(f"\n{statistic}: AUC, TPR at 1 % and 5 %; chosen on half of the families, judged on the other")
        default = f"{MinHashOverlap.shingle} {MinHashOverlap.n}, k {MinHashOverlap.k}"
        chosen_by_half({"all": values[default], **values}, clear)
    print("\njoint score (AUC, human data, TPR 1 %, TPR 5 %), all probes; then on halves of the families")
    whole = _means(MinHashOverlap(), case, case.view)
    joint = {"all": bench.joint(None), **{f"with {s}": bench.joint(m) for s, m in whole.items()}}
    for name, score in joint.items():
        auc, *tpr = separation(score, clear)
        print(f"{name:44}" + "".join(f"{f:12.3f}" for f in (auc, _human(score, clear), *tpr)))
    chosen_by_half(joint, clear)


def _part(case: Case) -> PanelView:
    """The panel's view of some probes, drawn at random."""
    view, n = case.view, len(case.panel.subjects)
    probes = np.sort(np.random.default_rng(0).choice(len(view.probes), PROBES, replace=False))
    rows = (probes[:, None] * n + np.arange(n)).ravel()
    return replace(
        view, probes=tuple(view.probes[p] for p in probes), texts=view.texts.take(pa.array(rows)), samples=()
    )


def _means(detector: MinHashOverlap, case: Case, view: PanelView) -> Found:
    """(n_subjects, n_columns) mean over probes of every statistic."""
    place = {s: i for i, s in enumerate(view.subjects)}
    measured = detector.measure(view, tuple(place[m] for m in case.models))
    return {m.statistic: np.nanmean(m.values, axis=2, dtype=np.float64) for m in measured}


def _human(score: Float64, clear: Sequence[pairs.Pair]) -> float:
    positive, label = (np.array([getattr(p, name) for p in clear]) for name in ("positive", "label"))
    return float(rates.auc(score[positive], score[label == "negative"]))


def report(name: str, value: Float64, z: Float64, p: Float64, clear: Sequence[pairs.Pair]) -> None:
    """One line of the table."""
    positive = np.array([pair.positive for pair in clear])
    auc, tpr01, tpr05 = separation(value, clear)
    unusual = p <= thresholds.UNUSUAL_AT
    figures = (auc, _human(value, clear), tpr01, tpr05, rates.auc(z[positive], z[~positive]))
    shares = (unusual[~positive].mean(), unusual[positive].mean())
    print(f"{name:44}" + "".join(f"{f:12.3f}" for f in (*figures, *shares)), flush=True)


if __name__ == "__main__":
    main()
