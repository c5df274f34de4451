"""The reference values a p-value was read off: where they lie, how widely, and what would count as unusual.

A finding's p is the least unusual of the answers over all references and over each stratum of them; the
figures draw the one that was used. Leaves out computing any verdict: what is drawn here decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scipy.special import stdtrit

from auditor.report import Finding
from auditor.reports.numerals import finite

FEWEST = 3
SMALLEST_SPREAD = 1e-12
LEVEL = 0.05


@dataclass(frozen=True)
class Reference:
    """One model of the null: name, value, stratum."""

    model: str
    value: float
    stratum: str


@dataclass(frozen=True)
class Population:
    """Mean, standard deviation and size of a set of reference values; `stratum` is "" for all of them."""

    stratum: str
    mean: float
    spread: float
    count: int

    def z(self, value: float) -> float:
        """Distance from the mean, in standard deviations."""
        return (value - self.mean) / self.spread

    @property
    def unusual(self) -> float:
        """The value whose one-sided predictive-t p is .05."""
        width: float = stdtrit(self.count - 1, 1 - LEVEL) * math.sqrt(1 + 1 / self.count)
        return self.mean + width * self.spread


def references(finding: Finding) -> tuple[Reference, ...]:
    """The null of a finding, smallest value first; what could not be measured is left out."""
    rows = zip(finding.reference_models, finding.reference_values, finding.reference_strata, strict=True)
    found = [Reference(m, v, s) for m, v, s in rows if finite(v) is not None]
    return tuple(sorted(found, key=lambda r: r.value))


def population(finding: Finding) -> Population | None:
    """The references that the finding's z was computed from; None where there are too few to say."""
    found = list(_populations(references(finding)))
    z, value = finite(finding.z), finite(finding.value)
    if not found or z is None or value is None:
        return found[0] if found else None
    return min(found, key=lambda p: abs(p.z(value) - z))


def at_or_above(finding: Finding) -> int:
    """How many references resemble the teacher as much as the student does."""
    value = finite(finding.value)
    return sum(r.value >= value for r in references(finding)) if value is not None else 0


def _populations(rows: tuple[Reference, ...]) -> Iterator[Population]:
    for stratum in ("", *dict.fromkeys(r.stratum for r in rows)):
        values = [r.value for r in rows if stratum in ("", r.stratum)]
        if len(values) < FEWEST:
            continue
        mean = math.fsum(values) / len(values)
        spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
        if spread > SMALLEST_SPREAD:
            yield Population(stratum, mean, spread, len(values))
