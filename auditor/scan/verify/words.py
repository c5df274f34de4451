"""What is said of rows and the generator they name: of their text, never of anybody.

Leaves out the answer (`decision.py`).
"""

from __future__ import annotations

from auditor.reasons import UNABLE, why
from auditor.scan.verify.decision import FITS, MIN_SHARED, NO_FIT, NOT_CHECKED, Candidate, Weighed

REASONS = (
    "A system prompt, a template, editing afterwards, or a version that the panel lacks may be the reason"
)


def note(named: str, answer: str, reason: str, weighed: Weighed | None) -> str:
    """Return one sentence for an answer that is no finding."""
    if answer == NOT_CHECKED or weighed is None:
        return f"Rows that name {named} were not checked: {reason}."
    over = f"over {weighed.prompts:,} prompts that they share with the panel"
    if answer == FITS:
        return f"The text of the rows that name {named} fits it: {over}, {_fits(weighed, reason)}."
    if reason in UNABLE:
        reason = why(weighed.named.model, reason)
    return f"Whether the text of the rows that name {named} fits it cannot be told {over}: {reason}."


def few(prompts: int) -> str:
    """Say that too few prompts are shared."""
    return f"only {prompts:,} prompts are shared with the panel, and {MIN_SHARED} are needed"


def message(named: str, weighed: Weighed, rival: Candidate) -> str:
    """Return the sentence of a finding."""
    assert rival.interval is not None and weighed.named.interval is not None, NO_FIT
    return (
        f"The text of the rows that name {named} does not fit it: over {weighed.prompts:,} prompts that they "
        f"share with the panel, it resembles {_who(rival)} (score {_score(rival)}) more than "
        f"{weighed.named.model} (score {_score(weighed.named)}). {REASONS}."
    )


def _fits(weighed: Weighed, reason: str) -> str:
    if reason != "it leads":
        return f"most answers are the panel's {weighed.named.model}, word for word"
    return (
        f"it resembles {weighed.named.model} (score {_score(weighed.named)}) more than any model of another "
        "provider"
    )


def _who(candidate: Candidate) -> str:
    return f"{candidate.model} of {candidate.provider}"


def _score(candidate: Candidate) -> str:
    low, high = candidate.interval or (candidate.score, candidate.score)
    return f"{candidate.score:.2f}, 95 % {low:.2f} to {high:.2f}"
