"""Rank p-values in numbers that a reader can check: which references decided one, and how many lie above.

A rank p is the largest over all references and over each kind of them, and comes with the smallest value
that kind allows, 1/(K+1). Leaves out the predictive t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditor.report import Finding, Report, Verdict
from auditor.reports.numerals import finite, p_value
from auditor.reports.populations import at_or_above, references

# A kind of references where it is counted; "" is all of them.
KINDS = {
    "": "references",
    "innocent": "references of innocent origin",
    "decoy-student": "references that are students of other teachers",
}
# The same in the column of a table.
SHORT = {"decoy-student": "students of others"}


@dataclass(frozen=True)
class Rank:
    """How many of `count` references lie at or above the student; `stratum` is "" for all of them."""

    stratum: str
    above: int
    count: int

    @property
    def p(self) -> float:
        """The rank p that this gives."""
        return (1 + self.above) / (1 + self.count)


def rank(finding: Finding) -> Rank | None:
    """The references that decided the rank p, told by the p and the floor they give; None if none do."""
    value, rows = finite(finding.value), references(finding)
    if value is None or finding.p_rank is None or finding.p_floor is None:
        return None
    for stratum in ("", *sorted({r.stratum for r in rows})):
        values = [r.value for r in rows if stratum in ("", r.stratum)]
        found = Rank(stratum, sum(v >= value for v in values), len(values))
        if math.isclose(found.p, finding.p_rank) and math.isclose(1 / (found.count + 1), finding.p_floor):
            return found
    return None


def deciding_size(p_floor: float | None) -> int | None:
    """How many references give this smallest rank p, 1/(K+1)."""
    return round(1 / p_floor) - 1 if finite(p_floor) and p_floor else None


def floor(verdict: Verdict, report: Report) -> str:
    """The smallest rank p there could be, and the references that set it: ".024 (40 references ...)"."""
    size = deciding_size(verdict.p_floor)
    if size is None:
        return p_value(None)
    joint = (f for f in report.findings_for(verdict.teacher) if f.detector == "joint")
    found = next((r for f in joint if (r := rank(f))), None)
    if found and found.count == size:
        kind = KINDS.get(found.stratum, found.stratum)
    else:
        kind = "references" if size == verdict.references else "references of the deciding kind"
    return f"{p_value(verdict.p_floor)} ({size} {kind})"


def above(finding: Finding) -> str:
    """How many of the references that decided the rank p lie at or above the student: "17 of 40 innocent"."""
    found = rank(finding)
    return (
        f"{found.above} of {found.count} {SHORT.get(found.stratum, found.stratum)}".rstrip() if found else ""
    )


def ranked(finding: Finding) -> str:
    """The rank p as a sum that can be checked, and how it looks over all references."""
    found, every = rank(finding), len(references(finding))
    pooled = at_or_above(finding)
    if not found:
        return f"{pooled} of {every} references at or above the student."
    kind = KINDS.get(found.stratum, found.stratum)
    words = (
        f"{found.above} of {found.count} {kind} at or above the student: rank p "
        f"(1 + {found.above}) / (1 + {found.count}) = {p_value(found.p)}"
    )
    return f"{words}; of all {every} references, {pooled}." if found.stratum else f"{words}."


def kind_title(stratum: str) -> str:
    """What the list of one kind of references is called."""
    kind = KINDS.get(stratum, f"references: {stratum}")
    return f"{kind[0].upper()}{kind[1:]}"
