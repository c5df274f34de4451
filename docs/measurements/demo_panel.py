"""What `audit compare` says of every student of the demo panel, and of the students of decoys.

Usage: python docs/measurements/demo_panel.py

Prints the two tables of data/demo/README.md: verdicts of the whole pipeline, and z of every statistic
against the references on human text alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from auditor import case as cases
from auditor import compare, measure, weigh
from auditor.config import CompareConfig
from auditor.references import INNOCENT_STRATUM, References
from auditor.scenes import JOINT, keeping, scene_of
from detectors.types import Measurement

DEMO = Path(__file__).parents[2] / "data" / "demo"
TEACHERS = ("northwind-1", "kestrel-1")
FOR_STATISTICS = ("pupil-100", "pupil-50", "pupil-25", "pupil-5", "classmate-1", "neighbour-1", "neighbour-2")


def main() -> None:
    """Print both tables as Markdown."""
    config = CompareConfig(
        student="panel:pupil-100",
        teachers=tuple(f"panel:{t}" for t in TEACHERS),
        panel=str(DEMO / "panel.parquet"),
        lineage=str(DEMO / "lineage.csv"),
        bootstrap=0,
    )
    base = cases.prepare(config, cases.Silent())
    chosen, _ = measure.able(measure.choose(())[0], base.panel)
    measured = measure.measure(base.panel, base.models, chosen, lambda _: None)
    names = [s for s in base.panel.subjects if base.lineage.row(s).role == "student"]
    names += [s for s in base.panel.subjects if s.startswith("apprentice")]
    print("| model | towards northwind-1: z, p | towards kestrel-1: z, p | answer |\n|---|---|---|---|")
    for name in names:
        case = replace(base, student=name)
        verdicts, findings, _, _ = compare.judge(case, measured, config, cases.Silent())
        joint = {f.teacher: f for f in findings if f.detector == JOINT}
        by = {v.teacher: v for v in verdicts}
        cells = [f"{joint[t].z:.1f}, {by[t].p_adjusted:.3f}" for t in TEACHERS]
        answer = [f"{v.teacher} {v.level}" for v in verdicts if v.level != "insufficient"]
        print(f"| {name} | {' | '.join(cells)} | {'; '.join(answer) or 'insufficient'} |")
    _statistics(base, measured, config)


def _statistics(base: cases.Case, measured: list[Measurement], config: CompareConfig) -> None:
    """Print z of every statistic and of the joint score towards northwind-1, innocent references only."""
    print()
    for name in FOR_STATISTICS:
        case = replace(base, student=name)
        scene = scene_of(case, measured, config)
        null = cases.null_for(case, TEACHERS[0])
        innocent = tuple(
            m
            for m, s in zip(null.models, null.strata, strict=True)
            if s == INNOCENT_STRATUM and m not in case.decoys
        )
        scene = keeping(scene, np.isin(case.panel.subjects, innocent))
        found = weigh.p_values(
            scene, TEACHERS[0], References(innocent, (INNOCENT_STRATUM,) * len(innocent), ())
        )
        cells = [f"{result.z:.1f}" for result in found.values() if result and result.z is not None]
        if name == FOR_STATISTICS[0]:
            heads = [f"towards northwind-1, K {len(innocent)}", *(" ".join(key) for key in found)]
            print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
