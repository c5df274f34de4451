"""The report for a terminal: the answer, a table of figures for each teacher, and what weakens it.

Leaves out the list of references, long passages and the method: HTML and JSON have them.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.report import Exhibit, Finding, Report, Verdict
from auditor.reports import controls, exact, excerpts, phrases, ranks, roster, surprises, terms
from auditor.reports.inert import one_line
from auditor.reports.numerals import MISSING, decimals, number, p_span, p_value, span

PLAIN_WIDTH, NARROWEST, WIDEST = 80, 30, 110
# Exhibits of each kind, and characters of one.
EXHIBITS_SHOWN, EXCERPT = 2, 240
SURPRISES_SHOWN = 4


def render(report: Report, *, width: int | None = None, color: bool | None = None) -> str:
    """Render for the terminal that stdout is, or plainly where it is none or NO_COLOR is set.

    Where neither a terminal nor a width is given the first line is not broken: `head -1` gives the answer.
    """
    page = io.StringIO()
    console = _console(page, width, _colored() if color is None else color)
    if width is None and not sys.stdout.isatty():
        console.print(Text(one_line(report.headline), style="bold"), soft_wrap=True)
    else:
        _say(console, report.headline, "bold")
    _summary(console, report)
    for verdict in report.verdicts:
        _verdict(console, verdict, report)
    _terms(console, report)
    for section in exact.sections(report):
        console.print()
        _say(console, section.title, "bold")
        _tests(console, section.rows)
        _list(console, "What the forms rest on:", section.assumptions)
        _say(console, section.explained)
    for teacher in surprises.teachers(report):
        _expected(console, teacher, report)
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
    weighed = [v for v in report.verdicts if not phrases.on_tests(v)]
    if len(weighed) < 2:
        return
    head = ("teacher", "support", "adjusted p", "rank p", "floor", "K")
    rows = [_answer(v) for v in weighed]
    _figures(console, head, rows, words=2)
    if any(v.p_floor is not None for v in weighed):
        _say(console, "K: the references that decided the rank p; floor: the smallest it can be, 1/(K+1).")


def _answer(v: Verdict) -> tuple[str, ...]:
    size = ranks.deciding_size(v.p_floor)
    figures = (p_value(v.p_adjusted), p_value(v.p_rank), p_value(v.p_floor), str(size or MISSING))
    return (v.teacher, phrases.LEVELS.get(v.level, v.level), *figures)


def _verdict(console: Console, verdict: Verdict, report: Report) -> None:
    console.print()
    _say(console, phrases.title(verdict), "bold")
    for paragraph in phrases.paragraphs(verdict):
        _say(console, paragraph)
    if tie := phrases.ties(verdict):
        _say(console, tie)
    if verdict.log10_lr is not None:
        _say(console, f"Likelihood ratio {phrases.ratio(verdict)}.")
    _say(console, _weighed(verdict, report))
    for line in filter(None, (phrases.reach(verdict), phrases.siblings(verdict))):
        _say(console, line)
    _list(console, controls.TITLE, controls.lines(verdict))
    if parts := phrases.parts(verdict, report):
        _say(console, f"Parts of the score with predictive p at most .05: {parts}.")
    findings = report.behind(verdict)
    if findings:
        _statistics(console, findings)
        _stability(console, findings)
    _explanations(console, verdict)
    if not phrases.on_tests(verdict):
        _shared(console, verdict.teacher, report)


def _weighed(verdict: Verdict, report: Report) -> str:
    if phrases.on_tests(verdict):
        return f"{phrases.p_name(verdict)}: {phrases.exact(verdict, report)}; reason code {verdict.reason}."
    counts = (
        f"{_count(verdict.references, 'reference')}, {_count(verdict.decoys, 'decoy teacher')}; "
        f"reason code {verdict.reason}."
    )
    if verdict.p_adjusted is None and verdict.p_rank is None:
        return f"No p-value; {counts}"
    return (
        f"Predictive p {p_value(verdict.p_t)}, adjusted for {phrases.tested(report, verdict)} (Holm) "
        f"{p_value(verdict.p_adjusted)}; rank p {p_value(verdict.p_rank)}, which cannot fall below "
        f"{ranks.floor(verdict, report)}; {counts}"
    )


def _tests(console: Console, rows: Sequence[exact.Row]) -> None:
    """A table for each pair of models that were compared."""
    for pair in dict.fromkeys(row.values[0] for row in rows):
        _say(console, pair)
        mine = [row for row in rows if row.values[0] == pair]
        shown, bold = [row.values[1:6] for row in mine], [row.combined for row in mine]
        _figures(console, exact.HEAD[1:6], shown, words=2, bold=bold)


def _statistics(console: Console, findings: tuple[Finding, ...]) -> None:
    head = ("statistic", "value", "95 % interval", "z", "predictive p", "rank p")
    rows = [
        (
            f"{f.detector} {f.statistic}",
            number(f.value, decimals(f.interval)),
            span(f.interval, decimals(f.interval)),
            number(f.z, 1),
            p_value(f.p_t),
            p_value(f.p_rank),
        )
        for f in findings
    ]
    _figures(console, head, rows, bold=[f.detector == "joint" for f in findings])


def _stability(console: Console, findings: tuple[Finding, ...]) -> None:
    for f in findings:
        name = f"{f.detector} {f.statistic}"
        if f.p_t_family_range and f.detector == "joint":
            _say(
                console,
                f"{name}: predictive p {p_span(f.p_t_family_range)} without any one family of references.",
            )
        if f.p_t_decoy_range and f.detector == "joint":
            _say(console, f"{name}: predictive p {p_span(f.p_t_decoy_range)} without any one decoy provider.")
        for caveat in f.caveats:
            _say(console, f"{name}: {caveat}")


def _shared(console: Console, teacher: str, report: Report) -> None:
    """The most telling beginnings and passages that student and teacher share, without the rest."""
    shown = phrases.first_of_each_kind(phrases.exhibits_of(report, teacher), EXHIBITS_SHOWN)
    lines = [line for line in (_quoted(e, report) for e in shown) if line]
    although = phrases.shown_although(report.verdicts, teacher)
    _list(console, f"Shared with {teacher}. {phrases.NO_WEIGHT} {although}".rstrip(), lines)


def _quoted(exhibit: Exhibit, report: Report) -> str:
    passage = excerpts.passage(exhibit.student_text, exhibit.student_spans, EXCERPT)
    if not passage:
        return ""
    alone = phrases.alone(exhibit, report)
    return f"{phrases.kind(exhibit)} on probe {exhibit.probe} ({alone}): «{passage}»"


def _expected(console: Console, teacher: str, report: Report) -> None:
    """The passages that the student alone expected, the most telling first."""
    console.print()
    _say(console, surprises.title(report, teacher), "bold")
    found = [
        f"{surprises.sentence(row)} (probe {e.probe})"
        for e in surprises.exhibits_of(report, teacher)
        for row in surprises.rows(e)
    ]
    _list(console, surprises.EXPLAINED, found[:SURPRISES_SHOWN])


def _terms(console: Console, report: Report) -> None:
    """What the teachers' terms say, where that was asked."""
    if not report.terms:
        return
    console.print()
    _say(console, terms.TITLE, "bold")
    _say(console, terms.INTRO)
    for teacher in terms.teachers(report):
        head, rows = terms.table(report, teacher)
        console.print()
        _say(console, terms.heading(report, teacher), "bold")
        _list(console, terms.standing(report, teacher), terms.statements(report, teacher))
        if days := terms.days(report, teacher):
            _say(console, days)
        if rows:
            _say(console, f"{terms.BY_CHANNEL}:")
            _figures(console, head, rows, words=len(head))
        for version in terms.versions(report, teacher):
            said = [f"{use}: {text}" for use, text in version.uses]
            facts = [version.facts, *said, version.bound, version.read, f"Source: {version.source}"]
            _list(console, version.title, facts)
        _list(console, "Not told, or to be read again:", terms.notes(report, teacher))
    console.print()
    _say(console, terms.LIMITS)


