"""What terms of teachers say, as a report holds it: channels that differ, a licence that permits."""

from __future__ import annotations

from typing import Any

from auditor.report import Report, TermsAnswer, TermsVersion
from tests.auditor.reports.samples import sample_report

USES = ("train_competing_llm", "train_other_model_release_weights")


def answer(teacher: str = "aurora-2", **fields: Any) -> TermsAnswer:
    """Nobody can tell, because the channel is not known."""
    shown: dict[str, Any] = {
        "teacher": teacher,
        "use": USES[0],
        "answer": "cannot_tell",
        "words": f"If corvid-7b was trained on {teacher}'s outputs, then nobody can tell from here.",
        "channel": "",
        "host": "",
        "model": teacher,
        "provider": "",
        "first": "2023-11-01",
        "last": "2024-05-01",
        "channels": ("api", "self_host"),
        "verdicts": ("prohibited", "allowed"),
        "notes": ("The channel is not known: the terms of each are listed.",),
    }
    return TermsAnswer(**(shown | fields))


def version(teacher: str = "aurora-2", **fields: Any) -> TermsVersion:
    """Terms of a service that forbid."""
    shown: dict[str, Any] = {
        "teacher": teacher,
        "use": USES[0],
        "entry": "aurora-terms-2023",
        "name": "Aurora Terms of Service",
        "provider": "Aurora",
        "kind": "service_terms",
        "channels": ("api",),
        "hosts": (),
        "since": "2023-06",
        "dated": "approximate",
        "until": "2025-01-01",
        "outputs": ("no_compete",),
        "verdict": "prohibited",
        "reason": "Outputs may not make rivals.",
        "clause": "2(c)",
        "conditions": ("say that a machine wrote it",),
        "binds": ("account_holder",),
        "risk": ("account_holder",),
        "source": "https://example.org/aurora-2/terms",
        "read": "2024-05-20",
        "evidence": "quoted_by_third_party",
        "stale": False,
        "confidence": "medium",
        "doubted": True,
        "review": "The day it took effect.",
    }
    return TermsVersion(**(shown | fields))


def permits(teacher: str = "aurora-2", **fields: Any) -> TermsVersion:
    """A licence of weights that permits in so many words."""
    shown: dict[str, Any] = {
        "entry": "aurora-mit",
        "name": "Aurora MIT",
        "kind": "model_license",
        "channels": ("self_host",),
        "since": "",
        "dated": "not_found",
        "until": "",
        "outputs": ("expressly_permitted",),
        "verdict": "allowed",
        "reason": "The licence permits distillation by name.",
        "clause": "",
        "conditions": (),
        "binds": ("licensee",),
        "risk": ("licensee", "redistributor"),
        "stale": True,
        "doubted": False,
        "review": "",
    }
    return version(teacher, **(shown | fields))


def with_terms(**fields: Any) -> Report:
    """Moderate support for one teacher, not enough evidence for another, and the terms of both."""
    settled = {"verdicts": ("ambiguous", "allowed"), "notes": ()}
    shown: dict[str, Any] = {
        "terms": (
            answer(),
            answer(use=USES[1], **settled),
            answer(
                "borealis-1",
                answer="own_model",
                words="A model of its own provider.",
                channels=(),
                verdicts=(),
            ),
        ),
        "terms_versions": (
            *(version(use=use) for use in USES),
            *(permits(use=use) for use in USES),
        ),
    }
    return sample_report(**(shown | fields))


def hostile_terms(text: str) -> dict[str, Any]:
    """The same text wherever a file of terms, a name or an option can put text."""
    several = (text, text)
    said = answer(text, use=text, words=text, channel=text, host=text, model=text, provider=text)
    held = version(text, use=text, entry=text, name=text, provider=text, channels=several, hosts=several)
    more = {"since": text, "until": text, "reason": text, "clause": text, "conditions": several}
    of = {"source": text, "read": text, "review": text, "outputs": ("expressly_permitted", text)}
    fields = {"first": text, "last": text, "channels": several, "notes": several}
    return {
        "terms": (TermsAnswer(**(vars(said) | fields)),),
        "terms_versions": (
            TermsVersion(**(vars(held) | more | of | {"verdict": "allowed", "binds": several})),
        ),
    }
