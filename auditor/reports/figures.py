"""Inline SVG: where the student lies among the references of one statistic.

Colours come from the page's CSS (classes only), so figures follow light, dark and print. Leaves out any
interaction: names are readable through <title>, and the page lists the highest of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from auditor.report import Finding
from auditor.reports.axes import Axis, axis, stacked, tick_text
from auditor.reports.inert import one_line
from auditor.reports.numerals import finite, number, span
from auditor.reports.populations import Reference, at_or_above, population, references

WIDTH, LEFT, RIGHT = 480, 10, 450
TOP = 40  # below the two labels
APART, LANE = 6.4, 96.0
INNOCENT = "innocent"


def strip(finding: Finding, student: str) -> Markup:
    """References as marks, innocent ones above the line, students of others below; the student as a line.

    Empty where nothing was measured.
    """
    value, rows = finite(finding.value), references(finding)
    if value is None or not rows:
        return Markup("")
    null = population(finding)
    drawn = [r.value for r in rows] + [value, *_interval(finding)] + ([null.unusual] if null else [])
    scale = axis(drawn, LEFT, RIGHT)
    upper, height_up = _lane([r for r in rows if r.stratum == INNOCENT], scale)
    lower, height_down = _lane([r for r in rows if r.stratum != INNOCENT], scale)
    ground = TOP + max(height_up, 14)
    floor = ground + (height_down + 6 if height_down else 6)
    parts = [
        _band(finding, scale, floor),
        *(_dot(r, x, ground - 6 - y) for r, x, y in upper),
        *(_square(r, x, ground + 7 + y) for r, x, y in lower),
        _line("axis", LEFT, RIGHT, ground, ground),
        *_ticks(scale, floor),
        _threshold(null.unusual, value, scale, floor) if null else Markup(""),
        _student(value, student, scale, floor),
    ]
    return drawing(WIDTH, floor + 22, _summary(finding, rows, student), parts)


def drawing(width: float, height: float, label: str, parts: Iterable[Markup]) -> Markup:
    """An SVG that is one image to a screen reader."""
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, round(height, 1), one_line(label), Markup("").join(parts)
    )


def _interval(finding: Finding) -> tuple[float, ...]:
    ends = finding.interval or ()
    return tuple(ends) if all(finite(v) is not None for v in ends) else ()


def _lane(rows: Sequence[Reference], scale: Axis) -> tuple[list[tuple[Reference, float, float]], float]:
    """Each reference with its place and its distance from the line; and the lane's height."""
    places = [scale.place(r.value) for r in rows]
    levels = stacked(places, APART)
    step = min(APART, LANE / (max(levels, default=0) + 1))
    lane = [(r, x, round(level * step, 1)) for r, x, level in zip(rows, places, levels, strict=True)]
    return lane, (max(levels) + 1) * step + 5 if levels else 0


def _dot(row: Reference, x: float, y: float) -> Markup:
    return Markup('<circle class="innocent" cx="{}" cy="{}" r="2.9">{}</circle>').format(
        x, round(y, 1), _name(row)
    )


def _square(row: Reference, x: float, y: float) -> Markup:
    return Markup('<rect class="pupil" x="{}" y="{}" width="5" height="5">{}</rect>').format(
        round(x - 2.5, 1), round(y - 2.5, 1), _name(row)
    )


def _name(row: Reference) -> Markup:
    return Markup("<title>{}: {} ({})</title>").format(one_line(row.model), number(row.value), row.stratum)


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, x1, x2, y1, y2)


def _band(finding: Finding, scale: Axis, floor: float) -> Markup:
    ends = [scale.place(v) for v in _interval(finding)]
    if not ends:
        return Markup("")
    return Markup('<rect class="band" x="{}" y="30" width="{}" height="{}"/>').format(
        ends[0], round(max(1.0, ends[1] - ends[0]), 1), round(floor - 30, 1)
    )


def _threshold(value: float, student: float, scale: Axis, floor: float) -> Markup:
    x = scale.place(value)
    side = "end" if student > value else "start"
    side = "start" if x < 45 else "end" if x > WIDTH - 45 else side
    label = _text("threshold", "p = .05", x + 3 if side == "start" else x - 3, 26, side)
    return _line("threshold", x, x, 17, round(floor, 1)) + label


def _student(value: float, student: str, scale: Axis, floor: float) -> Markup:
    x = scale.place(value)
    name = one_line(student)
    short = name if len(name) <= 40 else name[:39] + "…"
    return _line("student", x, x, 15, round(floor, 1)) + _label("student", f"{short} {number(value)}", x, 11)


def _label(kind: str, words: str, x: float, y: float) -> Markup:
    """Words above a line, kept inside the drawing."""
    side = "start" if x < WIDTH * 0.3 else "end" if x > WIDTH * 0.7 else "middle"
    at = {"start": max(x - 4, 2), "end": min(x + 4, WIDTH - 2), "middle": x}[side]
    return _text(kind, words, at, y, side)


def _text(kind: str, words: str, x: float, y: float, side: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, round(x, 1), round(y, 1), side, words
    )


def _ticks(scale: Axis, floor: float) -> list[Markup]:
    values = scale.ticks()
    step = values[1] - values[0] if len(values) > 1 else scale.width
    parts = [_line("axis", LEFT, RIGHT, round(floor, 1), round(floor, 1))]
    for value in values:
        x = scale.place(value)
        parts.append(_line("axis", x, x, round(floor, 1), round(floor + 4, 1)))
        parts.append(_text("tick", tick_text(value, step), min(max(x, 14), WIDTH - 14), floor + 17, "middle"))
    return parts


def _summary(finding: Finding, rows: Sequence[Reference], student: str) -> str:
    return (
        f"{finding.detector} {finding.statistic}: {student} at {number(finding.value)}, 95 % "
        f"interval {span(finding.interval)}; {len(rows)} references from {number(rows[0].value)} to "
        f"{number(rows[-1].value)}, {at_or_above(finding)} of them at or above the student."
    )
