"""What is said of rows and the generator they name: of their text, never of anybody.

Leaves out the answer (`decision.py`).
"""

from __future__ import annotations

from auditor.reasons import UNABLE, why
from auditor.scan.verify.decision import MIN_SHARED, Candidate, Weighed
from auditor.thresholds import SAME_ANSWERS

REASONS = (
    "A system prompt, a template, editing afterwards, or a version that the panel lacks may be the reason"
)


def not_checked(named: str, reason: str) -> str:
    """Say that rows were not checked."""
    return f"Rows that name {named} were not checked: {reason}."


def open_question(named: str, reason: str, weighed: Weighed) -> str:
    """Say that it cannot be told whether rows fit."""
    reason = why(weighed.named.model, reason) if reason in UNABLE else reason
    return (
        f"Whether the text of the rows that name {named} fits it cannot be told over {weighed.prompts:,} "
        f"prompts that they share with the panel: {reason}."
    )


def few(prompts: int) -> str:
    """Say that too few prompts are shared."""
    return f"only {prompts:,} prompts are shared with the panel, and {MIN_SHARED} are needed"


def fits(named: str, weighed: Weighed) -> str:
    """Say that rows fit."""
    if weighed.same_answers >= SAME_ANSWERS:
        said = f"most answers are those of the panel's {weighed.named.model}, word for word"
    else:
        said = (
            f"it resembles {weighed.named.model} (score {_score(weighed.named)}) more than any model of "
            "another provider"
        )
    return (
        f"The text of the rows that name {named} fits it: over {weighed.prompts:,} prompts that they share "
        f"with the panel, {said}."
    )


def does_not_fit(named: str, weighed: Weighed, rival: Candidate) -> str:
    """Say that rows do not fit."""
    return (
        f"The text of the rows that name {named} does not fit it: over {weighed.prompts:,} prompts that they "
        f"share with the panel, it resembles {_who(rival)} (score {_score(rival)}) more than "
        f"{weighed.named.model} (score {_score(weighed.named)}). {REASONS}."
    )


def _who(candidate: Candidate) -> str:
    return f"{candidate.model} of {candidate.provider}"


def _score(candidate: Candidate) -> str:
    low, high = candidate.interval or (candidate.score, candidate.score)
    return f"{candidate.score:.2f}, 95 % {low:.2f} to {high:.2f}"
