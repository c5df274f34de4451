"""The report as PDF, from the page of the HTML report in its print style, by WeasyPrint.

Needs the extra "pdf", and Pango, a library of the system. Pages are PDF/UA (tagged, with a title and a
language), and the same report gives the same file. Leaves out scripts, and whatever the library would fetch.
"""

from __future__ import annotations

import hashlib
import logging
import re
from importlib.resources import files
from typing import Any

from auditor.errors import AuditError
from auditor.report import Report
from auditor.reports import html

VARIABLE = re.compile(r"var\((--[\w-]+)\)")
VALUE = re.compile(r"(--[\w-]+):\s*([^;]+);")
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)
# What the library cannot read of our styles it says in a log that nobody asked for.
LOG = "weasyprint"


def render(report: Report) -> bytes:
    """Render as PDF; raises `AuditError` where the library or Pango is missing."""
    library = _library()
    page = SCRIPT.sub("", html.render(report)).replace("<details>", "<details open>")
    page = page.replace("</svg>", f"<style>{_figures()}</style></svg>")
    page = page.replace("</style>", f"{_template('pdf.css')}</style>", 1)
    identifier = hashlib.sha256(page.encode("utf-8", "replace")).digest()[:16]
    document = library.HTML(string=page, url_fetcher=_refuse)
    try:
        made: bytes = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=identifier)
    except Exception as error:  # whatever the library cannot lay out: its own assertions reach us
        raise AuditError(
            f"WeasyPrint could not lay out this report ({type(error).__name__}). "
            "Write -f html and print it from a browser, and tell us."
        ) from error
    return made


def _library() -> Any:
    logging.getLogger(LOG).setLevel(logging.CRITICAL)
    try:
        import weasyprint
    except ImportError as error:
        raise AuditError("PDF needs another package: pip install 'distill-audit[pdf]'.") from error
    except OSError as error:
        raise AuditError(
            "PDF needs Pango, which is not on this machine (apt-get install libpango-1.0-0 "
            "libpangoft2-1.0-0). Or write -f html and print it from a browser."
        ) from error
    return weasyprint


def _figures() -> str:
    """The style of figures in print's colours: a drawing knows neither the page's rules nor its names."""
    colours = dict(VALUE.findall(_template("print.css").partition("}")[0]))
    drawn = _template("figures.css").partition(".forest > div")[0]
    return VARIABLE.sub(lambda found: colours[found[1]], drawn)


def _template(name: str) -> str:
    return (files("auditor.reports") / "templates" / name).read_text(encoding="utf-8")


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    """Fetch nothing, wherever it is."""
    raise ValueError(f"a report asks for nothing, and this one asked for {url!r}")
