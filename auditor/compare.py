"""`audit compare`: panel -> measurements -> findings -> verdict -> evidence file. The main job, in order.

Leaves out parsing the command line and how a report looks.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from auditor import calibration as calibrations
from auditor import comparable, measure, ratio, shipped, store, verdict, weigh
from auditor import lineage as lineages
from auditor.case import Case, Progress, Silent, later, mean_length, null_for, prepare, same_answers
from auditor.config import CompareConfig
from auditor.exhibits import exhibits
from auditor.references import INNOCENT_STRATUM, LATER_FIRST_PARTY, STRATA, References, is_tuned
from auditor.report import Exclusion, Finding, Report, Run, SkippedDetector, Verdict
from detectors.combine import holm
from detectors.hierarchy import Codes
from detectors.null import Columns
from detectors.types import Measurement, Skipped

VERSIONS_OF = ("distill-audit", "duckdb", "numpy", "pyarrow", "scipy", "scikit-learn")
# A student that answered less than this share of the probes is compared on those it answered: every
# model's mean is then over the same probes, while weights learned from other answers stay.
MOST_PROBES = 0.95
# Verdicts whose evidence is worth showing side by side.
MAX_EXHIBITS = 8


@dataclass(frozen=True)
class Plan:
    """What a run would do, for `--dry-run`."""

    case: Case
    ran: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    nulls: dict[str, References]

    def __str__(self) -> str:
        """The plan as lines of text."""
        lines = [
            f"Panel: {len(self.case.panel.subjects)} models, {len(self.case.panel.probes)} probes.",
            f"Student: {self.case.student}.",
            f"Decoy teachers: {len(self.case.decoys)} of "
            f"{len({self.case.lineage.provider(d) for d in self.case.decoys})} providers.",
        ]
        for teacher, null in self.nulls.items():
            lines.append(
                f"Teacher {teacher}: {len(null.models)} eligible references, {len(null.excluded)} excluded."
            )
        lines.append(f"Detectors: {', '.join(self.ran)}.")
        lines += [f"Skipped: {s.detector} ({s.reason})." for s in self.skipped]
        return "\n".join([*lines, "Nothing was measured or stored."])


def plan(config: CompareConfig) -> Plan:
    """Read the inputs and say what would be done."""
    case = prepare(config, Silent())
    chosen, skipped = measure.choose(config.detectors)
    chosen, unable = measure.able(chosen, case.panel, config.embedding or "")
    skipped += unable
    nulls = {t: null_for(case, t) for t in case.teachers}
    return Plan(case, tuple(d.name for d in chosen), tuple(skipped), nulls)


def run(config: CompareConfig, progress: Progress) -> Report:
    """Do the whole job; the report is the one read back from the evidence file."""
    started, run_id = _now(), uuid.uuid4().hex[:12]
    chosen, skipped = measure.choose(config.detectors)
    case = prepare(config, progress)
    chosen, unable = measure.able(chosen, case.panel, config.embedding or "")
    skipped += unable
    for note in case.panel.notes:
        progress.warn(note)
    evidence = Path(config.evidence)
    probes_hash = store.hash_probes(case.panel.probes)
    store.commit_probes(evidence, run_id, probes_hash, len(case.panel.probes), started)
    progress.stage("Measuring", len(chosen))
    measurements = measure.measure(case.panel, case.models, chosen, lambda _: progress.advance())
    progress.stage("Weighing", len(case.teachers))
    verdicts, findings, excluded, caveats = judge(case, measurements, config, progress)
    history = case.lineage.behind(case.panel.subjects)
    shown = [v for v in verdicts if v.level in verdict.ACCUSING] or list(verdicts[:1])
    report = Report(
        headline=verdict.headline(
            case.student, verdicts, findings, (len(chosen), len(chosen) + len(skipped))
        ),
        student=case.student,
        run=Run(
            id=run_id,
            command=command_line(),
            started=started,
            finished=_now(),
            seed=config.seed,
            config=config.as_dict(),
            versions=_versions(),
            hashes={
                "panel": case.panel.content_hash(),
                "probes": probes_hash,
                "lineage": lineages.content_hash(history),
            },
            inputs=dict(case.panel.files) | _shipped_or_own(config),
        ),
        verdicts=verdicts,
        findings=findings,
        exhibits=exhibits(
            case.view, case.student, [(v.teacher, v.teacher_group) for v in shown], MAX_EXHIBITS
        ),
        skipped=tuple(SkippedDetector(s.detector, s.reason) for s in skipped),
        lineage=history,
        excluded=excluded,
        n_subjects=len(case.panel.subjects),
        n_probes=len(case.panel.probes),
        n_responses=len(case.panel.responses) - case.panel.responses["text"].null_count,
        caveats=(*case.panel.notes, *caveats),
        lineage_source=case.lineage.source,
    )
    for v in verdicts:
        if v.reason in verdict.UNABLE:
            progress.warn(f"{v.teacher} could not be judged: {verdict.why(v.teacher, v.reason)}.")
    progress.stage("Storing")
    rows = store.PanelRows(case.panel.subjects, case.panel.probes, case.panel.responses)
    store.append_run(evidence, report, rows, [_rows(case, m) for m in measurements])
    return store.read_report(evidence, run_id)


def judge(
    case: Case, measurements: list[Measurement], config: CompareConfig, progress: Progress
) -> tuple[tuple[Verdict, ...], tuple[Finding, ...], tuple[Exclusion, ...], tuple[str, ...]]:
    """Findings and verdict of every teacher, the strongest first."""
    scene = scene_of(case, measurements, config)
    findings: dict[str, list[Finding]] = {}
    nulls = {t: weigh.with_decoys(scene, t, null_for(case, t)) for t in case.teachers}
    for teacher in case.teachers:
        if not later(case, teacher):
            findings[teacher] = weigh.weigh(scene, teacher, nulls[teacher])
        progress.advance()
    adjusted = _adjusted(findings)
    calibration = ratio.calibration_for(case, config)
    verdicts = [
        verdict_for(
            case,
            scene,
            teacher,
            nulls[teacher],
            findings.get(teacher, []),
            adjusted.get(teacher),
            ratio.ratio_of(scene, teacher, findings.get(teacher, []), calibration),
        )
        for teacher in case.teachers
    ]
    verdicts = [replace(v, tied_with=tied(case, scene, v, verdicts, nulls)) for v in verdicts]
    score = {t: (f[0].value or 0.0) if f else -np.inf for t, f in findings.items()}
    order = sorted(
        verdicts,
        key=lambda v: (-_rank_of(v.level), -score.get(v.teacher, -np.inf), case.teachers.index(v.teacher)),
    )
    caveats = [c for t in case.teachers for c in weigh.source_caveats(scene, t, nulls[t], t in findings)]
    n_probes = max((f[0].n_probes for f in findings.values() if f), default=0)
    if 0 < n_probes < verdict.FEW_PROBES:
        caveats.append(verdict.CHOSEN_PROBES.format(n=n_probes))
    flat = tuple(f for v in order for f in findings.get(v.teacher, []))
    excluded = tuple(e for v in order for e in nulls[v.teacher].excluded)
    return tuple(order), flat, excluded, tuple(dict.fromkeys(caveats))


def scene_of(case: Case, measurements: Sequence[Measurement], config: CompareConfig) -> weigh.Scene:
    """Rows, columns and measurements as `weigh` wants them."""
    subjects = case.panel.subjects
    place = {s: i for i, s in enumerate(subjects)}
    rows = np.array([place[m] for m in case.models])
    columns = Columns(
        provider=np.array([case.lineage.provider(m) for m in case.models], dtype=object),
        row_provider=np.array([case.lineage.provider(s) for s in subjects], dtype=object),
        decoy=np.array([m in case.decoys for m in case.models]),
        length=mean_length(case.view)[rows],
    )
    asked = case.answered[place[case.student]]
    if asked.mean() < MOST_PROBES:
        measurements = [replace(m, values=m.values[:, :, asked]) for m in measurements]
    families = [case.lineage.row(s).family or s for s in subjects]
    return weigh.Scene(
        subjects,
        case.models,
        case.groups,
        columns,
        place[case.student],
        case.lineage,
        strata_for(case),
        np.unique(families, return_inverse=True)[1].astype(np.int64),
        tuple(measurements),
        config.bootstrap,
        config.seed,
    )


def strata_for(case: Case) -> Codes:
    """Kinds of innocents as this student's null takes them: never the student or its siblings."""
    later = np.int8(-1) if is_tuned(case.student, case.lineage) else np.int8(STRATA.index("first party"))
    strata = np.where(case.innocents == LATER_FIRST_PARTY, later, case.innocents)
    group = case.lineage.group(case.student)
    mine = np.array([case.lineage.group(s) == group for s in case.panel.subjects])
    return np.where(mine[:, None], np.int8(-1), strata)