def _explanations(console: Console, verdict: Verdict) -> None:
    found = [f"{a.name}: {a.text}" for a in verdict.alternatives if a.examined]
    _list(console, "Other explanations that were examined:", found)
    names = [a.name for a in verdict.alternatives if not a.examined]
    if names and "Not examined, so not excluded" not in verdict.words:
        _say(console, f"Not examined, so not excluded: {', '.join(names)}.")
    _list(console, "What could change this verdict:", verdict.would_change)


def _notes(console: Console, report: Report) -> None:
    console.print()
    _list(console, "Caveats of this run:", report.caveats)
    skipped = [f"{names}: {reason}" for names, reason in phrases.unmeasured(report)]
    _list(console, "Not measured (no evidence either way):", skipped)
    _list(console, "Panel models that are not references:", map(_kept_out, roster.reasons(report)))
    run = report.run
    _say(console, f"Run {run.id}, seed {run.seed}, {report.n_subjects} models, {report.n_probes} probes.")


def _kept_out(row: roster.ReasonRow) -> str:
    towards = "" if row.towards == "all" else f" (towards {row.towards})"
    return f"{row.reason}: {_count(len(row.models), 'model')}{towards}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _figures(
    console: Console,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    words: int = 1,
    bold: Sequence[bool] = (),
) -> None:
    """A table whose first columns are words; where it does not fit, a paragraph for each row."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, title in enumerate(head):
        table.add_column(title, justify="left" if place < words else "right", no_wrap=True)
    styles = ["bold" if heavy else "" for heavy in bold] or [""] * len(rows)
    for row, style in zip(rows, styles, strict=True):
        table.add_row(*map(_cell, row), style=style)
    if Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width:
        console.print(table)
        return
    console.print()
    for row, style in zip(rows, styles, strict=True):
        _say(console, row[0], style)
        figures = ", ".join(f"{title} {cell}" for title, cell in zip(head[1:], row[1:], strict=True))
        console.print(Padding(Text(one_line(figures), overflow="fold"), (0, 0, 0, 2)))
    console.print()


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
