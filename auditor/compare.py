"""`audit compare`: panel -> measurements -> findings -> verdict -> evidence file. The main job, in order.

Leaves out parsing the command line and how a report looks.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from auditor import (
    borrowed,
    checkpoints,
    decision,
    equality,
    equality_words,
    found_controls,
    lacking,
    likelihood,
    measure,
    on_scores,
    on_weights,
    owned,
    reasons,
    score_asked,
    store,
    surprises,
    teacher_terms,
    thresholds,
    weigh,
    words,
)
from auditor import lineage as lineages
from auditor.asked import StillToAskError
from auditor.case import Case, Progress, Silent, later, prepare
from auditor.config import CompareConfig
from auditor.exhibits import exhibits
from auditor.grounds import Grounds, grounds_for
from auditor.references import References
from auditor.report import Exclusion, Finding, Report, SkippedDetector, Verdict
from auditor.run_record import day, identity, now
from auditor.scenes import JOINT
from detectors.combine import holm
from detectors.types import Measurement, Probe, Skipped

# Verdicts whose evidence is worth showing side by side.
MAX_EXHIBITS = 8


@dataclass(frozen=True)
class Plan:
    """What a run would do, for `--dry-run`."""

    case: Case
    ran: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    nulls: dict[str, References]
    shipped_for: tuple[str, ...]
    weights: str = ""
    brought: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The plan as lines of text."""
        lines = [
            f"Panel: {len(self.case.panel.subjects)} models, {len(self.case.panel.probes)} probes.",
            f"Student: {self.case.student}.",
            f"Decoy teachers: {len(self.case.decoys)} of "
            f"{len({self.case.lineage.provider(d) for d in self.case.decoys})} providers.",
        ]
        for teacher, null in self.nulls.items():
            more = " The shipped null stands in." if teacher in self.shipped_for else ""
            eligible = f"{len(null.models)} eligible references, {len(null.excluded)} excluded"
            lines.append(f"Teacher {teacher}: {eligible}.{more}")
        lines.append(f"Detectors: {', '.join(self.ran)}.")
        lines += [f"Skipped: {s.detector} ({s.reason})." for s in self.skipped]
        lines += [*([self.weights] if self.weights else []), *self.brought]
        return "\n".join([*lines, "Nothing was measured or stored."])


def plan(config: CompareConfig) -> Plan | str:
    """Read the inputs and say what would be done; where models have to be asked first, what they would be."""
    teacher_terms.check(config)
    if checkpoints.alone(config):
        lines = (on_weights.plan(checkpoints.of_folders(config)), *teacher_terms.plan(config))
        return "\n".join((*lines, "Nothing was measured or stored."))
    folders, _ = checkpoints.of_asked(config)
    try:
        case = prepare(config, Silent(), dry_run=True)
    except StillToAskError as still:
        return str(still)
    chosen, skipped = measure.choose(config.detectors)
    chosen, unable = measure.able(chosen, case.panel, config.embedding or "", config.device)
    skipped += unable
    chosen, without = lacking.of(case, config).answers(chosen)
    skipped += without
    found_controls.check([found_controls.read(path) for path in config.controls], case)
    grounds = grounds_for(case, (), config)
    nulls = {t: g.null for t, g in grounds.items()}
    shipped_for = tuple(t for t, g in grounds.items() if g.shipped)
    weights = checkpoints.beside(config, case.student, case.teachers, folders)
    compared = on_weights.plan(weights) if weights else ""
    compared = "\n".join(filter(None, (compared, score_asked.plan(config))))
    ran = tuple(d.name for d in chosen)
    brought = (*owned.plan(case, config), *teacher_terms.plan(config))
    return Plan(case, ran, tuple(skipped), nulls, shipped_for, compared, brought)


