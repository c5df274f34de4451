"""What `audit compare` says about a zoo of known history: by answers, log-probabilities and weights.

Usage: python docs/measurements/zoo.py ZOO [ZOO ...]
(no torch; a zoo is made by make_zoo.py, answer_probes.py and as_panel.py of data/zoo)

Every judged model is asked about towards every teacher; references are the models of the "null" fold, whose
books share no family with a judged model's. Leaves out training (`data/zoo`) and larger models.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auditor import case as cases
from auditor import common_weights, likelihood, measure, on_scores, rates, weight_tests
from auditor import lineage as lineages
from auditor.case import Case
from auditor.checkpoints import Weights
from auditor.compare import judge
from auditor.config import CompareConfig
from auditor.report import Verdict
from auditor.thresholds import ACCUSING
from auditor.weights import opened
from detectors.types import Measurement

TEACHERS, BASES = ("TA", "TB", "TC", "TA2"), ("B", "B2")
# Two models of each teacher's corpus, each measured with the other as a control. TA2 read the book of TA.
CORPUS_OF = {"TA": "TA", "TB": "TB", "TC": "TC", "TA2": "TA"}
CONTROLS = tuple(
    f"{t}={model}" for t, c in CORPUS_OF.items() for model in (f"control-{c}", f"same-corpus-{c}-1")
)
STATISTICS = (
    ("contrast", "answers"),
    ("contrast", "neutral"),
    ("lift", "correlation"),
    ("lift", "lift"),
    ("lift", "weighted"),
)
MODERATE = ACCUSING[1:]
Row = dict[str, str]


@dataclass(frozen=True)
class Judged:
    """One model towards one teacher: what it is to it, z and p by statistic, and both verdicts."""

    world: str
    model: str
    teacher: str
    kind: str
    z: dict[tuple[str, str], float]
    p: dict[tuple[str, str], float]
    answers: Verdict
    scores: Verdict | None


def main() -> None:
    """Judge every zoo, and print the tables."""
    found = [j for folder in sys.argv[1:] for j in judged(Path(folder))]
    separation(found)
    levels(found)
    attribution(found)
    uniformity(found)
    weights([Path(folder) for folder in sys.argv[1:]])


def rows_of(zoo: Path) -> dict[str, Row]:
    """The zoo's recipes by model."""
    with (zoo / "relations.csv").open(encoding="utf-8") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


def judged(zoo: Path) -> Iterator[Judged]:
    """Every judged model of a zoo towards every teacher."""
    rows = rows_of(zoo)
    taken = {control.partition("=")[2] for control in CONTROLS}
    mine = [m for m, row in rows.items() if row["fold"] == "judged" and row["start"] and m not in taken]
    config = CompareConfig(
        student=f"panel:{mine[0]}",
        teachers=tuple(f"panel:{t}" for t in TEACHERS),
        panel=str(zoo / "answers-of-all.jsonl"),
        lineage=str(zoo / "lineage.csv"),
        calibration="none",
        scores=(str(zoo / "scores"),),
        same_data=CONTROLS,
        bootstrap=0,
    )
    case = cases.prepare(config, cases.Silent())
    chosen, _ = measure.able(measure.choose(("wording", "opening"))[0], case.panel)
    measured = measure.measure(case.panel, case.models, chosen, lambda _: None)
    measured += likelihood.measure(case, config, likelihood.view(case, config))[0]
    for student in mine:
        yield from _judged(replace(case, student=student), measured, replace(config, student=student), rows)


def _judged(
    case: Case, measured: list[Measurement], config: CompareConfig, rows: dict[str, Row]
) -> Iterator[Judged]:
    found = judge(case, measured, config, cases.Silent())
    answers = {v.teacher: v for v in found.verdicts}
    scores = {v.teacher: v for v in found.on_scores}
    world = Path(config.panel or "").parent.name
    for teacher in TEACHERS:
        findings = {(f.detector, f.statistic): f for f in found.findings if f.teacher == teacher}
        yield Judged(
            *(world, case.student, teacher, kind_of(rows[case.student], teacher)),
            {k: f.z for k, f in findings.items() if f.z is not None},
            {k: f.p_t for k, f in findings.items() if f.p_t is not None},
            *(answers[teacher], scores.get(teacher)),
        )


def kind_of(row: Row, teacher: str) -> str:
    """What a model is to a teacher."""
    corpus_of = "TA" if teacher == "TA2" else teacher
    if row["relation"] == "student" and row["teacher"] == teacher:
        return f"student {int(row['share'])} %" + (" on the other base" if row["start"] == "B2" else "")
    if row["relation"] in ("same corpus", "part of the corpus") and row["teacher"] == corpus_of:
        return f"innocent: {row['relation']}"
    if row["relation"] == "innocent":
        return "innocent: other books" + (", other base" if row["start"] == "B2" else "")
    if row["teacher"] == teacher:
        return row["relation"]
    if {row["teacher"], teacher} == {"TA", "TA2"}:
        return f"{row['relation']} of the sibling"
    return (
        "innocent: of another teacher" if row["relation"] in ("student", "soft student") else "kin of another"
    )


