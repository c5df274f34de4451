"""The report as GitHub-flavoured Markdown; everything a model or file said is escaped or fenced.

Leaves out figures, the list of references and the lineage table: HTML and JSON have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditor.report import Exhibit, Finding, Report, Verdict
from auditor.reports import controls, exact, excerpts, phrases, ranks, roster, surprises, terms
from auditor.reports.inert import one_line, visible
from auditor.reports.numerals import MISSING, decimals, number, p_span, p_value, span

# Of each kind.
EXHIBITS_SHOWN = 4
EXCERPT = 1_500
STATISTICS = (
    "statistic",
    "channel",
    "value",
    "95 % interval",
    "z",
    "predictive p",
    "rank p",
    "at or above",
    "probes",
    "in score",
)
SPECIAL = re.compile(r"[\\`*\[\]|~$#{}]|_(?![^\W_])|(?<![^\W_])_|:(?=//)|(?<=\bwww)\.|@")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What would begin a list, a heading or a rule at the start of a line.
OPENER = re.compile(r"(\d{1,9}(?=[.)](?:\s|$))|(?=[-+](?:\s|$|--)))")


def render(report: Report) -> str:
    """Render as GitHub-flavoured Markdown."""
    parts = [f"# {inline(report.headline) or 'Distillation audit'}", _about(report)]
    parts += ["## Answer"] + [part for v in report.verdicts for part in _verdict(v, report)]
    if report.caveats:
        parts += ["### Caveats of this run", bullets(report.caveats)]
    parts += _terms(report)
    parts += ["## Other explanations"] + [part for v in report.verdicts for part in _explanations(v)]
    parts += ["## Measurements"]
    for section in exact.sections(report):
        tests = table(exact.HEAD, [row.values for row in section.rows])
        parts += [f"### {section.title}", tests, inline(section.explained)]
    if report.findings:
        parts += [phrases.ONE_CHANNEL]
    for teacher in phrases.teachers(report):
        parts += _measurements(teacher, report.findings_for(teacher))
    if report.skipped:
        rows = phrases.unmeasured(report)
        parts += ["### Not measured", bullets(f"{names}: {reason}" for names, reason in rows)]
    parts += [part for t in phrases.exhibited(report) for part in _exhibits(t, report)]
    parts += [part for t in surprises.teachers(report) for part in _expected(t, report)]
    if report.excluded:
        kept_out = [(r.reason, r.towards, ", ".join(r.models)) for r in roster.reasons(report)]
        parts += ["## Models that are not references", table(("reason", "towards", "models"), kept_out)]
    return "\n\n".join([*parts, *_reproduction(report)]) + "\n"


def inline(text: str) -> str:
    """One line of text that Markdown renders as it stands."""
    escaped = SPECIAL.sub(lambda m: "&#64;" if m[0] == "@" else "\\" + m[0], one_line(text).strip())
    opened = OPENER.match(escaped)
    if opened:
        escaped = f"{opened[1] or ''}\\{escaped[opened.end() :]}"
    return re.sub(r"&(?!#64;)|[<>]", lambda m: ENTITIES[m[0]], escaped)


def _about(report: Report) -> str:
    facts = f"{report.n_subjects} models, {report.n_probes} probes, {report.n_responses} responses"
    return inline(f"Distillation audit of {report.student}; {facts}; run {report.run.id}.")


def _verdict(verdict: Verdict, report: Report) -> list[str]:
    _, claim, otherwise = phrases.proposition(verdict)
    parts = [f"### {inline(phrases.title(verdict))}", *map(inline, phrases.paragraphs(verdict))]
    if tie := phrases.ties(verdict):
        parts.append(inline(tie))
    tested = phrases.tested(report, verdict)
    rows = [
        (phrases.p_name(verdict).lower(), phrases.exact(verdict, report)),
        ("reason code", verdict.reason),
    ]
    if not phrases.on_tests(verdict):
        rows = _on_answers(verdict, report, tested)
    parts.append(table(("figure", "value"), rows))
    parts.append(inline(f"Weighed: that {claim}, against that {otherwise}."))
    parts += [inline(line) for line in (phrases.reach(verdict), phrases.siblings(verdict)) if line]
    if found := controls.lines(verdict):
        parts += [controls.TITLE, bullets(found)]
    return parts


def _on_answers(verdict: Verdict, report: Report, tested: str) -> list[tuple[str, str]]:
    """The figures of a verdict that rests on answers."""
    return [
        ("likelihood ratio", phrases.ratio(verdict)),
        ("predictive p", p_value(verdict.p_t)),
        (f"predictive p, adjusted for {tested} (Holm)", p_value(verdict.p_adjusted)),
        ("rank p", p_value(verdict.p_rank)),
        ("rank p, smallest possible", ranks.floor(verdict, report)),
        ("reference models", str(verdict.references)),
        ("decoy teachers", str(verdict.decoys)),
        ("parts of the score with predictive p at most .05", phrases.parts(verdict, report) or MISSING),
        ("power on documented students", phrases.power(verdict)),
        ("reason code", verdict.reason),
    ]


def _measurements(teacher: str, findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    parts = [f"### Towards {inline(teacher)}", table(STATISTICS, [_figures(f) for f in findings])]
    for f in findings:
        notes = list(f.caveats)
        if f.p_t_family_range:
            notes.append(f"predictive p without any one family of references: {p_span(f.p_t_family_range)}.")
        if f.p_t_decoy_range:
            notes.append(f"predictive p without any one decoy provider: {p_span(f.p_t_decoy_range)}.")
        if notes:
            parts.append(bullets(f"{f.detector} {f.statistic}: {note}" for note in notes))
    return parts


def _figures(f: Finding) -> tuple[str, ...]:
    """One row of the table of statistics."""
    tests = (number(f.z, 1), p_value(f.p_t), p_value(f.p_rank), ranks.above(f))
    places = decimals(f.interval)
    value = (f"{f.detector} {f.statistic}", f.channel, number(f.value, places), span(f.interval, places))
    part = "" if f.detector == phrases.JOINT else "yes" if f.in_joint else "no"
    return (*value, *tests, str(f.n_probes), part)


def _exhibits(teacher: str, report: Report) -> list[str]:
    mine = phrases.exhibits_of(report, teacher)
    shown = phrases.first_of_each_kind(mine, EXHIBITS_SHOWN)
    parts = [
        f"## Shared with {inline(teacher)}",
        "Beginnings and passages, between « and », that no other model of the panel uses on that probe, "
        f"siblings of the teacher aside. {phrases.NO_WEIGHT} "
        f"{inline(phrases.shown_although(report.verdicts, teacher))}".rstrip(),
    ]
    parts += [part for e in shown for part in _exhibit(e, report)]
    if len(mine) > len(shown):
        parts.append(f"{len(mine) - len(shown)} further exhibits are in the HTML and JSON reports.")
    return parts


def _exhibit(exhibit: Exhibit, report: Report) -> list[str]:
    alone = phrases.alone(exhibit, report)
    return [
        f"### {phrases.kind(exhibit)}: probe {inline(exhibit.probe)}",
        f"{alone[0].upper()}{alone[1:]}.",
        fence(cut(exhibit.prompt, ())),
        "Student:",
        fence(cut(exhibit.student_text, exhibit.student_spans)),
        "Teacher:",
        fence(cut(exhibit.teacher_text, exhibit.teacher_spans)),
    ]


def _expected(teacher: str, report: Report) -> list[str]:
    """A table of the passages that the student alone expected."""
    found = [(*row, e.probe) for e in surprises.exhibits_of(report, teacher) for row in surprises.rows(e)]
    title = f"## {inline(surprises.title(report, teacher))}"
    return [title, surprises.EXPLAINED, table((*surprises.HEAD, "probe"), found)]


def _terms(report: Report) -> list[str]:
    """What the teachers' terms say, where that was asked."""
    if not report.terms:
        return []
    parts = [f"## {terms.TITLE}", terms.INTRO]
    for teacher in terms.teachers(report):
        head, rows = terms.table(report, teacher)
        parts += [f"### {inline(terms.heading(report, teacher))}", inline(terms.standing(report, teacher))]
        parts += [bullets(terms.statements(report, teacher)), inline(terms.days(report, teacher))]
        parts += [f"{terms.BY_CHANNEL}:", table(tuple(map(inline, head)), rows)] if rows else []
        for version in terms.versions(report, teacher):
            said = [f"{use}: {text}" for use, text in version.uses]
            facts = bullets([version.facts, *said, version.bound, version.read, f"Source: {version.source}"])
            parts += [f"#### {inline(version.title)}", facts]
        if found := terms.notes(report, teacher):
            parts += ["Not told, or to be read again:", bullets(found)]
    return [part for part in (*parts, terms.LIMITS) if part]


