"""Rates of the likelihood detectors on generated models whose history is known.

Usage: python docs/measurements/likelihood.py [WORLDS]   (from the repository root; NumPy and SciPy; 3 min)

A world is a set of Markov chains (tests/detectors/markov_models.py): four teachers, 20 references, students
of T0 at three shares of their training budget, and the innocents. z is that of the predictive t among the
world's 20 references, the references' own being left out one by one. Mechanism, not field rates.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))

from detectors.contrast import Contrast
from detectors.lift import Lift
from detectors.membership import Membership
from detectors.scores import TextId
from detectors.surprise import Surprise
from detectors.types import ExactTest, Skipped
from tests.detectors.markov_models import World, left_out_p, predictive_z

TEACHERS = ("T0", "T1", "T2", "T3")
STUDENTS = {"student 100 %": 1.0, "student 25 %": 0.25, "student 5 %": 0.05}
CONTROLS = 4
Values = Mapping[str, float]


def inhabited(seed: int) -> tuple[World, list[str], list[str], list[str]]:
    """A world, its references, its students and its innocents."""
    world = World(seed)
    references = world.references(20)
    students = [world.train(name, "T0", share) for name, share in STUDENTS.items()]
    students.append(world.train("student on another base", "T0", 1.0, "B1"))
    innocents = [
        world.train("same corpus", 0),
        world.train("decoy's student 100 %", "T1"),
        world.train("decoy's student 25 %", "T1", 0.25),
        world.train("on another base", world.n_teachers, 1.0, "B1"),
        world.train("neutral text only", None),
    ]
    for i in range(CONTROLS):
        world.train(f"C{i}", 0)
    return world, references, students, innocents


class Rates:
    """z of every relation in every world, by statistic."""

    def __init__(self) -> None:
        self.z: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.p: dict[str, list[float]] = defaultdict(list)

    def add(self, statistic: str, values: Values, references: list[str], others: Iterable[str]) -> None:
        """One world's values of one statistic towards T0."""
        null = np.array([values[r] for r in references])
        for name in others:
            self.z[statistic][name].append(predictive_z(values[name], null))
        p = left_out_p(null)
        self.p[statistic].extend(p)
        self.z[statistic]["references"].extend(stats.t.isf(p, len(null) - 2))

    def table(self, students: list[str], innocents: list[str]) -> None:
        """Print one row a statistic."""
        names = [*students, *innocents]
        last = ["AUC, same corpus", "AUC, all innocents", "above them all", "references: p <= .05, KS"]
        print("| statistic | " + " | ".join([*names, *last]) + " |")
        print("|---" * (len(names) + 5) + "|")
        for statistic, z in self.z.items():
            pooled = np.concatenate([z[n] for n in (*innocents, "references")])
            found, same = [z[name] for name in students[:3]], np.array(z["same corpus"])
            auc = [[np.mean([np.mean(null < s) for s in own]) for own in found] for null in (same, pooled)]
            above = [np.mean(np.array(own) > pooled.max()) for own in found]
            p = np.array(self.p[statistic])
            cells = [f"{np.mean(z[n]):.1f} ({np.min(z[n]):.1f} to {np.max(z[n]):.1f})" for n in names]
            cells += [" / ".join(f"{a:.2f}" for a in part) for part in (*auc, above)]
            cells.append(f"{np.mean(p <= 0.05):.3f}, {stats.kstest(p, 'uniform').pvalue:.2f}")
            print(f"| {statistic} | " + " | ".join(cells) + " |", flush=True)


def lift(rates: Rates, world: World, references: list[str], others: list[str]) -> None:
    """The three statistics of `lift`, less the mean over the decoys' texts."""
    subjects = [*references, *others, *TEACHERS]
    columns = tuple(subjects.index(t) for t in TEACHERS)
    for m in Lift().measure(world.view(subjects, world.answers(60)), columns):
        means = m.values.mean(axis=2, dtype=np.float64)
        values = dict(zip(subjects, means[:, 0] - means[:, 1:].mean(axis=1), strict=True))
        rates.add(f"lift: {m.statistic}", values, references, others)


def contrast(rates: Rates, world: World, references: list[str], others: list[str]) -> None:
    """`contrast` with and without models of the same data, and without decoys."""
    controls = tuple(f"C{i}" for i in range(CONTROLS))
    subjects = [*references, *others, *TEACHERS, *controls]
    view = world.view(subjects, world.neutral(60) | world.answers(60))
    view = replace(view, references={t: tuple(references) for t in TEACHERS})
    for name, same, decoys in (
        ("decoys, 1 model of the same data", controls[:1], True),
        (f"decoys, {CONTROLS} models of the same data", controls, True),
        ("decoys alone", (), True),
        ("1 model of the same data alone", controls[:1], False),
    ):
        columns = tuple(subjects.index(t) for t in (TEACHERS if decoys else TEACHERS[:1]))
        detector = Contrast() if decoys else Contrast(decoys=0)
        for m in detector.measure(replace(view, same_data={"T0": same}), columns):
            values = dict(zip(subjects, m.values[:, 0].mean(axis=1, dtype=np.float64), strict=True))
            rates.add(f"contrast: {m.statistic}, {name}", values, references, others)