def run(config: CompareConfig, progress: Progress, given: Case | None = None) -> Report:
    """Do the whole job; the report is the one read back from the evidence file.

    `given` : a case that is at hand already (`verify/recompute.py`); None = it is read, and models are asked.
    """
    teacher_terms.check(config)
    if checkpoints.alone(config):
        return on_weights.run(config, progress)
    started, run_id = now(), uuid.uuid4().hex[:12]
    taught = [found_controls.read(path) for path in config.controls]
    chosen, skipped = measure.choose(config.detectors)
    evidence = Path(config.evidence)

    def commit(probes: Sequence[Probe]) -> str:
        hashed = store.hash_probes(probes)
        store.commit_probes(evidence, run_id, hashed, len(probes), started)
        return hashed

    folders, uncompared = checkpoints.of_asked(config)
    case = given or prepare(config, progress, commit=commit)
    weights = checkpoints.beside(config, case.student, case.teachers, folders)
    seen = on_weights.examine(weights, case.lineage, config.seed, progress) if weights else on_weights.NONE
    case = replace(case, weights=seen.relations)
    found_controls.check(taught, case)
    own = score_asked.run(case, config, seen, progress)
    equal = equality.examine(case, config, own.scores, progress)
    case = replace(case, same=equal.same, apart=equality_words.apart(case.student, equal.tested))
    named = equality_words.verdicts(case.student, equal.tested)
    brought = owned.examine(case, config)
    chosen, unable = measure.able(chosen, case.panel, config.embedding or "", config.device)
    skipped += unable
    sources = lacking.of(case, config)
    chosen, without = sources.answers(chosen)
    skipped += without
    for note in (*case.panel.notes, *uncompared):
        progress.warn(note)
    probes_hash = commit(case.panel.probes)
    progress.stage("Measuring", len(chosen))
    measurements = measure.measure(case.panel, case.models, chosen, lambda _: progress.advance(), evidence)
    scores = likelihood.view(case, config, own.scores, own.bases)
    scored, unscored = sources.scores(*likelihood.measure(case, config, scores), scores)
    for note in (*own.notes, *equal.notes):
        progress.warn(note)
    measurements += scored
    skipped += unscored
    progress.stage("Weighing", len(case.teachers))
    found = judge(case, measurements, config, progress)
    powers = found_controls.powers(case, taught, chosen, _plainly(config), progress)
    verdicts = tuple(replace(v, controls=powers.get(v.teacher, ())) for v in found.verdicts)
    leading = (*found.on_scores, *verdicts)[0].teacher
    surprising = surprises.of(case, config, scores, leading)
    skipped += sources.scores((), surprising.skipped, scores)[1]
    n_ran = len(chosen) + len({m.detector for m in scored}) + len(surprising.findings)
    history = case.lineage.behind(case.panel.subjects)
    shown = [v for v in verdicts if v.level in thresholds.ACCUSING] or list(verdicts[:1])
    by_scores = on_scores.headline(case.student, found.on_scores)
    by_equality = equality_words.headline(case.student, named)
    headline = words.headline(
        case.student,
        verdicts,
        found.findings,
        (n_ran, n_ran + len(skipped)),
        decision.providers(case),
        decision.kin(case, verdicts[0].teacher),
    )
    judged = dict.fromkeys((*(v.teacher for v in verdicts), *case.teachers))
    allowed = teacher_terms.of(config, case.lineage, case.student, tuple(judged), day(started))
    report = Report(
        headline=_beside(
            (by_equality, seen.headline, brought.headline, by_scores),
            headline,
        ),
        student=case.student,
        run=identity(
            run_id,
            started,
            config,
            {
                "panel": case.panel.content_hash(),
                "probes": probes_hash,
                "lineage": lineages.content_hash(history),
            }
            | teacher_terms.hashes(config),
            dict(case.panel.files)
            | seen.inputs
            | brought.inputs
            | own.inputs
            | found_controls.inputs(taught),
        ),
        verdicts=(*named, *seen.verdicts, *brought.verdicts, *found.on_scores, *verdicts),
        findings=(*found.findings, *surprising.findings),
        exhibits=(
            *exhibits(case.view, case.student, [(v.teacher, v.teacher_group) for v in shown], MAX_EXHIBITS),
            *surprising.exhibits,
        ),
        skipped=tuple(SkippedDetector(s.detector, s.reason) for s in (*skipped, *equal.skipped)),
        lineage=history,
        excluded=found.excluded,
        n_subjects=len(case.panel.subjects),
        n_probes=len(case.panel.probes),
        n_responses=len(case.panel.responses) - case.panel.responses["text"].null_count,
        caveats=(
            *case.panel.notes,
            *uncompared,
            *own.notes,
            *equal.notes,
            *sources.caveats(),
            *found.caveats,
        ),
        lineage_source=case.lineage.source,
        tests=(*seen.tests, *equal.tests, *brought.tests),
        terms=allowed.answers,
        terms_versions=allowed.versions,
    )
    for v in verdicts:
        if v.reason in reasons.UNABLE:
            progress.warn(f"{v.teacher} could not be judged: {reasons.why(v.teacher, v.reason)}.")
    progress.stage("Storing")
    rows = store.PanelRows(case.panel.subjects, case.panel.probes, case.panel.responses)
    store.append_run(evidence, report, rows, [_rows(case, m) for m in measurements])
    return store.read_report(evidence, run_id)


