"""The report for a terminal: the answer, a table of figures for each teacher, and what weakens it.

Leaves out exhibits and the list of references: HTML, Markdown and JSON have them.
"""

from __future__ import annotations

import io
import os
import sys

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.report import Finding, Report, Verdict
from auditor.reports.inert import number, one_line, p_value, span

PLAIN_WIDTH = 100


def render(report: Report) -> str:
    """Render for the terminal that stdout is, or plainly."""
    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    page = io.StringIO()
    console = Console(
        file=page,
        force_terminal=terminal,
        no_color=not terminal,
        width=None if terminal else PLAIN_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(Text(one_line(report.headline), style="bold"), soft_wrap=True)
    for verdict in report.verdicts:
        _verdict(console, verdict, report)
    _notes(console, report)
    return page.getvalue()


def _verdict(console: Console, verdict: Verdict, report: Report) -> None:
    console.print()
    level = verdict.level.replace("_", " ")
    console.print(Text(f"{one_line(verdict.teacher)}: {level} ({verdict.reason})", style="bold"))
    console.print(Text(one_line(verdict.words)))
    if verdict.tied_with:
        console.print(Text(f"Cannot be told apart from: {', '.join(map(one_line, verdict.tied_with))}."))
    if verdict.cap:
        console.print(Text(f"At most {verdict.cap} here: {one_line(verdict.cap_reason or '')}."))
    findings = report.findings_for(verdict.teacher)
    if findings:
        console.print(_table(findings))
        console.print(
            Text(
                f"{verdict.references} references, {verdict.decoys} decoys; adjusted p "
                f"{p_value(verdict.p_adjusted)} (Holm over the teachers tested); rank p cannot fall below "
                f"{p_value(verdict.p_floor)}."
            )
        )


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=box.SIMPLE)
    for title, justify in (
        ("statistic", "left"),
        ("value", "right"),
        ("95 % interval", "right"),
        ("z", "right"),
        ("p (t)", "right"),
        ("p (rank)", "right"),
        ("probes", "right"),
    ):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for f in findings:
        table.add_row(
            f"{f.detector} {f.statistic}",
            number(f.value),
            span(f.interval),
            number(f.z, 1),
            p_value(f.p_t),
            p_value(f.p_rank),
            str(f.n_probes),
            style="bold" if f.detector == "joint" else "",
        )
    return table


def _notes(console: Console, report: Report) -> None:
    lines = [f"Skipped: {s.detector} ({s.reason})" for s in report.skipped] + list(report.caveats)
    if report.verdicts:
        lines += [f"Would change this: {w}" for w in report.verdicts[0].would_change]
    lines.append(
        "A resemblance has other explanations (same model, direction, common source, chain, public data, "
        "common ancestor); the HTML report says which were examined."
    )
    console.print()
    for line in lines:
        console.print(Text(f"- {one_line(line)}"))
    console.print(Text(f"Run {report.run.id}, seed {report.run.seed}."))
