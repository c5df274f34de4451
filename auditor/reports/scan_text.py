"""The result of `audit scan` for a terminal: answers, chains, licences, generators, findings.

Leaves out evidence beyond the first places and files that were read whole: HTML and JSON have them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.reports import scan_chains, scan_findings, scan_tables
from auditor.reports.bench_tables import Table
from auditor.reports.scan_chains import Step
from auditor.reports.scan_words import (
    LIMITS,
    SEVERITIES,
    answer,
    conditions,
    given,
    ignored,
    lead,
    meaning,
    name,
    short,
    use,
)

WIDTH = 100
LABEL = 24
CELL = 36
CHAINS_SHOWN, TERMS_SHOWN, BRIEF_SHOWN = 4, 1, 6
PARTS_SHOWN = 40
FINDINGS_SHOWN = 40
Part = Mapping[str, Any]


def render(found: Part) -> str:
    """Render as plain text; the first lines are the answers, one a use, each on one line."""
    parts = [lead(a) for a in found["answers"]] or ["No intended use was asked about."]
    parts += ["", f"Dataset {name(found['name'])}; {given(found)}. {LIMITS[0]}"]
    parts += _wrapped(ignored(found))
    for one in found["answers"]:
        parts += _answer(one, found)
    if found["parts"]:
        shown = {**found, "parts": found["parts"][:PARTS_SHOWN]}
        parts += _table(scan_tables.parts(shown))
        more = len(found["parts"]) - PARTS_SHOWN
        parts += [f"{more:,} more parts are in the HTML and JSON reports."] if more > 0 else []
    parts += _table(scan_tables.declared(found))
    if clashes := scan_tables.contradictions(found):
        parts += ["They do not agree:", *_list(clashes)]
    parts += _table(scan_tables.generators(found))
    parts += _findings(found)
    if found["ignored"]:
        parts += ["", "Ignored findings (not counted in the answers)"]
        parts += _list(
            f"{f['rule']} {short(f['message'])} Reason: {short(f['ignored'])}" for f in found["ignored"]
        )
    unread = [f for f in found["files"] if not f["whole"]]
    if unread:
        parts += _table(
            scan_tables.files({**found, "files": unread})._replace(title="Files not read whole", note="")
        )
    if found["notes"]:
        parts += ["", "What could not be told", *_list(short(note) for note in found["notes"])]
    parts += ["", "What this report does not say", *_list(LIMITS)]
    parts += ["", *(line for label, text in scan_tables.facts(found).rows for line in _labelled(label, text))]
    return "\n".join(parts) + "\n"


def _answer(one: Part, found: Part) -> list[str]:
    """One use: what is meant, conditions, what would settle it, the strictest chains."""
    heading = f"{use(one['use'])}: {answer(one['answer']).lower()}"
    parts = ["", heading, "=" * len(heading)]
    parts += _wrapped(meaning(found, "uses", one["use"]))
    if one["conditions"]:
        parts += [f"{conditions(one)}:", *_list(short(c) for c in one["conditions"])]
    if one["settle"]:
        parts += ["What would settle it:", *_list(short(s) for s in one["settle"])]
    groups = scan_chains.groups(one["links"])
    for number, group in enumerate(groups[:CHAINS_SHOWN], 1):
        parts += ["", *_wrapped(f"Chain {number}. {scan_chains.title(group)}")]
        parts += _steps(scan_chains.beginning(group[0], found))
        for link in group[:TERMS_SHOWN]:
            parts += _steps((*scan_chains.ending(link), *scan_chains.facts(link)))
        for link in group[TERMS_SHOWN:BRIEF_SHOWN]:
            parts += _labelled("  Also", scan_chains.brief(link))
    if len(groups) > CHAINS_SHOWN:
        parts += ["", f"Further chains, none stricter: {len(groups) - CHAINS_SHOWN}; see the HTML report."]
    return parts


def _steps(steps: Iterable[Step]) -> list[str]:
    """Steps, each with its label; an address beside its text."""
    lines: list[str] = []
    for step in steps:
        about = f" ({', '.join(step.about)})" if step.about else ""
        url = f"{short(step.url)}, " if step.url else ""
        lines += _labelled(f"  {step.label}", f"{url}{step.text}{about}")
    return lines


def _findings(found: Part) -> list[str]:
    """Findings by severity, each with its first places."""
    rows = scan_findings.ordered(found)
    parts: list[str] = []
    for severity, title in SEVERITIES.items():
        mine = [(number, f) for number, f in rows[:FINDINGS_SHOWN] if f["severity"] == severity]
        if mine:
            parts += ["", title]
        for number, finding in mine:
            told = f"{short(finding['message'])} ({scan_findings.about(finding)})"
            parts += _labelled(f"  {number} {name(finding['rule'])}", told)
            for place, excerpt in scan_findings.places(finding):
                parts += _labelled("", f"{place}: {excerpt}" if excerpt else place)
    more = len(rows) - FINDINGS_SHOWN
    return [*parts, "", f"{more} further findings are in the JSON report."] if more > 0 else parts


def _table(table: Table) -> list[str]:
    """A table, its columns as wide as their cells; of a long cell, the beginning."""
    cells = [
        [c if len(c) <= CELL else c[: CELL - 3] + "..." for c in row] for row in (table.head, *table.rows)
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return ["", table.title, *_wrapped(table.note), *(lines if table.rows else [])]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)


def _list(lines: Iterable[str]) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(line, WIDTH, initial_indent="- ", subsequent_indent="  ")
    ]


def _labelled(label: str, text: str) -> list[str]:
    """A label, and its text wrapped beside it."""
    beside = " " * LABEL
    first = label.ljust(LABEL) if len(label) < LABEL else f"{label}  "
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=beside, break_on_hyphens=False
    ) or [label.rstrip()]
