"""Ways to accuse the innocent, on real answers: how often each opens the gate, and the level that follows.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/false_accusations.py

One innocent of each of sixteen families (a model that is an eligible reference of a teacher that did not
come later), its answers changed in one way, judged as a new model of the same family; neither its family
nor another changed model is in the null. "Gate" = predictive p at most .05 and rank p at most .10, without
which nothing is accused; "moderate" by the shipped calibration without the family. Leaves out translation
by a machine: letters are exchanged one for one. The same on generated panels:
tests/auditor/test_false_accusations.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor import bench, calibration, calibration_file, measure, pairs, references, thresholds
from auditor import case as cases
from auditor.config import CompareConfig
from auditor.lineage import Lineage
from auditor.pairs import Pair
from auditor.relations import Relation
from auditor.sources.load import Loaded
from detectors.types import Measurement

TEACHERS = ("text_davinci_003", "gpt-3.5-turbo-0301", "gpt4", "claude-2", "llama-2-70b-chat-hf", "gemini-pro")
DETECTORS = ("wording", "opening")
WORST = 50
# As many families, those with most teachers to be accused of.
FAMILIES = 16
MARK = "#changed"


def words_exchanged(text: str) -> str:
    """Every letter another one: no word is left, the punctuation stays."""
    return text.translate({ord(c): chr(945 + i % 24) for i, c in enumerate("abcdefghijklmnopqrstuvwxyz")})


# Name -> (number of the probe, prompt, answer) -> answer.
WAYS: dict[str, Callable[[int, str, str], str]] = {
    "unchanged": lambda i, q, a: a,
    "assistant's opening": lambda i, q, a: f"Sure, I would be happy to help you with that. {a}",
    "opening of one harness": lambda i, q, a: f"Here is my answer to your question. {a}",
    "prompt repeated first": lambda i, q, a: f"{q}\n{a}",
    "cut to 40 words": lambda i, q, a: " ".join(a.split()[:40]),
    "cut in the middle": lambda i, q, a: a[: len(a) // 2],
    "twice as long": lambda i, q, a: f"{a}\n\n{a}",
    "every tenth word lost": lambda i, q, a: " ".join(w for n, w in enumerate(a.split(" ")) if n % 10),
    "in another language": lambda i, q, a: words_exchanged(a.lower()),
    "says it is ChatGPT": lambda i, q, a: f"{a} I am ChatGPT, made by OpenAI." if i % 4 == 0 else a,
    "as an AI language model": lambda i, q, a: f"As an AI language model, {a}" if i % 4 == 0 else a,
}


def main() -> None:
    """Print one line a way."""
    panel = Path(os.environ["AUDIT_TEST_DATA"]) / "outputs" / "alpaca_eval.parquet"
    config = CompareConfig(
        student="panel:alpaca-7b",
        teachers=tuple(f"panel:{t}" for t in TEACHERS),
        panel=str(panel),
        bootstrap=0,
    )
    base = cases.prepare(config, cases.Silent())
    chosen = innocents(base)
    names = sorted({student for student, _ in chosen})
    print(f"{len(chosen)} pairs, {len(names)} models of as many families: {', '.join(names)}\n")
    print(f"{'':26}{'pairs':>6}{'gate':>6}{'moderate':>10}{'not comparable':>16}{'median p':>10}")
    for way, change in WAYS.items():
        case = with_changed(base, names, change)
        measured = measure_text(case)
        relations = [Relation("negative", student + MARK, (teacher,)) for student, teacher in chosen]
        report(way, pairs.measured_pairs(case, measured, relations))
        if way == "unchanged":
            worst = [on_worst_probes(case, measured, r) for r in relations]
            report(f"the {WORST} worst probes", [p for found in worst for p in found])


def innocents(base: cases.Case) -> list[tuple[str, str]]:
    """(student, teacher) pairs of known innocence, the teacher not later; one student a family."""
    found: dict[str, list[tuple[str, str]]] = {}
    for student in base.panel.subjects:
        case = replace(base, student=student)
        mine = [
            (student, t)
            for t in TEACHERS
            if student in references.eligible(base.panel.subjects, base.lineage, "", t, full(base)).models
            and not cases.later(case, t)
        ]
        family = base.lineage.row(student).family or student
        if len(mine) > len(found.get(family, [])):
            found[family] = mine
    most = sorted(found.values(), key=lambda mine: (-len(mine), mine[:1]))[:FAMILIES]
    return [pair for mine in most for pair in mine]


def full(base: cases.Case) -> dict[str, float]:
    """Coverage by subject: the share of the probes it answered."""
    return dict(zip(base.panel.subjects, base.answered.mean(axis=1).tolist(), strict=True))


def with_changed(
    base: cases.Case, names: Sequence[str], change: Callable[[int, str, str], str]
) -> cases.Case:
    """The case with a changed copy of each model; as a variant of it, it is nobody's reference."""
    panel = base.panel
    subject, probe = (np.asarray(panel.responses[c]) for c in ("subject", "probe"))
    blocks = [panel.responses]
    for n, name in enumerate(names):
        mine = panel.responses.filter(pa.array(subject == panel.subjects.index(name)))
        numbers = probe[subject == panel.subjects.index(name)]
        texts = [
            None if text is None else change(int(i), panel.probes[i].prompt, text)
            for i, text in zip(numbers, mine["text"].to_pylist(), strict=True)
        ]
        place = pa.array([len(panel.subjects) + n] * len(mine), mine["subject"].type)
        mine = mine.set_column(mine.schema.get_field_index("subject"), "subject", place)
        changed = pa.array(texts, mine["text"].type)
        blocks.append(mine.set_column(mine.schema.get_field_index("text"), "text", changed))
    larger = replace(
        panel,
        subjects=(*panel.subjects, *(n + MARK for n in names)),
        responses=pa.concat_tables(blocks)
        .sort_by([("probe", "ascending"), ("subject", "ascending"), ("sample", "ascending")])
        .combine_chunks(),
    )
    rows = {
        n + MARK: replace(base.lineage.row(n), model=n + MARK, group=n + MARK, relation="variant")
        for n in names
    }
    history = Lineage({**base.lineage.rows, **rows}, base.lineage.source)
    loaded = Loaded(larger, base.student, base.teachers, base.decoys)
    return cases.cast(loaded, history)


