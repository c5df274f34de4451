"""How a report looks: `render` turns a `Report` into one of the text formats, `rendered` also into a PDF.

Leaves out where a report comes from: formats see a `Report` and nothing else.
"""

from __future__ import annotations

from importlib import import_module

from auditor.errors import AuditError
from auditor.report import Report

# Loaded when asked for: a format's libraries cost time.
FORMATS = {
    "text": "auditor.reports.text",
    "json": "auditor.reports.json_report",
    "markdown": "auditor.reports.markdown",
    "html": "auditor.reports.html",
    "cyclonedx": "auditor.reports.cyclonedx_model",
    "spdx": "auditor.reports.spdx_model",
    "model-card": "auditor.reports.model_card",
    "ai-act": "auditor.reports.ai_act",
    "training-summary": "auditor.reports.training_content",
}
# Bytes, not text.
BINARY = {"pdf": "auditor.reports.pdf"}


def render(report: Report, format: str, *, width: int | None = None, color: bool | None = None) -> str:
    """Render a report in one of `FORMATS`.

    `width` (columns) and `color` are the text format's; None takes both from stdout and NO_COLOR.
    """
    if format not in FORMATS:
        raise AuditError(
            f"There is no report format {format!r}. Allowed are {', '.join(FORMATS)}. Name one with -f."
        )
    options = {"width": width, "color": color} if format == "text" else {}
    rendered: str = import_module(FORMATS[format]).render(report, **options)
    return rendered


def rendered(report: Report, format: str) -> str | bytes:
    """A report in one of `FORMATS`, or in one of `BINARY`."""
    if format not in BINARY:
        return render(report, format)
    made: bytes = import_module(BINARY[format]).render(report)
    return made
