"""Inline SVG: all statistics on one scale, the student's distance from the references in their spread.

A point is z; a bar is the 95 % interval of the value, drawn on the same scale (divided by the same standard
deviation); a short upright line is where the predictive-t p is .05. Leaves out statistics without a z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditor.report import Finding
from auditor.reports.axes import Axis, tick_text
from auditor.reports.figures import drawing
from auditor.reports.numerals import finite, number, p_value
from auditor.reports.populations import population

WIDTH, LEFT, RIGHT, HEIGHT = 560, 10, 550, 22
NARROWEST, WIDEST = (-2.0, 4.0), (-8.0, 16.0)


@dataclass(frozen=True)
class Row:
    """One statistic on the common scale: z, its interval, and the z that would be unusual."""

    finding: Finding
    z: float
    interval: tuple[float, float] | None
    unusual: float | None


def rows(findings: Sequence[Finding]) -> tuple[Row, ...]:
    """The statistics that can be put on one scale, in order."""
    return tuple(_row(f, z) for f in findings if (z := finite(f.z)) is not None)


def scale(shown: Sequence[Row]) -> Axis:
    """One axis for all rows; what lies beyond sixteen standard deviations is drawn at the edge."""
    ends = [v for r in shown for v in (r.z, *(r.interval or ()))]
    low, high = min(NARROWEST[0], *ends, 0.0), max(NARROWEST[1], *ends, 0.0)
    return Axis(max(low, WIDEST[0]) - 0.3, min(high, WIDEST[1]) + 0.3, LEFT, RIGHT)


def plot(row: Row, along: Axis) -> Markup:
    """One row: the references' mean, the threshold, the interval, the student."""
    middle, zero, x = HEIGHT / 2, along.place(0.0), along.place(row.z)
    parts = [_upright("mean", zero, 0, HEIGHT)]
    if row.unusual is not None:
        parts.append(_upright("threshold", along.place(row.unusual), 3, HEIGHT - 3))
    if row.interval:
        a, b = (along.place(v) for v in row.interval)
        parts.append(
            Markup('<line class="interval" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(a, b, y=middle)
        )
    kind = "joint" if row.finding.detector == "joint" else "part"
    parts.append(Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"/>').format(kind, x, middle))
    label = f"z {number(row.z, 1)}, predictive p {p_value(row.finding.p_t)}"
    return drawing(WIDTH, HEIGHT, label, parts)


def ruler(along: Axis) -> Markup:
    """The tick marks above the rows."""
    values = along.ticks(8)
    step = values[1] - values[0] if len(values) > 1 else 1.0
    parts = [
        Markup('<text class="tick" x="{}" y="13" text-anchor="middle">{}</text>').format(
            along.place(v), tick_text(v, step)
        )
        for v in values
    ]
    return Markup('<svg viewBox="0 0 {} 18" aria-hidden="true">{}</svg>').format(
        WIDTH, Markup("").join(parts)
    )


def _row(finding: Finding, z: float) -> Row:
    null, value, ends = population(finding), finite(finding.value), finding.interval
    if null is None or value is None:
        return Row(finding, z, None, None)
    unusual = null.z(null.unusual)
    if ends is None or any(finite(v) is None for v in ends):
        return Row(finding, z, None, unusual)
    low, high = (z + (v - value) / null.spread for v in ends)
    return Row(finding, z, (low, high), unusual)


def _upright(kind: str, x: float, y1: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{x}" x2="{x}" y1="{}" y2="{}"/>').format(kind, y1, y2, x=x)
