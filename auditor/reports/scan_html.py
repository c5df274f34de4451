"""The result of `audit scan` as one HTML file: no network, no script, readable in light, dark and print.

Leaves out the words (`scan_chains.py`, `scan_findings.py`, `scan_tables.py`) and the look (`templates/`).
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from auditor.reports import html, inert, scan_chains, scan_findings, scan_mixture, scan_tables, scan_words
from auditor.reports.scan_words import Part

CHAINS_SHOWN, TERMS_SHOWN, BRIEF_SHOWN = 12, 2, 100
FINDINGS_SHOWN = 60


def render(found: Part) -> str:
    """Render one complete page."""
    rows = scan_findings.ordered(found)
    by_severity = [
        (title, [(number, f) for number, f in rows[:FINDINGS_SHOWN] if f["severity"] == severity])
        for severity, title in scan_words.SEVERITIES.items()
    ]
    return (
        _environment()
        .get_template("scan.html")
        .render(
            found=found,
            severities=[(title, mine) for title, mine in by_severity if mine],
            hidden_findings=max(0, len(rows) - FINDINGS_SHOWN),
            bars=scan_mixture.bars(found),
        )
    )


@cache
def _environment() -> Environment:
    environment = html.environment()
    environment.filters |= {
        "line": inert.one_line,
        "link": html.link,
        "short": scan_words.short,
        "name": scan_words.name,
    }
    environment.globals |= {
        "BRIEF_SHOWN": BRIEF_SHOWN,
        "CHAINS_SHOWN": CHAINS_SHOWN,
        "TERMS_SHOWN": TERMS_SHOWN,
        "chains": scan_chains,
        "findings": scan_findings,
        "tables": scan_tables,
        "words": scan_words,
    }
    return environment
