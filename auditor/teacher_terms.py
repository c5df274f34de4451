"""`audit compare --terms`: what the terms of each teacher say about training on its outputs.

Every version that was in force from the teacher's availability to the student's release, by channel and
use. It is asked beside the evidence: no verdict on distillation depends on it, nor it on one. Leaves out the
sentences (`teacher_terms_words.py`), how it looks (`reports/terms.py`), and licences of the student's own
base or of published datasets ('audit scan').
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from auditor import shipped
from auditor import teacher_terms_words as words
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import Lineage, definitely_later, plain_name
from auditor.report import TermsAnswer, TermsVersion
from auditor.scan import period
from auditor.scan.answer import FROM_VERDICT
from auditor.scan.days import Span, between, span
from auditor.scan.in_force import in_force
from auditor.scan.names import plain, provider_of
from auditor.scan.terms import CHANNELS, USES, Entry, Terms, load

# Whether the student is a rival of the provider's models is nothing that a report can know, and answers
# differ just there: one of the two alone would accuse, or excuse.
USUAL = ("train_competing_llm", "train_other_model_release_weights")
# Names of one provider that no prefix ties together: lineage table -> terms.
SAME_PROVIDER = {"zhipu": "zai"}


class Found(NamedTuple):
    """Answers, a teacher's uses together, and the versions behind them."""

    answers: tuple[TermsAnswer, ...] = ()
    versions: tuple[TermsVersion, ...] = ()


