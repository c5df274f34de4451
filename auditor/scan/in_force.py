"""Which terms held for a model, by channel and day; and the strictest of several verdicts.

The channel decides, not the brand: weights under MIT and an API that bars training may be one model. Where
the channel is not known, every channel is listed, and where they disagree nobody can tell. Where the day is
not known, every version is listed, and the strictest decides. Leaves out how a dataset shows who made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from auditor.errors import AuditError
from auditor.scan.days import Span, span
from auditor.scan.names import plain, provider_of
from auditor.scan.terms import CHANNELS, VERDICTS, Entry, Terms

_SERVICE = ("service_terms", "aup")  # what had versions before those on file; a licence comes with its model


@dataclass(frozen=True)
class InForce:
    """The entries that may have held.

    Attributes
    ----------
    channel : None = not known. gaps : channels that have terms, but not on file for all of the days: nobody
        knows what those said, so they are no permission. notes : what could not be told, in words.
    """

    model: str
    channel: str | None
    entries: tuple[Entry, ...]
    gaps: tuple[str, ...]
    notes: tuple[str, ...]

    def by_channel(self) -> dict[str, tuple[Entry, ...]]:
        """Return the entries of each channel that has some."""
        channels = (self.channel,) if self.channel else CHANNELS
        found = {c: tuple(e for e in self.entries if c in e.channels) for c in channels}
        return {channel: entries for channel, entries in found.items() if entries}

    def verdict(self, use: str) -> str:
        """Return the strictest verdict; "ambiguous" where only some channels, or services, forbid."""
        found = {max(case, key=VERDICTS.index) for case in self._cases(use)}
        if "prohibited" in found and len(found) > 1:
            return "ambiguous"
        return max(found, key=VERDICTS.index, default="unknown")

    def _cases(self, use: str) -> Iterator[set[str]]:
        """Verdicts that hold together: those of one channel and, where services differ, of one service."""
        by_channel = {**dict.fromkeys(self.gaps, ()), **self.by_channel()}
        for channel, entries in by_channel.items():
            missing = {"unknown"} if channel in self.gaps else set()
            for hosts in {e.hosts for e in entries if e.hosts} or {()}:
                yield {strictest((e for e in entries if e.hosts in ((), hosts)), use)[0]} | missing


def strictest(entries: Iterable[Entry], use: str) -> tuple[str, tuple[Entry, ...]]:
    """Return the strictest verdict and the entries that give it; no entries: "unknown"."""
    entries = tuple(entries)
    if not entries:
        return "unknown", ()
    worst = max((e.on(use).verdict for e in entries), key=VERDICTS.index)
    return worst, tuple(e for e in entries if e.on(use).verdict == worst)


def in_force(
    terms: Terms,
    model: str,
    channel: str | None = None,
    when: str | Span | None = None,
    host: str | None = None,
) -> InForce:
    """Find what held for outputs of `model`.

    Parameters
    ----------
    model : a name as it stands in a dataset. channel : one of `CHANNELS`, or None = not known. when : day,
        month or year in which the outputs were made, or days between which; None = not known. host : the
        service that was called, such as "openrouter.ai"; the terms of a host are found by it, or by the
        channel, and never by the model alone.
    """
    if channel is not None and channel not in CHANNELS:
        raise AuditError(f"{channel!r} is no channel. Known are: {', '.join(CHANNELS)}.")
    days = when if isinstance(when, Span) else span(when) if when else None
    name = plain(model)
    if not name:
        raise AuditError(f"{model!r} names no model. Give a name such as llama-3-70b-instruct.")
    meant = [e for e in terms if e.covers(name) and _of_host(e, channel, host)]
    here = [e for e in meant if channel is None or channel in e.channels]
    entries = tuple(e for e in here if _holds(e, days))
    gaps = _gaps(here, channel, days)
    notes = [*_nothing(name, channel, meant, here), *gaps.values(), *_undated(entries, days)]
    if channel is None and entries:
        notes.append(
            "The channel is not known: the terms of each are listed; a service may have added its own."
        )
    if len({e.hosts for e in entries if e.hosts}) > 1:
        notes.append("The service is not known: the terms of each are listed.")
    if days is None and any(e.kind in _SERVICE for e in entries):
        notes.append("The day is not known: every version on file is listed; older ones may be missing.")
    if any("upstream_terms_pass_through" in e.outputs for e in entries):
        notes.append("The terms of whoever made the model, or serves it behind this service, apply besides.")
    return InForce(name, channel, entries, tuple({c for _, _, c in gaps}), tuple(notes))


def _of_host(entry: Entry, channel: str | None, host: str | None) -> bool:
    """Tell whether the terms of a host come in: it is named, or nothing but the channel is."""
    if not entry.hosts:
        return True
    return host in entry.hosts if host else channel in entry.channels


def _holds(entry: Entry, days: Span | None) -> bool:
    """Tell whether an entry may have held on one of the days."""
    if days is None:
        return True
    began = entry.since is None or entry.since.first <= days.last
    return began and (entry.until is None or entry.until.last > days.first)


def _nothing(name: str, channel: str | None, meant: list[Entry], here: list[Entry]) -> list[str]:
    """Say that, and what is near, when no terms are on file: an unknown generator is no permission."""
    if here:
        return []
    if meant:
        others = sorted({c for e in meant for c in e.channels})
        others_have = f"there are some for: {', '.join(others)}"
        return [f"No terms on file for {name!r} over the channel {channel!r}; {others_have}."]
    near = get_close_matches(name, provider_of(), n=3)
    hint = f" Known names like it: {', '.join(near)}." if near else ""
    return [f"No terms on file for {name!r}: that is no permission.{hint}"]


def _gaps(here: list[Entry], channel: str | None, days: Span | None) -> dict[tuple[str, str, str], str]:
    """Find (provider, kind, channel) that have terms, but none on file for some of these days; and say so."""
    if days is None:
        return {}
    gaps = {}
    groups = {(e.provider, e.kind, c) for e in here for c in e.channels if channel in (None, c)}
    for provider, kind, c in sorted(groups):
        versions = [e for e in here if (e.provider, e.kind) == (provider, kind) and c in e.channels]
        if not _covered(versions, kind, days):
            there_is = ", ".join(f"{e.id} from {e.since}" for e in sorted(versions, key=_begin))
            gaps[provider, kind, c] = (
                f"Not all on file of {provider} ({kind}, {c}) for {days}; there is: {there_is}."
            )
    return gaps


def _covered(versions: list[Entry], kind: str, days: Span) -> bool:
    """Tell whether versions are on file for all of the days; a licence is as old as its model."""
    held = [e for e in versions if _holds(e, days)]
    if kind not in _SERVICE or not held:
        return bool(held)
    reached = days.first
    for entry in sorted(held, key=_begin):
        if _begin(entry) > reached:
            return False
        reached = max(reached, entry.until.last if entry.until else date.max)
    return reached > days.last


def _begin(entry: Entry) -> date:
    return entry.since.first if entry.since else date.min


def _undated(entries: tuple[Entry, ...], days: Span | None) -> list[str]:
    """Say of which entries nobody knows whether they held on these days."""
    unsure = [e.id for e in entries if e.since is None and e.date_kind == "not_found"]
    if days is None or not unsure:
        return []
    return [f"Not known since when these hold, so they are listed for every day: {', '.join(unsure)}."]
