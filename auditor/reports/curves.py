"""Inline SVG: the two plots that show what likelihood ratios are worth (Tippett, empirical cross-entropy).

Colours come from the page's CSS (classes only), as in `figures.py`. Leaves out every computation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from markupsafe import Markup

from auditor.reports.axes import Axis, axis, tick_text
from auditor.reports.figures import drawing

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, FLOOR = 46, 548, 30, 246
# Cross-entropy above it is drawn at the edge; LRs of 1 never leave more than 1 bit.
MOST_BITS = 1.5
# Room for a line and a letter of the key, at the largest type (narrow screens, print).
KEY_LINE, KEY_LETTER = 40.0, 7.2
Points = Sequence[tuple[float, float]]


def tippett(found: Mapping[str, Sequence[float]] | None) -> Markup:
    """Shares of students and of innocents at or above each log10 LR, as steps; empty without LRs."""
    if not found:
        return Markup("")
    at = found["log10_lr"]
    along, up = axis([*at, 0.0], LEFT, RIGHT), Axis(0.0, 1.0, FLOOR, TOP)
    names = {"students": "documented students", "innocents": "innocent pairs"}
    lines = [
        _curve(kind, words, steps(at, found[kind], along.low, along.high), along, up)
        for kind, words in names.items()
    ]
    parts = [*_frame(along, up, "log10 likelihood ratio", "share at or above"), *lines, *_key(names)]
    return drawing(WIDTH, HEIGHT, "Tippett plot of the held-out likelihood ratios", parts)


def ece(found: Mapping[str, Sequence[float]] | None) -> Markup:
    """Cross-entropy in bits over prior log10 odds: the LRs, recalibrated, and LRs of 1; empty without LRs."""
    if not found:
        return Markup("")
    priors = found["log10_prior_odds"]
    along, top = Axis(priors[0], priors[-1], LEFT, RIGHT), max(1.05, *found["observed"])
    up = Axis(0.0, min(top, MOST_BITS), FLOOR, TOP)
    names = {"observed": "these ratios", "calibrated": "recalibrated", "reference": "no evidence (LR 1)"}
    lines = [
        _curve(kind, words, list(zip(priors, found[kind], strict=True)), along, up)
        for kind, words in names.items()
    ]
    parts = [*_frame(along, up, "prior log10 odds of distillation", "bits"), *lines, *_key(names)]
    return drawing(WIDTH, HEIGHT, "Empirical cross-entropy of the held-out likelihood ratios", parts)


def steps(at: Sequence[float], shares: Sequence[float], low: float, high: float) -> Points:
    """Corners of the share at or above x, from `low` to `high`: it falls just after each threshold."""
    ends = [*shares[1:], 0.0]
    corners = [(low, shares[0])]
    for x, here, after in zip(at, shares, ends, strict=True):
        corners += [(x, here), (x, after)]
    return [*corners, (high, 0.0)]


def _curve(kind: str, words: str, points: Points, along: Axis, up: Axis) -> Markup:
    places = [(along.place(x), up.place(y)) for x, y in points]
    kept = places[:1] + [b for a, b in pairwise(places) if a != b]
    return Markup('<polyline class="curve {}" points="{}"><title>{}</title></polyline>').format(
        kind, " ".join(f"{x},{y}" for x, y in kept), words
    )


def _frame(along: Axis, up: Axis, across: str, upwards: str) -> list[Markup]:
    """Grid, ticks and the names of both axes; the line at 0 is heavier."""
    parts = []
    for value, step in _marks(along, 8):
        x = along.place(value)
        parts.append(_line("axis" if value == 0 else "grid", x, x, TOP, FLOOR))
        parts.append(_text("tick", tick_text(value, step), x, FLOOR + 17, "middle"))
    for value, step in _marks(up, 5):
        y = up.place(value)
        parts.append(_line("axis" if value == 0 else "grid", LEFT, RIGHT, y, y))
        parts.append(_text("tick", tick_text(value, step), LEFT - 6, y + 4, "end"))
    parts.append(_text("tick", across, (LEFT + RIGHT) / 2, HEIGHT - 12, "middle"))
    return [*parts, _text("tick", upwards, 2, 12, "start")]


def _marks(scale: Axis, about: int) -> list[tuple[float, float]]:
    values = scale.ticks(about)
    step = values[1] - values[0] if len(values) > 1 else scale.width
    return [(v, step) for v in values]


def _key(names: Mapping[str, str]) -> list[Markup]:
    """A sample of each line and what it is, above the plot on the right."""
    parts: list[Markup] = []
    x = RIGHT - sum(KEY_LINE + KEY_LETTER * len(words) for words in names.values())
    for kind, words in names.items():
        parts.append(_line(f"curve {kind}", round(x, 1), round(x + 22, 1), 8, 8))
        parts.append(_text("", words, x + 28, 12, "start"))
        x += KEY_LINE + KEY_LETTER * len(words)
    return parts


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, x1, x2, y1, y2)


def _text(kind: str, words: str, x: float, y: float, side: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind, round(x, 1), round(y, 1), side, words
    )
