"""The sentences of a verdict: the first line of a report, and the paragraph that goes with a level.

Leaves out how the level came about (`verdict.py`) and the fixed words of a report (`reports/phrases.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from auditor.report import Finding, Verdict
from auditor.verdict import ACCUSING, REASONS, UNWEIGHED, Bar, Basis, few_decoys, why

# No more sibling checkpoints than this are named in a sentence.
NAMES_SHOWN = 3
# A run of fewer probes than this share of the calibration's finds fewer students.
AS_MANY_PROBES = 0.9
DESCENT = "Descent alone may explain the resemblance: text does not tell the two apart, weights would."


def words(
    student: str, verdict: Verdict, basis: Basis, others: Sequence[Verdict], provider: str, kin: str = ""
) -> str:
    """The answer for one teacher, as a paragraph.

    `others` : the verdicts on all teachers of the run that `provider` makes, this one among them or not.
    `kin` : how the teacher or its provider enters the student's documented descent (`Descent.kin`).
    """
    because = why(verdict.teacher, verdict.reason)
    if verdict.level == "against":
        return (
            f"Support for the proposition that {student} was not distilled from {verdict.teacher}, against "
            f"its having been: {because}. {equivalence(student, basis)} Paraphrase, mixed teachers and heavy "
            f"tuning can hide a teacher from this test. {power(student, verdict, basis)}"
        )
    if verdict.level in ACCUSING:
        return (
            f"{_level(verdict)} support for the proposition that {student} was distilled from "
            f"{accused(verdict, provider)}, against its not having been: {because}."
            + _also(verdict, others)
            + (f" {kin} {DESCENT}" if kin else "")
            + f" {power(student, verdict, basis)}"
        )
    parts = [
        f"Not enough evidence either way that {student} was distilled from {verdict.teacher}: {because}.",
        "This is no finding of innocence.",
        equivalence(student, basis) if basis.ratio_against and verdict.reason not in UNWEIGHED else "",
        power(student, verdict, basis),
    ]
    return " ".join(part for part in parts if part)


def accused(verdict: Verdict, provider: str) -> str:
    """Whom an accusing verdict is about: a teacher and its siblings, or a provider where teachers tie."""
    if verdict.tied_with:
        names = " or ".join((verdict.teacher, *verdict.tied_with))
        unsure = "the answers do not tell which"
        return f"a model of {provider} ({names}: {unsure})" if provider else f"{names} ({unsure})"
    siblings = [m for m in verdict.teacher_group if m != verdict.teacher]
    if not siblings:
        return verdict.teacher
    more = f" and {len(siblings) - NAMES_SHOWN} more" if len(siblings) > NAMES_SHOWN else ""
    return f"{verdict.teacher} or a sibling checkpoint ({', '.join(siblings[:NAMES_SHOWN])}{more})"


def _also(verdict: Verdict, others: Sequence[Verdict]) -> str:
    """That other teachers of the provider are accused, too, where they do not tie with this one."""
    more = [
        f"{v.teacher} ({_level(v).lower()})"
        for v in others
        if v.level in ACCUSING and v.teacher not in (verdict.teacher, *verdict.tied_with)
    ]
    if not more:
        return ""
    return (
        f" There is support for {' and '.join(more)} of the same provider, too: read these answers together, "
        "as support for one or more of its models."
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
    return (
        f"{start} upper end of the 95 % interval of {student}'s score, {bound:.2f}, {lies} {margin:.2f}, the "
        "smallest effect on record: 95 % of documented students (families weighted equally) score as high."
    )


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
    fewer = ""
    if worth and joint and joint.n_probes < AS_MANY_PROBES * known.n_probes:
        fewer = f", and less at the {joint.n_probes} of this run"
    mine = f" {student} scores {joint.value:.2f}." if joint and joint.value is not None else ""
    return (
        f"Power: of the {known.students} documented students ({known.families} families, weighted equally) "
        f"that the calibration knows from {known.n_probes} probes of {known.panel}, {found}{worth}{fewer}. "
        "They are students of public models; power on students distilled on purpose was not measured."
        f"{mine}"
    )


def _found(bar: Bar) -> str:
    """How many documented students reach the score that a level takes."""
    if math.isinf(bar.score):
        return "none scores high enough"
    return f"{100 * bar.share:.0f} % score high enough (from {bar.score:.2f} on)"


def headline(
    student: str,
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
    ran: tuple[int, int],
    providers: Mapping[str, str],
    kin: str = "",
) -> str:
    """First line of every report: the answer, its p and K, and how much of the toolkit ran.

    `providers` : teacher -> its provider as the lineage table spells it, "" = not on record.
    `kin` : how the first teacher or its provider enters the student's documented descent (`Descent.kin`).
    """
    n_probes = max((f.n_probes for f in findings), default=0)
    tail = f"{n_probes} probes; {ran[0]} of {ran[1]} detectors ran"
    if any(v.level in ACCUSING for v in verdicts):
        return _accusing(student, verdicts, tail, providers) + (f" {kin} {DESCENT}" if kin else "")
    against = [v.teacher for v in verdicts if v.level == "against"]
    if len(against) == len(verdicts):
        most = max((v.log10_lr or 0.0 for v in verdicts), default=0.0)
        return (
            f"Support against distillation of {student} from {' and '.join(against)} (log10 LR {most:.1f} or "
            f"lower; {tail})."
        )
    return _undecided(student, [v for v in verdicts if v.level != "against"], against, tail)


def _accusing(student: str, verdicts: Sequence[Verdict], tail: str, providers: Mapping[str, str]) -> str:
    top = next(v for v in verdicts if v.level in ACCUSING)
    named, covered = _whom(top, verdicts, providers)
    rest = [v for v in verdicts if v.teacher not in covered]
    more = [f"{_level(v).lower()} for {v.teacher}" for v in rest if v.level in ACCUSING]
    others = [v.teacher for v in rest if v.level == "insufficient"]
    against = [v.teacher for v in rest if v.level == "against"]
    figures = (
        f"{_ratio(top)}adjusted p {_p(top.p_adjusted)}; rank p {_p(top.p_rank)}, its smallest possible value "
        f"{_p(top.p_floor)}; {top.references} references; {tail}"
    )
    start = f"{named.removesuffix(')')}; " if named.endswith(")") else f"{named} ("
    return (
        f"{_level(top)} support for distillation of {student} from {start}{figures})."
        + (f" Also {', '.join(more)}." if more else "")
        + (f" Not enough evidence either way for {', '.join(others)}." if others else "")
        + (f" Support against {', '.join(against)}." if against else "")
    )


def _whom(top: Verdict, verdicts: Sequence[Verdict], providers: Mapping[str, str]) -> tuple[str, set[str]]:
    """Whom the first line accuses, and the teachers that this covers.

    Several accused models of one provider are one answer: about the provider.
    """
    provider = providers.get(top.teacher, "")
    covered = {top.teacher, *top.tied_with}
    more = [
        v
        for v in verdicts
        if provider
        and v.level in ACCUSING
        and v.teacher not in covered
        and providers.get(v.teacher, "").casefold() == provider.casefold()
    ]
    if not more:
        siblings = not top.tied_with and len(top.teacher_group) > 1
        return (f"{top.teacher} or a sibling checkpoint" if siblings else accused(top, provider)), covered
    first = " or ".join((top.teacher, *top.tied_with))
    if all(v.level == top.level for v in more):
        named = ", ".join([first, *(v.teacher for v in more)])
    else:
        named = f"{_level(top).lower()} for {first}, "
        named += ", ".join(f"{_level(v).lower()} for {v.teacher}" for v in more)
    return f"one or more models of {provider} ({named})", covered | {v.teacher for v in more}


def _undecided(student: str, open_: Sequence[Verdict], against: Sequence[str], tail: str) -> str:
    names = ", ".join(v.teacher for v in open_)
    smallest = min(
        (v for v in open_ if v.p_adjusted is not None), key=lambda v: v.p_adjusted or 0, default=None
    )
    reasons = [r for r in REASONS if any(v.reason == r for v in open_)]
    named = [
        r if len(reasons) == 1 else f"{r} for {' and '.join(v.teacher for v in open_ if v.reason == r)}"
        for r in reasons
    ]
    figures = (
        f"smallest adjusted p {_p(smallest.p_adjusted)} over {smallest.references} references; "
        if smallest
        else ""
    )
    return (
        f"Not enough evidence either way for distillation of {student} from {names} "
        f"({figures}{tail}; reason: {', '.join(named)})."
        + (f" Support against {' and '.join(against)}." if against else "")
    )


def _level(verdict: Verdict) -> str:
    return verdict.level.replace("_", " ").capitalize()


def _ratio(verdict: Verdict) -> str:
    if verdict.log10_lr is None or verdict.log10_lr_interval is None:
        return ""
    low, high = verdict.log10_lr_interval
    span = f"95 % {low:.1f} to {high:.1f}" if f"{low:.1f}" != f"{high:.1f}" else "the most it can be here"
    return f"log10 LR {verdict.log10_lr:.1f}, {span}; "


def _p(value: float | None) -> str:
    if value is None:
        return "n/a"
    return "below .001" if value < 0.001 else f"{value:.3f}".lstrip("0").removesuffix(".000")
