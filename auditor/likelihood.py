"""Recorded log-probabilities beside a panel: what the likelihood detectors see, and what they measure.

Files of scores are matched to the panel by model name and probe; every model's own base comes from the
lineage table. Leaves out how scores are recorded (`scored.py`) and what they mean (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from auditor import scored
from auditor.case import Case, null_for
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import plain_name
from auditor.score_files import files_of
from detectors.registry import SCORED
from detectors.scored_view import ScoredView
from detectors.scores import Scores
from detectors.types import Measurement, Skipped

# By teacher, models trained on its public data and not on its outputs.
Controls = dict[str, tuple[str, ...]]
NO_SCORES = "needs recorded log-probabilities (--scores, 'audit score')"


def view(
    case: Case,
    config: CompareConfig,
    own: Sequence[Scores] = (),
    bases: Mapping[str, str] | None = None,
) -> ScoredView | None:
    """What the likelihood detectors see; None without --scores.

    `own` : scores made in this run, beside --scores. `bases` : model -> its base, for models of which the
    lineage table names none that scored.
    """
    if not config.scores:
        return None
    scores, controls = (*read(config.scores), *own), same_data(config.same_data, case)
    found = view_of(case, scores, controls)
    _refuse_strangers(controls, scores)
    return replace(found, bases={**(bases or {}), **found.bases})


def measure(
    case: Case, config: CompareConfig, seen: ScoredView | None
) -> tuple[list[Measurement], list[Skipped]]:
    """Measure every likelihood detector that the scores allow; the others with the reason."""
    chosen = [d for n, d in SCORED.items() if not config.detectors or n in config.detectors]
    skipped = [Skipped(n, "not asked for (--detector)") for n, d in SCORED.items() if d not in chosen]
    if seen is None:
        return [], [*skipped, *(Skipped(d.name, NO_SCORES) for d in chosen)]
    lacking = {d.name: d.lacks(seen) for d in chosen}
    skipped += [Skipped(name, reason) for name, reason in lacking.items() if reason]
    columns = tuple(case.panel.subjects.index(m) for m in case.models)
    measured = [m for d in chosen if not lacking[d.name] for m in d.measure(seen, columns)]
    return measured, skipped


def read(paths: Sequence[str]) -> tuple[Scores, ...]:
    """All scores in these files and folders, one a scorer."""
    found: dict[str, Scores] = {}
    for file in files_of(paths):
        scores = scored.read(file).scores
        if scores.scorer in found:
            raise AuditError(
                f"{file}: a second file of scores by {scores.scorer}. Keep one, or record all texts in one."
            )
        found[scores.scorer] = scores
    return tuple(found.values())


def view_of(case: Case, scores: Sequence[Scores], controls: Controls) -> ScoredView:
    """The scores with what the panel and its lineage table say about the scorers.

    `controls` : by teacher, scorers trained on the teacher's public data and not on its outputs.
    """
    scorers = {s.scorer for s in scores}
    if not scorers & set(case.panel.subjects):
        raise AuditError(
            f"None of the {len(scorers)} scorers ({', '.join(sorted(scorers)[:5])}, ...) is a model of the "
            "panel. Name models in 'audit score' as the panel does."
        )
    return ScoredView(
        subjects=case.panel.subjects,
        probes=tuple(p.id for p in case.panel.probes),
        scores=tuple(scores),
        bases=bases(case, scorers),
        groups=tuple(case.lineage.group(s) for s in case.panel.subjects),
        providers=tuple(case.lineage.provider(s) for s in case.panel.subjects),
        references={m: null_for(case, m).models for m in case.models if m in scorers},
        same_data=controls,
    )


def bases(case: Case, scorers: set[str]) -> dict[str, str]:
    """Own base of every subject, where the lineage table names one that scored."""
    by_name = {plain_name(s): s for s in sorted(scorers)}
    found = {}
    for subject in case.panel.subjects:
        named = (plain_name(b) for b in case.lineage.row(subject).base.split(";"))
        known = next((by_name[b] for b in named if b in by_name), None)
        if known:
            found[subject] = known
    return found


def same_data(given: Sequence[str], case: Case) -> Controls:
    """`TEACHER=MODEL` as given, by teacher; a control of a teacher is one of its siblings, too."""
    found: Controls = {}
    for text in given:
        teacher, _, model = text.partition("=")
        if not model or teacher not in case.models:
            raise AuditError(
                f"--same-data {text!r}: write TEACHER=MODEL, a teacher or decoy of the panel and a model "
                f"trained on its public data. Teachers are {', '.join(case.teachers)}."
            )
        group = case.lineage.group(teacher)
        for sibling in (m for m in case.models if case.lineage.group(m) == group):
            found[sibling] = (*found.get(sibling, ()), model)
    return found


def _refuse_strangers(controls: Controls, scores: Sequence[Scores]) -> None:
    """Every model of --same-data must have scored."""
    known = {s.scorer for s in scores}
    for model in (m for models in controls.values() for m in models):
        if model not in known:
            raise AuditError(
                f"--same-data: {model} is not among the {len(known)} scorers of --scores. Score the same "
                "texts with it ('audit score')."
            )
