"""A run of `audit compare` as SPDX 3.0.1 with the AI profile: student, teachers, and a verdict on each pair.

What is documented is a relationship with a name (descendantOf, trainedOn); what we conclude is an annotation
on a relationship "other". Leaves out where a model can be downloaded and its version: no run knows them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from spdx_python_model import v3_0_1 as spdx

from auditor.report import LineageRow, Report
from auditor.reports import gist, phrases
from auditor.reports.html import ADDRESS
from auditor.reports.scan_words import short
from auditor.reports.spdx import Document, day

INPUTS = 50
UNKNOWN = (
    "Not known to an audit, and left out or said to be not known: version and download location of the "
    "models, their licences, and everything that they were trained on beside what the lineage table "
    "documents."
)


def render(report: Report) -> str:
    """Render as JSON-LD in ASCII."""
    version = short(report.run.versions.get("distill-audit", ""), gist.NAME)
    document = Document(asdict(report), gist.when(report), version)
    student = _model(document, gist.lineage(report, report.student), "student", gist.name(report.student))
    student.ai_limitation = " ".join(gist.MEANING)
    student.description = "The model in question, as audit compare found it."
    document.annotate("run", student, list(gist.of_run(report)))
    _documented(document, student, gist.lineage(report, report.student))
    _verdicts(document, student, report)
    files = [
        document.file(f"file-{i}", gist.name(file), digest)
        for i, (file, digest) in enumerate(list(report.run.inputs.items())[:INPUTS], 1)
    ]
    if files:
        document.relate("evidence", student, "hasEvidence", files, "Files that the run read.")
    profiles = ("ai", "dataset") if _learned(report) else ("ai",)
    return document.render(student, f"Provenance audit of {gist.name(report.student)}", profiles, UNKNOWN)


def _learned(report: Report) -> tuple[str, ...]:
    return gist.learned_from(gist.lineage(report, report.student))


def _model(document: Document, row: LineageRow, id: str, named: str = "") -> Any:
    """One model, with what the lineage table says of it."""
    made = document.add(
        spdx.ai_AIPackage,
        id,
        name=named or gist.name(row.model),
        software_primaryPurpose=spdx.software_SoftwarePurpose.model,
        software_packageVersion="not known",
        software_homePage=row.source if ADDRESS.fullmatch(row.source) else "",
        releaseTime=day(row.released),
        ai_informationAboutTraining="; ".join(gist.learned_from(row)),
        ai_typeOfModel=["language model"],
        comment=f"As documented: {gist.source(row)}." if row.source else "",
    )
    if row.provider:
        made.suppliedBy = document.organization(gist.name(row.provider))
    return made


def _documented(document: Document, student: Any, row: LineageRow) -> None:
    """Base and training data of the student, as far as the table knows them."""
    told = f"As documented: {gist.source(row)}."
    if row.base:
        base = _model(document, LineageRow(row.base), "base")
        document.relate("descent", student, "descendantOf", [base], told)
    sets = [
        document.add(
            spdx.dataset_DatasetPackage,
            f"dataset-{i}",
            name=said,
            software_primaryPurpose=spdx.software_SoftwarePurpose.data,
            dataset_datasetType=[spdx.dataset_DatasetType.text],
            description="A kind of data; the lineage table does not name the files.",
            comment=told,
        )
        for i, said in enumerate(gist.learned_from(row), 1)
    ]
    if sets:
        document.relate("training", student, "trainedOn", sets, told)


def _verdicts(document: Document, student: Any, report: Report) -> None:
    """Every verdict, on the pair that it is about."""
    models = {
        teacher: _model(document, gist.lineage(report, teacher), f"teacher-{i}")
        for i, teacher in enumerate(phrases.teachers(report), 1)
    }
    for i, verdict in enumerate(report.verdicts, 1):
        comment = f"{short(phrases.title(verdict), gist.TEXT)}. Weighed: {gist.sides(verdict)}."
        pair = document.relate(f"pair-{i}", student, "other", [models[verdict.teacher]], comment)
        facts = [*gist.of_verdict(verdict, report), *(("meaning", line) for line in gist.MEANING)]
        document.annotate(f"verdict-{i}", pair, facts)
