"""From scores of rows towards models to an answer: the text fits the named generator, does not, or neither.

"Does not fit" is the one answer that can hurt somebody, so all of it must hold: the named generator, and the
nearest other model of its provider, are no better than "not enough evidence"; a model of another provider
stands at moderate or above; its interval lies above theirs; and both are documented not to have learned from
one another. Leaves out the scores (`fit.py`) and the words (`words.py`). The numbers:
docs/measurements/verify_generator.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.reasons import UNABLE
from auditor.report import Interval
from auditor.thresholds import FEW_PROBES, SAME_ANSWERS

MIN_SHARED = FEW_PROBES
"""Prompts that rows and panel share, below which nothing is said of the rows."""
FITS, NO_FIT, CANNOT_TELL, NOT_CHECKED = "fits", "does not fit", "cannot be told", "not checked"
FIRM = ("moderate", "moderately_strong", "strong")
LOW = ("insufficient", "against")


@dataclass(frozen=True)
class Candidate:
    """One model of the panel that may have written the rows.

    Attributes
    ----------
    score : joint score of the rows towards it; interval : 95 %, over prompts; None = not measured.
    level, reason : of the verdict. apart : it is documented not to have learned from the named generator, nor
        the named generator from it; of the named generator itself, True.
    """

    model: str
    provider: str
    score: float
    interval: Interval | None
    level: str
    reason: str
    apart: bool = True


@dataclass(frozen=True)
class Weighed:
    """Rows that name one generator, against the panel's answers to the same prompts.

    Attributes
    ----------
    named : the generator that the rows name. kin : the other model of its provider with the highest score, a
        later version perhaps; None = the panel has none. rivals : models of other providers, the highest
        score first. prompts : how many were shared. same_answers : share of answers that are the named one's
        word for word.
    """

    named: Candidate
    kin: Candidate | None
    rivals: tuple[Candidate, ...]
    prompts: int
    same_answers: float

    @property
    def leads(self) -> bool:
        """Whether no model of another provider has a higher score."""
        return all(self.named.score >= r.score for r in self.rivals)

    @property
    def house(self) -> tuple[Candidate, ...]:
        """The named generator, and the nearest other model of its provider."""
        return (self.named, self.kin) if self.kin else (self.named,)


def decide(weighed: Weighed) -> tuple[str, str, Candidate | None]:
    """Return the answer, why, and the model of another provider that stands instead."""
    named = weighed.named
    if weighed.prompts < MIN_SHARED:
        return NOT_CHECKED, f"only {weighed.prompts} prompts are shared with the panel", None
    if weighed.same_answers >= SAME_ANSWERS:
        return FITS, "most answers are the panel's own, word for word", None
    if named.reason in UNABLE:
        return CANNOT_TELL, named.reason, None
    if weighed.leads:
        if named.level in FIRM:
            return FITS, "it leads", None
        return CANNOT_TELL, "it leads, not by enough", None
    if named.level not in LOW:
        return CANNOT_TELL, "models of several providers resemble the rows", None
    if weighed.kin and weighed.kin.level not in LOW:
        return CANNOT_TELL, "another model of its provider resembles the rows", None
    standing = [r for r in weighed.rivals if r.level in FIRM and all(_above(r, c) for c in weighed.house)]
    if not standing:
        return CANNOT_TELL, "no other model stands clearly above it", None
    if not all(r.apart for r in standing):
        return CANNOT_TELL, "the two may have learned from each other", None
    return NO_FIT, "another stands instead", standing[0]


def _above(rival: Candidate, named: Candidate) -> bool:
    """Whether the interval of one score lies above the other's."""
    return bool(rival.interval and named.interval and rival.interval[0] > named.interval[1])
