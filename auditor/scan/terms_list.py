"""`chosen`: the entries that a filter leaves, or that held for a model; `row`: one of them in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from auditor.errors import AuditError
from auditor.scan.in_force import in_force
from auditor.scan.terms import KINDS, USES, Entry, Terms


@dataclass(frozen=True)
class Chosen:
    """Entries; `notes` : what could not be told; `verdict` : of all that held together."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    verdict: str | None = None


def chosen(
    terms: Terms,
    provider: str | None = None,
    kind: str | None = None,
    use: str | None = None,
    model: str | None = None,
    channel: str | None = None,
    when: str | None = None,
    host: str | None = None,
) -> Chosen:
    """Return the entries that all of the given leave; None = not asked."""
    if kind is not None:
        one_of("kind", kind, KINDS)
    if use is not None:
        one_of("use", use, USES)
    if model is None and (channel or when or host):
        raise AuditError("--channel, --date and --host say how a model was asked: add --model.")
    found = in_force(terms, model, channel, when, host) if model is not None else None
    entries = tuple(
        e
        for e in (found.entries if found else terms)
        if (kind is None or e.kind == kind) and (provider is None or provider.lower() in e.provider.lower())
    )
    if provider is not None and not entries:
        _known_provider(provider, terms)
    if found is None or use is None or entries != found.entries:
        return Chosen(entries, found.notes if found else ())
    return Chosen(entries, found.notes, found.verdict(use).replace("_", " "))


def row(entry: Entry, use: str | None, format: str) -> dict[str, object]:
    """Return an entry as a row; lists become text in a table."""
    channels: object = ", ".join(entry.channels) if format == "text" else list(entry.channels)
    made: dict[str, object] = {
        "id": entry.id,
        "provider": entry.provider,
        "kind": entry.kind,
        "from": str(entry.since) if entry.since else None,
        "until": str(entry.until) if entry.until else None,
        "channels": channels,
        "confidence": entry.confidence,
        "review": ("yes" if entry.needs_review else "") if format == "text" else entry.needs_review,
    }
    if use is None:
        return made
    said = entry.on(use)
    return made | {"verdict": said.verdict} | ({"reason": said.reason} if format == "json" else {})


def one_of(what: str, given: str, allowed: Sequence[str]) -> None:
    """Refuse a value that does not exist."""
    if given in allowed:
        return
    near = get_close_matches(given, allowed, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise AuditError(f"{given!r} is no {what}. Known are: {', '.join(allowed)}.{hint}")


def _known_provider(given: str, terms: Terms) -> None:
    """Refuse a provider that has no entry at all."""
    providers = sorted({e.provider for e in terms})
    if not any(given.lower() in provider.lower() for provider in providers):
        raise AuditError(f"There are no terms of {given!r}. There are some of: {', '.join(providers)}.")
