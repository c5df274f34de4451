"""`Traits`: what a licence asks for, by family (`data/licences/traits.toml`).

Our reading in a few flags, not the licence. Leaves out what follows for a use (`on_use.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from auditor.scan.licences import tables

KINDS = ("software", "data", "model")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a licence asks for.

    Attributes
    ----------
    noncommercial : commercial use is excluded. research_only : anything but research is.
    share_alike : what is made from it goes under the same licence. no_derivatives : changed versions may not
        be passed on. attribution : name the authors, hand on notices. public_domain : nothing is kept back.
    ask : nobody may use it unasked. kind : what it was written for, one of `KINDS`. confidence : of our
        reading.
    """

    kind: str
    confidence: str
    noncommercial: bool = False
    research_only: bool = False
    share_alike: bool = False
    no_derivatives: bool = False
    attribution: bool = False
    public_domain: bool = False
    ask: bool = False


@cache
def of(licence: str) -> Traits | None:
    """Return the traits of one id; None = nobody has read it."""
    name = licence.lower()
    return next(
        (traits for patterns, traits in _families() if any(fnmatchcase(name, p) for p in patterns)), None
    )


@cache
def _families() -> tuple[tuple[tuple[str, ...], Traits], ...]:
    """Return patterns and traits of each family, in the order of the file."""
    rows = tables.table("traits")["family"]
    return tuple((tuple(row["ids"]), Traits(**{k: v for k, v in row.items() if k != "ids"})) for row in rows)
