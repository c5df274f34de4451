"""Inline SVG: where the student lies among the references, and a forest plot over statistics.

Colours come from the page's CSS (classes only), so figures follow light, dark and print. Leaves out any
interaction: names are readable through <title>.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from auditor.report import Finding
from auditor.reports.inert import number, one_line, p_value

WIDTH, LEFT, RIGHT = 640, 10, 10
DOT = 4


def distribution(finding: Finding, student: str) -> Markup:
    """Dot plot of the references' values with the student's marked; empty where nothing was measured."""
    if finding.value is None or not finding.reference_values:
        return Markup("")
    values = [*finding.reference_values, finding.value, *(finding.interval or ())]
    low, high = min(values), max(values)
    place = _scale(low, high)
    rows = _stacked([place(v) for v in finding.reference_values])
    base = 30 + DOT * 2 * (max(rows, default=0) + 1)
    parts = [
        _dot(place(v), base - 8 - row * DOT * 2, m, v, stratum)
        for m, v, stratum, row in zip(
            finding.reference_models,
            finding.reference_values,
            finding.reference_strata,
            rows,
            strict=True,
        )
    ]
    x = place(finding.value)
    if finding.interval:
        a, b = (place(v) for v in finding.interval)
        parts.append(
            Markup('<line class="interval" x1="{a}" x2="{b}" y1="{y}" y2="{y}"/>').format(a=a, b=b, y=base)
        )
    parts.append(
        Markup('<line class="student" x1="{x}" x2="{x}" y1="16" y2="{y}"><title>{t}</title></line>').format(
            x=x, y=base + 6, t=f"{one_line(student)}: {number(finding.value)}"
        )
    )
    anchor = "end" if x > WIDTH / 2 else "start"
    parts.append(
        Markup('<text class="student" x="{}" y="12" text-anchor="{}">student {}</text>').format(
            x, anchor, number(finding.value)
        )
    )
    parts.append(_axis(low, high, base + 2))
    label = (
        f"{finding.detector} {finding.statistic}: student {number(finding.value)} among "
        f"{len(finding.reference_values)} references from {number(min(finding.reference_values))} to "
        f"{number(max(finding.reference_values))}"
    )
    return _svg(base + 26, label, parts)


def forest(findings: Sequence[Finding]) -> Markup:
    """Z of every statistic (student minus references' mean, in their standard deviations)."""
    shown = [f for f in findings if f.z is not None]
    if not shown:
        return Markup("")
    low = min(-2.0, *(f.z or 0.0 for f in shown))
    high = max(4.0, *(f.z or 0.0 for f in shown))
    left = 200
    parts = []
    for row, f in enumerate(shown):
        y = 18 + row * 24
        x = left + ((f.z or 0.0) - low) / (high - low) * (WIDTH - left - 60)
        zero = left + (0 - low) / (high - low) * (WIDTH - left - 60)
        kind = "joint" if f.detector == "joint" else "part"
        parts.append(
            Markup(
                '<text x="0" y="{ty}">{name}</text>'
                '<line class="stem" x1="{zero}" x2="{x}" y1="{y}" y2="{y}"/>'
                '<circle class="{kind}" cx="{x}" cy="{y}" r="5"><title>p (t) {p}</title></circle>'
                '<text x="{tx}" y="{ty}">{z}</text>'
            ).format(
                name=f"{f.detector} {f.statistic}",
                zero=f"{zero:.1f}",
                x=f"{x:.1f}",
                y=y,
                ty=y + 4,
                tx=f"{max(x, zero) + 10:.1f}",
                kind=kind,
                p=p_value(f.p_t),
                z=number(f.z, 1),
            )
        )
    height = 24 * len(shown) + 12
    zero = left + (0 - low) / (high - low) * (WIDTH - left - 60)
    parts.append(
        Markup('<line class="axis" x1="{z}" x2="{z}" y1="4" y2="{h}"/>').format(z=f"{zero:.1f}", h=height)
    )
    label = "; ".join(f"{f.detector} {f.statistic} z {number(f.z, 1)}" for f in shown)
    return _svg(height, label, parts)


def _scale(low: float, high: float) -> Callable[[float], float]:
    width = (high - low) or 1.0
    return lambda v: round(LEFT + (v - low) / width * (WIDTH - LEFT - RIGHT), 1)


def _stacked(places: Sequence[float]) -> list[int]:
    """Row of each dot, so that none lies on another."""
    last: list[float] = []
    rows = [0] * len(places)
    for i in sorted(range(len(places)), key=lambda i: places[i]):
        free = next((r for r, x in enumerate(last) if places[i] - x >= DOT * 2), len(last))
        last[free:] = [places[i], *last[free + 1 :]]
        rows[i] = free
    return rows


def _dot(x: float, y: float, model: str, value: float, stratum: str) -> Markup:
    title = f"{one_line(model)}: {number(value)} ({stratum})"
    if stratum == "innocent":
        return Markup('<circle class="innocent" cx="{}" cy="{}" r="3.2"><title>{}</title></circle>').format(
            x, y, title
        )
    return Markup('<rect class="pupil" x="{}" y="{}" width="6" height="6"><title>{}</title></rect>').format(
        x - 3, y - 3, title
    )


def _axis(low: float, high: float, y: float) -> Markup:
    return Markup(
        '<line class="axis" x1="0" x2="{w}" y1="{y}" y2="{y}"/><text x="{l}" y="{t}">{low}</text>'
        '<text x="{w}" y="{t}" text-anchor="end">{high}</text>'
    ).format(w=WIDTH, y=y, l=0, t=y + 18, low=number(low), high=number(high))


def _svg(height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, label, Markup("").join(parts)
    )
