"""How a report looks: `render` turns a `Report` into text, JSON, Markdown or one HTML file.

Leaves out where a report comes from: formats see a `Report` and nothing else.
"""

from __future__ import annotations

from importlib import import_module

from auditor.errors import AuditError
from auditor.report import Report

FORMATS = {
    "text": "auditor.reports.text",
    "json": "auditor.reports.json_report",
    "markdown": "auditor.reports.markdown",
    "html": "auditor.reports.html",
}


def render(report: Report, format: str) -> str:
    """Render a report in one of `FORMATS`."""
    if format not in FORMATS:
        raise AuditError(f"No report format {format!r}. Allowed are {', '.join(FORMATS)}.")
    rendered: str = import_module(FORMATS[format]).render(report)
    return rendered
