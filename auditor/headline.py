"""The first line of every report: the answer, its figures, and how much of the toolkit ran.

Leaves out the paragraph on each teacher (`words.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.reasons import LATER, SHORTLY
from auditor.report import Finding, Verdict
from auditor.reports.numerals import p_value, times
from auditor.thresholds import ACCUSING
from auditor.whom import accused, is_rival, level

SEVERAL = "A student may have several teachers, or resemble one because it resembles another."


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
    `kin` : what descent may explain of the resemblance to the first teacher (`decision.kin`).
    """
    n_probes = max((f.n_probes for f in findings), default=0)
    tail = f"{n_probes} probes; {ran[0]} of {ran[1]} detectors ran"
    if any(v.level in ACCUSING for v in verdicts):
        return f"{_accusing(student, verdicts, tail, providers)} {kin}".strip()
    against = [v.teacher for v in verdicts if v.level == "against"]
    if len(against) == len(verdicts):
        most = max((v.log10_lr or 0.0 for v in verdicts), default=0.0)
        return (
            f"Support against distillation of {student} from {' and '.join(against)} "
            f"(likelihood ratio {times(most)} or lower; {tail})."
        )
    return _undecided(student, [v for v in verdicts if v.level != "against"], against, tail)


def _accusing(student: str, verdicts: Sequence[Verdict], tail: str, providers: Mapping[str, str]) -> str:
    top = next(v for v in verdicts if v.level in ACCUSING)
    named, covered = _whom(top, verdicts, providers)
    rest = [v for v in verdicts if v.teacher not in covered]
    more = [f"{level(v).lower()} for {v.teacher}" for v in rest if v.level in ACCUSING]
    others = [_other(v, top, providers) for v in rest if v.level == "insufficient" and v.reason != LATER]
    against = [v.teacher for v in rest if v.level == "against"]
    figures = (
        f"{_ratio(top)}{_p(top)}; rank p {p_value(top.p_rank)}, its smallest possible value "
        f"{p_value(top.p_floor)}; {top.references} references; {tail}"
    )
    start = f"{named.removesuffix(')')}; " if named.endswith(")") else f"{named} ("
    said = [
        f"{level(top)} support for distillation of {student} from {start}{figures}).",
        f"Also {', '.join(more)}. {SEVERAL}" if more else "",
        f"Not enough evidence either way for {', '.join(others)}." if others else "",
        f"Support against {', '.join(against)}." if against else "",
        _later(student, rest),
    ]
    return " ".join(part for part in said if part)


def _other(verdict: Verdict, top: Verdict, providers: Mapping[str, str]) -> str:
    """A teacher without support, and whether it is as good a candidate as the one that has some."""
    of_one = providers.get(verdict.teacher, "").casefold() == providers.get(top.teacher, "").casefold() != ""
    rival = " (of the same provider; its likelihood ratio is no smaller)"
    return verdict.teacher + (rival if of_one and is_rival(verdict, top) else "")


def _later(student: str, verdicts: Sequence[Verdict]) -> str:
    """Which teachers came after the student."""
    names = [v.teacher for v in verdicts if v.reason == LATER]
    return f"{' and '.join(names)} came after {student}, by the dates on record." if names else ""


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
        named = f"{level(top).lower()} for {first}, "
        named += ", ".join(f"{level(v).lower()} for {v.teacher}" for v in more)
    return f"one or more models of {provider} ({named})", covered | {v.teacher for v in more}


def _undecided(student: str, open_: Sequence[Verdict], against: Sequence[str], tail: str) -> str:
    weighed = [v for v in open_ if v.reason != LATER]
    shown = weighed or open_
    smallest = min(
        (v for v in shown if v.p_adjusted is not None), key=lambda v: v.p_adjusted or 0, default=None
    )
    reasons = [r for r in SHORTLY if any(v.reason == r for v in shown)]
    named = [
        SHORTLY[r]
        if len(reasons) == 1
        else f"{' and '.join(v.teacher for v in shown if v.reason == r)}: {SHORTLY[r]}"
        for r in reasons
    ]
    figures = (
        f"smallest adjusted p {p_value(smallest.p_adjusted)} over {smallest.references} references; "
        if smallest
        else ""
    )
    said = [
        f"Not enough evidence either way for distillation of {student} from "
        f"{', '.join(v.teacher for v in shown)} ({figures}{tail}; {'; '.join(named)}).",
        f"Support against {' and '.join(against)}." if against else "",
        _later(student, open_) if weighed else "",
    ]
    return " ".join(part for part in said if part)


def _ratio(verdict: Verdict) -> str:
    if verdict.log10_lr is None or verdict.log10_lr_interval is None:
        return ""
    low, high = (times(bound) for bound in verdict.log10_lr_interval)
    span = f"95 % {low} to {high}" if low != high else "the most it can be here"
    return f"likelihood ratio {times(verdict.log10_lr)}, {span}; "


def _p(verdict: Verdict) -> str:
    """The predictive p, and what is left of it after adjustment for the number of teachers."""
    alone, adjusted = p_value(verdict.p_t), p_value(verdict.p_adjusted)
    return f"predictive p {alone}" + (f", adjusted {adjusted}" if adjusted != alone else "")
