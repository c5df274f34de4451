"""False accusations on the real panel: every innocent reference judged in its turn against every teacher.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/false_accusations.py

The student's whole family leaves the null, so null families and judged families are disjoint. Prints the
share of p_t and rank p at or below .05 and .01 for human-data and first-party models, by teacher.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

from auditor import case as cases
from auditor import compare, measure, weigh
from auditor.config import CompareConfig
from auditor.references import INNOCENT_STRATUM, References

TEACHERS = ("text_davinci_003", "gpt-3.5-turbo-0301", "gpt4", "claude-2", "llama-2-70b-chat-hf", "gemini-pro")


def main() -> None:
    """Print one line a teacher and statistic."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    config = CompareConfig(
        student="panel:alpaca-7b",
        teachers=tuple(f"panel:{t}" for t in TEACHERS),
        panel=str(data / "outputs" / "alpaca_eval.parquet"),
        bootstrap=0,
    )
    case = cases.prepare(config, cases.Silent())
    found = measure.measure(case.panel, case.models, measure.choose(())[0], lambda _: None)
    pooled: dict[str, list[tuple[float, float]]] = {}
    for teacher in TEACHERS:
        by: dict[str, list[tuple[float, float]]] = {}
        null = cases.null_for(case, teacher)
        for name, stratum in zip(null.models, null.strata, strict=True):
            if stratum != INNOCENT_STRATUM:
                continue
            judged = replace(case, student=name)
            scene = compare.scene_of(judged, found, config)
            rest = weigh.with_decoys(
                scene, teacher, without_family(cases.null_for(judged, teacher), judged, name)
            )
            for f in weigh.weigh(scene, teacher, rest):
                if f.p_t is not None and f.p_rank is not None:
                    by.setdefault(f"{f.detector} {f.statistic}", []).append((f.p_t, f.p_rank))
        report(teacher, {"joint score": by["joint score"]})
        for key, values in by.items():
            pooled.setdefault(key, []).extend(values)
    report("all teachers", pooled)


def without_family(null: References, case: cases.Case, student: str) -> References:
    """The null without the student's family."""
    family = case.lineage.row(student).family
    kept = [
        (m, s)
        for m, s in zip(null.models, null.strata, strict=True)
        if not family or case.lineage.row(m).family != family
    ]
    return References(tuple(m for m, _ in kept), tuple(s for _, s in kept), null.excluded)


def report(teacher: str, by: dict[str, list[tuple[float, float]]]) -> None:
    """Print shares with Clopper-Pearson 95 % intervals (rows are not independent: read them as such)."""
    for key, values in by.items():
        p = np.array(values)
        parts = []
        for name, column in (("t", 0), ("rank", 1)):
            for level in (0.05, 0.01):
                n = int((p[:, column] <= level).sum())
                low, high = stats.binomtest(n, len(p)).proportion_ci()
                parts.append(f"{name}<={level}: {n}/{len(p)} [{low:.3f}, {high:.3f}]")
        print(f"{teacher:22} {key:28} {'  '.join(parts)}")


if __name__ == "__main__":
    main()
