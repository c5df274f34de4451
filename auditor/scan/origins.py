"""`origins`: who wrote the rows, drawn from the findings; a known dataset stands for the models that made it.

Leaves out the findings (`facts.py`, `rows/`) and what the models' terms say (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.scan import models, synthetic
from auditor.scan.finding import CONFIDENCES, Finding
from auditor.scan.rows.tally import provider as provider_of

BY_MODEL = ("GEN001", "GEN002", "GEN006", "GEN013")
BY_DATASET = ("GEN004", "GEN005", "GEN011")
BY_PROVIDER = ("GEN008",)
UNKNOWN = ("GEN003", "GEN007")
"""Rows were generated, by what is not said. Refusals and template marks alone are no sign of an author."""
BY_FIELD = ("GEN001", "GEN002", "GEN013")
DOUBTED = "GEN014"
"""The text does not fit the model that rows name: where fields alone name it, too little for a conflict."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One author of rows.

    Attributes
    ----------
    name : plain name of a model; "" = only the provider is known, or nothing is.
    through : known dataset they came through. rows : most that one finding counted; None = not counted.
    """

    name: str
    provider: str | None
    through: str | None
    rows: int | None
    confidence: str
    findings: tuple[Finding, ...]


def origins(findings: Iterable[Finding]) -> tuple[Origin, ...]:
    """Return every author once: named models, then providers, then unknown ones."""
    findings = tuple(findings)
    held: dict[tuple[str, str | None, str | None], list[tuple[Finding, str]]] = {}
    for finding in findings:
        for name, provider, through, confidence in _authors(finding):
            held.setdefault((name, provider, through), []).append((finding, confidence))
    named_providers = {p for (name, p, _) in held if name}
    doubted = {f.subject for f in findings if f.rule == DOUBTED}
    found = []
    for (name, provider, through), of in held.items():
        if not name and provider in named_providers:
            continue  # "I am ChatGPT" where a field says gpt-4: the field says more.
        rows = [f.count for f, _ in of if f.total is not None]
        surest = max((c for _, c in of), key=CONFIDENCES.index)
        if name in doubted and all(f.rule in BY_FIELD for f, _ in of):
            surest = min(surest, "medium", key=CONFIDENCES.index)
        found.append(
            Origin(name, provider, through, max(rows, default=None), surest, tuple(f for f, _ in of))
        )
    return tuple(sorted(found, key=lambda o: (not o.name, o.provider is None, -(o.rows or 0))))


def _authors(finding: Finding) -> list[tuple[str, str | None, str | None, str]]:
    """Return (name, provider, through, confidence) of whom a finding means."""
    if finding.rule in BY_MODEL:
        return [(finding.subject, models.provider(finding.subject), None, finding.confidence)]
    if finding.rule in BY_PROVIDER:
        # Answers tell the family at best: which of the provider's models it was is not known.
        return [("", provider_of(finding.subject), None, finding.confidence)]
    if finding.rule in UNKNOWN:
        return [("", None, None, finding.confidence)]
    if finding.rule in BY_DATASET and (dataset := synthetic.find(finding.subject)) and dataset.synthetic:
        known = dataset.confidence if dataset.confidence in CONFIDENCES else "low"
        confidence = min(finding.confidence, known, key=CONFIDENCES.index)
        made: list[tuple[str, str | None, str | None, str]] = [
            (g, models.provider(g), dataset.id, confidence) for g in dataset.generators
        ]
        return made or [("", None, dataset.id, confidence)]
    return []
