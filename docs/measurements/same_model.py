"""Every relation against every proposition on a zoo, and how far rounding and training move a model.

Usage: python docs/measurements/same_model.py [--figures] ZOO [ZOO ...]   (needs torch)

First the figures that `equality` rests on, by relation: the gap of log-probabilities on all teachers'
answers, held against the "null" fold, and distances of whole distributions; --figures stops there, and needs
only what make_zoo.py and as_panel.py wrote. Then the confusion table: what each judged model is called
towards each teacher by equality, weights and log-probabilities. Leaves out training (`data/zoo`), levels (`zoo.py`), and
larger models.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zoo as judging
from zoo import BASES, TEACHERS, kind_of, rows_of

from auditor import common_weights, equality, likelihood, weight_tests
from auditor import lineage as lineages
from auditor.checkpoints import Weights
from auditor.equality import DIVERGENCE, GAP, MOST, SAME, Tested
from auditor.sources.local import opened as opened_model
from auditor.sources.side_by_side import Distance, distance
from auditor.thresholds import ACCUSING
from auditor.weights import opened
from detectors.equality import closeness, gap
from detectors.scores import Scores

# Texts of the teacher on which distributions are compared.
PROBES = 24
OUTCOMES = ("same model", "descent", "common ancestor", "distillation", "public data", "nothing")


@dataclass(frozen=True)
class Towards:
    """One judged model towards one teacher."""

    world: str
    model: str
    teacher: str
    kind: str
    tested: Tested
    distance: Distance


def main() -> None:
    """Print both tables."""
    folders = [Path(folder) for folder in sys.argv[1:] if folder != "--figures"]
    found = [one for zoo in folders for one in equated(zoo)]
    figures(found)
    if "--figures" not in sys.argv:
        confusion(found, [one for zoo in folders for one in others(zoo)])


def judged(zoo: Path) -> list[str]:
    """The models that are judged, as in `zoo.py`."""
    taken = {control.partition("=")[2] for control in judging.CONTROLS}
    rows = rows_of(zoo).items()
    return [m for m, row in rows if row["fold"] == "judged" and row["start"] and m not in taken]


def equated(zoo: Path) -> Iterator[Towards]:
    """Every judged model of a zoo beside every teacher."""
    rows, scores = rows_of(zoo), {s.scorer: s for s in likelihood.read([str(zoo / "scores")])}
    teachers = {t: opened_model(f"hf:{zoo / 'models' / t}", base=True) for t in TEACHERS}
    for student in judged(zoo):
        model = opened_model(f"hf:{zoo / 'models' / student}", base=True)
        for teacher in TEACHERS:
            apart = distance(model, teachers[teacher], *_probes(zoo, teacher))
            assert apart is not None
            kind = kind_of(rows[student], teacher)
            kind = f"copy: {rows[student]['route']}" if kind == "copy" else kind
            null = [m for m, row in rows.items() if row["fold"] == "null"]
            yield Towards(zoo.name, student, teacher, kind, _tested(student, teacher, null, scores), apart)


def _probes(zoo: Path, teacher: str) -> tuple[list[str], list[str]]:
    """Prompts, and the teacher's answers to them."""
    lines = (zoo / "answers" / f"{teacher}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == "probe"][:PROBES]
    return [row["prompt"] for row in rows], [row["answer"] for row in rows]


def _tested(student: str, teacher: str, null: Sequence[str], scores: dict[str, Scores]) -> Tested:
    """As `equality.examine` does, each teacher alone."""
    texts = [t for t in scores[teacher].texts if t.text_of in TEACHERS]
    gaps = {m: found.value for m in null if (found := gap(scores[m], scores[teacher], texts))}
    mine = gap(scores[student], scores[teacher], texts)
    assert mine is not None
    near = closeness(mine.value, list(gaps.values()))
    first = Tested(teacher, GAP, mine.value, mine.spans, mine.texts, gaps, near, None, near.p_t)
    return equality.decide(first, late=False)


def figures(found: list[Towards]) -> None:
    """Least, median and largest of every figure, by relation."""
    by_kind: dict[str, list[Towards]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    print(
        "\n| model towards the teacher | n | gap, nats a token | nearest reference / gap | Jensen-Shannon | "
        "bottom overlap | subspace residual | called the same | closer than references |"
        f"\n|{'---|' * 9}"
    )
    for kind, rows in sorted(by_kind.items(), key=lambda item: np.median([t.tested.value for t in item[1]])):
        columns = (
            [t.tested.value for t in rows],
            [t.tested.references[t.tested.nearest] / max(t.tested.value, 1e-7) for t in rows],
            [t.distance.jensen_shannon for t in rows],
            [t.distance.bottom_overlap for t in rows],
            [t.distance.subspace_residual for t in rows],
        )
        reasons = Counter(t.tested.reason for t in rows)
        cells = " | ".join(map(_spread, columns))
        print(f"| {kind} | {len(rows)} | {cells} | {reasons[SAME]} | {reasons[equality.CLOSE]} |")
    beyond = sum(t.tested.reason == SAME and t.distance.jensen_shannon > MOST[DIVERGENCE] for t in found)
    print(f"\ncalled the same, though more than {MOST[DIVERGENCE]:g} apart in distributions: {beyond}")


def others(zoo: Path) -> Iterator[tuple[str, str, str, str]]:
    """(world, model, teacher, outcome) by weights and log-probabilities."""
    for one in judging.judged(zoo):
        if one.scores and one.scores.level in ACCUSING[1:]:
            yield zoo.name, one.model, one.teacher, "distillation"
        if one.scores and one.scores.reason == "public_data":
            yield zoo.name, one.model, one.teacher, "public data"
    lineage = lineages.read(zoo / "lineage.csv")
    known = {m: opened(zoo / "models" / m) for m in (*TEACHERS, *BASES)}
    for student in judged(zoo):
        weights = Weights(student, TEACHERS, BASES, known | {student: opened(zoo / "models" / student)})
        compared = weight_tests.compare(weights, seed=0, advance=lambda: None)
        for teacher, relation in common_weights.relations(compared, lineage).items():
            if relation.related and relation.level in ACCUSING:
                descent = relation.proposition == "weight_descent"
                yield zoo.name, student, teacher, "descent" if descent else "common ancestor"


def confusion(found: list[Towards], more: list[tuple[str, str, str, str]]) -> None:
    """How many of each relation are called what; weights and equality go before the rest, as in a run."""
    called: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for world, model, teacher, outcome in more:
        called[world, model, teacher].add(outcome)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        outcomes = called[one.world, one.model, one.teacher]
        outcomes |= {"same model"} if one.tested.reason == SAME else set()
        if outcomes & {"same model", "descent"}:
            outcomes -= {"distillation", "public data"}
        by_kind[one.kind].update((*(outcomes or {"nothing"}), "n"))
    print(f"\n| relation to the teacher | n | {' | '.join(OUTCOMES)} |\n|{'---|' * (len(OUTCOMES) + 2)}")
    for kind, said in sorted(by_kind.items()):
        print(f"| {kind} | {said['n']} | {' | '.join(str(said[o]) for o in OUTCOMES)} |")


def _spread(values: list[float]) -> str:
    return ", ".join(f"{v:.2g}" for v in (min(values), float(np.median(values)), max(values)))


if __name__ == "__main__":
    main()
