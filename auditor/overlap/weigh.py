"""Is the left corpus closer to the teacher's log than independent corpora are? Its rank among them.

The null is other corpora of the left one's kind held against the same log: what they match, chance and public
text explain. Leaves out counting. Fewer references than `MIN_REFERENCES` weigh nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.overlap.result import CorpusFigures, Weighed
from auditor.reports.numerals import exact_p
from auditor.thresholds import MIN_REFERENCES, MODERATE_AT, UNUSUAL_AT


def share(corpus: CorpusFigures) -> float:
    """Share of the documents that are matched; 0 for a corpus without documents."""
    return corpus.matched / corpus.documents if corpus.documents else 0.0


def weigh(left: CorpusFigures, references: Sequence[CorpusFigures]) -> Weighed:
    """Rank of the left corpus by the share of its documents that are matched; ties count against it."""
    k = len(references)
    floor = 1 / (k + 1)
    above = sum(share(r) >= share(left) for r in references)
    p = (1 + above) / (k + 1) if k else None
    if not left.matched:
        return Weighed("insufficient", "nothing_found", "No near copy was found.", p, floor if k else None, k)
    if k < MIN_REFERENCES:
        words = (
            f"Evidence not weighed: {k or 'no'} reference {'corpus says' if k == 1 else 'corpora say'} what "
            f"independent corpora match, and it takes {MIN_REFERENCES} (--reference)."
        )
        return Weighed("insufficient", "few_references", words, p, floor if k else None, k)
    most = max(map(share, references))
    compared = (
        f"of {k} reference corpora {above} match as large a share of their documents or more (the most: "
        f"{100 * most:.3g} %); rank p {exact_p(p)}, its smallest possible value {exact_p(floor)}"
    )
    assert p is not None
    level = "moderate" if p <= MODERATE_AT else "weak" if p <= UNUSUAL_AT else "insufficient"
    if level == "insufficient":
        return Weighed(level, "not_unusual", f"Not enough evidence either way: {compared}.", p, floor, k)
    named = {"weak": "Weak", "moderate": "Moderate"}[level]
    words = f"{named} support for text shared beyond what independent corpora share: {compared}."
    return Weighed(level, "", words, p, floor, k)
