"""How shares and counts are written: ".983 [.952, .998]", "26 of 44 = .591 [.432, .737]".

Takes rates as `audit bench` stores them. Leaves out p-values and quantities (`numerals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.reports.numerals import MISSING


def share(value: float | None) -> str:
    """A share or cost without a leading zero: ".983"; "n/a" = not measured."""
    if value is None:
        return MISSING
    return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.3f}"


def span(value: float | None, ends: Sequence[float] | None) -> str:
    """A figure with its interval: ".983 [.952, .998]"."""
    return share(value) if ends is None else f"{share(value)} [{share(ends[0])}, {share(ends[1])}]"


def of(rate: Mapping[str, Any]) -> str:
    """A count: "26 of 44"; a mean over draws keeps a decimal."""
    return f"{round(rate['n'], 1):g} of {rate['of']}"


def rate(found: Mapping[str, Any]) -> str:
    """A count, the share, and its Clopper-Pearson interval; "none" = nothing to count."""
    if found["rate"] is None:
        return "none"
    return f"{of(found)} = {span(found['rate'], (found['lower95'], found['upper95']))}"
