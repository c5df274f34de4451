"""The counts of `audit bench` by part: kind of innocent, tuning, teacher, statistic, and what lies between.

Leaves out pairs as a whole (`counts.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from auditor.judged import Judged
from auditor.pairs import Pair
from auditor.rates import Rate, area, auc, rate, tpr
from auditor.relations import PREFERENCE, SFT
from auditor.thresholds import UNUSUAL_AT
from detectors.types import Bool

Part = dict[str, Any]


def by_label(clear: Judged) -> dict[str, Part]:
    """Every kind of innocent: how well students stand out from it, and how often it is accused."""
    found = {}
    for label in sorted({p.label for p in clear.pairs} - {"positive"}):
        mine = clear.where("label", label)
        found[label] = {
            **area(clear.value, clear.families, clear.students, mine),
            "at_moderate_or_above": asdict(_accused(clear, mine)),
        }
    return found


def by_tuning(clear: Judged) -> dict[str, Part]:
    """Documented students by how they were tuned, each group against all innocent pairs.

    "sft" : on answers alone. "preference" : also by preferences or reinforcement, or picked by a reward
    (`relations.tuning_of`). "not stated" : the relation does not say.
    """
    found = {}
    known = {p.tuning for p in clear.pairs if p.positive}
    for tuning in (t for t in (SFT, PREFERENCE, "") if t in known):
        mine = clear.students & clear.where("tuning", tuning)
        thresholds = (clear.value, clear.families, clear.students, clear.controls)
        found[tuning or "not stated"] = {
            "pairs": int(mine.sum()),
            "models": len({p.student for p, m in zip(clear.pairs, mine, strict=True) if m}),
            "families": len(set(clear.families[mine])),
            **area(clear.value, clear.families, mine, clear.controls),
            "tpr_at_fpr01": asdict(tpr(*thresholds, 0.01, of=mine)),
            "tpr_at_fpr05": asdict(tpr(*thresholds, 0.05, of=mine)),
            "at_moderate_or_above": asdict(_accused(clear, mine)),
        }
    return found


def apart(judged: Judged, part: str) -> Part:
    """Pairs that are neither students nor innocents: how often they are accused, in all and by label.

    Labels say ", documented line" where `Pair.documented_line` does. `without_dates` is the same with the
    rule on release dates off; `auc` that of documented students over them. Empty where there are none.
    """
    labels = np.array([_label(p) if p.part == part else "" for p in judged.pairs], dtype=str)
    if not (labels != "").any():
        return {}
    each = {str(label): _apart(judged, labels == label) for label in np.unique(labels[labels != ""])}
    return {**_apart(judged, labels != ""), "by_label": each}


def _label(pair: Pair) -> str:
    return f"{pair.label}, documented line" if pair.documented_line else pair.label


def _apart(judged: Judged, mine: Bool) -> Part:
    return {
        "pairs": int(mine.sum()),
        "families": len(set(judged.families[mine])),
        **area(judged.value, judged.families, judged.students, mine),
        "at_moderate_or_above": asdict(_accused(judged, mine)),
        "without_dates": asdict(rate(judged.accused_without_dates, judged.families, mine)),
        "reasons": tally([r for r, m in zip(judged.reasons, mine, strict=True) if m]),
    }


def by_teacher(clear: Judged) -> dict[str, Part]:
    """For each teacher group: how its own null and the level do on its own pairs."""
    unusual = np.array([p.p_t <= UNUSUAL_AT for p in clear.pairs])
    score = np.array([p.score for p in clear.pairs])
    found = {}
    for group in sorted({p.group for p in clear.pairs}):
        mine = clear.where("group", group)
        students, controls = mine & clear.students, mine & clear.controls
        found[group] = {
            "auc": auc(score[students], score[controls]),
            "false_positives_at_p05": asdict(rate(unusual, clear.families, controls)),
            "true_positives_at_p05": asdict(rate(unusual, clear.families, students)),
            "controls_at_moderate_or_above": asdict(_accused(clear, controls)),
            "students_at_moderate_or_above": asdict(_accused(clear, students)),
        }
    return found


def by_detector(clear: Judged) -> dict[str, Part]:
    """Every statistic alone: separation with and without its null, and its rates at p .05."""
    human = clear.where("label", "negative")
    found = {}
    for key in sorted({k for p in clear.pairs for k in p.contrasts}):
        value = np.array([p.contrasts.get(key, np.nan) for p in clear.pairs])
        null = np.array([p.statistics.get(key, (np.nan, np.nan)) for p in clear.pairs])
        z, p_t = null[:, 0], null[:, 1]
        known = np.isfinite(p_t)
        found[key] = {
            "auc": auc(value[clear.students], value[clear.controls]),
            "auc_human_data": auc(value[clear.students], value[human]),
            "auc_with_null": auc(z[clear.students], z[clear.controls]),
            "false_positives_at_p05": asdict(rate(p_t <= UNUSUAL_AT, clear.families, clear.controls & known)),
            "true_positives_at_p05": asdict(rate(p_t <= UNUSUAL_AT, clear.families, clear.students & known)),
        }
    return found


def tally(reasons: Sequence[str]) -> dict[str, int]:
    """How often each reason was given, in alphabetical order."""
    return dict(sorted(Counter(reasons).items()))


def _accused(judged: Judged, among: Bool) -> Rate:
    return rate(judged.accused, judged.families, among)
