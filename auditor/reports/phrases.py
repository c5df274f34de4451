"""The fixed words of a report: what is claimed, how far the evidence reaches, who the references are.

Leaves out the sentences written with a verdict (`Verdict.words`, `Report.headline`), shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.report import ON_TESTS, Exhibit, Report, Verdict
from auditor.reports import surprises
from auditor.reports.numerals import exact_p, number, times

# From the strongest support against the proposition to the strongest for it.
LEVELS = {
    "against": "support against",
    "insufficient": "not enough evidence",
    "weak": "weak",
    "moderate": "moderate",
    "moderately_strong": "moderately strong",
    "strong": "strong",
}

# proposition -> (its name, what it says, what it is weighed against)
PROPOSITIONS = {
    "distillation": (
        "distillation",
        "the student was trained on the teacher's outputs",
        "it was not",
    ),
    "weight_descent": (
        "related weights",
        "one model's weights were made from the other's, or both from a third's",
        "they were initialised independently",
    ),
    "common_ancestor": (
        "a common ancestor",
        "student and teacher descend from one base model",
        "they do not",
    ),
    "public_data": (
        "shared public data",
        "student and teacher learned from one public dataset",
        "they did not",
    ),
    "same_model": (
        "being the same model",
        "the student is the teacher under another name",
        "they are two models",
    ),
}

TOWARDS = {"distillation": "from", "same_model": "as"}

# What a verdict on distillation rests on, where it is not answers.
BY = {"log-probabilities": "log-probabilities", "served-log": "the served log", "keyed": "a key"}

STRATA = {
    "innocent": "learned from no other model's answers, as documented",
    "decoy-student": "documented student of another teacher",
}

# Findings of this detector are the score itself.
JOINT = "joint"
# A part of the score is called unusual from this predictive p on.
UNUSUAL_AT = 0.05
# Exhibits of this detector are beginnings; all others are passages from anywhere in an answer.
OPENING = "opening"
# What is said before the statistics, and of exhibits, wherever they are shown.
ONE_CHANNEL = (
    "Only the joint score decides. Statistics of one channel read the same traces: two of them that agree "
    "are one finding, not two."
)
NO_WEIGHT = (
    "Exhibits are examples and carry no weight in the verdict: models that learned nothing from each other "
    "share about as many. Facts, recipes and code leave few ways to answer."
)


@dataclass(frozen=True)
class Step:
    """One level on the scale: whether it is this verdict's, and whether this run could reach it."""

    words: str
    current: bool
    reachable: bool


def proposition(verdict: Verdict) -> tuple[str, str, str]:
    """Name, statement and alternative of what a verdict is about."""
    spelled = verdict.proposition.replace("_", " ")
    return PROPOSITIONS.get(verdict.proposition, (spelled, spelled, "it does not hold"))


def level_words(level: str) -> str:
    """A level as a reader may take it by itself: "moderate support", "not enough evidence either way"."""
    if level == "insufficient":
        return "not enough evidence either way"
    if level == "against":
        return LEVELS[level]
    return f"{LEVELS.get(level, level.replace('_', ' '))} support"


def title(verdict: Verdict) -> str:
    """Heading of a verdict: level, proposition, teacher."""
    name, words = proposition(verdict)[0], level_words(verdict.level)
    link = {"insufficient": "on", "against": ""}.get(verdict.level, "for")
    joined = " ".join(part for part in (words, link, name) if part)
    towards = TOWARDS.get(verdict.proposition, "with")
    tied = verdict.tied_with if verdict.level not in ("insufficient", "against") else ()
    return f"{joined[0].upper()}{joined[1:]} {towards} {' or '.join((verdict.teacher, *tied))}{_by(verdict)}"


def paragraphs(verdict: Verdict) -> list[str]:
    """The words of a verdict, what a negative answer is worth by itself."""
    return [part for part in re.split(r"\s(?=Power: |Power not known)", verdict.words, maxsplit=1) if part]