def _plainly(config: CompareConfig) -> found_controls.Judge:
    """The rules of this run for a control; resamples make intervals, which carry no accusation."""
    plain = replace(config, bootstrap=0, same_data=())
    return lambda case, measured: judge(case, measured, plain, Silent()).verdicts


def _beside(others: Sequence[str], on_answers: str) -> str:
    """One line of all kinds of evidence; where there is more than one, answers are named as such."""
    said = [text for text in others if text]
    if not said:
        return on_answers
    return " ".join((*said, f"By answers: {on_answers[:1].lower()}{on_answers[1:]}"))


class Judgement(NamedTuple):
    """Verdicts on answers and those on log-probabilities, the strongest first, with what they rest on."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    excluded: tuple[Exclusion, ...]
    caveats: tuple[str, ...]
    on_scores: tuple[Verdict, ...]


def judge(
    case: Case, measurements: list[Measurement], config: CompareConfig, progress: Progress
) -> Judgement:
    """Findings and verdict of every teacher, the strongest first."""
    findings: dict[str, list[Finding]] = {}
    grounds = grounds_for(case, measurements, config)
    for teacher in case.teachers:
        if not later(case, teacher):
            findings[teacher] = weigh.weigh(grounds[teacher].scene, teacher, grounds[teacher].null)
        progress.advance()
    adjusted = _adjusted(findings)
    bases = {
        t: decision.basis_for(case, grounds[t], t, findings.get(t, []), adjusted.get(t))
        for t in case.teachers
    }
    verdicts = decision.in_words(
        case, bases, [decision.verdict_for(case, grounds[t], basis) for t, basis in bases.items()]
    )
    score = {t: (f[0].value or 0.0) if f else -np.inf for t, f in findings.items()}
    order = sorted(
        verdicts,
        key=lambda v: (-_rank_of(v.level), -score.get(v.teacher, -np.inf), case.teachers.index(v.teacher)),
    )
    scored = on_scores.verdicts(case, grounds, findings, likelihood.same_data(config.same_data, case))
    caveats = _caveats(grounds, findings)
    flat = tuple(f for v in order for f in findings.get(v.teacher, []))
    excluded = tuple(e for v in order for e in grounds[v.teacher].null.excluded)
    return Judgement(tuple(order), flat, excluded, tuple(dict.fromkeys(caveats)), tuple(scored))


def _caveats(grounds: dict[str, Grounds], findings: dict[str, list[Finding]]) -> list[str]:
    """What weakens the answers, beyond what each verdict says."""
    found = []
    for teacher, on in grounds.items():
        if teacher in findings and on.shipped:
            found.append(borrowed.caveat(teacher, on.shipped))
        elif teacher in findings:
            found += weigh.source_caveats(on.scene, teacher, on.null)
    n_probes = max((f[0].n_probes for f in findings.values() if f), default=0)
    if 0 < n_probes < thresholds.FEW_PROBES:
        found.append(reasons.CHOSEN_PROBES.format(n=n_probes))
    return found


def _adjusted(findings: dict[str, list[Finding]]) -> dict[str, float]:
    """Holm-adjusted predictive-t p of the joint score over the teachers that could be tested."""
    joint = {t: f[0] for t, f in findings.items() if f and f[0].detector == JOINT}
    tested = {t: f.p_t for t, f in joint.items() if f.p_t is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def _rank_of(level: str) -> int:
    return thresholds.ACCUSING.index(level) + 1 if level in thresholds.ACCUSING else 0


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
