"""Axes of the figures: from values to places, round tick marks, dots that do not lie on each other.

Leaves out drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high`, drawn from `left` to `right`."""

    low: float
    high: float
    left: float
    right: float

    def place(self, value: float) -> float:
        """Where a value is drawn, to a tenth; never outside the axis."""
        inside = min(max(value, self.low), self.high)
        share = inside / self.width - self.low / self.width
        return round(self.left + share * (self.right - self.left), 1)

    @property
    def width(self) -> float:
        """From end to end, in values."""
        return self.high - self.low

    def ticks(self, about: int = 6) -> list[float]:
        """Round values on the axis, about so many."""
        raw = self.width / about
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(f * size for f in (1, 2, 5, 10) if raw <= f * size * 1.001)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [0.0 if n == 0 else n * step for n in range(first, last + 1)]


def axis(values: Sequence[float], left: float, right: float) -> Axis:
    """An axis that holds all values, with some air at both ends."""
    low, high = min(values), max(values)
    air = (high - low) * 0.04 or abs(high) * 0.5 or 1.0
    return Axis(low - air, high + air, left, right)


def tick_text(value: float, step: float) -> str:
    """A tick's value with as many decimals as its step needs."""
    if value and not 1e-6 <= abs(value) < 1e6:
        return f"{value:.0e}"
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def stacked(places: Sequence[float], apart: float) -> list[int]:
    """Row of each dot, counted from the axis, so that dots of one row are `apart` or more."""
    last: list[float] = []
    rows = [0] * len(places)
    for i in sorted(range(len(places)), key=places.__getitem__):
        free = next((r for r, x in enumerate(last) if places[i] - x >= apart), len(last))
        last[free:] = [places[i], *last[free + 1 :]]
        rows[i] = free
    return rows
