"""The report for a terminal: the answer, a table of figures for each teacher, and what weakens it.

Leaves out the list of references, long passages and the method: HTML and JSON have them.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.report import Exhibit, Finding, Report, Verdict
from auditor.reports import excerpts, phrases
from auditor.reports.inert import one_line
from auditor.reports.numerals import number, p_span, p_value, span

PLAIN_WIDTH, NARROWEST, WIDEST = 80, 60, 110
EXHIBITS_SHOWN, EXCERPT = 2, 240


def render(report: Report, *, width: int | None = None, color: bool | None = None) -> str:
    """Render for the terminal that stdout is, or plainly where it is none or NO_COLOR is set.

    The first line is never broken, so that `head -1` gives the answer.
    """
    page = io.StringIO()
    console = _console(page, width, _colored() if color is None else color)
    console.print(Text(one_line(report.headline), style="bold"), soft_wrap=True)
    _summary(console, report)
    for verdict in report.verdicts:
        _verdict(console, verdict, report)
    _notes(console, report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _colored() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _console(page: io.StringIO, width: int | None, color: bool) -> Console:
    natural = shutil.get_terminal_size().columns if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(
        file=page,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        width=width or min(max(natural, NARROWEST), WIDEST),
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _summary(console: Console, report: Report) -> None:
    """One line a teacher, where there are several."""
    if len(report.verdicts) < 2:
        return
    table = _table("teacher", "support", right=("adjusted p", "rank p", "floor", "K"))
    for v in report.verdicts:
        figures = (p_value(v.p_adjusted), p_value(v.p_rank), p_value(v.p_floor), str(v.references))
        table.add_row(*map(_cell, (v.teacher, phrases.LEVELS.get(v.level, v.level), *figures)))
    console.print(table)


def _verdict(console: Console, verdict: Verdict, report: Report) -> None:
    console.print()
    _say(console, phrases.title(verdict), "bold")
    _say(console, verdict.words)
    if verdict.tied_with:
        _say(console, f"Cannot be told apart from {', '.join(verdict.tied_with)}.")
    if verdict.log10_lr is not None:
        _say(console, f"log10 LR {number(verdict.log10_lr, 1)}, 95 % {span(verdict.log10_lr_interval, 1)}.")
    _say(console, _weighed(verdict))
    if verdict.cap:
        why = f" ({verdict.cap_reason})" if verdict.cap_reason else ""
        _say(console, f"Highest level this run could reach: {phrases.level_words(verdict.cap)}{why}.")
    findings = report.findings_for(verdict.teacher)
    if findings:
        console.print(_statistics(findings))
        _stability(console, findings)
    _shared(console, [e for e in report.exhibits if e.teacher == verdict.teacher])
    _explanations(console, verdict)


def _weighed(verdict: Verdict) -> str:
    counts = (
        f"{verdict.references} references, {verdict.decoys} decoy teachers; reason code {verdict.reason}."
    )
    if verdict.p_adjusted is None and verdict.p_rank is None:
        return f"No p-value; {counts}"
    return (
        f"Adjusted p {p_value(verdict.p_adjusted)} (predictive t {p_value(verdict.p_t)}, Holm over the "
        f"teachers tested); rank p {p_value(verdict.p_rank)}, which cannot fall below "
        f"{p_value(verdict.p_floor)}; {counts}"
    )


def _statistics(findings: tuple[Finding, ...]) -> Table:
    table = _table("statistic", right=("value", "95 % interval", "z", "p (t)", "rank p"))
    for f in findings:
        name = f"{f.detector} {f.statistic}"
        figures = (
            number(f.value),
            span(f.interval, figures=2),
            number(f.z, 1),
            p_value(f.p_t),
            p_value(f.p_rank),
        )
        table.add_row(*map(_cell, (name, *figures)), style="bold" if f.detector == "joint" else "")
    return table


def _stability(console: Console, findings: tuple[Finding, ...]) -> None:
    for f in findings:
        name = f"{f.detector} {f.statistic}"
        if f.p_t_family_range and f.detector == "joint":
            _say(console, f"{name}: p (t) {p_span(f.p_t_family_range)} without any one family of references.")
        if f.p_t_decoy_range and f.detector == "joint":
            _say(console, f"{name}: p (t) {p_span(f.p_t_decoy_range)} without any one decoy provider.")
        for caveat in f.caveats:
            _say(console, f"{name}: {caveat}")


def _shared(console: Console, exhibits: list[Exhibit]) -> None:
    """The most telling shared passages, on one line each."""
    for exhibit in sorted(exhibits, key=lambda e: -e.weight)[:EXHIBITS_SHOWN]:
        found = excerpts.pieces(exhibit.student_text, exhibit.student_spans, EXCERPT, around=0)
        passage = " ... ".join(one_line(p.text) for p in found if p.kind == "shared")
        if passage:
            _say(console, f"Only these two on probe {exhibit.probe}: «{passage}»")


def _explanations(console: Console, verdict: Verdict) -> None:
    for examined, words in ((True, "Examined besides"), (False, "Not examined")):
        names = [a.name for a in verdict.alternatives if a.examined is examined]
        if names:
            _say(console, f"{words}: {', '.join(names)}.")
    _list(console, "This would change the verdict:", verdict.would_change)


def _notes(console: Console, report: Report) -> None:
    console.print()
    _list(console, "Caveats of this run:", report.caveats)
    skipped = [f"{s.detector}: {s.reason}" for s in report.skipped]
    _list(console, "Not measured (no evidence either way):", skipped)
    reasons = Counter(e.reason for e in report.excluded).most_common()
    _list(console, "Panel models that are not references:", [f"{n} times: {why}" for why, n in reasons])
    run = report.run
    _say(console, f"Run {run.id}, seed {run.seed}, {report.n_subjects} models, {report.n_probes} probes.")


def _table(*left: str, right: Iterable[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in left:
        table.add_column(title, overflow="fold")
    for title in right:
        table.add_column(title, justify="right", overflow="fold")
    return table


def _list(console: Console, title: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    if lines:
        _say(console, title)
    for line in lines:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(Text("-"), _cell(line))
        console.print(grid)


def _say(console: Console, words: str, style: str = "") -> None:
    console.print(Text(one_line(words), style=style), overflow="fold")


def _cell(words: str) -> Text:
    return Text(one_line(words), overflow="fold")
