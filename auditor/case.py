"""A case: the panel as read, its lineage, and who plays which role in it.

Leaves out every measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor import lineage as lineages
from auditor import shipped
from auditor.answer_key import with_key
from auditor.asked import Asking
from auditor.common_weights import Relation
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.panel import Match, Panel
from auditor.progress import Progress, Silent
from auditor.readers import ReadOptions
from auditor.references import References, decoys, eligible, innocents
from auditor.sources.load import Loaded, load
from detectors.types import Float64, PanelView, Probe

__all__ = [
    "Case",
    "Progress",
    "Silent",
    "cast",
    "later",
    "mean_length",
    "null_for",
    "prepare",
    "read_lineage",
    "same_answers",
]

# Answers are cut here before their length counts (docs/method.md, section 2).
LENGTH_CUT = 6000
# Shorter answers ("Yes.") are the same in many models.
TELLING_CHARACTERS = 40


@dataclass(frozen=True)
class Case:
    """A loaded panel with the roles of its models.

    Attributes
    ----------
    teachers : candidate teachers, as asked. models : column models: teachers, their siblings, decoys.
    decoys : models that may serve as decoys. view : the first sample of every answer.
    answered : (n_subjects, n_probes) bool.
    groups : groups of sibling checkpoints of `models`, once each.
    innocents : (n_subjects, n_groups) kind of innocent each subject is of each group (`references.STRATA`).
    weights : teacher -> how the student is related to it by weights, for those whose weights were given.
    same : teachers that the student is called the same model as. apart : teacher -> what
        log-probabilities say of that, in a sentence, where both gave them.
    """

    panel: Panel
    lineage: Lineage
    student: str
    teachers: tuple[str, ...]
    models: tuple[str, ...]
    decoys: tuple[str, ...]
    view: PanelView
    answered: np.ndarray
    groups: tuple[str, ...]
    innocents: NDArray[np.int8]
    weights: Mapping[str, Relation] = field(default_factory=dict)
    same: frozenset[str] = frozenset()
    apart: Mapping[str, str] = field(default_factory=dict)


def prepare(
    config: CompareConfig,
    progress: Progress,
    *,
    dry_run: bool = False,
    commit: Callable[[Sequence[Probe]], object] | None = None,
) -> Case:
    """Read panel and lineage, ask models that are to be asked, and settle who plays which role.

    Parameters
    ----------
    dry_run : ask nobody; raises `StillToAskError` where something is to be asked.
    commit : told the probes of the panel before any model is asked.
    """
    progress.stage("Reading answers")
    match = config.match
    if match not in get_args(Match):
        raise AuditError(f"--match {match!r}: allowed are {', '.join(get_args(Match))}.")
    options = ReadOptions(
        format=config.input_format,
        columns=config.columns,
        encoding=config.encoding,
        keep_going=config.keep_going,
        prompts=Path(config.prompts) if config.prompts else None,
    )
    key = Path(config.key) if config.key else None

    def commit_to(panel: Panel) -> None:
        if commit:
            commit((with_key(panel, key, options) if key else panel).probes)

    loaded = load(
        config.student,
        config.teachers,
        config.decoys,
        Path(config.panel) if config.panel else None,
        options,
        match=match,  # type: ignore[arg-type]
        asking=Asking(
            config.evidence,
            config.most_requests,
            progress,
            dry_run,
            commit_to,
            match,  # type: ignore[arg-type]
        ),
    )
    if key:
        loaded = replace(loaded, panel=with_key(loaded.panel, key, options))
    _check_roles(loaded)
    case = cast(loaded, read_lineage(config))
    _check_answers(case)
    return case


def read_lineage(config: CompareConfig) -> Lineage:
    """The table given, filled up from the shipped table of public models; "none" = only the one given."""
    public = replace(
        lineages.read(shipped.path(lineages.SHIPPED)), source="the shipped table of public models"
    )
    if config.lineage == "none":
        return Lineage({}, "none")
    own = lineages.read(Path(config.lineage)) if config.lineage else None
    return lineages.merge(own, public)


def _check_roles(loaded: Loaded) -> None:
    if loaded.student in loaded.teachers:
        raise AuditError(f"{loaded.student!r} is student and teacher at once. Name two different models.")
    twice = sorted({t for t in loaded.teachers if loaded.teachers.count(t) > 1})
    if twice:
        raise AuditError(f"Teacher {twice[0]!r} is given more than once. Name each teacher once.")
    both = sorted(set(loaded.decoys) & {loaded.student, *loaded.teachers})
    if both:
        raise AuditError(f"{both[0]!r} is a decoy and also student or teacher. Give it one role.")


def _check_answers(case: Case) -> None:
    """A student or teacher that answered nothing is a wrong file, not a verdict."""
    given = {s: bool(row.any()) for s, row in zip(case.panel.subjects, case.answered, strict=True)}
    for role, models in (("student", (case.student,)), ("teacher", case.teachers)):
        for model in models:
            if not given[model]:
                raise AuditError(
                    f"The {role} {model!r} has no answer to any of the {len(case.panel.probes)} prompts: all "
                    "are missing or empty. Check how its outputs were recorded."
                )


def cast(loaded: Loaded, history: Lineage) -> Case:
    """Settle the columns: candidate teachers, their sibling checkpoints, and the decoys."""
    panel, subjects = loaded.panel, loaded.panel.subjects
    groups = {history.group(t) for t in loaded.teachers}
    siblings = [
        s for s in subjects if history.group(s) in groups and history.row(s).relation in ("", "original")
    ]
    others = [d for d in decoys(subjects, history, loaded.decoys) if d != loaded.student]
    models = tuple(dict.fromkeys((*loaded.teachers, *(s for s in siblings if s != loaded.student), *others)))
    view = panel.view()
    answered = np.asarray(view.texts.is_valid()).reshape(len(panel.probes), len(subjects)).T
    first_of = {history.group(m): m for m in reversed(models)}
    coverage = dict(zip(subjects, answered.mean(axis=1).tolist(), strict=True))
    return Case(
        panel,
        history,
        loaded.student,
        loaded.teachers,
        models,
        tuple(dict.fromkeys((*loaded.teachers, *others))),
        view,
        answered,
        tuple(first_of),
        innocents(subjects, history, tuple(first_of.values()), coverage),
    )


def null_for(case: Case, teacher: str) -> References:
    """Eligible references of one teacher."""
    place = {s: i for i, s in enumerate(case.panel.subjects)}
    asked = case.answered[place[case.student]]
    share = case.answered[:, asked].mean(axis=1) if asked.any() else np.zeros(len(place))
    coverage = dict(zip(case.panel.subjects, share.tolist(), strict=True))
    return eligible(case.panel.subjects, case.lineage, case.student, teacher, coverage)


def later(case: Case, teacher: str) -> bool:
    """Whether the teacher and all its siblings were first available after the student's release."""
    student = case.lineage.row(case.student).released
    group = case.lineage.group(teacher)
    dates = [case.lineage.row(m).released for m in case.lineage.rows if case.lineage.group(m) == group]
    return bool(dates) and all(lineages.definitely_later(d, student) for d in dates)


def mean_length(view: PanelView) -> Float64:
    """(n_subjects,) mean over probes of ln(1 + characters), answers cut at 6,000 characters."""
    characters = pc.fill_null(pc.cast(pc.utf8_length(view.texts), "float64"), float("nan"))
    cut = np.minimum(np.asarray(characters), LENGTH_CUT).reshape(len(view.probes), len(view.subjects))
    answered = ~np.isnan(cut)
    total = np.where(answered, np.log1p(np.nan_to_num(cut)), 0.0).sum(axis=0)
    mean: Float64 = total / np.maximum(answered.sum(axis=0), 1)
    return mean


def same_answers(case: Case, teacher: str) -> float:
    """Share of the probes on which both gave the same answer, word for word; short answers left out."""
    place = {s: i for i, s in enumerate(case.panel.subjects)}
    mine, theirs = (case.view.answers_of(place[name]) for name in (case.student, teacher))
    both = [(a, b) for a, b in zip(mine, theirs, strict=True) if a and b and len(a) >= TELLING_CHARACTERS]
    return sum(a.strip() == b.strip() for a, b in both) / len(both) if both else 0.0
