"""`run`: scan a dataset and answer for the intended uses: the main job of `audit scan`.

Leaves out how a report looks (`auditor/reports/scan.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import __version__
from auditor.errors import AuditError
from auditor.progress import Progress, Silent
from auditor.scan import ignore, judge, terms
from auditor.scan.answer import ANSWERS, Link
from auditor.scan.chains import chains
from auditor.scan.days import span
from auditor.scan.facts import Asked, Part, facts
from auditor.scan.finding import Finding
from auditor.scan.identity import hub_id
from auditor.scan.licence_findings import of_licences
from auditor.scan.origins import origins
from auditor.scan.part_rows import read_rows
from auditor.scan.result import Declared, Generator, PartRead, ScanReport
from auditor.scan.terms import CHANNELS, USES, Terms
from auditor.scan.terms_findings import of_terms
from auditor.scan.terms_list import one_of
from auditor.scan.tree import Tree, walk

if TYPE_CHECKING:
    from auditor.scan.verify.run import Verifier

SEVERITY = ("error", "warning", "note")


@dataclass(frozen=True)
class ScanConfig:
    """What a scan is asked.

    Attributes
    ----------
    uses : of `terms.USES`; empty = all.
    channel, when, host : how the generators were asked; None = not known.
    sample : rows of each file at most; 0 = all.
    known : indexes of known synthetic sets (`audit index`). ignore : file of an ignore list, or None.
    verify_generator : panel that the text of rows is held against, or None; lineage : what is documented
        about its models, besides the shipped table.
    """

    target: str
    uses: tuple[str, ...] = ()
    channel: str | None = None
    when: str | None = None
    host: str | None = None
    sample: int = 0
    known: tuple[str, ...] = ()
    ignore: str | None = None
    verify_generator: str | None = None
    lineage: str | None = None


def run(config: ScanConfig, progress: Progress | None = None, now: datetime | None = None) -> ScanReport:
    """Scan; raise `AuditError` only where there is nothing to scan, or an option cannot be used."""
    progress = progress or Silent()
    now = now or datetime.now(UTC)
    uses = _uses(config.uses)
    rules = ignore.load(Path(config.ignore), now.date()) if config.ignore else ignore.none()
    knowledge = terms.load()
    _check(config)
    verifier = _verifier(config)
    tree = walk(config.target)
    if all(f.kind == "other" for f in tree.files) and not tree.left_out:
        raise AuditError(
            f"{config.target}: nothing to scan. It holds no card, metadata, licence file or rows (JSON "
            "lines, JSON, CSV, TSV, Parquet, Arrow). Give the folder of a dataset."
        )
    hub = hub_id(tree.root)
    progress.stage("reading cards and licences")
    parts, read = facts(tree, hub)
    asked = Asked(config.channel, config.when, config.host)
    known = tuple(map(Path, config.known))
    rows = [read_rows(part, tree.root, config.sample, known, asked, progress) for part in parts]
    verified = [
        note
        for part in parts
        for note in (verifier.check(part, tree.root, config.sample, progress) if verifier else ())
    ]
    findings = _licensed(parts, uses, tree)
    findings, ignored = ignore.apply(rules, findings)
    for part in parts:
        kept = {f.fingerprint for f in findings}
        part.findings = [f for f in part.findings if f.fingerprint in kept]
    progress.stage("weighing terms")
    links = {use: [list(chains(part, use, knowledge)) for part in parts] for use in uses}
    answers = tuple(judge.judge(chain.from_iterable(links[use]), use, knowledge) for use in uses)
    more, more_ignored = ignore.apply(rules, list(of_terms(answers, findings, knowledge, now.date())))
    looked_at = sum(found.rows for found in rows)
    return ScanReport(
        name=hub or parts[0].name,
        target=config.target,
        created=now.isoformat(timespec="seconds"),
        package=__version__,
        knowledge=_knowledge(knowledge),
        channel=config.channel,
        when=config.when,
        host=config.host,
        sample=config.sample,
        rows=looked_at,
        human=all(part.human for part in parts),
        answers=answers,
        declared=tuple(_with_entry(d, knowledge) for part in parts for d in part.declared),
        generators=_generators(parts, looked_at),
        findings=tuple(
            sorted([*findings, *more], key=lambda f: (SEVERITY.index(f.severity), f.rule, f.part))
        ),
        ignored=(*ignored, *more_ignored),
        files=tuple(sorted([*read, *(f for found in rows for f in found.files)], key=lambda f: f.path)),
        people=sum(sum(found.human.values()) for found in rows),
        parts=_parts(parts, links) if len(parts) > 1 else (),
        notes=(
            *_notes(tree, parts, looked_at),
            *(n for found in rows for n in found.notes),
            *verified,
            *rules.warnings,
        ),
    )


def _uses(given: Sequence[str]) -> tuple[str, ...]:
    """Return the uses in their order; refuse one that does not exist."""
    for use in given:
        one_of("use", use, USES)
    return tuple(u for u in USES if u in given) or USES


def _check(config: ScanConfig) -> None:
    """Refuse a channel or a day that cannot be used before any file is read."""
    if config.channel is not None:
        one_of("channel", config.channel, CHANNELS)
    if config.when is not None:
        span(config.when)
    if config.sample < 0:
        raise AuditError(f"--sample {config.sample}: give how many rows of each file, or 0 for all.")


def _verifier(config: ScanConfig) -> Verifier | None:
    """Return the panel that rows are held against, if there is one; what it takes is loaded only then."""
    if config.verify_generator is None:
        if config.lineage is not None:
            raise AuditError(
                "--lineage tells of the models of a panel: give the panel with --verify-generator."
            )
        return None
    from auditor.scan.verify.run import open_panel

    return open_panel(config.verify_generator, config.lineage)


def _licensed(parts: Sequence[Part], uses: Sequence[str], tree: Tree) -> list[Finding]:
    """Return every finding on files, licences and generators."""
    for part in parts:
        if not origins(part.findings) and not part.human:
            message = f"Nothing says who wrote the rows of {part.name}, and no sign of a model was found."
            part.findings.append(Finding("GEN012", message, "high", part.path, part=part.path))
    if not any(part.data for part in parts):
        parts[0].findings.append(Finding("FIL005", "There are no rows to look at.", "high", "rows"))
    return [*tree.left_out, *(f for part in parts for f in part.findings), *of_licences(parts, uses)]


def _generators(parts: Sequence[Part], rows: int) -> tuple[Generator, ...]:
    """Return who wrote rows over all parts, the most first."""
    held: dict[tuple[str, str | None, str | None], list[Generator]] = {}
    for part in parts:
        for o in origins(part.findings):
            one = Generator(
                o.name,
                o.provider,
                o.rows,
                None,
                o.through,
                o.confidence,
                tuple(f.fingerprint for f in o.findings),
            )
            held.setdefault((o.name, o.provider, o.through), []).append(one)
    found = []
    for group in held.values():
        counted = [g.rows for g in group if g.rows is not None]
        total = sum(counted) if counted else None
        share = total / rows if total is not None and rows else None
        fingerprints = tuple(dict.fromkeys(f for g in group for f in g.findings))
        found.append(replace(group[0], rows=total, share=share, findings=fingerprints))
    return tuple(sorted(found, key=lambda g: (-(g.rows or 0), not g.name)))


def _parts(parts: Sequence[Part], links: Mapping[str, list[list[Link]]]) -> tuple[PartRead, ...]:
    """Answer for each part by itself; `links` : use -> chains of each part."""
    return tuple(
        PartRead(
            path=part.path,
            name=part.name,
            licences=tuple(dict.fromkeys(d.licence or d.text for d in part.declared)),
            generators=tuple(
                dict.fromkeys(o.name or o.provider or "unknown" for o in origins(part.findings))
            ),
            answers=tuple(judge.strictest(of_part[i]) for of_part in links.values()),
        )
        for i, part in enumerate(parts)
    )


def _with_entry(one: Declared, knowledge: Terms) -> Declared:
    return (
        replace(one, entries=tuple(e.id for e in knowledge.by_licence(one.licence))) if one.licence else one
    )


def _knowledge(knowledge: Terms) -> str:
    latest = max(entry.read for entry in knowledge)
    return f"{len(knowledge)} terms and licences, the last read on {latest}"


def _notes(tree: Tree, parts: Sequence[Part], rows: int) -> tuple[str, ...]:
    """Say what limits the answers."""
    notes = []
    others = [f for f in tree.files if f.kind == "other"]
    if others:
        kinds = sorted({Path(f.name).suffix.lower() or "no ending" for f in others})
        notes.append(f"{len(others):,} files of other kinds were not looked into ({', '.join(kinds[:8])}).")
    if Path(tree.root, "README.md").is_file() and not any(f.name == "README.md" for f in tree.files):
        notes.append("A README.md lies beside it, and was not read: give the folder to have it read.")
    if not rows:
        notes.append("No row was looked at: the answers rest on names, cards and licence files.")
    if any(part.human for part in parts):
        notes.append("That people wrote a set is what its card or a list says; it was not tested.")
    return tuple(notes)


def strictest(report: ScanReport) -> str:
    """Return the strictest of a report's answers."""
    return max((a.answer for a in report.answers), key=ANSWERS.index)
