"""A first look at a zoo, computed naively, to see that it separates students from innocents.

    python data/zoo/first_table.py ZOO [ZOO ...]

`lift`: mean log p_S - log p_base on the teacher's answers, minus the same on the other teachers' (sibling
left out), with S's own base. `corr`: correlation over tokens of log p_S - log p_base with that of T,
minus the mean of the same for the other teachers. AUC and the share above all innocents are pooled over
teachers, in units of the null models' spread towards each. Leaves out everything a verdict needs.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

TEACHERS = ("TA", "TB", "TC")
Row = dict[str, str]


class Zoo:
    """Relations and log-probabilities of one world."""

    def __init__(self, folder: Path) -> None:
        with (folder / "relations.csv").open(encoding="utf-8") as file:
            self.rows: dict[str, Row] = {row["model"]: row for row in csv.DictReader(file)}
        found = np.load(folder / "answers.npz")
        self.scores = dict(zip(found["scorer"].tolist(), found["logprobs"].astype(np.float64), strict=True))
        self.text_of = np.repeat(found["text_of"], np.diff(found["starts"]))

    def base(self, model: str) -> str:
        """The base that a model was tuned from, by way of a teacher's weights B."""
        start = self.rows[model]["start"]
        return start if start in ("B", "B2") else "B"

    def lift(self, model: str, teacher: str) -> float:
        """Mean log-probability gained on one teacher's answers, in nats a token."""
        at = self.text_of == teacher
        return float((self.scores[model] - self.scores[self.base(model)])[at].mean())

    def corr(self, model: str, teacher: str) -> float:
        """How the gain follows the teacher's own over the tokens of its answers."""
        at, base = self.text_of == teacher, self.scores[self.base(model)]
        return float(np.corrcoef((self.scores[model] - base)[at], (self.scores[teacher] - base)[at])[0, 1])

    def contrasts(self, statistic: str, teacher: str) -> dict[str, float]:
        """Z of every tuned model towards one teacher, in units of the null models."""
        value = getattr(self, statistic)
        others = [other for other in TEACHERS if other != teacher]
        tuned = [m for m, row in self.rows.items() if row["start"]]
        raw = {m: value(m, teacher) - float(np.mean([value(m, other) for other in others])) for m in tuned}
        null = np.array([raw[m] for m in tuned if self.rows[m]["fold"] == "null"])
        return {m: float((x - null.mean()) / null.std(ddof=1)) for m, x in raw.items()}


def group_of(row: Row, teacher: str, family: str) -> str:
    """What a model is to a teacher whose book is of this family, as the table names it; "" = not in it."""
    mine = row["teacher"] in (teacher, "TA2" if teacher == "TA" else teacher)
    if row["fold"] == "null":
        return "null"
    if row["relation"] == "student" and row["teacher"] == teacher:
        return f"student {row['share']} %" + (" on B2" if row["start"] == "B2" else "")
    if row["relation"] in ("student", "soft student") and not mine:
        return "innocent: student of another teacher"
    if row["relation"] == "innocent":
        books = "related books" if row["family"] == family else "other books"
        return f"innocent: {books}" + (", on B2" if row["start"] == "B2" else "")
    if not mine:
        return "innocent: another teacher's corpus" if "corpus" in row["relation"] else ""
    return {"student": "student of the sibling", "soft student": "soft student"}.get(
        row["relation"], row["relation"]
    )


def pooled(zoos: list[Zoo], statistic: str) -> dict[str, list[float]]:
    """Z by group, over worlds and teachers."""
    groups: dict[str, list[float]] = {}
    for zoo in zoos:
        for teacher in TEACHERS:
            for model, z in zoo.contrasts(statistic, teacher).items():
                groups.setdefault(group_of(zoo.rows[model], teacher, zoo.rows[teacher]["family"]), []).append(
                    z
                )
    return groups


def auc(high: list[float], low: list[float]) -> float:
    """P(high > low), ties half."""
    a, b = np.array(high)[:, None], np.array(low)[None, :]
    return float(((a > b) + 0.5 * (a == b)).mean())


def main() -> None:
    """Print both tables."""
    zoos = [Zoo(Path(folder)) for folder in sys.argv[1:]]
    for statistic in ("lift", "corr"):
        groups = pooled(zoos, statistic)
        innocents = [z for name, found in groups.items() if name.startswith("innocent") for z in found]
        hard = innocents + groups["same corpus"] + groups["part of the corpus"]
        print(
            f"\n{statistic}: {len(groups['null'])} null, {len(innocents)} innocents, {len(hard)} with hard\n"
        )
        print("| group | n | z: least, median, most | AUC: null | innocents | with hard | above all |")
        print("|---|---|---|---|---|---|---|")
        for name, z in sorted(groups.items()):
            if name:
                spread = f"{min(z):.1f}, {np.median(z):.1f}, {max(z):.1f}"
                areas = " | ".join(f"{auc(z, low):.3f}" for low in (groups["null"], innocents, hard))
                print(f"| {name} | {len(z)} | {spread} | {areas} | {np.mean(np.array(z) > max(hard)):.2f} |")


if __name__ == "__main__":
    main()
