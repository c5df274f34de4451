"""The report as Markdown; everything a model or file said is escaped or fenced.

Leaves out figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.report import Exhibit, Report, Verdict
from auditor.reports.inert import number, one_line, p_value, span, visible

SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~:=@.-])")


def render(report: Report) -> str:
    """Render as GitHub-flavoured Markdown."""
    parts = [inline(report.headline)]
    for verdict in report.verdicts:
        parts += _verdict(verdict, report)
    if report.exhibits:
        parts += ["## Shared passages no other model of the panel uses"]
        parts += [_exhibit(e) for e in report.exhibits]
    parts += ["## References left out", _table(("model", "teacher", "reason"), _exclusions(report))]
    parts += ["## Notes", "\n".join(f"- {inline(c)}" for c in report.caveats) or "None."]
    parts += ["## Reproduction", _fence(report.run.command), _run(report)]
    return "\n\n".join(parts) + "\n"


def inline(text: str) -> str:
    """One line of text that Markdown renders as it stands."""
    escaped = SPECIAL.sub(r"\\\1", one_line(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _verdict(verdict: Verdict, report: Report) -> list[str]:
    rows = [
        (
            f"{f.detector} {f.statistic}",
            number(f.value),
            span(f.interval),
            number(f.z, 1),
            p_value(f.p_t),
            p_value(f.p_rank),
            str(f.n_probes),
        )
        for f in report.findings_for(verdict.teacher)
    ]
    head = ("statistic", "value", "95 % interval", "z", "p (t)", "p (rank)", "probes")
    parts = [f"## {inline(verdict.teacher)}", inline(verdict.words)]
    if verdict.tied_with:
        parts.append(f"Cannot be told apart from {inline(', '.join(verdict.tied_with))}.")
    if verdict.cap:
        parts.append(f"At most {verdict.cap.replace('_', ' ')}: {inline(verdict.cap_reason or '')}.")
    parts.append(
        f"{verdict.references} references, {verdict.decoys} decoys; adjusted p "
        f"{p_value(verdict.p_adjusted)}; rank p {p_value(verdict.p_rank)} with floor "
        f"{p_value(verdict.p_floor)}."
    )
    if rows:
        parts.append(_table(head, rows))
    examined = [
        f"- **{a.name}** ({'examined' if a.examined else 'not examined'}): {inline(a.text)}"
        for a in verdict.alternatives
    ]
    parts += ["Other explanations:", "\n".join(examined)] if examined else []
    parts += ["Would change this:", "\n".join(f"- {inline(w)}" for w in verdict.would_change)]
    return parts


def _exhibit(exhibit: Exhibit) -> str:
    return "\n\n".join(
        (
            f"Probe `{exhibit.probe}`, towards {inline(exhibit.teacher)}. Prompt:",
            _fence(exhibit.prompt),
            "Student:",
            _fence(exhibit.student_text),
            "Teacher:",
            _fence(exhibit.teacher_text),
            "Shared: "
            + "; ".join(inline(exhibit.student_text[int(a) : int(b)]) for a, b in exhibit.student_spans),
        )
    )


def _fence(text: str) -> str:
    """A code block whose fence is longer than any inside."""
    runs = [len(r) for r in re.findall(r"`+", text)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}text\n{visible(text)}\n{fence}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *[tuple(inline(c) for c in row) for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _exclusions(report: Report) -> list[tuple[str, ...]]:
    return [(e.model, e.teacher, e.reason) for e in report.excluded]


def _run(report: Report) -> str:
    run = report.run
    facts = {"run": run.id, "seed": str(run.seed), "finished": run.finished}
    facts |= {
        f"{name} {key}": value
        for name, table in (("version", run.versions), ("SHA-256", run.hashes))
        for key, value in table.items()
    }
    return "\n".join(f"- {inline(key)}: {inline(value)}" for key, value in facts.items())
