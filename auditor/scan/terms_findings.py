"""Findings on terms, drawn from the answers: what forbids, sets conditions, is unclear, old, or comes on top.

Leaves out the answers (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from auditor.scan.answer import ANSWERS, Answer, Link
from auditor.scan.chains import UNKNOWN
from auditor.scan.finding import CONFIDENCES, Evidence, Finding
from auditor.scan.terms import Terms

_RULES = {"conflict": "TRM001", "allowed_with_conditions": "TRM002", "cannot_tell": "TRM003"}


def of_terms(
    answers: Sequence[Answer], findings: Iterable[Finding], terms: Terms, today: date
) -> Iterator[Finding]:
    """Yield one finding for each generator (or dataset that passes a licence on) and answer."""
    at = {f.fingerprint: f.evidence for f in findings}
    groups: dict[tuple[str, str], list[tuple[str, Link]]] = {}
    for one in answers:
        for link in one.links:
            who = link.generator or link.through
            if who and (who != UNKNOWN or link.provider) and link.answer in _RULES:
                groups.setdefault((who, link.answer), []).append((one.use, link))
    for (who, answer), held in groups.items():
        uses = ", ".join(dict.fromkeys(use for use, _ in held))
        links = [link for _, link in held]
        terms_of = "; ".join(dict.fromkeys(_named(link) for link in links))
        message = f"{who}, {uses}: {answer.replace('_', ' ')}. {links[0].reason} By: {terms_of}."
        evidence = tuple(dict.fromkeys(e for link in links for f in link.findings for e in at.get(f, ())))[:5]
        sure = max((link.confidence for link in links), key=CONFIDENCES.index)
        yield Finding(_RULES[answer], message, sure, who, evidence, max(link.rows or 1 for link in links))
    yield from _wider(answers, at)
    yield from _of_entries(answers, terms, today)


def _named(link: Link) -> str:
    return f"{link.name}, clause {link.clause}" if link.clause else link.name


def _wider(answers: Sequence[Answer], at: dict[str, tuple[Evidence, ...]]) -> Iterator[Finding]:
    """One finding where the declared licence permits a use that a generator's terms rule out."""
    uses: dict[tuple[str, str], list[str]] = {}
    evidence: dict[tuple[str, str], tuple[Evidence, ...]] = {}
    for answer in answers:
        own = [x for x in answer.links if not x.generator and not x.through and x.channel == "dataset"]
        if not own or max(ANSWERS.index(x.answer) for x in own) > 1:
            continue
        for link in answer.links:
            if link.generator and link.verdict == "prohibited":
                key = own[0].name, link.generator
                if answer.use not in uses.setdefault(key, []):
                    uses[key].append(answer.use)
                evidence[key] = tuple(e for f in link.findings for e in at.get(f, ()))[:5]
    sure = {x.generator for a in answers for x in a.links if x.answer == "conflict"}
    for (licence, who), of in uses.items():
        message = f"{licence} permits {', '.join(of)}; terms of {who} forbid it to whoever asked that model."
        confidence = "high" if who in sure else "medium"
        severity = "error" if who in sure else "warning"
        yield Finding(
            "TRM005", message, confidence, f"{licence}: {who}", evidence[licence, who], severity=severity
        )


def _of_entries(answers: Sequence[Answer], terms: Terms, today: date) -> Iterator[Finding]:
    """Entries that were read long ago, and those that let other terms in."""
    used = dict.fromkeys(link.entry for a in answers for link in a.links if link.entry)
    for entry in map(terms.get, used):
        if entry.stale(today):
            message = f"{entry.name} was read on {entry.read}: too long ago. Read {entry.source}"
            yield Finding("TRM004", message, "high", entry.id)
        if "upstream_terms_pass_through" in entry.outputs:
            message = f"{entry.name} lets the terms of the models behind it in."
            yield Finding("TRM006", message, entry.confidence, entry.id)
