"""What the exact tests of weights say of the student and each teacher: how they are related, how surely.

The tests know no direction: a small p says that two models do not come from independent random weights. So
one was made from the other, or both from a third; a base that both are related to, or a documented ancestor,
makes it the third. Levels come from p after Bonferroni over forms and layers and Holm over teachers, by the
bound of Sellke, Bayarri & Berger 2001 (The American Statistician 55, section 3): no alternative makes p more
than -1/(e p ln p) times as likely, which is 8, 53 and 400 at the lower limits below, and 26,600 at the last.
Leaves out the tests (`weight_tests.py`) and the sentences (`common_weights_words.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.descent import Descent
from auditor.lineage import Lineage, definitely_later
from auditor.thresholds import ACCUSING
from auditor.weight_tests import Compared, Pair
from detectors.combine import holm
from detectors.descent_null import plain

LADDER = (("strong", 1e-6), ("moderately_strong", 1e-4), ("moderate", 1e-3), ("weak", 1e-2))
# The highest level of a form without an exact null.
MATCH_AT_MOST = "moderately_strong"
# Student and teacher share more than a base when they keep the order of hidden units by this much more.
CLOSER = 0.25
RELATED, SAME_FILES = "related", "same_files"
TO_A_BASE, TO_AN_ANCESTOR = "related_to_base", "documented_ancestor"
CLOSER_THAN_BASE, NOT_RELATED, UNTESTED = "closer_than_base", "not_related", "weights_not_comparable"
LATER, REVERSED = "teacher_later", "teacher_from_student"


@dataclass(frozen=True)
class Evidence:
    """p of all tests of a pair, or of two pairs that both must hold, after Holm; and what level it gives.

    `p_exact_forms` : the same where only the forms with an exact null decide. `p` : before Holm.
    """

    p: float
    p_adjusted: float
    p_exact_forms: float

    @property
    def level(self) -> str:
        """One of `LADDER`, or "insufficient"."""
        return max(self.by_exact_forms, min(_level(self.p_adjusted), MATCH_AT_MOST, key=_rank), key=_rank)

    @property
    def by_exact_forms(self) -> str:
        """The level without `match`."""
        return _level(self.p_exact_forms)

    @property
    def related(self) -> bool:
        """Whether there is any support."""
        return self.level in ACCUSING

    @property
    def on_match_alone(self) -> bool:
        """Whether the level rests on the form without an exact null."""
        return _rank(self.by_exact_forms) < _rank(self.level)


@dataclass(frozen=True)
class Relation:
    """Student and teacher by their weights.

    Attributes
    ----------
    pair : the two compared. evidence : None where nothing could be tested.
    proposition : "weight_descent" or "common_ancestor". level, reason : as in a verdict.
    base : the base that both are related to, or the documented ancestor; "" = none.
    to_base : evidence that both are related to the base that was given; None = none was, or they are not.
    bases : the bases both were compared with.
    """

    pair: Pair
    evidence: Evidence | None
    proposition: str
    level: str
    reason: str
    base: str
    to_base: Evidence | None
    bases: tuple[str, ...]

    @property
    def teacher(self) -> str:
        """Name of the teacher."""
        return self.pair.other

    @property
    def related(self) -> bool:
        """Whether the tests find student and teacher related, whatever dates and documents say of it."""
        return self.reason not in (NOT_RELATED, UNTESTED)


def relations(compared: Compared, lineage: Lineage) -> dict[str, Relation]:
    """Teacher -> how the student is related to it."""
    weights = compared.weights
    student, teachers, bases = weights.student, weights.teachers, weights.bases
    direct = _evidence([(compared.pair(student, t),) for t in teachers])
    both = [(t, b) for t in teachers for b in bases]
    above = _evidence([(compared.pair(student, b), compared.pair(t, b)) for t, b in both])
    to_base = dict(zip(both, above, strict=True))
    found = {}
    for teacher, evidence in zip(teachers, direct, strict=True):
        shared = [(b, e) for b in bases if (e := to_base[teacher, b]) is not None and e.related]
        best = min(shared, key=lambda item: item[1].p_exact_forms, default=None)
        found[teacher] = _relation(compared, lineage, teacher, evidence, best)
    return found


def _relation(
    compared: Compared,
    lineage: Lineage,
    teacher: str,
    evidence: Evidence | None,
    base: tuple[str, Evidence] | None,
) -> Relation:
    """The first rule that applies."""
    student, pair = compared.weights.student, compared.pair(compared.weights.student, teacher)
    history = Descent(student, teacher, lineage)
    related = evidence is not None and evidence.related

    def told(level: str, reason: str, proposition: str = "weight_descent", ancestor: str = "") -> Relation:
        given = base[1] if base else None
        return Relation(pair, evidence, proposition, level, reason, ancestor, given, compared.weights.bases)

    if evidence is not None and related and pair.same:
        return told(evidence.level, SAME_FILES)
    if base is not None and not (related and _closer(compared, teacher, base[0])):
        return told(base[1].level, TO_A_BASE, "common_ancestor", base[0])
    if evidence is None:
        return told("insufficient", UNTESTED)
    if not related:
        return told("insufficient", NOT_RELATED)
    if not history.direct and (shared := history.shared(teacher)):
        return told(evidence.level, TO_AN_ANCESTOR, "common_ancestor", shared[0])
    if Descent(teacher, student, lineage).direct:
        return told("insufficient", REVERSED)
    if definitely_later(lineage.row(teacher).released, lineage.row(student).released):
        return told("insufficient", LATER)
    return told(evidence.level, CLOSER_THAN_BASE if base else RELATED, ancestor=base[0] if base else "")


def _closer(compared: Compared, teacher: str, base: str) -> bool:
    """Whether student and teacher keep the order of hidden units clearly better than with a base."""
    student = compared.weights.student
    with_base = max(compared.pair(model, base).order_kept for model in (student, teacher))
    return compared.pair(student, teacher).order_kept - with_base > CLOSER


def _evidence(claims: Sequence[tuple[Pair, ...]]) -> list[Evidence | None]:
    """Evidence for each claim that all its pairs are related: its largest p; Holm over the claims."""
    tested = [n for n, pairs in enumerate(claims) if all(p.log10_p is not None for p in pairs)]
    every = [max(plain(p.log10_p or 0.0) for p in claims[n]) for n in tested]
    exact = [max(plain(p.log10_p_exact_forms or 0.0) for p in claims[n]) for n in tested]
    found: list[Evidence | None] = [None] * len(claims)
    for n, *figures in zip(tested, every, holm(every), holm(exact), strict=True):
        found[n] = Evidence(*(float(f) for f in figures))
    return found


def _level(p: float) -> str:
    return next((name for name, at in LADDER if p <= at), "insufficient")


def _rank(level: str) -> int:
    return ACCUSING.index(level) + 1 if level in ACCUSING else 0
