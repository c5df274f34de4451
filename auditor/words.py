"""The sentences of a verdict: the paragraph that goes with a level.

Leaves out the first line of a report (`headline.py`), how the level came about (`verdict.py`) and the fixed
words of a report (`reports/phrases.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.headline import headline
from auditor.reasons import LATER, UNWEIGHED, why
from auditor.report import Verdict
from auditor.reports.numerals import p_value, times
from auditor.thresholds import ACCUSING, LADDER, UNUSUAL_AT
from auditor.verdict import Bar, Basis, few_decoys, one_part
from auditor.whom import accused, is_rival, level

__all__ = ["equivalence", "headline", "power", "unexamined", "words"]

HELD_AT_WEAK = (
    "The support is called weak whatever the ratio, because a single part of the score makes it unusual: the "
    "other parts do not bear it out."
)
# A run of fewer probes than this share of the calibration's finds fewer students.
AS_MANY_PROBES = 0.9
PUBLIC = "Text does not tell asking a teacher from training on public data that holds its answers."


def words(
    student: str, verdict: Verdict, basis: Basis, others: Sequence[Verdict], provider: str, kin: str = ""
) -> str:
    """The answer for one teacher, as a paragraph.

    `others` : the verdicts on all teachers of the run that `provider` makes, this one among them or not.
    `kin` : what descent may explain of the resemblance (`decision.kin`), "" = none is known.
    """
    name, because = verdict.teacher, why(verdict.teacher, verdict.reason)
    if verdict.reason not in UNWEIGHED:
        because += _counted(basis)
    if verdict.reason == LATER:
        return (
            f"Not enough evidence either way that {student} was distilled from {name}, and none was weighed: "
            f"by the dates on record, {name} was first available after {student}'s release, so it cannot "
            "have taught it. If a date is wrong, ask again."
        )
    if verdict.level == "against":
        parts = [
            f"Support for the proposition that {student} was not distilled from {name}, against its having "
            f"been: {because}.",
            _ratio(verdict, basis),
            equivalence(student, basis),
            _beside_references(basis),
            "Paraphrase, mixed teachers and heavy tuning can hide a teacher from this test.",
        ]
    elif verdict.level in ACCUSING:
        parts = [
            f"{level(verdict)} support for the proposition that {student} was distilled from "
            f"{accused(verdict, provider)}, against its not having been: {because}.",
            _ratio(verdict, basis),
            HELD_AT_WEAK if one_part(basis) and verdict.level == "weak" else "",
            _adjusted(verdict, basis),
            _also(verdict, others),
            _rivals(verdict, others),
            kin,
            PUBLIC,
            unexamined(verdict),
        ]
    else:
        parts = [
            f"Not enough evidence either way that {student} was distilled from {name}: {because}.",
            _ratio(verdict, basis),
            "This is no finding of innocence.",
            equivalence(student, basis) if basis.ratio_against and verdict.reason not in UNWEIGHED else "",
        ]
    return " ".join(part for part in (*parts, power(student, verdict, basis)) if part)


def unexamined(verdict: Verdict) -> str:
    """Which other explanations nobody looked at; "" where there are none."""
    names = [a.name for a in verdict.alternatives if not a.examined]
    return f"Not examined, so not excluded: {', '.join(names)}." if names else ""


def _counted(basis: Basis) -> str:
    """How many references resemble the teacher as much as the student does, in brackets."""
    n, known = _as_much(basis)
    return f" (as much or more: {n or 'none'} of {known} references)" if known else ""


def _beside_references(basis: Basis) -> str:
    """That a score which is low for a student is high for a reference, where it is."""
    n, known = _as_much(basis)
    if 3 * n >= known:
        return ""
    return "It is low beside documented students, not beside the references: most of them score lower still."


def _as_much(basis: Basis) -> tuple[int, int]:
    """How many references resemble the teacher as much as the student does, and how many there are."""
    joint = basis.joint
    known = [v for v in joint.reference_values if math.isfinite(v)] if joint else []
    if not joint or joint.value is None:
        return 0, 0
    return sum(v >= joint.value for v in known), len(known)


def _ratio(verdict: Verdict, basis: Basis) -> str:
    """The likelihood ratio in words, and why it gives no support where it would by itself."""
    ratio = basis.ratio
    if ratio is None or verdict.reason in UNWEIGHED:
        return ""
    students, others = "documented students of a teacher", "models that did not learn from it"
    n = times(abs(ratio.log10_lr))
    more, less = students, others
    if ratio.log10_lr < 0:
        more, less = "models that did not learn from a teacher", "its documented students"
    capped = " (no more can be said with this calibration)" if abs(ratio.log10_lr) >= ratio.cap else ""
    said = f"A score like this is about {n} times as common among {more} as among {less}{capped}."
    if n == "1":
        said = f"A score like this is about as common among {students} as among {others}."
    alone = next((name for name, at in LADDER if ratio.log10_lr >= at), "")
    if verdict.level != "insufficient" or not alone:
        return said
    return (
        f"{said} By itself that would be {alone.replace('_', ' ')} support, but none stands unless the "
        f"references agree: predictive p at most .05, here {p_value(verdict.p_t)}; rank p "
        f"at most .10, here {p_value(verdict.p_rank)}."
    )


def _adjusted(verdict: Verdict, basis: Basis) -> str:
    """That the p-value is not small any more once it is adjusted, where the level does not rest on that."""
    if basis.ratio is None or (verdict.p_adjusted or 0.0) <= UNUSUAL_AT:
        return ""
    return (
        f"Adjusted for the number of teachers tested, its predictive p of {p_value(verdict.p_t)} becomes "
        f"{p_value(verdict.p_adjusted)}: whoever tests many finds one. The level rests on the likelihood "
        "ratio."
    )


def _also(verdict: Verdict, others: Sequence[Verdict]) -> str:
    """That other teachers of the provider are accused, too, where they do not tie with this one."""
    more = [
        f"{v.teacher} ({level(v).lower()})"
        for v in others
        if v.level in ACCUSING and v.teacher not in (verdict.teacher, *verdict.tied_with)
    ]
    if not more:
        return ""
    return (
        f"There is support for {' and '.join(more)} of the same provider, too: read these answers together, "
        "as support for one or more of its models."
    )


def _rivals(verdict: Verdict, others: Sequence[Verdict]) -> str:
    """Teachers of the same provider without support whose likelihood ratio is no smaller than this one's."""
    more = [v.teacher for v in others if is_rival(v, verdict)]
    if not more:
        return ""
    ratios = "ratio of" if len(more) == 1 else "ratios of"
    return (
        f"The likelihood {ratios} {' and '.join(more)}, of the same provider, is no smaller, though the "
        "references do not agree there: which of the provider's models it was stays open."
    )