def cut(text: str, spans: Iterable[Sequence[float]]) -> str:
    """A long text as what is near the spans, which stand between « and »."""
    shapes = {"plain": "{0}", "shared": "«{0}»", "omitted": "\n[... {1:,} characters not shown ...]\n"}
    found = excerpts.pieces(text, spans, EXCERPT)
    return "".join(shapes[p.kind].format(p.text, p.length) for p in found)


def _explanations(verdict: Verdict) -> list[str]:
    rows = [(a.name, "examined" if a.examined else "not examined", a.text) for a in verdict.alternatives]
    parts = [f"### {inline(phrases.subject(verdict))}"]
    parts.append(table(("explanation", "examined", "what is known"), rows) if rows else "None was examined.")
    if verdict.would_change:
        parts += ["What could change this verdict:", bullets(verdict.would_change)]
    return parts


def _reproduction(report: Report) -> list[str]:
    run = report.run
    facts = [("run", run.id), ("seed", str(run.seed)), ("started", run.started), ("finished", run.finished)]
    facts += [("lineage table", report.lineage_source)]
    facts += [(f"version of {name}", value) for name, value in run.versions.items()]
    facts += [(f"SHA-256 of {name}", value) for name, value in (run.hashes | run.inputs).items()]
    return ["## Reproduction", fence(run.command), table(("what", "value"), facts)]


def bullets(lines: Iterable[str]) -> str:
    """A list, each line escaped."""
    return "\n".join(f"- {inline(line)}" for line in lines)


def fence(text: str) -> str:
    """A code block whose fence is longer than any inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{visible(text)}\n{fence}"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table, each cell escaped."""
    lines = [head, tuple("---" for _ in head), *[tuple(inline(c) for c in row) for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
