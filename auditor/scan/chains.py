"""The chains of one part: from a declared licence, a generator or a known dataset to the clause that answers.

Leaves out which chain decides (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.scan import synthetic
from auditor.scan.answer import FROM_VERDICT, Link
from auditor.scan.facts import Asked, Part
from auditor.scan.finding import Finding
from auditor.scan.in_force import InForce, in_force
from auditor.scan.licences import on_use
from auditor.scan.origins import DOUBTED, Origin, origins
from auditor.scan.result import Declared
from auditor.scan.terms import Entry, Terms

ASK_ORIGIN = (
    "Ask the publisher who wrote the rows: which model, over which channel and when, or which people."
)
UNKNOWN = "unknown"  # stands for a generator that nobody names
ASK_LICENCE = "Read the text it points to, or ask the publisher for a licence."


def chains(part: Part, use: str, terms: Terms) -> Iterator[Link]:
    """Every chain of one part, for one use."""
    yield from _licences(part, use, terms)
    found = origins(part.findings)
    for origin in found:
        yield from _generator(origin, use, terms, part.asked)
    for finding in part.findings:
        if finding.rule == DOUBTED:
            yield _doubtful(finding)
    for id, findings in _through(found).items():
        yield from _upstream(id, findings, use, terms)
    if not found and not part.human:
        yield Link(
            seen=f"Nothing in {where(part)} says who wrote the rows, and no sign of a model was found.",
            name="Origin not stated",
            verdict="allowed_with_conditions",
            reason="No sign of a model is no proof of a human hand.",
            answer="allowed_with_conditions",
            settle=ASK_ORIGIN,
            generator=UNKNOWN,
        )


def where(part: Part) -> str:
    """Name a part in a sentence."""
    return "the dataset" if part.path == "." else f"{part.path}/"


def place(one: Declared) -> str:
    """Say who declares a licence: "The card (README.md, line 3)"."""
    who = {
        "card": "The card",
        "prose": "The card's text",
        "file": "The licence file",
        "metadata": "The metadata",
    }
    line = f", line {one.line}" if one.line else ""
    return f"{who.get(one.place, 'A field of the rows')} ({one.file}{line})"


def _licences(part: Part, use: str, terms: Terms) -> Iterator[Link]:
    """One chain a declared licence; one for none."""
    known = [d for d in part.declared if d.licence]
    for one in part.declared:
        if one.place == "file" and not one.licence:
            yield Link(
                seen=f"The text of {one.file} is no licence that is known.",
                name=f"Text of {one.file}",
                verdict="unknown",
                reason="A changed or unknown text may forbid what a known one allows.",
                answer="cannot_tell",
                settle=f"Read {one.file}, or have a lawyer read it.",
            )
    for one in known:
        said = on_use.says(one.licence, use)
        yield Link(
            seen=f"{place(one)} declares {one.text!r}.",
            name=one.licence,
            verdict=said.verdict,
            reason=said.reason,
            clause=said.clause,
            answer=FROM_VERDICT[said.verdict],
            settle=_settle_licence(said.verdict),
            rows=one.rows,
            channel="dataset",
            **_entry(terms, said.entry),
        )
    if known:
        return
    seen = f"Nothing in {where(part)} declares a licence."
    if part.declared:
        seen = f"{place(part.declared[0])} declares {part.declared[0].text!r}: no licence that is known."
    yield Link(
        seen=seen,
        name="No licence that is known" if part.declared else "No licence",
        verdict="unknown",
        reason="Without a licence nobody but the owner may use the data.",
        answer="cannot_tell",
        settle=ASK_LICENCE,
    )


def _generator(origin: Origin, use: str, terms: Terms, asked: Asked) -> Iterator[Link]:
    """Chains of one author of rows: one for each entry that may have held."""
    who = origin.name or origin.provider or ""
    common: dict[str, Any] = {
        "seen": seen(origin.findings),
        "findings": tuple(f.fingerprint for f in origin.findings),
        "generator": origin.name or UNKNOWN,
        "provider": origin.provider,
        "through": origin.through,
        "rows": origin.rows,
        "channel": asked.channel,
        "when": asked.when,
    }
    unknown: dict[str, Any] = common | {"verdict": "unknown", "answer": "cannot_tell"}
    if not who:
        reason = "Rows were generated, by what is not said. An unknown generator is no permission."
        # Labels that a machine made are outputs, too, but nothing says that a language model made them.
        labels = all(f.subject == "labels" for f in origin.findings)
        answer = "allowed_with_conditions" if labels else "cannot_tell"
        yield Link(name="Unknown generator", reason=reason, settle=ASK_ORIGIN, **unknown | {"answer": answer})
        return
    found, overall = _held(origin, use, terms, asked)
    if not found.entries:
        reason = f"No terms on file for {who}: that is no permission."
        yield Link(
            name=f"Terms of {who}", reason=reason, settle=f"Read the terms or licence of {who}.", **unknown
        )
    for entry in found.entries:
        said = entry.on(use)
        yield Link(
            name=entry.name,
            verdict=said.verdict,
            reason=said.reason,
            clause=said.clause,
            answer=_answer(said.verdict, overall, origin),
            settle=_settle(origin, said.verdict, overall, asked),
            **common | _entry(terms, entry.id, said.needs_review),
        )
    for channel in found.gaps:
        reason = f"What held over the channel {channel!r} on these days is not on file."
        yield Link(name=f"Terms of {who}", reason=reason, settle="Find the terms of those days.", **unknown)


def _doubtful(finding: Finding) -> Link:
    """The chain of rows whose text does not fit the generator they name: whose terms bind them is open."""
    return Link(
        seen=seen([finding]),
        name=f"Whether {finding.subject} wrote the rows that name it",
        generator=UNKNOWN,
        verdict="unknown",
        reason="Another generator's terms may hold for these rows: that is no permission, and no conflict.",
        answer="cannot_tell",
        settle=ASK_ORIGIN,
        findings=(finding.fingerprint,),
        rows=finding.count,
        confidence=finding.confidence,
    )


def _held(origin: Origin, use: str, terms: Terms, asked: Asked) -> tuple[InForce, str]:
    """Return what held, and the verdict of all of it."""
    if origin.name:
        found = in_force(terms, origin.name, asked.channel, asked.when, asked.host)
        return found, found.verdict(use)
    # Only the provider is known: it may have been any of its models.
    entries = tuple(e for e in terms if e.provider == origin.provider and e.models and not e.hosts)
    verdicts = {e.on(use).verdict for e in entries}
    return InForce("", asked.channel, entries, (), ()), verdicts.pop() if len(verdicts) == 1 else "ambiguous"


def _answer(verdict: str, overall: str, origin: Origin) -> str:
    """Return the answer of one entry: no conflict where the sign, the channel or the version is in doubt."""
    answer = FROM_VERDICT[verdict]
    sure = origin.confidence == "high" and overall == "prohibited"
    return "cannot_tell" if answer == "conflict" and not sure else answer


def _settle(origin: Origin, verdict: str, overall: str, asked: Asked) -> str:
    """Say what would settle it."""
    who = origin.name or origin.provider
    if verdict == "allowed":
        return ""
    if origin.confidence != "high":
        return f"Find out whether {who} wrote these rows: this sign alone does not show it. {ASK_ORIGIN}"
    if overall == "ambiguous" and asked.channel is None:
        return f"Say over which channel {who} was asked (--channel), and when (--date)."
    if verdict == "allowed_with_conditions":
        return ""
    if verdict == "prohibited":
        return f"Leave these rows out, make them with a model whose terms allow it, or ask {origin.provider}."
    return f"Read the clause with a lawyer, or ask {origin.provider}."


def _settle_licence(verdict: str) -> str:
    if verdict == "prohibited":
        return "Get another licence from the publisher, or use another dataset."
    return (
        "Read the clause with a lawyer, or ask the publisher." if verdict in ("ambiguous", "unknown") else ""
    )


def _through(found: Iterable[Origin]) -> dict[str, list[Finding]]:
    """Return the known datasets that rows came through, with their findings."""
    through: dict[str, list[Finding]] = {}
    for origin in found:
        if origin.through:
            through.setdefault(origin.through, []).extend(origin.findings)
    return {id: list(dict.fromkeys(findings)) for id, findings in through.items()}


def _upstream(id: str, findings: list[Finding], use: str, terms: Terms) -> Iterator[Link]:
    """Chains of the licences that a known dataset passes on."""
    dataset = synthetic.find(id)
    if dataset is None:
        return
    licences = [x for x in dataset.licences_declared if x not in ("unspecified", "various")]
    sure = len(dataset.licences_declared) == 1 and any(f.confidence == "high" for f in findings)
    for licence in licences:
        said = on_use.says(licence, use)
        answer = FROM_VERDICT[said.verdict]
        yield Link(
            seen=f"{seen(findings)} {dataset.name} was published under {licence}.",
            name=licence,
            verdict=said.verdict,
            reason=said.reason,
            clause=said.clause,
            answer="cannot_tell" if answer == "conflict" and not sure else answer,
            settle=f"Leave the rows of {dataset.name} out, or check its licence at {dataset.source}."
            if answer in ("conflict", "cannot_tell")
            else "",
            findings=tuple(f.fingerprint for f in findings),
            through=id,
            rows=max((f.count for f in findings if f.total is not None), default=None),
            channel="dataset",
            **_entry(terms, said.entry),
        )


def seen(findings: Iterable[Finding]) -> str:
    """Say what was seen, with the first place of each."""
    said = []
    for finding in list(findings)[:3]:
        at = finding.evidence[0] if finding.evidence else None
        spot = [at.file] if at and at.file else []
        spot += [f"row {at.row}"] if at and at.row else [f"line {at.line}"] if at and at.line else []
        said.append(finding.message + (f" ({', '.join(spot)})" if spot else ""))
    return " ".join(said)


def _entry(terms: Terms, id: str | None, doubtful: bool = False) -> dict[str, Any]:
    """Return what a chain says of its entry."""
    if id is None:
        return {"confidence": "medium"}
    entry: Entry = terms.get(id)
    return {
        "entry": entry.id,
        "since": str(entry.since) if entry.since else None,
        "risk": entry.risk,
        "source": entry.source,
        "read": entry.read.isoformat(),
        "confidence": entry.confidence,
        "needs_review": doubtful or bool(entry.needs_review),
    }
