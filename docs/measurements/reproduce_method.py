"""Separation on documented relations: the joint score on the rows of `relations.csv` (docs/method.md).

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/reproduce_method.py

Pooled over all teachers, no null, nothing fitted: AUC and TPR of documented students against human-data,
wrong-teacher and teacher-came-later rows of other providers. Leaves out p-values (`calibration.py`).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from auditor import case as cases
from auditor import measure
from auditor.config import CompareConfig
from auditor.scenes import scene_of
from detectors.combine import contrast_terms, joint_score, scales

POSITIVE, NEGATIVE = "positive", ("negative", "negative-wrong-teacher", "negative-temporal")


def main() -> None:
    """Print one table."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    config = CompareConfig(
        student="panel:alpaca-7b",
        teachers=("panel:text_davinci_003",),
        panel=str(data / "outputs" / "alpaca_eval.parquet"),
        bootstrap=0,
    )
    case = cases.prepare(config, cases.Silent())
    detectors = measure.choose(("wording", "opening"))[0]
    scene = scene_of(case, measure.measure(case.panel, case.models, detectors, lambda _: None), config)
    # A student's own provider is barred row by row; no row of the table is about alpaca-7b's.
    terms = contrast_terms(scene.means, scene.columns, scene.student)
    score = joint_score(terms, scales(terms, np.arange(len(scene.subjects))))
    column = {m: i for i, m in enumerate(case.models)}
    row = {s: i for i, s in enumerate(scene.subjects)}
    with (data / "relations.csv").open(encoding="utf-8") as file:
        relations = [r for r in csv.DictReader(file) if r["source"] == "alpaca_eval"]
    known = [r for r in relations if set(r["teacher_models"].split(";")) & column.keys()]

    def provider(relation: dict[str, str]) -> str:
        return case.lineage.provider(relation["teacher_models"].split(";")[0])

    taught: dict[str, set[str]] = {}
    for r in known:
        if r["label"] == POSITIVE:
            taught.setdefault(r["student_model"], set()).add(provider(r))

    def near_positive(relation: dict[str, str]) -> bool:
        student = relation["student_model"]
        own = case.lineage.provider(student) if student in column else None
        return provider(relation) in taught.get(student, set()) | {own}

    def value(relation: dict[str, str]) -> float:
        columns = [column[m] for m in relation["teacher_models"].split(";") if m in column]
        return float(score[row[relation["student_model"]], columns].max())

    positive = np.array([value(r) for r in known if r["label"] == POSITIVE])
    negative = {
        n: np.array([value(r) for r in known if r["label"] == n and not near_positive(r)]) for n in NEGATIVE
    }
    pooled = np.concatenate(list(negative.values()))
    print(f"{len(positive)} documented students, {len(pooled)} negatives")
    for name, values in {"pooled": pooled, **negative}.items():
        labels = np.repeat((1, 0), (len(positive), len(values)))
        auc = roc_auc_score(labels, np.concatenate((positive, values)))
        print(f"{name:24} n {len(values):4}  AUC {auc:.3f}")
    for rate in (0.01, 0.05):
        print(f"TPR at {rate:.0%} FPR: {(positive > np.quantile(pooled, 1 - rate)).mean():.2f}")


if __name__ == "__main__":
    main()