def _adjusted(findings: dict[str, list[Finding]]) -> dict[str, float]:
    """Holm-adjusted predictive-t p of the joint score over the teachers that could be tested."""
    joint = {t: f[0] for t, f in findings.items() if f and f[0].detector == weigh.JOINT}
    tested = {t: f.p_t for t, f in joint.items() if f.p_t is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def verdict_for(
    case: Case,
    scene: weigh.Scene,
    teacher: str,
    null: References,
    findings: list[Finding],
    p_adjusted: float | None,
    lr: verdict.Ratio | None = None,
) -> Verdict:
    """One teacher's verdict."""
    joint = findings[0] if findings and findings[0].detector == weigh.JOINT else None
    used = scene.columns.decoys_for(case.models.index(teacher), scene.student)[scene.student]
    basis = verdict.Basis(
        teacher=teacher,
        joint=joint,
        p_adjusted=p_adjusted,
        references=len(null.models),
        innocents=sum(s == INNOCENT_STRATUM for s in null.strata),
        decoys=int(used.sum()),
        decoy_providers=len(set(scene.columns.provider[used])),
        teacher_later=later(case, teacher),
        same_answers=same_answers(case, teacher),
        unlike_all=comparable.unlike_all(scene, teacher, null),
        templated=comparable.templated(case.view, case.student),
        ratio=lr,
    )
    level, reason = verdict.decide(basis)
    cap, cap_reason = verdict.cap(basis)
    group = case.lineage.group(teacher)
    released = (case.lineage.row(case.student).released, case.lineage.row(teacher).released)
    return Verdict(
        teacher=teacher,
        teacher_group=tuple(m for m in case.models if case.lineage.group(m) == group),
        proposition="distillation",
        level=level,
        reason=reason,
        words=verdict.words(case.student, teacher, level, reason),
        log10_lr=lr.log10_lr if lr else None,
        log10_lr_interval=lr.interval if lr else None,
        cap=cap,
        cap_reason=cap_reason,
        p_rank=joint.p_rank if joint else None,
        p_floor=joint.p_floor if joint else None,
        p_t=joint.p_t if joint else None,
        p_adjusted=p_adjusted,
        references=basis.references,
        decoys=basis.decoys,
        tied_with=(),
        alternatives=verdict.alternatives(case.student, teacher, basis, released),
        power=None,
        would_change=verdict.would_change(level, reason, basis),
    )


def tied(
    case: Case,
    scene: weigh.Scene,
    of: Verdict,
    verdicts: Sequence[Verdict],
    nulls: dict[str, References],
) -> tuple[str, ...]:
    """Other teachers of the same provider that the data cannot tell from this one.

    A tie: same group, or the 95 % bootstrap interval of the difference between the two scores holds 0.
    """
    ties = []
    for other in verdicts:
        if other.teacher == of.teacher or other.reason == "teacher_later" or of.reason == "teacher_later":
            continue
        if case.lineage.group(other.teacher) == case.lineage.group(of.teacher):
            ties.append(other.teacher)
        elif case.lineage.provider(other.teacher) == case.lineage.provider(of.teacher):
            a = weigh.resampled_score(scene, of.teacher)
            b = weigh.resampled_score(scene, other.teacher)
            if len(a) and np.quantile(a - b, 0.025) <= 0 <= np.quantile(a - b, 0.975):
                ties.append(other.teacher)
    return tuple(ties)


def _rank_of(level: str) -> int:
    return verdict.ACCUSING.index(level) + 1 if level in verdict.ACCUSING else 0


def _rows(case: Case, m: Measurement) -> store.MeasurementRows:
    return store.MeasurementRows(
        m.detector,
        m.statistic,
        str(m.channel),
        m.unit,
        m.params,
        case.panel.subjects,
        case.models,
        np.ascontiguousarray(m.values),
    )


def command_line() -> str:
    """The command as typed, for the report."""
    import shlex

    return shlex.join(["audit", *sys.argv[1:]])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _shipped_or_own(config: CompareConfig) -> dict[str, str]:
    """SHA-256 of the lineage table and the calibration, given or shipped."""
    asked = {lineages.SHIPPED: config.lineage, calibrations.SHIPPED: config.calibration}
    paths = {
        given or name: Path(given) if given else shipped.path(name)
        for name, given in asked.items()
        if given != "none"
    }
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
