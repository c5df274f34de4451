"""What a run had to go on, and what was done with it, in the words of a forensic report.

Leaves out results, and what the figures mean (`templates/reading.html`).
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import Report, Verdict
from auditor.reports import phrases

RESTS_ON = {
    "answers": "answers",
    "log-probabilities": "log-probabilities of given texts",
    "served-log": "a log of what the teacher served, from its owner",
    "keyed": "marks that the teacher planted, by a key of its owner",
    "weights": "weights",
    "equality": "log-probabilities, compared for equality",
}


def asked_of(report: Report) -> str:
    """The teachers, in one phrase."""
    named = phrases.teachers(report)
    return ", ".join(named) if named else "no teacher: none was given"


def rests_on(verdict: Verdict) -> str:
    """What a verdict rests on, in words."""
    return "weights" if phrases.on_weights(verdict) else RESTS_ON.get(verdict.evidence, verdict.evidence)


def rows(report: Report) -> list[tuple[str, str]]:
    """What there was: its name, and how much of it."""
    return [(name, value) for name, value in _rows(report) if value]


def steps(report: Report) -> list[str]:
    """What was done, in order; only what this run did."""
    return list(_steps(report))


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    if report.n_responses:
        yield (
            "Answers",
            (f"{report.n_responses:,} answers of {report.n_subjects:,} models to {report.n_probes:,} probes"),
        )
    yield "Student", report.student
    yield "Teachers asked about", ", ".join(phrases.teachers(report))
    yield (
        "References, by teacher",
        "; ".join(f"{v.teacher}: {v.references}" for v in report.verdicts if not phrases.on_tests(v)),
    )
    yield "Left out as references", _left_out(report)
    yield "Documents on the models", report.lineage_source
    yield "Measured by", ", ".join(dict.fromkeys(_detectors(report)))
    yield "Not measured", ", ".join(dict.fromkeys(s.detector for s in report.skipped))
    yield "Files read", f"{len(report.run.inputs)}" if report.run.inputs else ""


def _left_out(report: Report) -> str:
    models = {e.model for e in report.excluded}
    return f"{len(models)} models, each with a reason" if models else ""


def _detectors(report: Report) -> Iterator[str]:
    yield from (f.detector for f in report.findings if f.detector != phrases.JOINT)
    yield from (t.detector for t in report.tests)


def _steps(report: Report) -> Iterator[str]:
    if report.findings:
        yield (
            "Every model of the panel was measured against every teacher on the same probes: how much more "
            "it resembles that teacher than teachers of other providers (decoys)."
        )
        yield (
            "For each teacher the references were chosen by the lineage table alone, before any of them was "
            "measured: models documented not to have learned from it."
        )
        yield (
            "The student's value was placed among theirs: by its rank, and by a t distribution fitted to "
            "them. The model, not the probe, is the unit: more probes make no more references."
        )
        yield (
            "Statistics that were fixed beforehand were summed into one joint score; the others stand "
            "beside it."
        )
    if any(v.log10_lr is not None for v in report.verdicts):
        yield (
            "The score was turned into a likelihood ratio by pairs of models of known history, and the ratio "
            "was cut to what the number of their independent families can show."
        )
    if report.tests:
        yield (
            "Tests with a null of their own were made of pairs of models, and every form and layer that was "
            "tried was counted against the result (Bonferroni)."
        )
    if len(phrases.teachers(report)) > 1:
        yield (
            f"p-values were adjusted for the {len(phrases.teachers(report))} teachers that were asked "
            "about (Holm)."
        )
    if report.verdicts:
        yield (
            "A level was given by rules fixed beforehand, up to the highest that the materials allow; other "
            "explanations were examined as far as they could be, and the rest are named."
        )
    yield (
        f"All that is random hangs on the seed {report.run.seed}; the figures come from the evidence "
        "file alone."
    )
