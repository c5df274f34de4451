"""The report as JSON (`data/schema/report-1.0.schema.json`), strict: no NaN, no infinity.

Leaves out nothing that the report holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from auditor.report import SCHEMA_VERSION, Finding, Report, Verdict


def render(report: Report) -> str:
    """Render as indented JSON, ASCII only, so that no terminal reads an escape sequence in it."""
    return json.dumps(as_data(report), indent=2, allow_nan=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The JSON document as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "headline": report.headline,
        "student": report.student,
        "verdicts": [_verdict(v, report) for v in report.verdicts],
        "skipped": [asdict(s) for s in report.skipped],
        "panel": {
            "subjects": report.n_subjects,
            "probes": report.n_probes,
            "responses": report.n_responses,
            "excluded": [asdict(e) for e in report.excluded],
            "lineage": [asdict(row) for row in report.lineage],
            "lineage_source": report.lineage_source,
        },
        "exhibits": [asdict(e) for e in report.exhibits],
        "caveats": list(report.caveats),
        "run": asdict(report.run),
    }


def _verdict(verdict: Verdict, report: Report) -> dict[str, Any]:
    return asdict(verdict) | {"detectors": [_detector(f) for f in report.findings_for(verdict.teacher)]}


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
