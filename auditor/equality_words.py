"""The sentences about one and the same model: the verdict, the first line, and the other explanation.

A verdict is given where the student is nearer to the teacher than every reference; else the figures stand
among the tests and beside the verdict on distillation. Leaves out how they came about (`equality.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.equality import CLOSE, CROWDED, DIVERGENCE, GAP, NOT_UNUSUAL, SAME, TIMES_NEARER, Tested
from auditor.reasons import LATER
from auditor.report import Alternative, Verdict
from auditor.reports.numerals import number, p_value
from auditor.thresholds import ACCUSING, MIN_REFERENCES
from detectors.equality import SMALLEST

EVIDENCE = "equality"
OF = {GAP: "log-probabilities", DIVERGENCE: "distributions over the next token"}
UNIT = {GAP: "nats a token", DIVERGENCE: "nats a position (Jensen-Shannon)"}
CAP_REASON = "for more, the difference would have to be calibrated on pairs of known history"
CALLED = (
    "That is no more than rounding weights to eight bits does. It says that the student, as it was asked, "
    "answers as {t} does: it is {t}, a copy in other numbers, or one changed less than rounding changes it. "
    "A router or a proxy that hands the question on to {t} looks the same. What weights it has is not told."
)
CLOSER = (
    "Nearer than every reference, but further than rounding to eight bits brings a copy: a fine-tune of {t}, "
    "a copy in four bits, a student of its whole distributions, or {t} itself with another system prompt or "
    "other settings would look like that."
)
WHY = {
    CLOSE: "the difference is larger than rounding makes it",
    CROWDED: "too many references are as near",
    LATER: "{t} was first available after the student's release",
}
STEPS = {
    SAME: (
        "A reference model that is as near to the teacher: another name of the same third model.",
        "The same question on other prompts, or a month later: a router may choose by prompt and by day.",
    ),
    CLOSE: (
        "The weights of both models: they tell a fine-tune and a copy from a stranger.",
        "Answers of both asked in the same way: without a system message, at temperature 0.",
    ),
}
MANY = 1000
FEW = "At least {n} reference models that scored the same texts (now {k})."


def verdicts(student: str, tested: Sequence[Tested]) -> tuple[Verdict, ...]:
    """Verdicts where there is something to say, the strongest first."""
    found = [_verdict(student, t) for t in tested if t.reason != NOT_UNUSUAL]
    return tuple(sorted(found, key=lambda v: (-_rank(v.level), v.p_adjusted or 0.0)))


def headline(student: str, found: Sequence[Verdict]) -> str:
    """One sentence on the teachers that the student is called; "" = on none."""
    named = [
        f"{v.level} support for {student} being {v.teacher} under another name "
        f"(predictive p {p_value(v.p_adjusted)}, {v.references} references)"
        for v in found
        if v.level in ACCUSING
    ]
    return f"By equality of log-probabilities: {'; '.join(named)}." if named else ""


def apart(student: str, tested: Sequence[Tested]) -> dict[str, str]:
    """Teacher -> what was measured, for the verdict on distillation."""
    return {t.teacher: f"{_figures(student, t)}." for t in tested}


def _verdict(student: str, t: Tested) -> Verdict:
    few = len(t.references) < MIN_REFERENCES
    return Verdict(
        teacher=t.teacher,
        teacher_group=(t.teacher,),
        proposition="same_model",
        level=t.level,
        reason=t.reason,
        words=_words(student, t),
        log10_lr=None,
        log10_lr_interval=None,
        cap="weak" if few else "moderate",
        cap_reason=f"fewer than {MIN_REFERENCES} references" if few else CAP_REASON,
        p_rank=t.closeness.p_rank,
        p_floor=t.closeness.p_floor,
        p_t=t.closeness.p_t,
        p_adjusted=t.p_adjusted,
        references=len(t.references),
        decoys=0,
        tied_with=(),
        alternatives=_alternatives(student, t),
        power=None,
        would_change=_steps(t),
        p_exact=t.closeness.p_t,
        evidence=EVIDENCE,
    )


def _words(student: str, t: Tested) -> str:
    claim = f"{student} is {t.teacher} under another name"
    figures = _figures(student, t)
    if t.level in ACCUSING:
        support = f"{t.level.capitalize()} support for the proposition that {claim}, against two models"
        return f"{support}: {figures}. {CALLED.format(t=t.teacher)}"
    why = WHY[t.reason].format(t=t.teacher)
    more = f" {CLOSER.format(t=t.teacher)}" if t.reason == CLOSE else ""
    return f"Not enough evidence either way that {claim}: {why}. {_sentence(figures)}.{more}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _figures(student: str, t: Tested) -> str:
    """What was measured, beside the nearest reference."""
    theirs = t.references[t.nearest]
    said = (
        f"on {t.texts} texts the {OF[t.statistic]} of {student} and {t.teacher} differ by "
        f"{number(t.value, None, 2)} {UNIT[t.statistic]}, those of the nearest of {len(t.references)} "
        f"references ({t.nearest}) by {number(theirs, None, 2)} (predictive p {p_value(t.closeness.p_t)}, "
        f"rank p {p_value(t.closeness.p_rank)})"
    )
    if t.distances and t.statistic == GAP:
        whole = number(t.distances.student.jensen_shannon, None, 2)
        said += f"; over whole distributions by {whole} {UNIT[DIVERGENCE]}"
    return said


def _alternatives(student: str, t: Tested) -> tuple[Alternative, ...]:
    return (
        Alternative(
            "one third model",
            True,
            f"{student} and {t.teacher} may both be a third model under other names. The nearest of "
            f"{len(t.references)} references, {t.nearest}, is {_times(t)} times as far.",
        ),
        Alternative(
            "a slight fine-tune",
            False,
            f"Training that moves {t.teacher} less than rounding to eight bits does is not told from a copy.",
        ),
        Alternative(
            "easy texts",
            True,
            "Texts that every model finds certain make all differences small: hence the references, and a "
            f"difference {TIMES_NEARER:g} times below the nearest.",
        ),
    )


def _times(t: Tested) -> str:
    times = t.references[t.nearest] / max(t.value, SMALLEST)
    return number(times, None, 2) if times < MANY else f"more than {MANY}"


def _steps(t: Tested) -> tuple[str, ...]:
    few = t.reason == SAME and len(t.references) < MIN_REFERENCES
    more = (FEW.format(n=MIN_REFERENCES, k=len(t.references)),) if few else ()
    return (*more, *STEPS.get(t.reason, STEPS[CLOSE]))


def _rank(level: str) -> int:
    return ACCUSING.index(level) if level in ACCUSING else -1