def equivalence(student: str, basis: Basis) -> str:
    """The test behind support against: the score's upper bound beside the smallest effect on record."""
    bound = basis.joint.interval[1] if basis.joint and basis.joint.interval else None
    margin = basis.ratio.margin if basis.ratio else None
    if bound is None or margin is None:
        return (
            "The likelihood ratio lies below 1/10, but without resampled probes there is no upper bound of "
            "the score to hold against what documented students show."
        )
    lies = "lies below" if bound < margin else "is not below"
    start = "The" if bound < margin else "The likelihood ratio lies below 1/10, but the"
    said = (
        f"{start} upper end of the 95 % interval of {student}'s score, {bound:.2f}, {lies} {margin:.2f}, the "
        "smallest effect on record: 95 % of documented students, each towards its own teacher, score as high."
    )
    if bound < margin and not basis.among_the_rest:
        said += f" But most references resemble {basis.teacher} less, so nothing supports the alternative."
    return said


def power(student: str, verdict: Verdict, basis: Basis) -> str:
    """What a negative answer is worth: how many documented students would have been found here."""
    if verdict.reason in UNWEIGHED:
        return "Power not known: the question could not be weighed here."
    if basis.power is None:
        return "Power not known: it takes a calibration, and this run has none for this teacher."
    known = basis.power
    if few_decoys(basis):
        found = f"none can be found here at moderate, for want of decoys, {_found(known.weak)} at weak"
    elif known.weak.share > known.moderate.share:
        found = f"{_found(known.moderate)} to be found here at moderate, {_found(known.weak)} at weak"
    else:
        found = f"{_found(known.moderate)} to be found here, at moderate as at weak"
    worth = "" if verdict.level in ACCUSING else ": a negative answer is worth that much"
    joint = basis.joint
    mine = f"{student} scores {joint.value:.2f}; " if joint and joint.value is not None else ""
    fewer = ""
    if worth and joint and joint.n_probes < AS_MANY_PROBES * known.n_probes:
        fewer = f", and less at the {joint.n_probes} of this run"
    return (
        f"Power: {mine}of the {known.students} documented students ({known.families} families, weighted "
        f"equally) that the calibration knows from {known.n_probes} probes of {known.panel}, {found}{worth}"
        f"{fewer}. They are students of public models; power on students distilled on purpose was not "
        "measured."
    )


def _found(bar: Bar) -> str:
    """How many documented students reach the score that a level takes."""
    if math.isinf(bar.score):
        return "none scores high enough"
    return f"{100 * bar.share:.0f} % score high enough (from {bar.score:.2f} on)"
