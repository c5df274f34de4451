"""Every relation against every proposition on a zoo, and how far rounding and training move a model.

Usage: python docs/measurements/same_model.py ZOO [ZOO ...]   (needs torch for the distributions)

First the figures that `same_model` rests on, by relation: the gap of log-probabilities on answers, and
distances of whole distributions. Then the confusion table: what `audit compare` calls each judged model
towards each teacher, by equality, weights and log-probabilities, weights and equality first, as in a run.
Leaves out training (`data/zoo`), answers and levels (`zoo.py`), and larger models.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from zoo import BASES, CONTROLS, TEACHERS, kind_of, rows_of

from auditor import case as cases
from auditor import common_weights, equality, likelihood, measure, weight_tests
from auditor import lineage as lineages
from auditor.case import Case, null_for
from auditor.checkpoints import Weights
from auditor.compare import judge
from auditor.config import CompareConfig
from auditor.distances import texts_of
from auditor.equality import DIVERGENCE, MOST, SAME, Tested
from auditor.sources.local import opened as opened_model
from auditor.sources.side_by_side import Distance, distance
from auditor.thresholds import ACCUSING
from auditor.weights import opened
from detectors.equality import closeness, gap

# How far a model is from a teacher, over whole distributions, is measured on so many probes.
PROBES = 48
OUTCOMES = ("same model", "descent", "common ancestor", "distillation", "public data", "nothing")


@dataclass(frozen=True)
class Towards:
    """One judged model towards one teacher; `outcomes` : what it is called."""

    kind: str
    tested: Tested
    distance: Distance
    outcomes: tuple[str, ...]


def main() -> None:
    """Print both tables."""
    found = [one for folder in sys.argv[1:] for one in judged(Path(folder))]
    figures(found)
    confusion(found)


def judged(zoo: Path) -> Iterator[Towards]:
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
    measured += likelihood.measure(case, config)[0]
    scores = {s.scorer: s for s in likelihood.read(config.scores)}
    known = {m: opened(zoo / "models" / m) for m in (*TEACHERS, *BASES)}
    teachers = {t: opened_model(f"hf:{zoo / 'models' / t}", base=True) for t in TEACHERS}
    for student in mine:
        one = replace(case, student=student)
        tested = {t: _tested(one, t, scores) for t in TEACHERS}
        relations = common_weights.relations(
            weight_tests.compare(
                Weights(student, TEACHERS, BASES, known | {student: opened(zoo / "models" / student)}),
                seed=0,
                advance=lambda: None,
            ),
            lineages.read(zoo / "lineage.csv"),
        )
        one = replace(
            one,
            weights=relations,
            same=frozenset(t for t, found in tested.items() if found.reason == SAME),
        )
        said = judge(one, measured, replace(config, student=student), cases.Silent())
        by_scores = {v.teacher: v for v in said.on_scores}
        model = opened_model(f"hf:{zoo / 'models' / student}", base=True)
        for teacher in TEACHERS:
            texts = [t for t in texts_of(case, teacher) if t.id.text_of == teacher][:PROBES]
            apart = distance(model, teachers[teacher], [t.prompt for t in texts], [t.text for t in texts])
            assert apart is not None
            verdict, relation = by_scores.get(teacher), relations[teacher]
            told = []
            if tested[teacher].reason == SAME:
                told.append("same model")
            if relation.related and relation.level in ACCUSING:
                told.append("descent" if relation.proposition == "weight_descent" else "common ancestor")
            if verdict and verdict.level in ACCUSING[1:]:
                told.append("distillation")
            if verdict and verdict.reason == "public_data":
                told.append("public data")
            kind = kind_of(rows[student], teacher)
            kind = rows[student]["route"] + " copy" if kind == "copy" else kind
            yield Towards(kind, tested[teacher], apart, tuple(told) or ("nothing",))


def _tested(case: Case, teacher: str, scores: dict[str, equality.Scores]) -> Tested:
    """As `equality.examine` does, each teacher alone."""
    texts = [t for t in scores[teacher].texts if t.text_of in TEACHERS]
    references = [m for m in null_for(case, teacher).models if m in scores]
    gaps = {m: found.value for m in references if (found := gap(scores[m], scores[teacher], texts))}
    mine = gap(scores[case.student], scores[teacher], texts)
    assert mine is not None
    near = closeness(mine.value, list(gaps.values()))
    first = Tested(teacher, equality.GAP, mine.value, mine.spans, mine.texts, gaps, near, None, near.p_t)
    return equality.decide(first, case)


def figures(found: list[Towards]) -> None:
    """Least, median and largest of every figure, by relation."""
    print(
        "\n| model towards the teacher | n | gap, nats a token | nearest reference / gap | Jensen-Shannon |"
    )
    print("|---|---|---|---|---|")
    by_kind: dict[str, list[Towards]] = defaultdict(list)
    for one in found:
        by_kind[one.kind].append(one)
    for kind, rows in sorted(by_kind.items(), key=lambda item: np.median([t.tested.value for t in item[1]])):
        gaps = [t.tested.value for t in rows]
        times = [t.tested.references[t.tested.nearest] / max(t.tested.value, 1e-7) for t in rows]
        apart = [t.distance.jensen_shannon for t in rows]
        print(f"| {kind} | {len(rows)} | {_spread(gaps)} | {_spread(times)} | {_spread(apart)} |")
    print("\n| model towards the teacher | bottom overlap | subspace residual |\n|---|---|---|")
    for kind, rows in sorted(by_kind.items()):
        common = _spread([t.distance.bottom_overlap for t in rows])
        print(f"| {kind} | {common} | {_spread([t.distance.subspace_residual for t in rows])} |")
    beyond = sum(t.tested.reason == SAME and t.distance.jensen_shannon > MOST[DIVERGENCE] for t in found)
    print(f"\ncalled the same, though more than {MOST[DIVERGENCE]:g} apart in distributions: {beyond}")


def confusion(found: list[Towards]) -> None:
    """How many of each relation are called what; a model may be called several things."""
    print(f"\n| relation to the teacher | n | {' | '.join(OUTCOMES)} |\n|---|---|{'---|' * len(OUTCOMES)}")
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for one in found:
        by_kind[one.kind].update((*one.outcomes, "n"))
    for kind, said in sorted(by_kind.items()):
        print(f"| {kind} | {said['n']} | {' | '.join(str(said[o]) for o in OUTCOMES)} |")


def _spread(values: list[float]) -> str:
    return ", ".join(f"{v:.2g}" for v in (min(values), float(np.median(values)), max(values)))


if __name__ == "__main__":
    main()