def separation(found: Sequence[Judged]) -> None:
    """AUC and the share above all innocents, by statistic."""
    for key in STATISTICS:
        by_kind: dict[str, list[float]] = defaultdict(list)
        for j in found:
            if key in j.z:
                by_kind[j.kind].append(j.z[key])
        plain = np.array([z for k, v in by_kind.items() if k.startswith("innocent: o") for z in v])
        hard = np.array([z for k, v in by_kind.items() if k.startswith("innocent") for z in v])
        print(f"\n{' '.join(key)}: {len(plain)} innocents, {len(hard)} with same corpus\n")
        print("| kind | n | z: least, median, most | AUC: innocents | with same corpus | above all |")
        print("|---|---|---|---|---|---|")
        for kind, z in sorted(by_kind.items()):
            values = np.array(z)
            spread = f"{values.min():.1f}, {np.median(values):.1f}, {values.max():.1f}"
            areas = " | ".join(f"{rates.auc(values, low) or 0:.3f}" for low in (plain, hard))
            print(f"| {kind} | {len(z)} | {spread} | {areas} | {np.mean(values > hard.max()):.2f} |")


def levels(found: Sequence[Judged]) -> None:
    """How many of each kind are given which level, by answers and by log-probabilities."""
    print(
        "\n| kind | n | answers: weak | moderate | log-probabilities: weak | moderate |"
        "\n|---|---|---|---|---|---|"
    )
    by_kind: dict[str, list[Judged]] = defaultdict(list)
    for j in found:
        by_kind[j.kind].append(j)
    for kind, rows in sorted(by_kind.items()):
        verdicts = ([j.answers for j in rows], [j.scores for j in rows if j.scores])
        cells = [
            str(sum(v.level in wanted for v in given))
            for given in verdicts
            for wanted in (("weak",), MODERATE)
        ]
        print(f"| {kind} | {len(rows)} | {' | '.join(cells)} |")
    innocent = [j for j in found if j.kind.startswith("innocent")]
    families = np.array([f"{j.world} {j.model}" for j in innocent])
    for by, given in (
        ("answers", [j.answers for j in innocent]),
        (on_scores.BY, [j.scores for j in innocent]),
    ):
        accused = np.array([v is not None and v.level in MODERATE for v in given])
        print(f"\ninnocents at moderate or above by {by}: {rates.rate(accused, families, accused | True)}")


def attribution(found: Sequence[Judged]) -> None:
    """How often the right one of two siblings, and of all teachers, has the larger statistic."""
    print("\n| statistic | right of the two siblings | right of all |\n|---|---|---|")
    for key in STATISTICS:
        by_model: dict[tuple[str, str], dict[str, Judged]] = defaultdict(dict)
        for j in found:
            by_model[j.world, j.model][j.teacher] = j
        right = defaultdict(list)
        for of in by_model.values():
            true = next(
                (t for t, j in of.items() if j.kind.startswith("student") and "sibling" not in j.kind), None
            )
            if true is None or any(key not in j.z for j in of.values()):
                continue
            z = {t: j.z[key] for t, j in of.items()}
            right["all"].append(max(z, key=z.__getitem__) == true)
            if true in ("TA", "TA2"):
                right["siblings"].append((z["TA"] > z["TA2"]) == (true == "TA"))
        cells = [f"{sum(right[k])} of {len(right[k])}" for k in ("siblings", "all")]
        print(f"| {' '.join(key)} | {' | '.join(cells)} |")


def uniformity(found: Sequence[Judged]) -> None:
    """Predictive p of innocents at or below .05 and .01."""
    print("\n| statistic | kind | n | p at most .05 | .01 |\n|---|---|---|---|---|")
    for key in STATISTICS:
        by_kind: dict[str, list[float]] = defaultdict(list)
        for j in found:
            if j.kind.startswith("innocent") and key in j.p:
                by_kind[j.kind].append(j.p[key])
        for kind, p in sorted(by_kind.items()):
            values = np.array(p)
            print(
                f"| {' '.join(key)} | {kind} | {len(p)} | {(values <= 0.05).mean():.3f} | "
                f"{(values <= 0.01).mean():.3f} |"
            )


def weights(zoos: Sequence[Path]) -> None:
    """Proposition and level that weights give, by kind; both bases are among what is compared."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for zoo in zoos:
        rows = rows_of(zoo)
        lineage = lineages.read(zoo / "lineage.csv")
        known = {m: opened(zoo / "models" / m) for m in (*TEACHERS, *BASES)}
        for model in (m for m, row in rows.items() if row["fold"] == "judged" and row["start"]):
            compared = weight_tests.compare(
                Weights(model, TEACHERS, BASES, known | {model: opened(zoo / "models" / model)}),
                seed=0,
                advance=lambda: None,
            )
            for teacher, relation in common_weights.relations(compared, lineage).items():
                said = relation.proposition if relation.level in ACCUSING else relation.reason
                found[kind_of(rows[model], teacher)][f"{said} {relation.level}"] += 1
    print("\n| kind | by weights |\n|---|---|")
    for kind, said in sorted(found.items()):
        print(f"| {kind} | {', '.join(f'{what} {n}' for what, n in said.most_common())} |")


if __name__ == "__main__":
    main()
