"""The result of `audit scan` in every format.

Takes the mapping that `auditor.scan.report_data.as_data` makes of a `ScanReport`. Leaves out scanning.
Whatever a dataset holds is hostile input: it is escaped, and cut, in every format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from auditor.errors import AuditError
from auditor.reports.json_report import strict

SCHEMA = "scan-1.0"
# Loaded when asked for: a format's libraries cost time.
FORMATS = {
    "text": "auditor.reports.scan_text",
    "json": "auditor.reports.scan",
    "markdown": "auditor.reports.scan_markdown",
    "html": "auditor.reports.scan_html",
    "sarif": "auditor.reports.sarif",
    "cyclonedx": "auditor.reports.cyclonedx",
    "spdx": "auditor.reports.spdx_dataset",
    "training-summary": "auditor.reports.training_summary",
}


def render(found: Mapping[str, Any], format: str) -> str:
    """Render in one of `FORMATS`."""
    if format not in FORMATS:
        raise AuditError(
            f"There is no report format {format!r}. Allowed are {', '.join(FORMATS)}. Name one with -f."
        )
    if format == "json":
        return ascii_json({"schema_version": SCHEMA, "legal_advice": False, **found})
    rendered: str = import_module(FORMATS[format]).render(found)
    return rendered


def ascii_json(value: Any) -> str:
    """Strict JSON, ASCII only, so that no terminal reads an escape sequence in it."""
    return json.dumps(strict(value), indent=2, allow_nan=False).replace("\x7f", "\\u007f") + "\n"
