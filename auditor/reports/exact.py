"""Exact tests of pairs of models as a few rows: one for each form, over all layers.

Leaves out single tests: JSON and the evidence file have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from auditor.report import PairTest, Report
from auditor.reports.numerals import exact_p, number

HEAD = ("pair", "form", "compared", "tests", "median", "smallest p", "where", "rests on")
COMBINED = "combined"
EXPLAINED = (
    "Hidden units of the two models are matched by what they do, and it is asked whether more than chance "
    "ties the matched ones. csu: whether neighbours have partners in the same order (rho within runs of "
    "eight). sign: the signs of matched units (mean, -1 to 1). match: whether two ways to match agree (rho). "
    "The combined row counts: its p is the smallest, times the number of tests."
)


@dataclass(frozen=True)
class Row:
    """All tests of one form on one pair, or the combined test; `values` is what a table shows."""

    combined: bool
    values: tuple[str, ...]


def rows(report: Report) -> tuple[Row, ...]:
    """Rows of every pair, the combined test last in each."""
    found: dict[tuple[str, str, str, str], list[PairTest]] = {}
    for test in report.tests:
        seen_in = "" if test.statistic == COMBINED else test.place.rpartition(", ")[2]
        found.setdefault((test.subject, test.other, test.statistic, seen_in), []).append(test)
    return tuple(_row(seen_in, tests) for (*_, seen_in), tests in found.items())


def assumptions(report: Report) -> tuple[str, ...]:
    """What each form rests on, once."""
    found = {t.statistic: t.rests_on for t in report.tests if t.statistic != COMBINED}
    return tuple(f"{form}: {rests_on}" for form, rests_on in found.items())


def _row(seen_in: str, tests: Sequence[PairTest]) -> Row:
    """One row."""
    first = min(tests, key=lambda t: t.log10_p)
    combined = first.statistic == COMBINED
    values = [t.value for t in tests if t.value is not None]
    middle = number(median(values), 2) if values else ""
    where = "" if combined else first.place.rpartition(", ")[0]
    compared = first.place if combined else seen_in
    shown = (
        f"{first.subject} with {first.other}",
        first.statistic,
        compared,
        "" if combined else str(len(tests)),
        middle,
        exact_p(first.p, first.log10_p),
        where,
        "the smallest p above" if combined else first.rests_on,
    )
    return Row(combined, shown)
