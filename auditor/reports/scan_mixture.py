"""Inline SVG: the share of the rows that each generator wrote; solid where the sign is sure, else open.

Takes the mapping that `ScanReport` is told as. Leaves out generators whose rows were not counted.
"""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from auditor.reports.figures import drawing
from auditor.reports.scan_tables import people, untold
from auditor.reports.scan_words import Part, name, percent

WIDTH, HEIGHT = 400, 14
SHOWN = 15


class Bar(NamedTuple):
    """One row of the figure: who, the bar, share and rows in words."""

    name: str
    drawing: Markup
    share: str
    rows: str


def bars(found: Part) -> list[Bar]:
    """The generators that were counted, the largest first, and what nothing tells about."""
    counted = sorted((g for g in found["generators"] if g["share"] is not None), key=lambda g: -g["share"])
    made = [
        _bar(
            name(g["name"]) or "unknown model",
            g["share"],
            g["rows"],
            "sure" if g["confidence"] == "high" else "open",
        )
        for g in counted[:SHOWN]
    ]
    if counted and found["people"]:
        made.append(_bar("known sets by people", people(found), found["people"], "open"))
    rest = untold(found)
    if rest is not None and rest > 1e-9:
        made.append(_bar("nothing says who", rest, None, "untold"))
    return made


def _bar(who: str, share: float, rows: int | None, kind: str) -> Bar:
    width = max(0.0, min(1.0, share)) * (WIDTH - 2)
    shape = Markup('<rect class="{}" x="1" y="1" width="{:.1f}" height="{}"/>').format(
        kind, max(width, 1.0), HEIGHT - 2
    )
    base = Markup('<line class="axis" x1="1" x2="1" y1="0" y2="{}"/>').format(HEIGHT)
    words = f"{who}: {percent(share)}"
    return Bar(who, drawing(WIDTH, HEIGHT, words, [shape, base]), percent(share), f"{rows:,}" if rows else "")
