"""`membership` on a zoo: whether a model was trained on these 48 served answers of a teacher.

Usage: python docs/measurements/zoo_membership.py ZOO [ZOO ...]   (no torch; 6 min on a busy machine)

The suspect set are the first 48 answers of a teacher's log 1, which its students of 5 % and more have all
seen, the held-out set the first 48 of log 2. References are the "null" fold. Leaves out larger models.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from auditor import rates
from detectors.membership import Membership
from detectors.scores import Scores, TextId
from detectors.types import ExactTest

TEACHERS = ("TA", "TB", "TC", "TA2")
HALF = 48
SEEN = "seen: "
Row = dict[str, str]


def main() -> None:
    """Test every judged model against every teacher's log, and print z and p by kind."""
    z: dict[str, list[float]] = defaultdict(list)
    p: dict[str, list[float]] = defaultdict(list)
    skipped = 0
    for zoo in map(Path, sys.argv[1:]):
        with (zoo / "relations.csv").open(encoding="utf-8") as file:
            rows = {row["model"]: row for row in csv.DictReader(file)}
        scores = scores_of(zoo)
        null = [m for m, row in rows.items() if row["fold"] == "null"]
        for teacher in TEACHERS:
            texts = [t for t in scores[teacher].texts if t.text_of == teacher]
            suspect, held_out = texts[:HALF], texts[HALF:]
            for model in (m for m, row in rows.items() if row["fold"] == "judged" and row["start"]):
                needed = [scores[m] for m in (model, teacher, *null)]
                found = Membership().test(needed, model, teacher, null, suspect, held_out)
                if not isinstance(found, ExactTest):
                    skipped += 1
                    continue
                z[kind_of(rows[model], teacher)].append(found.params["z"])
                p[kind_of(rows[model], teacher)].append(found.p)
    report(z, p, skipped)


def scores_of(zoo: Path) -> dict[str, Scores]:
    """What every model gave to the logs; texts numbered, for two logs share prompts with nobody."""
    found = np.load(zoo / "logs.npz")
    texts = tuple(TextId(str(who), f"{number}") for number, who in enumerate(found["text_of"].tolist()))
    return {
        scorer: Scores(
            scorer, texts, found["starts"].astype(np.int64), found["ends"].astype(np.int64), logprobs
        )
        for scorer, logprobs in zip(
            found["scorer"].tolist(), found["logprobs"].astype(np.float32), strict=True
        )
    }


def kind_of(row: Row, teacher: str) -> str:
    """What a model has to do with the log."""
    if row["teacher"] == teacher and row["relation"] == "student":
        return f"{SEEN}student {int(row['share']):3} %"
    if row["teacher"] == teacher and row["relation"] == "soft student":
        return f"{SEEN}soft student"
    mine = row["teacher"] == teacher or {row["teacher"], teacher} == {"TA", "TA2"}
    return f"unseen: {row['relation']}{' of T or its sibling' if mine else ''}"


def report(z: dict[str, list[float]], p: dict[str, list[float]], skipped: int) -> None:
    """The table, and how many of the unseen are above 2.33 or at .05."""
    unseen = np.array([v for kind, found in z.items() if not kind.startswith(SEEN) for v in found])
    p_unseen = np.array([v for kind, found in p.items() if not kind.startswith(SEEN) for v in found])
    print("| model and log | n | z: least, median, most | AUC: unseen | above all unseen | p at most .01 |")
    print("|---|---|---|---|---|---|")
    for kind in sorted(z):
        values, ps = np.array(z[kind]), np.array(p[kind])
        spread = f"{values.min():.1f}, {np.median(values):.1f}, {values.max():.1f}"
        area = f"{rates.auc(values, unseen) or 0:.3f}" if kind.startswith(SEEN) else ""
        above = f"{(values > unseen.max()).mean():.2f}" if kind.startswith(SEEN) else ""
        print(f"| {kind} | {len(values)} | {spread} | {area} | {above} | {(ps <= 0.01).mean():.3f} |")
    print(
        f"\nunseen: {len(unseen)} pairs, z above 2.33 in {(unseen > 2.33).sum()}, p at most .05 in "
        f"{(p_unseen <= 0.05).mean():.3f}, at most .01 in {(p_unseen <= 0.01).mean():.3f}; {skipped} refused"
    )


if __name__ == "__main__":
    main()
