"""Tests of pairs of models that need no score, as a few rows: one for each form, over all layers of weights.

Leaves out single tests of weights: JSON and the evidence file have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from auditor.report import PairTest, Report
from auditor.reports.numerals import exact_p, number

HEAD = ("pair", "form", "compared", "tests", "median", "smallest p", "where", "rests on")
COMBINED = "combined"
WEIGHTS = "descent"
EXPLAINED = (
    "Hidden units of the two models are matched by what they do, and it is asked whether more than chance "
    "ties the matched ones. csu: whether neighbours have partners in the same order (rho within runs of "
    "eight). sign: the signs of matched units (mean, -1 to 1). match: whether two ways to match agree (rho). "
    "The combined row counts: its p is the smallest, times the number of tests."
)


OWNER_EXPLAINED = (
    "What only the teacher's owner can bring. adjusted_mean: how much likelier the student finds the answers "
    "of the log than held-out ones, beyond what the teacher and the references give them (z). "
    "green_fraction: the share of distinct runs of tokens that a key calls green. canary_ranks: the mean "
    "rank of planted candidates among those that the key did not draw."
)


@dataclass(frozen=True)
class Section:
    """The tests of one kind; `sort` is "weights" or "owner"."""

    sort: str
    title: str
    caption: str
    explained: str
    rows: tuple[Row, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """All tests of one form on one pair, or the combined test; `values` is what a table shows."""

    combined: bool
    values: tuple[str, ...]


def sections(report: Report) -> tuple[Section, ...]:
    """Tests of weights, and of what a teacher's owner brought; a kind without tests is left out."""
    of_weights = [t for t in report.tests if t.detector == WEIGHTS]
    others = [t for t in report.tests if t.detector != WEIGHTS]
    found = (
        Section(
            "weights",
            "Weights: tests with a null of their own",
            "Tests of weights, all layers together; every single test is in the JSON report and the evidence "
            "file",
            EXPLAINED,
            _rows(of_weights),
            _assumptions(of_weights),
        ),
        Section(
            "owner",
            "Served log and key: tests of their own",
            "Tests of what the teacher's owner brought; their parameters are in the JSON report and the "
            "evidence file",
            OWNER_EXPLAINED,
            _rows(others),
            _assumptions(others),
        ),
    )
    return tuple(section for section in found if section.rows)


def _rows(tests: Sequence[PairTest]) -> tuple[Row, ...]:
    """Rows of every pair, the combined test last in each."""
    found: dict[tuple[str, str, str, str], list[PairTest]] = {}
    for test in tests:
        seen_in = "" if test.statistic == COMBINED else test.place.rpartition(", ")[2]
        found.setdefault((test.subject, test.other, test.statistic, seen_in), []).append(test)
    return tuple(_row(seen_in, mine) for (*_, seen_in), mine in found.items())


def _assumptions(tests: Sequence[PairTest]) -> tuple[str, ...]:
    """What each form rests on, once."""
    found = {t.statistic: t.rests_on for t in tests if t.statistic != COMBINED}
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