def on_weights(verdict: Verdict) -> bool:
    """Whether a verdict rests on weights, not on answers: no references, no score, exact tests instead."""
    return verdict.proposition in ("weight_descent", "common_ancestor")


def on_tests(verdict: Verdict) -> bool:
    """Whether a verdict rests on tests of its own (weights, served log, key, equality), and on no score."""
    return on_weights(verdict) or verdict.evidence in ON_TESTS


def subject(verdict: Verdict) -> str:
    """Teacher and, where it is not distillation, what the verdict is about."""
    if verdict.proposition == "distillation":
        return f"{verdict.teacher}{_by(verdict)}"
    return f"{verdict.teacher}: {proposition(verdict)[0]}"


def _by(verdict: Verdict) -> str:
    return f", by {BY[verdict.evidence]}" if verdict.evidence in BY else ""


def p_name(verdict: Verdict) -> str:
    """What to call the p of a test of its own: of a served log and of equality it is that of a t."""
    return "Predictive p" if verdict.evidence in ("served-log", "equality") else "Exact p"


def exact(verdict: Verdict, report: Report) -> str:
    """The p of a verdict that rests on tests of its own, before and after the number of teachers."""
    if verdict.p_exact is None:
        return "no test was possible"
    adjusted = f", adjusted for {tested(report, verdict)} (Holm) {exact_p(verdict.p_adjusted)}"
    over = " over all forms and layers (Bonferroni)" if on_weights(verdict) else ""
    return f"{exact_p(verdict.p_exact)}{over}{adjusted}"


def siblings(verdict: Verdict) -> str:
    """Which sibling checkpoints count as this teacher; "" where there are none or the words name them."""
    others = [m for m in verdict.teacher_group if m != verdict.teacher]
    if not others or f"({', '.join(others)})" in verdict.words:
        return ""
    return f"Sibling checkpoints counted as this teacher: {', '.join(others)}."


def ties(verdict: Verdict) -> str:
    """Which teachers cannot be told from this one; "" without support or where the words say so."""
    if verdict.level in ("insufficient", "against") or all(m in verdict.words for m in verdict.tied_with):
        return ""
    return f"Cannot be told apart from {', '.join(verdict.tied_with)}."


def ratio(verdict: Verdict) -> str:
    """The likelihood ratio, its interval, and the logarithm that levels are read from."""
    if verdict.log10_lr is None:
        return "not calibrated" if verdict.p_t is not None else "not weighed"
    bounds = verdict.log10_lr_interval or (verdict.log10_lr, verdict.log10_lr)
    low, high = map(times, bounds)
    if verdict.log10_lr_interval is None:
        around = ""
    elif low == high:
        around = ", the most it can be here" if verdict.log10_lr > 0 else ", the least it can be here"
    else:
        around = f", 95 % {low} to {high}"
    return f"{times(verdict.log10_lr)}{around} (log10 {number(verdict.log10_lr, 1)})"


def parts(verdict: Verdict, report: Report) -> str:
    """How many parts of the score are unusual by themselves, and which; "" where none was weighed."""
    if verdict.evidence != "answers":
        return ""
    weighed = [f for f in report.findings_for(verdict.teacher) if f.in_joint and f.detector != JOINT]
    if not weighed or verdict.p_t is None:
        return ""
    alone = [f"{f.detector} {f.statistic}" for f in weighed if f.p_t is not None and f.p_t <= UNUSUAL_AT]
    named = f" ({', '.join(alone)})" if alone else ""
    return f"{len(alone) or 'none'} of {len(weighed)}{named}"


def tested(report: Report, verdict: Verdict) -> str:
    """How many teachers have a p-value of this kind: what the adjustment is for."""
    n = sum(v.p_adjusted is not None and _sort(v) == _sort(verdict) for v in report.verdicts)
    return f"{n} teacher{'' if n == 1 else 's'}"


def _sort(verdict: Verdict) -> str:
    """What a verdict rests on; a file of an older version does not say it of weights."""
    return "weights" if on_weights(verdict) else verdict.evidence


