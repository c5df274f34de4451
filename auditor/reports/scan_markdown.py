"""The result of `audit scan` as GitHub-flavoured Markdown; everything a dataset holds is escaped.

Leaves out evidence beyond the first places: JSON has it.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.reports import scan_chains, scan_findings, scan_tables
from auditor.reports.bench_tables import Table
from auditor.reports.html import ADDRESS
from auditor.reports.markdown import bullets, inline, table
from auditor.reports.scan_chains import Step
from auditor.reports.scan_words import (
    LIMITS,
    NAME,
    SEVERITIES,
    Part,
    answer,
    conditions,
    given,
    headline,
    ignored,
    lead,
    meaning,
    name,
    short,
    use,
)

CHAINS_SHOWN, TERMS_SHOWN, BRIEF_SHOWN = 8, 2, 20
FINDINGS_SHOWN = 60


def render(found: Part) -> str:
    """Render as GitHub-flavoured Markdown."""
    parts = [f"# Licences and terms of {inline(name(found['name']))}"]
    parts += [bullets(lead(a) for a in found["answers"]) or "No intended use was asked about."]
    parts += [inline(f"Scanned {name(found['created'])}; {given(found)}. {LIMITS[0]}")]
    parts += filter(None, [inline(ignored(found))])
    for one in found["answers"]:
        parts += _answer(one, found)
    parts += _table(scan_tables.parts(found)) if found["parts"] else []
    if found["notes"]:
        parts += ["## What could not be told", bullets(short(note) for note in found["notes"])]
    parts += _table(scan_tables.declared(found))
    if clashes := scan_tables.contradictions(found):
        parts += ["They do not agree:", bullets(clashes)]
    parts += [*_table(scan_tables.generators(found)), *_findings(found)]
    for one_table in (scan_tables.rules(found), scan_tables.files(found)):
        parts += _table(one_table) if one_table.rows else []
    parts += ["## What this report does not say", bullets(LIMITS)]
    return "\n\n".join([*parts, *_table(scan_tables.facts(found))]) + "\n"


def _answer(one: Part, found: Part) -> list[str]:
    """One use: what is meant, conditions, what would settle it, the strictest chains."""
    parts = [f"## {inline(use(one['use']))}: {inline(answer(one['answer']).lower())}"]
    parts += [inline(f"{meaning(found, 'uses', one['use'])} ({name(one['use'])})")]
    parts += [inline(headline(one))]
    if one["conditions"]:
        parts += [f"{conditions(one)}:", "\n".join(f"- [ ] {inline(short(c))}" for c in one["conditions"])]
    if one["settle"]:
        parts += ["What would settle it:", bullets(short(s) for s in one["settle"])]
    groups = scan_chains.groups(one["links"])
    for group in groups[:CHAINS_SHOWN]:
        parts += [f"### {inline(scan_chains.title(group))}"]
        parts += [_numbered(scan_chains.beginning(group[0], found), 1)]
        for link in group[:TERMS_SHOWN]:
            parts += [_numbered(scan_chains.ending(link), 3)]
            parts += ["\n".join(f"- {_step(s)}" for s in scan_chains.facts(link))]
        if group[TERMS_SHOWN:]:
            parts += ["Also:", bullets(scan_chains.brief(link) for link in group[TERMS_SHOWN:BRIEF_SHOWN])]
    if len(groups) > CHAINS_SHOWN:
        parts += [f"Further chains, none stricter: {len(groups) - CHAINS_SHOWN}; see the HTML report."]
    return parts


def _numbered(steps: Iterable[Step], start: int) -> str:
    return "\n".join(f"{i}. {_step(s)}" for i, s in enumerate(steps, start))


def _step(step: Step) -> str:
    about = f" ({', '.join(step.about)})" if step.about else ""
    url = f" {_address(step.url)}," if step.url else ""
    return f"**{step.label}**:{url} {inline(step.text)}{about}"


def _address(text: str) -> str:
    return f"<{text}>" if ADDRESS.fullmatch(text) and len(text) < 600 else inline(short(text))


def _findings(found: Part) -> list[str]:
    """Findings by severity, each with its first places."""
    rows = scan_findings.ordered(found)
    parts = ["## Findings"] + ([] if rows else ["There is none."])
    for severity, title in SEVERITIES.items():
        mine = [(number, f) for number, f in rows[:FINDINGS_SHOWN] if f["severity"] == severity]
        parts += [f"### {title}"] if mine else []
        for number, f in mine:
            told = f"**{number} {inline(name(f['rule']))} {inline(scan_findings.title(f, found))}**"
            parts += [f"{told}: {inline(short(f['message']))} ({inline(scan_findings.about(f))})"]
            places = [
                f"{place}: {excerpt}" if excerpt else place for place, excerpt in scan_findings.places(f)
            ]
            parts += [bullets(places)] if places else []
    if len(rows) > FINDINGS_SHOWN:
        parts += [f"{len(rows) - FINDINGS_SHOWN} further findings are in the JSON report."]
    if found["ignored"]:
        heading = ("rule", "finding", "ignored because")
        ignored = [
            (short(f["rule"], NAME), short(f["message"]), short(f["ignored"])) for f in found["ignored"]
        ]
        parts += ["### Ignored, and not counted in the answers", table(heading, ignored)]
    return parts


def _table(one: Table) -> list[str]:
    parts = [f"## {inline(one.title)}", *filter(None, [inline(one.note)])]
    return [*parts, table(one.head, one.rows)] if one.rows else parts
