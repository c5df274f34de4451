"""Positive controls in the student's place: how many of each share this run would have found.

`audit controls` wrote them (docs/controls.md). Each takes the student's seat in the panel, with the same
teachers, references, decoys and rules, and is judged on its answers as the student is. Leaves out training
them, verdicts on anything but answers, and the sentences (`reports/controls.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy import stats

from auditor import measure
from auditor.case import Case, Progress, cast
from auditor.control_run import with_students
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.panel import assemble
from auditor.readers import read as read_answers
from auditor.readers.rows import file_hash
from auditor.report import ControlPower, Verdict
from auditor.sources.load import Loaded
from auditor.thresholds import ACCUSING, MIN_PROBES
from detectors.combine import JOINT_STATISTICS
from detectors.types import Detector, Measurement

RECORD, ANSWERS = "controls.json", "answers.jsonl"
Judge = Callable[[Case, list[Measurement]], Sequence[Verdict]]
WEAK, MODERATE = ACCUSING.index("weak"), ACCUSING.index("moderate")


@dataclass(frozen=True)
class Folder:
    """One folder of controls.

    Attributes
    ----------
    teacher : whom they were taught by. base, method : what was trained, and how.
    shares : control -> per cent of its documents that are the teacher's. documents : of each control.
    answers : control -> prompt -> answer.
    """

    path: Path
    teacher: str
    base: str
    method: str
    shares: Mapping[str, int]
    documents: int
    answers: Mapping[str, Mapping[str, str]]


def read(path: str) -> Folder:
    """Read a folder that `audit controls` wrote.

    Raises
    ------
    AuditError : no such folder, or one of its files is missing or damaged.
    """
    folder = Path(path)
    if lone := next((name for name in (RECORD, ANSWERS) if not (folder / name).is_file()), ""):
        raise AuditError(
            f"--controls {path!r}: there is no {lone} in it. Give the folder that 'audit controls' wrote "
            "with -o, when it has ended."
        )
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        rows, pupils = record["controls"], record["pupils"]
        shares = {str(row["model"]): int(row["share"]) for row in rows}
        teacher, documents = str(record["settings"]["teacher"]), int(rows[0]["documents"])
        base, method = str(pupils["base"]), str(pupils.get("method", ""))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise AuditError(
            f"{folder / RECORD}: not a record of 'audit controls' ({type(error).__name__}: {error}). Make "
            "the controls again."
        ) from None
    found = assemble([read_answers(folder / ANSWERS)])
    if silent := sorted(set(shares) - set(found.subjects)):
        raise AuditError(
            f"{folder / ANSWERS}: {len(silent)} of {len(shares)} controls of {RECORD} have no answers in it, "
            f"the first is {silent[0]}. Make the controls again."
        )
    view = found.view(subjects=tuple(shares))
    prompts = [probe.prompt for probe in view.probes]
    answers = {
        name: {p: text for p, text in zip(prompts, view.answers_of(at), strict=True) if text}
        for at, name in enumerate(shares)
    }
    return Folder(folder, teacher, base, method, shares, documents, answers)


def inputs(folders: Sequence[Folder]) -> dict[str, str]:
    """Files that were read -> SHA-256, hex."""
    return {str(f.path / name): file_hash(f.path / name) for f in folders for name in (RECORD, ANSWERS)}


def check(folders: Sequence[Folder], case: Case) -> None:
    """Refuse controls that say nothing about this run, before anything is measured."""
    prompts = {probe.prompt for probe in case.panel.probes}
    for folder in folders:
        if folder.teacher not in case.teachers:
            raise AuditError(
                f"--controls {str(folder.path)!r}: these were taught by {folder.teacher}, and the teachers "
                f"of this run are {', '.join(case.teachers)}. Give controls of one of them."
            )
        common = min(len(prompts & set(asked)) for asked in folder.answers.values())
        if common < MIN_PROBES:
            raise AuditError(
                f"--controls {str(folder.path)!r}: a control answered {common} of this panel's "
                f"{len(prompts)} prompts, and {MIN_PROBES} are needed. Train them on this panel ('audit "
                "controls --panel')."
            )
        if both := sorted(set(folder.shares) & set(case.panel.subjects)):
            raise AuditError(
                f"--controls {str(folder.path)!r}: {both[0]} is in the panel, too, where it would be among "
                "the references of the others. Give the panel without controls."
            )


def powers(
    case: Case,
    folders: Sequence[Folder],
    detectors: Sequence[Detector],
    judge: Judge,
    progress: Progress,
) -> dict[str, tuple[ControlPower, ...]]:
    """By teacher, one row a share and folder, shares rising.

    `detectors` : those of the run; only what makes the joint score is measured, for nothing else decides.
    `judge` : case and measurements -> verdicts on answers, as of the run.
    """
    in_joint = {name for name, _ in JOINT_STATISTICS}
    chosen = [d for d in detectors if d.name in in_joint]
    progress.stage("Judging controls", sum(len(f.shares) for f in folders))
    found: dict[str, tuple[ControlPower, ...]] = {}
    for folder in folders:
        levels = {}
        for name in folder.shares:
            levels[name] = _level(case, folder, name, chosen, judge)
            progress.advance()
        rows = (_power(folder, share, levels, case) for share in sorted(set(folder.shares.values())))
        found[folder.teacher] = (*found.get(folder.teacher, ()), *rows)
    return found


def _level(case: Case, folder: Folder, name: str, detectors: Sequence[Detector], judge: Judge) -> str:
    """The level of the verdict on one control towards its teacher."""
    seated = seat(case, folder, name)
    measured = measure.measure(seated.panel, seated.models, detectors, lambda _: None)
    return next(v.level for v in judge(seated, measured) if v.teacher == folder.teacher)


def seat(case: Case, folder: Folder, name: str) -> Case:
    """The case with a control in the student's place; the student is not in it.

    The control is documented as the student is (release, other facts), but has its own base, and nothing says
    whom it learned from.
    """
    row = replace(
        case.lineage.row(case.student),
        model=name,
        provider=name,
        family=name,
        group="",
        relation="",
        base=folder.base,
        trained_on="",
        source="made by audit controls",
    )
    history = Lineage({**case.lineage.rows, name: row}, case.lineage.source)
    others = case.panel.select(tuple(s for s in case.panel.subjects if s != case.student))
    prompts = [probe.prompt for probe in others.probes if probe.prompt]
    answers = [
        {"model": name, "prompt": prompt, "output": folder.answers[name][prompt]}
        for prompt in prompts
        if prompt in folder.answers[name]
    ]
    panel = with_students(others, prompts, answers)
    decoys = tuple(d for d in case.decoys if d not in case.teachers)
    return cast(Loaded(panel, name, case.teachers, decoys), history)


def _power(folder: Folder, share: int, levels: Mapping[str, str], case: Case) -> ControlPower:
    """Count those of one share, with exact intervals (Clopper & Pearson 1934)."""
    mine = [name for name, own in folder.shares.items() if own == share]
    ranks = [ACCUSING.index(levels[n]) if levels[n] in ACCUSING else -1 for n in mine]
    moderate, weak = (sum(rank >= at for rank in ranks) for at in (MODERATE, WEAK))
    exact = stats.binomtest(moderate, len(mine)).proportion_ci()
    at_weak = stats.binomtest(weak, len(mine)).proportion_ci()
    prompts = {probe.prompt for probe in case.panel.probes}
    return ControlPower(
        share=share,
        n=len(mine),
        moderate=moderate,
        moderate_low=float(exact.low),
        moderate_high=float(exact.high),
        weak=weak,
        weak_low=float(at_weak.low),
        weak_high=float(at_weak.high),
        base=folder.base,
        method=folder.method,
        documents=folder.documents,
        n_probes=min(len(prompts & set(folder.answers[n])) for n in mine),
    )
