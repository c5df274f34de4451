"""Every relation against every proposition on a zoo, and how far rounding and training move a model.

Usage: python docs/measurements/same_model.py figures|confusion ZOO [ZOO ...]   (figures needs torch)

`figures`: what `equality` rests on, by relation: the gap of log-probabilities on all teachers' answers, held
against the "null" fold, and distances of whole distributions. `confusion`: what each judged model is called
by equality, weights and log-probabilities. Two fine-tunes of one teacher are asked about, too, with that
teacher as their base. Leaves out training (`data/zoo`), levels (`zoo.py`), and larger models.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from zoo import CONTROLS, TEACHERS, kind_of, rows_of

from auditor import case as cases
from auditor import common_weights, equality, likelihood, weight_tests
from auditor import lineage as lineages
from auditor.checkpoints import Weights
from auditor.compare import judge
from auditor.config import CompareConfig
from auditor.equality import DIVERGENCE, GAP, MOST, SAME, Tested
from auditor.sources.local import LocalModel
from auditor.sources.local import opened as opened_model
from auditor.sources.side_by_side import Distance, distance
from auditor.thresholds import ACCUSING
from auditor.weights import opened
from detectors.equality import Gap, closeness, gap
from detectors.scores import Scores

# Texts of the teacher on which distributions are compared.
PROBES = 24
TWINS = "fine-tune of the same model"
OUTCOMES = ("same model", "descent", "common ancestor", "distillation", "public data", "nothing")


@dataclass(frozen=True)
class Towards:
    """One judged model towards one teacher."""

    world: str
    model: str
    teacher: str
    kind: str
    tested: Tested


def main() -> None:
    """Print one of the tables; zoos are measured side by side."""
    table, *folders = sys.argv[1:]
    zoos = [Path(folder) for folder in folders]
    with ProcessPoolExecutor() as pool:
        found = [one for part in pool.map(equated, zoos) for one in part]
        if table == "figures":
            apart = [one for part in pool.map(distances, zoos) for one in part]
            figures(found, apart)
        else:
            confusion(found, [one for part in pool.map(others, zoos) for one in part])


def judged(zoo: Path) -> list[str]:
    """The models that are judged, as in `zoo.py`."""
    taken = {control.partition("=")[2] for control in CONTROLS}
    rows = rows_of(zoo).items()
    return [m for m, row in rows if row["fold"] == "judged" and row["start"] and m not in taken]


def pairs_of(zoo: Path) -> list[tuple[str, str, str]]:
    """(judged model, teacher, relation), and two fine-tunes of each teacher beside each other."""
    rows = rows_of(zoo)
    found = [(s, t, kind_of(rows[s], t)) for s in judged(zoo) for t in TEACHERS]
    named = [(s, t, f"copy: {rows[s]['route']}" if kind == "copy" else kind) for s, t, kind in found]
    return named + [(one, other, TWINS) for one, other, _ in twins()]


def equated(zoo: Path) -> list[Towards]:
    """Every pair by log-probabilities."""
    pairs, scores = pairs_of(zoo), {s.scorer: s for s in likelihood.read([str(zoo / "scores")])}
    null = [m for m, row in rows_of(zoo).items() if row["fold"] == "null"]
    nulls = {t: _gaps(null, scores[t], scores) for t in dict.fromkeys(t for _, t, _ in pairs)}
    return [
        Towards(zoo.name, s, t, kind, _tested(t, _gap(scores[s], scores[t]), nulls[t]))
        for s, t, kind in pairs
    ]


def distances(zoo: Path) -> list[Distance]:
    """Every pair by distributions, in the order of `equated`."""
    models: dict[str, LocalModel] = {}
    found = []
    for student, teacher, _ in pairs_of(zoo):
        for name in {student, teacher} - models.keys():
            models[name] = opened_model(f"hf:{zoo / 'models' / name}", base=True)
        apart = distance(models[student], models[teacher], *_probes(zoo, teacher))
        assert apart is not None
        found.append(apart)
    return found


def twins() -> list[tuple[str, str, str]]:
    """(one, other, base): two fine-tunes of one teacher."""
    return [(f"tuned-{t}-neutral", f"tuned-{t}-carroll", t) for t in TEACHERS if t != "TA2"]


def _probes(zoo: Path, teacher: str) -> tuple[list[str], list[str]]:
    """Prompts, and the answers to them of a teacher, or of the one that a fine-tune comes from."""
    of = next((base for _, other, base in twins() if other == teacher), teacher)
    lines = (zoo / "answers" / f"{of}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["kind"] == "probe"][:PROBES]
    return [row["prompt"] for row in rows], [row["answer"] for row in rows]


def _gap(one: Scores, other: Scores) -> Gap:
    """On the answers of all teachers."""
    found = gap(one, other, [t for t in other.texts if t.text_of in TEACHERS])
    assert found is not None
    return found


def _gaps(null: Sequence[str], teacher: Scores, scores: dict[str, Scores]) -> dict[str, float]:
    return {m: _gap(scores[m], teacher).value for m in null}


def _tested(teacher: str, mine: Gap, null: dict[str, float]) -> Tested:
    """As `equality.examine` does, each teacher alone."""
    near = closeness(mine.value, list(null.values()))
    first = Tested(teacher, GAP, mine.value, mine.spans, mine.texts, null, near, None, near.p_t)
    return equality.decide(first, late=False)


def figures(found: list[Towards], apart: list[Distance]) -> None:
    """Least, median and largest of every figure, by relation."""
    by_kind: dict[str, list[tuple[Tested, Distance]]] = defaultdict(list)
    for one, whole in zip(found, apart, strict=True):
        by_kind[one.kind].append((one.tested, whole))
    print(
        "\n| model towards the teacher | n | gap, nats a token | nearest reference / gap | Jensen-Shannon | "
        "bottom overlap | subspace residual | called the same | closer than references |"
        f"\n|{'---|' * 9}"
    )
    for kind, rows in sorted(by_kind.items(), key=lambda item: np.median([t.value for t, _ in item[1]])):
        columns = (
            [t.value for t, _ in rows],
            [t.references[t.nearest] / max(t.value, 1e-7) for t, _ in rows],
            [d.jensen_shannon for _, d in rows],
            [d.bottom_overlap for _, d in rows],
            [d.subspace_residual for _, d in rows],
        )
        reasons = Counter(t.reason for t, _ in rows)
        cells = " | ".join(map(_spread, columns))
        print(f"| {kind} | {len(rows)} | {cells} | {reasons[SAME]} | {reasons[equality.CLOSE]} |")
    both = zip(found, apart, strict=True)
    beyond = sum(t.tested.reason == SAME and d.jensen_shannon > MOST[DIVERGENCE] for t, d in both)
    print(f"\ncalled the same, though more than {MOST[DIVERGENCE]:g} apart in distributions: {beyond}")


def others(zoo: Path) -> list[tuple[str, str, str, str]]:
    """(world, model, teacher, outcome) by weights and log-probabilities."""
    return by_weights(zoo) + by_scores(zoo)


def by_scores(zoo: Path) -> list[tuple[str, str, str, str]]:
    """What log-probabilities say, from moderate on."""
    mine = judged(zoo)
    with TemporaryDirectory() as folder:
        config = CompareConfig(
            student=f"panel:{mine[0]}",
            teachers=tuple(f"panel:{t}" for t in TEACHERS),
            panel=str(panel_of(zoo, Path(folder))),
            lineage=str(zoo / "lineage.csv"),
            calibration="none",
            scores=(str(zoo / "scores"),),
            same_data=CONTROLS,
            bootstrap=0,
        )
        case = cases.prepare(config, cases.Silent())
    measured = likelihood.measure(case, config, likelihood.view(case, config))[0]
    found = []
    for student in mine:
        for v in judge(replace(case, student=student), measured, config, cases.Silent()).on_scores:
            if v.level in ACCUSING[1:]:
                found.append((zoo.name, student, v.teacher, "distillation"))
            elif v.reason == "public_data":
                found.append((zoo.name, student, v.teacher, "public data"))
    return found


def panel_of(zoo: Path, folder: Path) -> Path:
    """A panel of the teachers' answers; no others are read here, so a dash stands for them."""
    lines = []
    for name in TEACHERS:
        for line in (zoo / "answers" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["kind"] == "probe":
                lines.append({"model": name, "prompt": row["prompt"], "response": row["answer"]})
    prompts = list(dict.fromkeys(line["prompt"] for line in lines))
    others = [model for model in rows_of(zoo) if model not in TEACHERS]
    lines += [{"model": model, "prompt": prompt, "response": "-"} for model in others for prompt in prompts]
    path = folder / "panel.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def by_weights(zoo: Path) -> list[tuple[str, str, str, str]]:
    """The same by weights alone. No teacher was made from a base, so bases are given to twins only."""
    lineage = lineages.read(zoo / "lineage.csv")
    asked = [(student, TEACHERS, ()) for student in judged(zoo)]
    every = [*asked, *((one, (other,), (base,)) for one, other, base in twins())]
    known = {name: opened(zoo / "models" / name) for _, *named in every for part in named for name in part}
    found = []
    for student, teachers, bases in every:
        there = known | {student: opened(zoo / "models" / student)}
        compared = weight_tests.compare(Weights(student, teachers, bases, there), 0, lambda: None)
        for teacher, relation in common_weights.relations(compared, lineage).items():
            if relation.related and relation.level in ACCUSING:
                descent = relation.proposition == "weight_descent"
                outcome = "descent" if descent else "common ancestor"
                found.append((zoo.name, student, teacher, outcome))
    return found


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
