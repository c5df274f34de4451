"""The files of a bundle that follow from its evidence: making and checking it both write them from here."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from auditor import shipped, store
from auditor.bundle import texts
from auditor.bundle.layout import README, REPORT_HTML, REPORT_JSON, SCHEMA, SCRIPT, SEALS, SIGNATURE
from auditor.store.chain import read_seals
from auditor.store.connection import reading
from auditor.store.signatures import read_signatures

SCHEMAS = ("report-1.0", "overlap-1.0", "verify-1.0", "bundle-1.0")


def contents(evidence: Path, run: str, *, redacted: bool) -> dict[str, str]:
    """Name -> text of every file that follows from the evidence of a run."""
    with reading(evidence) as con:
        seals = read_seals(con)
    found = {SEALS: json.dumps(seals, indent=2) + "\n"}
    for number, row in enumerate(read_signatures(evidence, run)):
        found[SIGNATURE.format(number)] = row.envelope
    for name in SCHEMAS:
        file = f"{name}.schema.json"
        found[SCHEMA.format(file)] = shipped.path(f"schema/{file}").read_text(encoding="utf-8")
    if store.is_overlap(evidence, run):
        return found | _overlap(evidence, run, redacted)
    return found | _comparison(evidence, run, redacted)


def _comparison(evidence: Path, run: str, redacted: bool) -> dict[str, str]:
    from auditor.reports import render

    report = store.read_report(evidence, run)
    if redacted:  # spans of a text that is not there would show nothing
        report = replace(report, exhibits=())
    return {
        REPORT_HTML: render(report, "html"),
        REPORT_JSON: render(report, "json"),
        SCRIPT: texts.script(report.run, redacted),
        README: texts.readme(report.run, report.headline, redacted),
    }


def _overlap(evidence: Path, run: str, redacted: bool) -> dict[str, str]:
    from auditor.reports.overlap import render

    report = store.read_overlap(evidence, run)
    if redacted:
        report = replace(report, passages=())
    data = asdict(report)
    return {
        REPORT_HTML: render(data, "html"),
        REPORT_JSON: render(data, "json"),
        SCRIPT: texts.script(report.run, redacted),
        README: texts.readme(report.run, report.headline, redacted),
    }
