"""False accusations on the real panel: half of the families are the null, the other half is judged.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/calibration.py

Six random halvings; towards each of six teachers, every model that is an eligible reference of that
teacher is judged as if it were the student, against the references of the other half's families. Models
of human data or first-party origin and students of other teachers ("wrong teacher") are counted apart,
every family with the same weight. Intervals resample families. Leaves out Holm (six
teachers, one at a time) and simulation (tests/detectors/test_hierarchy.py).
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from auditor import case as cases
from auditor import measure, weigh
from auditor.config import CompareConfig
from auditor.references import References
from auditor.scenes import keeping, scene_of
from detectors.types import Measurement

TEACHERS = ("text_davinci_003", "gpt-3.5-turbo-0301", "gpt4", "claude-2", "llama-2-70b-chat-hf", "gemini-pro")
HALVINGS = 6
LEVELS = (0.05, 0.01)
P_VALUES = ("predictive t", "rank")
# (stratum, statistic) -> family -> p-values (predictive t, rank) of its models, all halvings.
Found = dict[tuple[str, str], dict[str, list[tuple[float, float]]]]


def main() -> None:
    """Print a table a stratum."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    config = CompareConfig(
        student="panel:alpaca-7b",
        teachers=tuple(f"panel:{t}" for t in TEACHERS),
        panel=str(data / "outputs" / "alpaca_eval.parquet"),
        bootstrap=0,
    )
    base = cases.prepare(config, cases.Silent())
    chosen, _ = measure.able(measure.choose(())[0], base.panel)
    measured = measure.measure(base.panel, base.models, chosen, lambda _: None)
    by_teacher, pooled = _judge_all(base, measured, config)
    print(f"{'':24}{'':16}{'models':>7}{'families':>9}" + "".join(f"{h:>26}" for h in _headings()))
    for teacher, found in by_teacher.items():
        _print(teacher, {k: v for k, v in found.items() if k[1] == "joint score"})
    _print("all teachers", pooled)


def _judge_all(
    base: cases.Case, measured: list[Measurement], config: CompareConfig
) -> tuple[dict[str, Found], Found]:
    families = {s: base.lineage.row(s).family or s for s in base.panel.subjects}
    names = sorted(set(families.values()))
    rng = np.random.default_rng(0)
    halvings = [dict(zip(names, rng.permutation(len(names)) % 2, strict=True)) for _ in range(HALVINGS)]
    by_teacher: dict[str, Found] = {t: defaultdict(lambda: defaultdict(list)) for t in TEACHERS}
    pooled: Found = defaultdict(lambda: defaultdict(list))
    nulls = {t: cases.null_for(base, t) for t in TEACHERS}
    for student in sorted({m for null in nulls.values() for m in null.models}):
        judged = replace(base, student=student)
        scene = scene_of(judged, measured, config)
        for teacher in TEACHERS:
            if student not in nulls[teacher].models:
                continue
            stratum = dict(zip(nulls[teacher].models, nulls[teacher].strata, strict=True))[student]
            eligible = weigh.with_decoys(scene, teacher, cases.null_for(judged, teacher))
            for half in halvings:
                mine = half[families[student]]
                kept = [
                    (m, s)
                    for m, s in zip(eligible.models, eligible.strata, strict=True)
                    if half[families[m]] != mine
                ]
                null = References(tuple(m for m, _ in kept), tuple(s for _, s in kept), ())
                other = keeping(scene, np.array([half[families[s]] != mine for s in scene.subjects]))
                for (detector, statistic), result in weigh.p_values(other, teacher, null).items():
                    if result is not None and result.p_t is not None:
                        key, pair = (stratum, f"{detector} {statistic}"), (result.p_t, result.p_rank)
                        by_teacher[teacher][key][families[student]].append(pair)
                        pooled[key][families[student]].append(pair)
    return by_teacher, pooled


def _headings() -> list[str]:
    return [f"{name} <= {level}" for name in P_VALUES for level in LEVELS]


def _print(title: str, found: Found) -> None:
    """One line a statistic: mean over families of the share at or below each level, 95 % interval."""
    rng = np.random.default_rng(0)
    for (stratum, statistic), families in sorted(found.items()):
        cells = []
        for column in range(len(P_VALUES)):
            for level in LEVELS:
                shares = np.array([(np.array(p)[:, column] <= level).mean() for p in families.values()])
                again = shares[rng.integers(len(shares), size=(2000, len(shares)))].mean(axis=1)
                low, high = np.quantile(again, (0.025, 0.975))
                cells.append(f"{shares.mean():.3f} [{low:.3f}, {high:.3f}]")
        rows = sum(len(p) for p in families.values()) // HALVINGS
        label = f"{title:20} {stratum:14}{statistic:28}"
        print(f"{label}{rows:5}{len(families):5}" + "".join(f"{c:>24}" for c in cells), flush=True)


if __name__ == "__main__":
    main()
