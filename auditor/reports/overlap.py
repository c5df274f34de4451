"""The result of `audit overlap` as text, JSON, Markdown or one offline HTML page.

Takes the result as a mapping with the field names of `OverlapReport`. Leaves out counting. Whatever a corpus
holds is hostile input: it is escaped in every format.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Any

from auditor.errors import AuditError
from auditor.reports import excerpts, markdown, overlap_html
from auditor.reports.bench_tables import Table
from auditor.reports.inert import one_line
from auditor.reports.json_report import strict
from auditor.reports.overlap_tables import similarity, tables

SCHEMA = "overlap-1.0"
WIDTH = 110
CELL = 40
EXHIBITS_SHOWN, EXCERPT = 3, 300
NO_WEIGHT = "Chosen to be telling; they carry no weight of their own."
Part = Mapping[str, Any]


def render(found: Part, format: str) -> str:
    """Render in one of the formats text, json, markdown, html."""
    known = {"text": text, "json": as_json, "markdown": as_markdown, "html": overlap_html.render}
    if format not in known:
        raise AuditError(f"There is no report format {format!r}. Allowed are {', '.join(known)}.")
    return known[format](found)


def as_json(found: Part) -> str:
    """Strict JSON in ASCII (`data/schema/overlap-1.0.schema.json`)."""
    whole = strict({"schema_version": SCHEMA, **found})
    return json.dumps(whole, indent=2, allow_nan=False).replace("\x7f", "\\u007f") + "\n"


def text(found: Part) -> str:
    """The headline, then every table with its note, passages, explanations and notes."""
    parts = [one_line(found["headline"])]
    parts += [line for table in tables(found) for line in _lines(table)]
    if found["passages"]:
        parts += ["", f"Shared passages ({NO_WEIGHT})"]
    for p in found["passages"][:EXHIBITS_SHOWN]:
        shown = one_line(excerpts.passage(p["left_text"], p["left_spans"], EXCERPT))
        parts.append(f"  {about(p)}")
        parts += textwrap.wrap(f"«{shown}»", WIDTH, initial_indent="    ", subsequent_indent="    ")
    parts += ["", "Other explanations"]
    parts += _wrapped(f"{a['name']} ({_examined(a)}): {a['text']}" for a in found["alternatives"])
    if found["notes"]:
        parts += ["", "Notes", *_wrapped(found["notes"])]
    return "\n".join(parts) + "\n"


def as_markdown(found: Part) -> str:
    """GitHub-flavoured Markdown."""
    parts = [f"# {markdown.inline(found['headline'])}"]
    for t in tables(found):
        parts += [f"## {markdown.inline(t.title)}", *filter(None, [markdown.inline(t.note)])]
        parts.append(markdown.table(t.head, t.rows))
    if found["passages"]:
        parts += ["## Shared passages", f"Between « and ». {NO_WEIGHT}"]
    for p in found["passages"][: 2 * EXHIBITS_SHOWN]:
        parts += [
            f"### {markdown.inline(about(p))}",
            "LEFT:",
            _fenced(p, "left"),
            "RIGHT:",
            _fenced(p, "right"),
        ]
    rows = [(a["name"], _examined(a), a["text"]) for a in found["alternatives"]]
    parts += ["## Other explanations", markdown.table(("explanation", "examined", "what is known"), rows)]
    if found["notes"]:
        parts += ["## Notes", markdown.bullets(found["notes"])]
    run = found["run"]
    facts = [("run", run["id"]), ("finished", run["finished"])]
    facts += [(f"version of {k}", v) for k, v in run["versions"].items()]
    facts += [(f"SHA-256 of {k}", v) for k, v in run["inputs"].items()]
    parts += ["## Reproduction", markdown.fence(run["command"]), markdown.table(("what", "value"), facts)]
    return "\n\n".join(parts) + "\n"


def about(passage: Part) -> str:
    """What an exhibit is of, on one line."""
    known = "; a reference corpus has it, too" if passage["in_references"] else ""
    return one_line(
        f"{passage['left_id']} and {passage['right_id']} of {passage['teacher']}: Jaccard similarity "
        f"{similarity(passage['jaccard'])}, {similarity(passage['right_in_left'])} of RIGHT's shingles "
        f"in LEFT's{known}"
    )


def _fenced(passage: Part, side: str) -> str:
    cut = passage[f"{side}_cut"]
    before = f"[... {cut:,} characters not shown ...]\n" if cut else ""
    return markdown.fence(before + markdown.cut(passage[f"{side}_text"], passage[f"{side}_spans"]))


def _examined(alternative: Part) -> str:
    return "examined" if alternative["examined"] else "not examined"


def _wrapped(lines: Any) -> list[str]:
    return [
        part
        for line in lines
        for part in textwrap.wrap(one_line(line), WIDTH, initial_indent="- ", subsequent_indent="  ")
    ]


def _lines(table: Table) -> list[str]:
    cells = [[_short(c) for c in row] for row in (table.head, *table.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.head))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return ["", one_line(table.title), *textwrap.wrap(table.note, WIDTH), *lines]


def _short(cell: str) -> str:
    """A cell on one line; of a long one, its end, which tells paths apart."""
    shown = one_line(cell)
    return shown if len(shown) <= CELL else "..." + shown[3 - CELL :]
