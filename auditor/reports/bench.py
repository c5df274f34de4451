"""The result of `audit bench` as text, JSON or one offline HTML page.

Takes the result as a dataclass and knows it by its field names only. Leaves out counting.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from auditor.reports import bench_html
from auditor.reports.bench_tables import Table, headline, tables
from auditor.reports.inert import one_line

SCHEMA = "bench-2.0"
WIDTH = 110


def render(found: Any, format: str) -> str:
    """Render a `Bench` in one of the formats text, json, html."""
    bench: dict[str, Any] = asdict(found)
    if format == "json":
        return json.dumps({"schema_version": SCHEMA, **bench}, indent=2, ensure_ascii=False) + "\n"
    return bench_html.render(bench) if format == "html" else text(bench)


def text(bench: Mapping[str, Any]) -> str:
    """The headline, then every table with its note."""
    parts = [one_line(headline(bench)), *(line for table in tables(bench) for line in _lines(table))]
    return "\n".join(parts) + "\n"


def _lines(table: Table) -> list[str]:
    cells = [[one_line(c) for c in row] for row in (table.head, *table.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return ["", one_line(table.title), *textwrap.wrap(table.note, WIDTH), *lines]
