"""The result of `audit overlap` as one HTML file: no network, no script, readable in light, dark and print.

Leaves out the tables (`overlap_tables.py`) and the look (`templates/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment

from auditor.reports import html, inert
from auditor.reports.overlap_tables import percent, similarity, tables


def render(found: Mapping[str, Any]) -> str:
    """Render one complete page."""
    left, right = found["corpora"][:2]
    figures = [
        ("documents of LEFT matched", f"{left['matched']:,}", percent(left["matched"], left["documents"])),
        ("of its shingles explained", percent(left["explained"], left["shingles"]), ""),
        (
            "documents of RIGHT matched",
            f"{right['matched']:,}",
            percent(right["matched"], right["documents"]),
        ),
    ]
    return (
        _environment().get_template("overlap.html").render(found=found, tables=tables(found), figures=figures)
    )


@cache
def _environment() -> Environment:
    environment = html.environment()
    environment.filters |= {
        "line": inert.one_line,
        "marked": html.marked,
        "setting": html.setting,
        "similarity": similarity,
    }
    return environment
