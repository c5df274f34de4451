"""A run of `audit compare` as a CycloneDX 1.7 ML-BOM of the student, the verdicts beside it.

Source: ECMA-424 and the CycloneDX 1.7 schema. What is documented (base, training data) is structure; what we
conclude is an annotation on student and teacher and properties in the namespace "distill-audit", never a
dependency or an ancestor. Leaves out weights, licences and everything else that no run sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.report import LineageRow, Report, Verdict
from auditor.reports import gist, phrases
from auditor.reports.bom import numbered
from auditor.reports.html import ADDRESS
from auditor.reports.scan_words import short

STUDENT, BASE = "student", "base"
TOOL = {"type": "application", "name": "distill-audit"}
INPUTS = 50
Json = dict[str, Any]


def render(report: Report) -> str:
    """Render as JSON in ASCII; the same report gives the same document, serial number included."""
    return numbered(_document(report))


def _document(report: Report) -> Json:
    refs = {teacher: f"teacher:{i}" for i, teacher in enumerate(phrases.teachers(report), 1)}
    row = gist.lineage(report, report.student)
    bases = [_model(gist.lineage(report, row.base), BASE)] if row.base else []
    teachers = [_model(gist.lineage(report, teacher), ref) for teacher, ref in refs.items()]
    at = gist.when(report)
    version = report.run.versions.get("distill-audit", "")
    tool = TOOL | ({"version": gist.name(version)} if version else {})
    made: Json = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {
            **({"timestamp": at} if at else {}),
            "lifecycles": [{"phase": "discovery"}],
            "tools": {"components": [tool]},
            "component": _student(report, row, refs),
            "properties": _properties(gist.of_run(report)),
        },
        "components": [*bases, *teachers],
        "dependencies": [
            {"ref": STUDENT, "dependsOn": [b["bom-ref"] for b in bases]},
            *({"ref": c["bom-ref"], "dependsOn": []} for c in (*bases, *teachers)),
        ],
        # No run sees everything that a model was made of.
        "compositions": [{"aggregate": "incomplete", "assemblies": [STUDENT], "dependencies": [STUDENT]}],
    }
    if at and report.verdicts:
        made["annotations"] = [
            _annotation(i, verdict, refs, tool, at) for i, verdict in enumerate(report.verdicts, 1)
        ]
    return made


def _student(report: Report, row: LineageRow, refs: dict[str, str]) -> Json:
    """The model in question: its card, where its answers were read, and every verdict."""
    made = _model(row, STUDENT, gist.name(report.student))
    made["description"] = "The model in question, as audit compare found it."
    parameters: Json = {"task": "text-generation"}
    if sets := [_dataset(said, row) for said in gist.learned_from(row)]:
        parameters["datasets"] = sets
    limits = {
        "technicalLimitations": [
            "What it was trained on is taken from a lineage table; a run can support or not support a "
            "source, and cannot list them all."
        ]
    }
    made["modelCard"] = {
        "modelParameters": parameters,
        "considerations": limits,
        "properties": _properties((f"audit:{i}", line) for i, line in enumerate(gist.MEANING, 1)),
    }
    notes = [short(phrases.title(v), gist.TEXT) + "." for v in report.verdicts]
    made["pedigree"] = {"notes": " ".join([*notes, gist.MEANING[0]])}
    if row.base:
        made["pedigree"]["ancestors"] = [
            {
                "type": "machine-learning-model",
                "name": gist.name(row.base),
                "description": _as_documented(row),
            }
        ]
    if places := _occurrences(report):
        made["evidence"] = {"occurrences": places}
    made["properties"] = [
        *made.pop("properties", []),
        *_properties(
            (f"verdict:{refs[v.teacher]}:{gist.name(v.proposition)}:{fact}", value)
            for v in report.verdicts
            for fact, value in (("teacher", gist.name(v.teacher)), *gist.of_verdict(v, report))
        ),
    ]
    return made


def _model(row: LineageRow, ref: str, named: str = "") -> Json:
    """One model, with what the lineage table says of it."""
    made: Json = {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": named or gist.name(row.model),
        "properties": _properties(
            (f"lineage:{field}", short(getattr(row, field), gist.NAME))
            for field in (
                "role",
                "family",
                "group",
                "relation",
                "released",
                "trained_on",
                "confidence",
                "source",
            )
        ),
    }
    if row.provider:
        made["supplier"] = {"name": gist.name(row.provider)}
    if row.source and ADDRESS.fullmatch(row.source):
        reference = {"type": "documentation", "url": row.source, "comment": "Source of the lineage table."}
        made["externalReferences"] = [reference]
    return made


def _dataset(said: str, row: LineageRow) -> Json:
    """A set that a model is documented to have been trained on; the table knows its kind, not its files."""
    return {
        "type": "dataset",
        "name": said,
        "classification": "not assessed",
        "description": _as_documented(row),
    }


def _as_documented(row: LineageRow) -> str:
    return f"As documented: {gist.source(row)}."


def _occurrences(report: Report) -> list[Json]:
    """The files that the run read, by name and hash: the answers of the student are among them."""
    inputs = list(report.run.inputs.items())[:INPUTS]
    return [
        {"location": gist.name(file), "additionalContext": f"SHA-256 {gist.name(digest)}"}
        for file, digest in inputs
    ]


def _annotation(place: int, verdict: Verdict, refs: dict[str, str], tool: Json, at: str) -> Json:
    """A verdict, on the two models that it is about."""
    text = f"{short(verdict.words, gist.TEXT)} Weighed: {gist.sides(verdict)}. {' '.join(gist.MEANING)}"
    return {
        "bom-ref": f"verdict:{place}",
        "subjects": [STUDENT, refs[verdict.teacher]],
        "annotator": {"component": tool},
        "timestamp": at,
        "text": text.strip(),
    }


def _properties(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Name-value pairs in our namespace, without those that have no value."""
    return [{"name": f"distill-audit:{key}", "value": value} for key, value in pairs if value]
