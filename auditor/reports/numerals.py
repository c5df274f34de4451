"""How figures are written: p-values, quantities, intervals; what is missing is "n/a", never a zero.

Leaves out any rounding of what is stored: JSON has the figures in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "n/a"
# Beyond it a square is infinite; no statistic comes near.
LARGEST = 1e100
MOST_DECIMALS = 6
# log10 of the smallest p that is written out.
SMALLEST_EXACT = -300


def finite(value: float | None) -> float | None:
    """The figure, or None where there is none (None, NaN, infinity)."""
    return value if value is not None and abs(value) < LARGEST else None


def p_value(value: float | None) -> str:
    """A p-value as readers expect it: ".037", "below .001", "n/a"."""
    if finite(value) is None or value is None:
        return MISSING
    return f"{value:.3f}".lstrip("0") if 0.001 <= value < 1 else "1" if value >= 1 else "below .001"


def exact_p(value: float | None, log10: float | None = None) -> str:
    """A p-value of an exact test, however small: ".037", "4.2e-9", "below 1e-300".

    `log10` : its logarithm where it is too small for a float.
    """
    if log10 is None:
        if finite(value) is None or value is None:
            return MISSING
        log10 = math.log10(value) if value > 0 else -math.inf
    if log10 >= math.log10(0.001):
        return p_value(min(10.0**log10, 1.0))
    if log10 < SMALLEST_EXACT:
        return f"below 1e{SMALLEST_EXACT}"
    size = math.floor(log10)
    leading = f"{10.0 ** (log10 - size):.1f}"
    return f"1e{size + 1}" if leading == "10.0" else f"{leading}e{size}".replace(".0e", "e")


def number(value: float | None, decimals: int | None = None, figures: int = 3) -> str:
    """A figure with so many decimals, or else with so many significant figures."""
    if finite(value) is None or value is None:
        return MISSING
    text = f"{value:.{decimals}f}" if decimals is not None else _significant(value, figures)
    return text.removeprefix("-") if not text.strip("-0.") else text


def span(value: Sequence[float] | None, decimals: int | None = None, figures: int = 3) -> str:
    """An interval: "0.9 to 1.9"."""
    if value is None or any(finite(v) is None for v in value):
        return MISSING
    low, high = (number(v, decimals, figures) for v in value)
    return f"{low} to {high}"


def decimals(interval: Sequence[float] | None) -> int | None:
    """How many decimals show the width of an interval with two figures; None where there is no width."""
    if interval is None or any(finite(v) is None for v in interval):
        return None
    width = abs(interval[1] - interval[0])
    found = max(0, 1 - math.floor(math.log10(width))) if width else MOST_DECIMALS + 1
    return found if found <= MOST_DECIMALS else None


def times(log10: float) -> str:
    """A ratio from its logarithm, with two significant figures: "16", "6.3", "1/16"."""
    if finite(log10) is None:
        return MISSING
    if log10 < 0:
        inverse = times(-log10)
        return inverse if inverse == "1" else f"1/{inverse}"
    ratio = 10.0 ** min(log10, 300.0)
    return f"{ratio:.1f}".removesuffix(".0") if ratio < 9.95 else f"{float(f'{ratio:.2g}'):,.0f}"


def p_span(value: Sequence[float] | None) -> str:
    """A range of p-values."""
    if value is None or any(finite(v) is None for v in value):
        return MISSING
    low, high = map(p_value, value)
    return low if low == high else f"{low} to {high}"


def _significant(value: float, figures: int) -> str:
    size = abs(value)
    if not size:
        return "0"
    if not 1e-4 <= size < 1e5:
        return f"{value:.{figures - 1}e}"
    return f"{value:.{max(0, figures - 1 - math.floor(math.log10(size)))}f}"