@dataclass(frozen=True)
class LookedUp:
    """What is on file for one teacher.

    Attributes
    ----------
    model : the name that it was found by. every : all versions of the channel that was asked, whatever their
        days. held : those of the days asked. doubts : why it may not be this teacher's, in words.
    notes : what else could not be told. days : None = the teacher came after the student.
    own : the provider of student and teacher, where it is one; "" = two, or not documented.
    """

    model: str
    every: tuple[Entry, ...]
    held: tuple[Entry, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    days: Span | None
    own: str


def check(config: CompareConfig) -> None:
    """Refuse what names nothing, before anything is asked or measured."""
    if not config.terms:
        if config.channel or config.host or config.uses:
            raise AuditError("--channel, --host and --use are about terms: add --terms, or leave them out.")
        return
    if config.channel is not None and config.channel not in CHANNELS:
        raise AuditError(f"--channel {config.channel!r}: allowed are {', '.join(CHANNELS)}.")
    if unknown := [use for use in config.uses if use not in USES]:
        raise AuditError(f"--use {unknown[0]!r}: allowed are {', '.join(USES)}.")


def plan(config: CompareConfig) -> tuple[str, ...]:
    """What would be looked up, for `--dry-run`."""
    if not config.terms:
        return ()
    over = f"the channel {config.channel}" if config.channel else "every channel on file"
    return (f"Terms: looked up for {', '.join(_uses(config))}, over {over}.",)


def hashes(config: CompareConfig) -> dict[str, str]:
    """SHA-256 over the files of terms, so that a reader sees which state was asked; empty = none was."""
    if not config.terms:
        return {}
    files = sorted(shipped.path("terms").glob("*.toml"))
    return {"terms": hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()}


def of(config: CompareConfig, lineage: Lineage, student: str, teachers: Sequence[str], today: date) -> Found:
    """Look up every teacher, in this order; nothing without `--terms`."""
    if not config.terms:
        return Found()
    answers: list[TermsAnswer] = []
    versions: list[TermsVersion] = []
    for teacher in dict.fromkeys(teachers):
        seen = look_up(load(), config, lineage, student, teacher, today)
        for use in _uses(config):
            answers.append(_answer(config, student, teacher, use, seen))
            versions += [_version(teacher, use, entry, today) for entry in seen.held]
    return Found(tuple(answers), tuple(versions))


def look_up(
    terms: Terms, config: CompareConfig, lineage: Lineage, student: str, teacher: str, today: date
) -> LookedUp:
    """Find what held for one teacher's outputs on the days on which the student can have seen them."""
    channel, host = _channel(terms, config), config.host
    model, doubts = _name(terms, lineage, teacher)
    if not plain(model):
        nothing = f"No terms on file for {teacher!r}: that is no permission."
        return LookedUp(model, (), (), (), (nothing,), between(today, today), "")
    every = in_force(terms, model, channel, None, host)
    days, undated = _days(lineage, student, teacher, today, every.entries)
    if days is None:
        return LookedUp(model, (), (), (), (), None, "")
    found = in_force(terms, model, channel, days, host)
    own = _own(lineage, student, teacher)
    if own:
        kept, held = ([e for e in x if not _alike(e.provider, own)] for x in (every.entries, found.entries))
        notes = (*undated, *found.notes) if kept else ()
        return LookedUp(model, tuple(kept), tuple(held), (), notes, days, own)
    if host and not any(host in e.hosts for e in terms):
        doubts += (f"no terms of the service {host!r} are on file, and what it adds nobody knows",)
    doubts += _other_provider(found.entries, lineage.row(teacher).provider)
    return LookedUp(model, every.entries, found.entries, doubts, (*undated, *found.notes), days, "")


def _uses(config: CompareConfig) -> tuple[str, ...]:
    return tuple(use for use in USES if use in config.uses) or USUAL


def _channel(terms: Terms, config: CompareConfig) -> str | None:
    """The channel asked for, or the only one that the terms of the service are about."""
    of_host = {c for e in terms if config.host in e.hosts for c in e.channels}
    return of_host.pop() if config.channel is None and len(of_host) == 1 else config.channel


def _name(terms: Terms, lineage: Lineage, teacher: str) -> tuple[str, tuple[str, ...]]:
    """The name to look up, and what makes it doubtful: its own, or that of its group where it has none."""
    group = lineage.row(teacher).group
    named, grouped = (in_force(terms, x).entries if plain(x) else () for x in (teacher, group))
    if not grouped or named == grouped:
        return teacher, ()
    if named:
        return teacher, (
            f"the lineage table counts it among the checkpoints of {group}, for which other terms are on "
            "file: find out which model it is",
        )
    licensed = any(e.kind == "model_license" for e in grouped)
    doubt = f"nothing is on file under its own name, and the licence of {group} may not be this checkpoint's"
    return group, ((doubt,) if licensed else ())


def _days(
    lineage: Lineage, student: str, teacher: str, today: date, versions: Sequence[Entry]
) -> tuple[Span | None, tuple[str, ...]]:
    """The days between the two releases, and what of them is not documented; None = the teacher is later.

    A teacher without a date, or later than the student, has that of its first sibling checkpoint: by text
    they are one teacher.
    """
    ended, notes = lineage.row(student).released, []
    last = span(ended).last if ended else today
    if not ended:
        notes.append(words.RELEASE.format(student=student, today=today))
    own, group = lineage.row(teacher).released, lineage.group(teacher)
    began = [r.released for r in lineage.rows.values() if r.released and lineage.group(r.model) == group]
    if own and not definitely_later(own, ended):
        began = [own]
    elif began:
        notes.append(words.SIBLING.format(teacher=teacher, group=group, day=min(began)))
    if not began:
        first = min((e.since.first for e in versions if e.since), default=last)
        return between(min(first, last), last), (*notes, words.AVAILABLE.format(teacher=teacher))
    first = min(span(day).first for day in began)
    return (between(first, last) if first <= last else None), tuple(notes)


def _own(lineage: Lineage, student: str, teacher: str) -> str:
    """The provider of both, as documented; "" = they differ, or one is not documented."""
    mine, others = (lineage.row(m).provider.strip() for m in (student, teacher))
    known = provider_of().get(plain(teacher), "")
    same = mine.casefold() == others.casefold() if others else bool(known) and _alike(known, mine)
    return mine if mine and same else ""


def _alike(of_terms: str, of_lineage: str) -> bool:
    """Whether two spellings mean one provider: "Mistral AI" and "mistral"."""
    one, other = plain_name(of_terms), plain_name(of_lineage)
    begins = one.startswith(other) or other.startswith(one)
    return SAME_PROVIDER.get(other) == one or (bool(other) and begins)


def _other_provider(entries: Sequence[Entry], provider: str) -> tuple[str, ...]:
    """Terms of a service whose provider is not the model's: the name may be a chance."""
    service = {e.provider for e in entries if e.kind in period.SERVICE and not e.hosts}
    others = sorted(p for p in service if provider and not _alike(p, provider))
    if not others:
        return ()
    return (
        f"the lineage table has it from {provider}, and these are terms of {' and '.join(others)}: its name "
        "may only look like one of theirs",
    )


def _answer(config: CompareConfig, student: str, teacher: str, use: str, seen: LookedUp) -> TermsAnswer:
    """The answer on one use."""
    channel = _channel(load(), config)
    by_channel = dict(_by_channel(seen, use, channel)) if seen.days else {}
    together = {c: period.together(said) for c, said in by_channel.items()}
    answer = _overall(seen, channel, together)
    low = [e.id for e in seen.held if period.settled(e, use) != e.on(use).verdict]
    return TermsAnswer(
        teacher=teacher,
        use=use,
        answer=answer,
        words=words.sentence(student, teacher, use, answer, channel, together, seen.doubts, seen.own),
        channel=channel or "",
        host=config.host or "",
        model=seen.model,
        provider=seen.own,
        first=str(seen.days.first) if seen.days else "",
        last=str(seen.days.last) if seen.days else "",
        channels=tuple(together),
        verdicts=tuple(together.values()),
        notes=(*words.doubts(seen.doubts), *seen.notes, *words.changes(by_channel), *words.unsure(low)),
    )


def _by_channel(seen: LookedUp, use: str, channel: str | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each channel that has terms on file, and the different verdicts in the order of the days."""
    for one in (channel,) if channel else CHANNELS:
        versions = [e for e in seen.every if one in e.channels]
        if versions and seen.days:
            yield one, period.said(versions, seen.days, use)


def _overall(seen: LookedUp, channel: str | None, together: dict[str, str]) -> str:
    """One of `answer.ANSWERS`, "own_model" or "teacher_later"; nothing is read out of what is doubtful."""
    if seen.days is None:
        return "teacher_later"
    if seen.own and not seen.every:
        return "own_model"
    if channel is None or seen.doubts or not together:
        return "cannot_tell"
    return FROM_VERDICT[together[channel]]


def _version(teacher: str, use: str, entry: Entry, today: date) -> TermsVersion:
    """An entry as the evidence file keeps it."""
    said = entry.on(use)
    return TermsVersion(
        teacher=teacher,
        use=use,
        entry=entry.id,
        name=entry.name,
        provider=entry.provider,
        kind=entry.kind,
        channels=entry.channels,
        hosts=entry.hosts,
        since=str(entry.since or ""),
        dated=entry.date_kind,
        until=str(entry.until or ""),
        outputs=entry.outputs,
        verdict=said.verdict,
        reason=said.reason,
        clause=said.clause or "",
        conditions=entry.conditions,
        binds=entry.binds,
        risk=entry.risk,
        source=entry.source,
        read=entry.read.isoformat(),
        evidence=entry.evidence,
        stale=entry.stale(today),
        confidence=entry.confidence,
        doubted=said.needs_review,
        review=entry.needs_review or "",
    )
