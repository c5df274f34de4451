"""Whom an answer is about, in words: a teacher, it or its siblings, or a provider; and rivals of the answer.

Leaves out the sentences around it (`words.py`, `headline.py`).
"""

from __future__ import annotations

from auditor.reasons import UNWEIGHED
from auditor.report import Verdict

# No more sibling checkpoints than this are named in a sentence.
NAMES_SHOWN = 3
DESCENT = "Descent alone may explain the resemblance: text does not tell the two apart, weights would."


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


def level(verdict: Verdict) -> str:
    """A level as the first word of a sentence."""
    return verdict.level.replace("_", " ").capitalize()


def is_rival(other: Verdict, top: Verdict) -> bool:
    """Whether a teacher without support has a likelihood ratio no smaller than that of one with support."""
    if other.level != "insufficient" or other.reason in UNWEIGHED:
        return False
    if other.log10_lr is None or top.log10_lr is None:
        return False
    return other.log10_lr >= top.log10_lr
