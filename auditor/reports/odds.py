"""Why a likelihood ratio is not the chance that something is true: what it makes of several prior odds.

Odds after the evidence = odds before it x likelihood ratio (Bayes). The prior is for whoever decides, never
for the auditor. Leaves out the control that moves it (`templates/report.js`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report import Report, Verdict
from auditor.reports import phrases
from auditor.reports.numerals import finite, times

# log10 of prior odds that the table shows.
PRIORS = (-4, -3, -2, -1, 0, 1)
# Shown where a run has no ratio of its own: log10 of it.
EXAMPLE = 1.0


@dataclass(frozen=True)
class Ratio:
    """A likelihood ratio as log10, with its interval; `title` "" marks the example."""

    title: str
    log10: float
    low: float
    high: float


def ratios(report: Report) -> tuple[Ratio, ...]:
    """One a verdict that has one; else the example."""
    found = tuple(r for v in report.verdicts if (r := _ratio(v)) is not None)
    return found or (Ratio("", EXAMPLE, EXAMPLE, EXAMPLE),)


def rows(ratio: Ratio) -> list[tuple[str, str, str, str]]:
    """Odds before, odds after, chance after, and the chance at both ends of the interval ("" = none)."""
    return [
        (
            odds(prior),
            odds(prior + ratio.log10),
            chance(prior + ratio.log10),
            f"{chance(prior + ratio.low)} to {chance(prior + ratio.high)}" if ratio.low < ratio.high else "",
        )
        for prior in PRIORS
    ]


def odds(log10: float) -> str:
    """Odds in words: "1 to 100", "16 to 1"."""
    text = times(log10)
    return f"1 to {text[2:]}" if text.startswith("1/") else f"{text} to 1"


def chance(log10: float) -> str:
    """Odds as how many in a hundred."""
    share = 100 * 10**log10 / (1 + 10**log10)
    if share < 0.01:
        return "below .01 in 100"
    if share > 99.9:
        return "above 99.9 in 100"
    text = f"{share:.2f}" if share < 1 else f"{share:.1f}"
    return f"{text.removeprefix('0')} in 100"


def _ratio(verdict: Verdict) -> Ratio | None:
    at = finite(verdict.log10_lr)
    if at is None:
        return None
    low, high = verdict.log10_lr_interval or (at, at)
    if finite(low) is None or finite(high) is None:
        low, high = at, at
    return Ratio(phrases.subject(verdict), at, low, high)
