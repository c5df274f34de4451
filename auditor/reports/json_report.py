"""The report as JSON (`data/schema/report-1.0.schema.json`), strict: no NaN, no infinity, no half characters.

Leaves out nothing that the report holds. A figure that could not be computed is null.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from typing import Any

from auditor.report import SCHEMA_VERSION, Exhibit, Finding, Report, TermsAnswer, Verdict
from auditor.reports import terms
from auditor.reports.phrases import teachers

# Half of a surrogate pair is no character: strict readers refuse it.
SURROGATE = re.compile("[\ud800-\udfff]")


def render(report: Report) -> str:
    """Render as indented JSON, ASCII only, so that no terminal reads an escape sequence in it."""
    return json.dumps(strict(as_data(report)), indent=2, allow_nan=False).replace("\x7f", "\\u007f") + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The JSON document as plain data."""
    judged = {v.teacher for v in report.verdicts}
    return {
        "headline": report.headline,
        "schema_version": SCHEMA_VERSION,
        "student": report.student,
        "verdicts": [_verdict(v, report) for v in report.verdicts],
        "not_judged": [_not_judged(t, report) for t in teachers(report) if t not in judged],
        "skipped": [asdict(s) for s in report.skipped],
        "panel": {
            "subjects": report.n_subjects,
            "probes": report.n_probes,
            "responses": report.n_responses,
            "excluded": [asdict(e) for e in report.excluded],
            "lineage": [asdict(row) for row in report.lineage],
            "lineage_source": report.lineage_source,
        },
        "terms": [_terms(a, report) for a in report.terms],
        "exhibits": [_exhibit(e) for e in report.exhibits],
        "tests": [asdict(t) for t in report.tests],
        "caveats": list(report.caveats),
        "run": asdict(report.run),
    }


def _verdict(verdict: Verdict, report: Report) -> dict[str, Any]:
    return asdict(verdict) | {"detectors": [_detector(f) for f in report.behind(verdict)]}


def _terms(answer: TermsAnswer, report: Report) -> dict[str, Any]:
    """What the teacher's terms say of one use; conditional where no evidence says that it was so."""
    behind = [v for v in report.terms_versions if (v.teacher, v.use) == (answer.teacher, answer.use)]
    versions = [{k: x for k, x in asdict(v).items() if k not in ("teacher", "use")} for v in behind]
    only = terms.below_weak(report, answer.teacher)
    return asdict(answer) | {"only_matters_if": only, "versions": versions, "not_legal_advice": True}


def _not_judged(teacher: str, report: Report) -> dict[str, Any]:
    return {"teacher": teacher, "detectors": [_detector(f) for f in report.findings_for(teacher)]}


def _detector(finding: Finding) -> dict[str, Any]:
    data = asdict(finding)
    del data["teacher"]
    names = zip(
        data.pop("reference_models"),
        data.pop("reference_values"),
        data.pop("reference_strata"),
        strict=True,
    )
    references = [{"model": m, "value": v, "stratum": s} for m, v, s in names]
    return {"name": data.pop("detector"), **data, "references": references}


def _exhibit(exhibit: Exhibit) -> dict[str, Any]:
    spans = {
        side: [[int(a), int(b)] for a, b in getattr(exhibit, side)]
        for side in ("student_spans", "teacher_spans")
    }
    names = ("teacher", "student", "base", "references")
    return (
        asdict(exhibit)
        | spans
        | {"logprobs": [dict(zip(names, one, strict=True)) for one in exhibit.logprobs]}
    )


def strict(value: Any) -> Any:
    """The same with null for figures that are none, and the replacement character for half characters."""
    if isinstance(value, dict):
        return {strict(k): strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return None if _unbounded(value) else [strict(v) for v in value]
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unbounded(value: list[Any] | tuple[Any, ...]) -> bool:
    """Whether this is an interval with an end that is no figure."""
    return (
        len(value) == 2
        and all(isinstance(v, float) for v in value)
        and not all(math.isfinite(v) for v in value)
    )
