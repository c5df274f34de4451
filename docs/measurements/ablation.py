"""What each part of the joint score is worth: the score again with one part left out, families held out.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/ablation.py

Parts are the four terms (first tokens, first sentence, wording, opening log-odds) and the two contrasts
(plain, length-matched). Printed are the separation of the bare score, that of its z by the null of each
teacher, and the shares of innocents and students at p .05. Leaves out detectors that are no part of the
score: `audit bench`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auditor import bench, measure, pairs, relations, verdict, weigh
from auditor.readers import ReadOptions
from auditor.references import STRATA
from detectors.combine import CHANNELS, Terms
from detectors.hierarchy import fit
from detectors.types import Float64

DETECTORS = ("wording", "opening")


@dataclass(frozen=True)
class Variant:
    """Which parts stay."""

    name: str
    channels: tuple[int, ...] = (0, 1, 2)
    log_odds: bool = True
    plain: bool = True
    matched: bool = True

    def score(self, terms: Terms) -> Float64:
        """(n_subjects, n_columns) sum of the parts that stay, each in units of its own spread."""
        total = np.zeros_like(terms.log_odds)
        for c in self.channels:
            parts = [terms.plain[c]] * self.plain + [terms.matched[c]] * self.matched
            both = np.sum([p / weigh.spread(p) for p in parts], axis=0)
            total += both / weigh.spread(both)
        if self.log_odds:
            total += terms.log_odds / weigh.spread(terms.log_odds)
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
    Variant("without the length-matched contrast", matched=False),
    Variant("without the plain contrast", plain=False),
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
    print(f"{'':40}" + "".join(f"{h:>14}" for h in head))
    like: dict[str, weigh.Scene] = {}
    scenes = {p.student: pairs.held_out(case, measured, p.student, like)[1] for p in clear}
    for variant in VARIANTS:
        by_decoys: dict[int, Float64] = {}
        score, z, p_t = (np.full(len(clear), np.nan) for _ in range(3))
        for i, pair in enumerate(clear):
            scene = scenes[pair.student]
            key = id(scene.terms)
            if key not in by_decoys:
                found = weigh.best(scene, variant.score(scene.terms))
                by_decoys[key] = found / weigh.spread(found)
            scores, column = by_decoys[key], scene.group_of(pair.teacher)
            strata = scene.strata.copy()
            strata[scene.student] = -1
            null = fit(scores, strata, scene.families, len(STRATA))
            there = null.models.sum(axis=1) > 0
            score[i] = scores[scene.student, column]
            z[i] = null.z(scores[scene.student])[there, column].min()
            p_t[i] = null.p_value(scores[scene.student])[column]
        report(variant.name, score, z, p_t, clear)


def report(name: str, score: Float64, z: Float64, p_t: Float64, clear: list[pairs.Pair]) -> None:
    """One line of the table."""
    positive = np.array([p.positive for p in clear])
    label = np.array([p.label for p in clear])
    cut = [np.quantile(score[~positive], 1 - fpr) for fpr in (0.01, 0.05)]
    unusual = p_t <= verdict.UNUSUAL_AT
    figures = (
        bench.auc(score[positive], score[~positive]),
        bench.auc(score[positive], score[label == "negative"]),
        bench.auc(score[positive], score[label == "negative-wrong-teacher"]),
        *((score[positive] > c).mean() for c in cut),
        bench.auc(z[positive], z[~positive]),
        unusual[~positive].mean(),
        unusual[positive].mean(),
    )
    print(f"{name:40}" + "".join(f"{f:14.3f}" for f in figures), flush=True)


if __name__ == "__main__":
    main()