def surprise(rates: Rates, world: World, references: list[str], others: list[str]) -> None:
    """Uptake on the tested half, the references against each other."""
    texts = world.answers(60)
    scores = [world.scores(n, texts) for n in world.chains]
    found = {n: Surprise().exhibits(scores, n, "T0", references) for n in others}
    values = {n: f.uptake for n, f in found.items() if not isinstance(f, Skipped)}
    first = next(f for f in found.values() if not isinstance(f, Skipped))
    rates.add(
        "surprise: uptake",
        values | dict(zip(references, first.of_references, strict=True)),
        references,
        others,
    )


def membership(worlds: int) -> None:
    """Students that saw the log, and those that saw another log of the same teacher or none."""
    seen: dict[str, list[ExactTest]] = defaultdict(list)
    innocent: dict[str, list[ExactTest]] = defaultdict(list)
    for seed in range(worlds):
        world, references, _, innocents = inhabited(seed)
        for name, share in STUDENTS.items():
            world.train(f"unseen {name}", "T0", share)
        unseen = [
            *(f"unseen {n}" for n in STUDENTS),
            "same corpus",
            *innocents[1:3],
            "student on another base",
        ]
        held_out = world.texts_of("T0", 96)
        for name in STUDENTS:
            log = world.logs[name][:96]
            sets = {"log": log, "held": held_out}
            scores = [world.scores(n, sets) for n in world.chains]
            suspect, rest = ([TextId(a, f"p{j}") for j in range(len(t))] for a, t in sets.items())
            for student in (name, *unseen):
                found = Membership(fewest=15).test(scores, student, "T0", references, suspect, rest)
                if isinstance(found, ExactTest):
                    (seen if student == name else innocent)[name].append(found)
    head = "log of | documents | seen: z (least) | seen: p <= .05, <= .001 | unseen: sd of z (largest)"
    print(f"\n| {head} | z > 2.33 | p <= .05 | AUC |")
    print("|---" * 8 + "|")
    for name in STUDENTS:
        z, other = (np.array([f.params["z"] for f in group[name]]) for group in (seen, innocent))
        p, unseen_p = (np.array([f.p for f in group[name]]) for group in (seen, innocent))
        auc = np.mean([np.mean(other < s) for s in z])
        cells = [name, str(seen[name][0].params["suspect"]), f"{z.mean():.1f} ({z.min():.1f})"]
        cells += [
            f"{np.mean(p <= 0.05):.2f}, {np.mean(p <= 0.001):.2f}",
            f"{other.std():.2f} ({other.max():.1f})",
        ]
        cells += [
            f"{np.mean(other > 2.33):.3f} of {len(other)}",
            f"{np.mean(unseen_p <= 0.05):.3f}",
            f"{auc:.3f}",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


def same_data_stratum(worlds: int) -> None:
    """Of `contrast` on answers: p among references, and the larger of it and p among models of the data.

    Four models of the same data are too few for a spread of their own: they lend the location, the
    references the spread.
    """
    p: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed in range(1000, 1000 + worlds):
        world, references, students, innocents = inhabited(seed)
        controls = tuple(f"C{i}" for i in range(CONTROLS))
        others = [*students, *innocents]
        subjects = [*references, *others, *TEACHERS, *controls]
        view = replace(
            world.view(subjects, world.answers(60)),
            references={t: tuple(references) for t in TEACHERS},
            same_data={"T0": controls},
        )
        _, m = Contrast().measure(view, tuple(subjects.index(t) for t in TEACHERS))
        values = dict(zip(subjects, m.values[:, 0].mean(axis=1, dtype=np.float64), strict=True))
        null, own = (np.array([values[n] for n in group]) for group in (references, controls))
        for name in others:
            parts = [
                stats.t.sf(
                    (values[name] - x.mean()) / (null.std(ddof=1) * np.sqrt(1 + 1 / len(x))), len(null) - 1
                )
                for x in (null, own)
            ]
            p[name].append((float(parts[0]), float(max(parts))))
    head = "contrast on answers, 4 models of the same data | references: p <= .05, .01"
    print(f"\n| {head} | and that data: p <= .05, .01 |")
    print("|---" * 3 + "|")
    for name, pairs in p.items():
        shares = [[f"{np.mean(column <= a):.3f}" for a in (0.05, 0.01)] for column in np.array(pairs).T]
        print(f"| {name} | " + " | ".join(", ".join(share) for share in shares) + " |", flush=True)


def main() -> None:
    """Print the tables of lift, contrast, surprise and membership."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    parts: tuple[Callable[[Rates, World, list[str], list[str]], None], ...] = (lift, contrast, surprise)
    rates = Rates()
    for seed in range(worlds):
        world, references, students, innocents = inhabited(seed)
        for part in parts:
            part(rates, world, references, [*students, *innocents])
    print(f"{worlds} worlds; mean z (least to largest)\n")
    rates.table(students, innocents)
    membership(worlds)
    same_data_stratum(2 * worlds)


if __name__ == "__main__":
    main()