def shown_although(verdicts: Sequence[Verdict], teacher: str) -> str:
    """That exhibits are shown of a teacher without support; "" where there is some."""
    if any(v.level not in ("insufficient", "against") for v in verdicts if v.teacher == teacher):
        return ""
    return f"They are shown although distillation from {teacher} has no support here."


def unmeasured(report: Report) -> tuple[tuple[str, str], ...]:
    """Detectors that did not run, by the reason: (names, reason)."""
    names: dict[str, list[str]] = {}
    for s in report.skipped:
        names.setdefault(s.reason, []).append(s.detector)
    return tuple((", ".join(found), reason) for reason, found in names.items())


def power(verdict: Verdict) -> str:
    """How many documented students would have been found in this run; the words of the verdict say more."""
    return "not known" if verdict.power is None else f"{100 * verdict.power:.0f} % at moderate"


def scale(verdict: Verdict) -> tuple[Step, ...]:
    """All levels in order, and which of them this run could reach.

    None above the cap; and support against a proposition takes a calibrated likelihood ratio.
    """
    order = list(LEVELS)
    top = order.index(verdict.cap) if verdict.cap in LEVELS else len(order) - 1
    calibrated = verdict.log10_lr is not None
    return tuple(
        Step(
            words=LEVELS[level],
            current=level == verdict.level,
            reachable=level == verdict.level or (place <= top and (calibrated or level != "against")),
        )
        for place, level in enumerate(order)
    )


def reach(verdict: Verdict) -> str:
    """The highest level this run could reach, and why; "" where there is no cap."""
    if not verdict.cap:
        return ""
    if verdict.cap == "insufficient":
        why = f": {verdict.cap_reason}" if verdict.cap_reason else ""
        return f"This run could not reach any level of support{why}."
    why = f" ({verdict.cap_reason})" if verdict.cap_reason else ""
    return f"Highest level this run could reach: {level_words(verdict.cap)}{why}."


def teachers(report: Report) -> tuple[str, ...]:
    """Every teacher with a verdict or a finding, verdicts' order first."""
    named = [v.teacher for v in report.verdicts] + [f.teacher for f in report.findings]
    return tuple(dict.fromkeys(named))


def exhibited(report: Report) -> tuple[str, ...]:
    """Every teacher with an exhibit of what is shared."""
    return tuple(dict.fromkeys(e.teacher for e in report.exhibits if e.detector != surprises.DETECTOR))


def exhibits_of(report: Report, teacher: str) -> tuple[Exhibit, ...]:
    """Exhibits of what is shared with one teacher: openings, then passages, most telling first."""
    mine = [e for e in report.exhibits if e.teacher == teacher and e.detector != surprises.DETECTOR]
    return tuple(sorted(mine, key=lambda e: (e.detector != OPENING, -e.weight)))


def first_of_each_kind(exhibits: Sequence[Exhibit], each: int) -> tuple[Exhibit, ...]:
    """The first `each` openings and the first `each` passages."""
    openings = [e for e in exhibits if e.detector == OPENING]
    passages = [e for e in exhibits if e.detector != OPENING]
    return (*openings[:each], *passages[:each])


def kind(exhibit: Exhibit) -> str:
    """What is alike in the two answers of an exhibit."""
    return "Opens alike" if exhibit.detector == OPENING else "Shared passage"


def alone(exhibit: Exhibit, report: Report) -> str:
    """How many other models do the same on that probe: none, or it were no exhibit."""
    does = "that begin this way" if exhibit.detector == OPENING else "whose answer holds a marked passage"
    return f"other models of the panel {does}: none of {_others(exhibit.teacher, report)}"


def _others(teacher: str, report: Report) -> int:
    """Models of the panel beside the student, the teacher and its siblings."""
    groups = [v.teacher_group for v in report.verdicts if v.teacher == teacher]
    return max(0, report.n_subjects - len({report.student, teacher}.union(*groups)))
