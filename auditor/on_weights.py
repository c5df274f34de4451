"""`audit compare` on weights: alone, when student and teachers are folders, or before the answers are judged.

Leaves out the tests (`weight_tests.py`), what follows from them (`common_weights.py`) and the sentences.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

from auditor import common_weights, common_weights_words, store, teacher_terms, weight_tests
from auditor import lineage as lineages
from auditor.case import Progress, read_lineage
from auditor.checkpoints import Weights, of_folders
from auditor.common_weights import Relation
from auditor.config import CompareConfig
from auditor.lineage import Lineage
from auditor.report import PairTest, Report, SkippedDetector, Verdict
from auditor.run_record import day, identity, now
from auditor.store.rows import RESPONSES
from auditor.thresholds import ACCUSING
from detectors.registry import DETECTORS

NO_ANSWERS = "needs answers; only weights were given"


@dataclass(frozen=True)
class Seen:
    """What weights say: a verdict for each teacher whose weights were given, the strongest first."""

    headline: str = ""
    relations: dict[str, Relation] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    tests: tuple[PairTest, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)


NONE = Seen()


def plan(weights: Weights) -> str:
    """What would be compared, for `--dry-run`."""
    lines = []
    for name, checkpoint in weights.opened.items():
        first = checkpoint.layer(0)
        units, width = first.up.shape
        gate = "" if first.gate is not None else ", no gate"
        lines.append(
            f"Weights of {name}: {checkpoint.depth} layers of {units} hidden units, width {width}{gate}."
        )
    pairs = weight_tests.pairs_of(weights)
    return "\n".join([*lines, *(f"Compared: {one} with {other}." for one, other, _ in pairs)])


def examine(weights: Weights, lineage: Lineage, seed: int, progress: Progress) -> Seen:
    """Compare the checkpoints, and say what that means."""
    progress.stage("Comparing weights", weight_tests.readings(weights))
    compared = weight_tests.compare(weights, seed, progress.advance)
    found = common_weights.relations(compared, lineage)
    rank = {r.teacher: ACCUSING.index(r.level) if r.level in ACCUSING else -1 for r in found.values()}
    found = dict(sorted(found.items(), key=lambda item: -rank[item[0]]))
    verdicts = tuple(common_weights_words.verdict(r, weights.student, lineage) for r in found.values())
    headline = common_weights_words.headline(weights.student, found)
    return Seen(headline, found, verdicts, compared.rows, compared.inputs)


def run(config: CompareConfig, progress: Progress) -> Report:
    """The whole job where only weights are given; the report is the one read back from the evidence file."""
    started, run_id = now(), uuid.uuid4().hex[:12]
    weights, lineage = of_folders(config), read_lineage(config)
    seen = examine(weights, lineage, config.seed, progress)
    models = (weights.student, *weights.teachers, *weights.bases)
    history = lineage.behind(models)
    allowed = teacher_terms.of(config, lineage, weights.student, tuple(weights.teachers), day(started))
    hashes = {"lineage": lineages.content_hash(history)} | teacher_terms.hashes(config)
    report = Report(
        headline=seen.headline,
        student=weights.student,
        run=identity(run_id, started, config, hashes, seen.inputs),
        verdicts=seen.verdicts,
        findings=(),
        exhibits=(),
        skipped=tuple(SkippedDetector(name, NO_ANSWERS) for name in (*DETECTORS, "equality")),
        lineage=history,
        excluded=(),
        n_subjects=len(models),
        n_probes=0,
        n_responses=0,
        caveats=(),
        lineage_source=lineage.source,
        tests=seen.tests,
        terms=allowed.answers,
        terms_versions=allowed.versions,
    )
    progress.stage("Storing")
    evidence = Path(config.evidence)
    store.append_run(evidence, report, store.PanelRows(models, (), RESPONSES.empty_table()), ())
    return store.read_report(evidence, run_id)
