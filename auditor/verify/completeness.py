"""Whether a run tells everything that it tried: each teacher asked about, each detector of this version.

Leaves out whether it was told right (`recompute.py`).
"""

from __future__ import annotations

from pathlib import Path

from auditor import store
from auditor.report import Report
from auditor.run_record import versions
from auditor.sources import parse_model
from auditor.verify.outcome import DIFFERS, NOT_CHECKED, VERIFIED, Check
from detectors.registry import DETECTORS, SCORED, SHOWN

NAME = "completeness"
PROGRAM = "distill-audit"


def check(path: Path, run: str) -> Check:
    """Compare the configuration of a stored run with what it says it did."""
    if store.is_overlap(path, run):
        return _overlap(path, run)
    report = store.read_report(path, run)
    teachers = _teachers(report)
    problems = [*teachers, *_detectors(path, run, report)]
    if problems:
        return Check(NAME, run, DIFFERS, f"{problems[0]}.", tuple(problems))
    made, here = report.run.versions.get(PROGRAM, "unknown"), versions()[PROGRAM]
    asked = len(report.run.config.get("teachers", ()))
    if made != here:
        words = f"All {asked} teachers are in it; which detectors version {made} had is not known to {here}."
        return Check(NAME, run, NOT_CHECKED, words)
    skipped = (f"skipped: {', '.join(s.detector for s in report.skipped)}",) if report.skipped else ()
    words = f"All {asked} teachers and every detector are in it, {len(report.skipped)} as skipped."
    return Check(NAME, run, VERIFIED, words, skipped)


def _teachers(report: Report) -> list[str]:
    """Teachers that were asked about and have no verdict."""
    asked = [str(text) for text in report.run.config.get("teachers", ())]
    judged = {v.teacher for v in report.verdicts}
    named = {text: _name(text) for text in asked}
    gone = [text for text, name in named.items() if name and name not in judged]
    problems = [f"verdicts: teacher {text} was asked about and has no verdict" for text in gone]
    if not gone and len(judged) < len(asked):
        problems.append(f"verdicts: {len(asked)} teachers were asked about, {len(judged)} have a verdict")
    return problems


def _name(text: str) -> str:
    """Name of the model that a MODEL string means; "" where the string alone does not tell."""
    spec = parse_model(text)
    if spec.kind == "panel":
        return spec.value
    return spec.model if spec.kind == "openai" else ""


def _detectors(path: Path, run: str, report: Report) -> list[str]:
    """Detectors of this version that neither ran nor are said to have been skipped."""
    if report.run.versions.get(PROGRAM) != versions()[PROGRAM]:
        return []
    told = {s.detector for s in report.skipped} | {f.detector for f in report.findings}
    told |= {m.detector for m in store.read_measurements(path, run)} | {e.detector for e in report.exhibits}
    if not report.n_responses and not report.findings:  # weights alone: answers were never looked at
        told |= {*SCORED, *SHOWN}
    silent = [name for name in (*DETECTORS, *SCORED, *SHOWN) if name not in told]
    # `surprise` measures nothing: where it ran and found no passage, only its absence from `skipped` tells.
    silent = [name for name in silent if not (name in SHOWN and report.run.config.get("scores"))]
    return [f"skipped: detector {name} neither ran nor is said to have been skipped" for name in silent]


def _overlap(path: Path, run: str) -> Check:
    """The corpora that were asked about are those that are told of."""
    report = store.read_overlap(path, run)
    config = report.run.config
    asked = [config.get("left"), config.get("right"), *(config.get("references") or ())]
    told = [corpus.name for corpus in report.corpora]
    if len(asked) != len(told):
        problem = f"overlap_corpora: {len(asked)} corpora were asked about, {len(told)} are told of"
        return Check(NAME, run, DIFFERS, f"{problem}.", (problem,))
    return Check(NAME, run, VERIFIED, f"All {len(told)} corpora that were asked about are in it.")
