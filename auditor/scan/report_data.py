"""A scan's report as plain data, with what a reader needs beside the fields: what formats are written from.

Leaves out the formats (`auditor/reports/scan*.py`), which see this mapping and nothing else.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from auditor.scan.finding import Finding
from auditor.scan.result import ScanReport
from auditor.scan.rules import rules
from auditor.scan.terms_schema import meaning

MEANINGS = {"uses": "uses", "parties": "party", "channels": "channels", "verdicts": "verdict"}


def as_data(report: ScanReport) -> dict[str, Any]:
    """The fields of a report; with `fingerprint` in every finding, and two further keys.

    An ignored finding has its reason as `ignored`. `rules` are those that were met; `meanings` says what
    uses, parties, channels and verdicts mean.
    """
    met = {f.rule for f in report.findings} | {f.rule for f, _ in report.ignored}
    return asdict(report) | {
        "findings": [_finding(f) for f in report.findings],
        "ignored": [{**_finding(f), "ignored": why} for f, why in report.ignored],
        "rules": [asdict(rule) for id, rule in rules().items() if id in met],
        "meanings": {name: meaning(field) for name, field in MEANINGS.items()},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "fingerprint": finding.fingerprint}