def measure_text(case: cases.Case) -> list[Measurement]:
    """The statistics of the joint score."""
    return measure.measure(case.panel, case.models, measure.choose(DETECTORS)[0], lambda _: None)


def on_worst_probes(case: cases.Case, measured: Sequence[Measurement], pair: Relation) -> list[Pair]:
    """The pair judged on the probes on which its wording is closest to the teacher's."""
    wording = next(m for m in measured if m.detector == "wording").values
    mine, column = wording[case.panel.subjects.index(pair.student)], case.models.index(pair.teachers[0])
    contrast = np.nan_to_num(mine[column] - np.nanmean(mine, axis=0), nan=-np.inf)
    worst: NDArray[np.int64] = np.argsort(-contrast)[:WORST]
    return pairs.measured_pairs(*pairs.on_probes(case, measured, worst), [pair])


def report(way: str, found: Sequence[Pair]) -> None:
    """One line of the table."""
    known = calibration_file.read()
    gate, moderate, named = 0, 0, []
    for p in found:
        lr = calibration.fit(known.without({p.family})).log10_lr(np.array([p.score]))[0]
        level, _ = bench.level_of(p, float(lr))
        gate += (
            not (p.unlike_all or p.templated)
            and p.p_t <= thresholds.UNUSUAL_AT
            and p.p_rank <= thresholds.RANK_FORBIDS_ABOVE
        )
        moderate += level in bench.MODERATE
        if level in bench.MODERATE:
            named.append(f"{p.student.removesuffix(MARK)} of {p.teacher}")
    unlike = sum(p.unlike_all or p.templated for p in found)
    median = float(np.median([p.p_t for p in found]))
    print(
        f"{way:26}{len(found):6}{gate:6}{moderate:10}{unlike:16}{median:10.2f}  {'; '.join(named)}",
        flush=True,
    )


if __name__ == "__main__":
    main()
