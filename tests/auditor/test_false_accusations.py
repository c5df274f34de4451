"""Ways to accuse the innocent: what may befall a clean model, and the largest rate of accusations allowed.

Generated panels, three innocents a way and panel, towards three teachers; accused = the gate of every
accusation is open (predictive p at most .05 and rank p at most .10). The same on real answers:
docs/measurements/false_accusations.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from auditor import case as cases
from auditor import comparable, measure, thresholds, weigh
from auditor.scenes import SCORE, Scene, scene_of
from tests.panels import VOCABULARY, answers, generated, lineage_csv, mixed, written_panel

SEEDS, TEACHERS, INNOCENTS = range(5), ("T", "D01", "D02"), 3
N_PROBES, WORST = 60, 20
NOMINAL = 0.05
# No null undoes a choice made for this very student: probes must be fixed first (docs/limits.md).
ALLOWED = {"worst probes": 0.15}
Texts = list[str]
OTHER_WORDS = {w: f"v{w[1:]}" for w in VOCABULARY}


def words_of_another_language(text: str) -> str:
    return " ".join(OTHER_WORDS.get(w.strip(".,;").lower(), w) for w in text.split())


def each(change: Callable[[int, str], str]) -> Callable[[Texts], Texts]:
    return lambda texts: [change(i, text) for i, text in enumerate(texts)]


# What happens to an innocent's answers, one text at a time.
WAYS: dict[str, Callable[[Texts], Texts]] = {
    "nothing": each(lambda i, text: text),
    "template of the harness": each(lambda i, text: f"Answer to your question. {text}"),
    "prompt repeated": each(lambda i, text: f"prompt {i} {text}"),
    "cut short": each(lambda i, text: " ".join(text.split()[:10])),
    "cut in the middle": each(lambda i, text: text[: len(text) // 2]),
    "twice as long": each(lambda i, text: f"{text} {text}"),
    "translated": each(lambda i, text: words_of_another_language(text)),
    "says it is the teacher": each(lambda i, text: f"{text} I am T, made by acme." if i % 4 == 0 else text),
    "less able": each(lambda i, text: " ".join(w for n, w in enumerate(text.split()) if n % 3)),
}
# Innocents that share something with somebody else: made from other models' answers, see `strangers`.
SHARED = ("same base as a reference", "same public data", "true teacher absent", "another temperature")


def strangers(seed: int, panel: dict[str, Texts]) -> dict[str, Texts]:
    """Innocents by name, "way/number"; teacher and half of the references know the public data too."""
    common = np.random.default_rng(seed + 999).integers(400, size=N_PROBES)
    draw = np.random.default_rng([seed, 77])

    def model(number: int, again: int = 0) -> Texts:
        return answers(
            N_PROBES,
            np.random.default_rng([seed, number]),
            np.random.default_rng([seed, number, again + 1]),
            common,
        )

    public = model(90_000)
    for name in ("T", *(n for n in panel if n.startswith("R") and int(n[1:4]) % 2)):
        panel[name] = mixed(panel[name], public, 0.2, draw)
    made: dict[str, Texts] = {}
    for w, way in enumerate((*WAYS, *SHARED)):
        for k in range(INNOCENTS):
            number = 3000 + 10 * w + k
            own = model(number)
            made[f"{way}/{k}"] = {
                "same base as a reference": lambda own=own, r=f"R{2 * k:03d}": mixed(
                    own, panel[r], 0.5, draw
                ),
                "same public data": lambda own=own: mixed(own, public, 0.2, draw),
                "true teacher absent": lambda own=own, k=k: mixed(own, model(5000 + k), 0.5, draw),
                "another temperature": lambda own=own, n=number: mixed(own, model(n, again=3), 0.5, draw),
            }.get(way, lambda own=own, way=way: WAYS[way](own))()
    return made


@pytest.fixture(scope="module")
def accused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Counter[str], Counter[str]]:
    """Accusations and questions by way."""
    hits: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for seed in SEEDS:
        panel, prompts = generated(30, n_probes=N_PROBES, share=0.5, seed=seed, n_pupils=20)
        made = strangers(seed, panel)
        history = lineage_csv(list(panel)) + "".join(
            f"{name},student,lab-{name},{name},,original,2023-06,,made here\n" for name in made
        )
        config = written_panel(tmp_path_factory.mktemp("ways"), panel | made, prompts, history)
        config = replace(config, teachers=tuple(f"panel:{t}" for t in TEACHERS), bootstrap=0)
        base = cases.prepare(config, cases.Silent())
        found = measure.measure(
            base.panel, base.models, measure.choose(("wording", "opening"))[0], lambda _: None
        )
        for name in (*made, "S"):
            case = replace(base, student=name)
            scene = scene_of(case, found, config)
            for teacher in TEACHERS[:1] if name == "S" else TEACHERS:
                way = name.partition("/")[0]
                asked[way] += 1
                hits[way] += open_gate(case, scene, teacher)
                if way == "nothing":
                    asked["worst probes"] += 1
                    hits["worst probes"] += open_gate(case, on_worst_probes(scene, teacher), teacher)
    return hits, asked


def open_gate(case: cases.Case, scene: Scene, teacher: str) -> bool:
    null = cases.null_for(case, teacher)
    p = weigh.p_values(scene, teacher, null)[SCORE]
    barred = comparable.unlike_all(scene, teacher, null) or comparable.templated(case.view, case.student)
    return not barred and bool(
        p
        and p.p_t is not None
        and p.p_t <= thresholds.UNUSUAL_AT
        and p.p_rank <= thresholds.RANK_FORBIDS_ABOVE
    )


def on_worst_probes(scene: Scene, teacher: str) -> Scene:
    """An accuser keeps the probes on which the student's wording is closest to the teacher's."""
    wording = next(m for m in scene.measurements if m.detector == "wording")
    mine, column = wording.values[scene.student], scene.models.index(teacher)
    contrast = mine[column] - np.nanmean(np.delete(mine, column, axis=0), axis=0)
    worst = np.argsort(-contrast)[:WORST]
    kept = tuple(replace(m, values=m.values[:, :, worst]) for m in scene.measurements)
    return replace(scene, measurements=kept)


@pytest.mark.parametrize("way", [*WAYS, *SHARED, "worst probes"])
def test_what_befalls_an_innocent_does_not_accuse_it(
    accused: tuple[Counter[str], Counter[str]], way: str
) -> None:
    hits, asked = accused
    assert asked[way] == len(SEEDS) * INNOCENTS * len(TEACHERS)
    allowed = stats.binom.ppf(0.99, asked[way], ALLOWED.get(way, NOMINAL))
    assert hits[way] <= allowed, (way, hits[way], asked[way])


def test_a_true_student_is_found_in_the_same_panels(
    accused: tuple[Counter[str], Counter[str]],
) -> None:
    hits, asked = accused
    assert hits["S"] >= asked["S"] - 1, (hits["S"], asked["S"])
