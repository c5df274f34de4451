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
WEIGHTS, EQUALITY = "descent", "equality"
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
EQUALITY_EXPLAINED = (
    "Whether the student is the teacher behind another name. logprob_gap: the mean difference, without its "
    "sign, of what both give to the tokens of the same texts (nats a token). jensen_shannon: how far their "
    "distributions over the next token are apart (nats). bottom_overlap: the share of their least likely "
    "tokens in common. subspace_residual: the share of the student's logits outside the span of the "
    "teacher's output matrix. The last two say whether the output matrix was kept. A small p says: nearer "
    "than other models are. It takes a difference no larger than rounding makes to call two models one."
)


@dataclass(frozen=True)
class Section:
    """The tests of one kind; `sort` is "weights", "equality" or "owner"."""

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
    """Tests of weights, of equality, of what a teacher's owner brought; a kind without any is left out."""
    of_weights = [t for t in report.tests if t.detector == WEIGHTS]
    of_equality = [t for t in report.tests if t.detector == EQUALITY]
    others = [t for t in report.tests if t.detector not in (WEIGHTS, EQUALITY)]
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
            "equality",
            "The same model: differences held against reference models",
            "Tests of whether the student is the teacher; the references' figures are in the JSON report and "
            "the evidence file",
            EQUALITY_EXPLAINED,
            _rows(of_equality),
            _assumptions(of_equality),
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
    # A difference of the same model is far below a hundredth.
    decimals = None if first.detector == EQUALITY else 2
    middle = number(median(values), decimals, 2) if values else ""
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
