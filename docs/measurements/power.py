"""Whether the power that a report states is the share of documented students that are found.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/power.py

For every documented pair of the real panel, its family no part of null and calibration: the score that
moderate takes, the share of other families' students that reach it (what the report would say), and whether
this student does. Printed by teacher, pairs weighted equally. Also checks that the rules of a verdict accuse
exactly from that score on. Leaves out intervals: pairs of one teacher share families.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from auditor import calibration as calibrations
from auditor import calibration_file, measure, pairs, power, relations, thresholds, weigh
from auditor import case as cases
from auditor.readers import ReadOptions
from auditor.scenes import SCORE, Scene

# (found, stated power, rule that sets the score)
Row = tuple[bool, float, str]


def main() -> None:
    """Print a row a teacher."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    known = relations.read(data / "relations.csv", "alpaca_eval")
    case = pairs.open_case(data / "outputs" / "alpaca_eval.parquet", None, known, ReadOptions())
    chosen = measure.choose(("wording", "opening"))[0]
    measured = measure.measure(case.panel, case.models, chosen, lambda _: None)
    positive = [r for r in relations.present(known, case.panel.subjects) if r.label == relations.POSITIVE]
    shipped, like = calibration_file.read(), {}
    rows: dict[str, list[Row]] = defaultdict(list)
    for student in dict.fromkeys(r.student for r in positive):
        judged, scene = pairs.held_out(case, measured, student, like)
        rest = shipped.without([case.lineage.row(student).family])
        for r in positive:
            if r.student == student:
                rows[case.lineage.group(r.teachers[0])].append(_row(judged, scene, r.teachers[0], rest))
    print(f"{'teacher':24}{'pairs':>6}{'found':>7}{'stated':>8}  set by")
    for teacher, found in (*sorted(rows.items()), ("all", [row for part in rows.values() for row in part])):
        hit, stated = np.mean([row[0] for row in found]), np.mean([row[1] for row in found])
        rules = ", ".join(f"{rule} {n}" for rule, n in Counter(row[2] for row in found).most_common())
        print(f"{teacher:24}{len(found):6}{hit:7.2f}{stated:8.2f}  {rules}")


def _row(case: cases.Case, scene: Scene, teacher: str, known: calibrations.Calibration) -> Row:
    null = weigh.with_decoys(scene, teacher, cases.null_for(case, teacher))
    others = scene.families != scene.families[scene.student]
    null = weigh.only(null, {s for s, other in zip(scene.subjects, others, strict=True) if other})
    stated = power.power_of(scene, teacher, null, known)
    found = weigh.significance(scene, scene.scores[SCORE], teacher, null)
    assert stated is not None and found is not None and found.p_t is not None
    score = float(scene.scores[SCORE][scene.student, scene.group_of(teacher)])
    log10_lr = float(calibrations.fit(known).log10_lr(np.array(score)))
    accused = (
        found.p_t <= thresholds.UNUSUAL_AT
        and found.p_rank <= thresholds.RANK_FORBIDS_ABOVE
        and log10_lr >= dict(thresholds.LADDER)["moderate"]
    )
    assert accused == (score >= stated.moderate.score), (case.student, teacher)
    return accused, stated.moderate.share, stated.moderate.rule


if __name__ == "__main__":
    main()
