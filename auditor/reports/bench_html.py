"""The result of `audit bench` as one HTML file: no network, no script, readable in light, dark and print.

Leaves out the tables (`bench_tables.py`), the plots (`curves.py`) and the look (`templates/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from auditor.reports import bench_tables, curves, inert, shares
from auditor.reports.numerals import number

# The headline's figures: key, what it is, and how it is written.
FIGURES = (
    ("controls_at_moderate_or_above", "innocent pairs accused"),
    ("students_at_moderate_or_above", "documented students found"),
    ("tpr_at_fpr01", "students above 99 % of the innocents"),
    ("top1_teacher", "nearest teacher is the documented one"),
)
INTERVAL = re.compile(r"\[[^\]]*\]|\d+ of \d+ = [.\d]+")


def render(bench: Mapping[str, Any]) -> str:
    """Render one complete page."""
    plots = {"misleading": curves.tippett(bench["tippett"]), "cross_entropy": curves.ece(bench["ece"])}
    return (
        _environment()
        .get_template("bench.html")
        .render(
            bench=bench,
            figures=[(words, bench[key]) for key, words in FIGURES],
            headline=bench_tables.headline(bench),
            plots=plots,
            shown=shown(bench),
            tables=bench_tables.tables(bench),
        )
    )


def shown(bench: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Pairs that the page lists by name: students, shared weights, and whoever else was accused."""
    return [r for r in bench["rows"] if r["part"] in ("student", "same_base") or r["accused"]]


def unbroken(cell: str) -> str:
    """The same with intervals that no line is broken in."""
    return INTERVAL.sub(lambda m: m[0].replace(" ", "\u00a0"), cell)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auditor.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "line": inert.one_line,
        "number": number,
        "of": shares.of,
        "rate": shares.rate,
        "share": shares.share,
        "unbroken": unbroken,
    }
    return environment
