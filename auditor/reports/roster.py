"""Which models of the panel are references, which are not, and why: one row a model, not one a teacher.

Leaves out how a row is drawn or escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.report import LineageRow, Report
from auditor.reports import phrases, populations


@dataclass(frozen=True)
class ReferenceRow:
    """A reference model, what is documented about it, and towards which teachers it served."""

    model: str
    stratum: str
    towards: str
    lineage: LineageRow


@dataclass(frozen=True)
class ExclusionRow:
    """A model that is not a reference for these teachers, for this reason."""

    model: str
    reason: str
    towards: str


@dataclass(frozen=True)
class ReasonRow:
    """A reason, the models it keeps out, and the teachers for which it does."""

    reason: str
    models: tuple[str, ...]
    towards: str


def references(report: Report) -> tuple[ReferenceRow, ...]:
    """Every reference of the run once, by name."""
    documented = {row.model: row for row in report.lineage}
    served: dict[tuple[str, str], list[str]] = {}
    for finding in report.findings:
        for row in populations.references(finding):
            served.setdefault((row.model, row.stratum), []).append(finding.teacher)
    weighed = tuple(dict.fromkeys(t for teachers in served.values() for t in teachers))
    return tuple(
        ReferenceRow(model, stratum, towards(teachers, weighed), documented.get(model, LineageRow(model)))
        for (model, stratum), teachers in sorted(served.items(), key=lambda item: _by_name(item[0][0]))
    )


def exclusions(report: Report) -> tuple[ExclusionRow, ...]:
    """Every model and reason once, by name."""
    found: dict[tuple[str, str], list[str]] = {}
    for e in report.excluded:
        found.setdefault((e.model, e.reason), []).append(e.teacher)
    every = phrases.teachers(report)
    return tuple(
        ExclusionRow(model, reason, towards(teachers, every))
        for (model, reason), teachers in sorted(found.items(), key=lambda item: _by_name(item[0][0]))
    )


def reasons(report: Report) -> tuple[ReasonRow, ...]:
    """Every reason once, the one that keeps out most models first."""
    models: dict[str, list[str]] = {}
    teachers: dict[str, list[str]] = {}
    for e in report.excluded:
        models.setdefault(e.reason, []).append(e.model)
        teachers.setdefault(e.reason, []).append(e.teacher)
    every = phrases.teachers(report)
    rows = (ReasonRow(r, tuple(dict.fromkeys(m)), towards(teachers[r], every)) for r, m in models.items())
    return tuple(sorted(rows, key=lambda row: -len(row.models)))


def towards(named: Sequence[str], every: Sequence[str]) -> str:
    """Teachers in few words: "all", "all but x", or their names; "" among them stands for any."""
    missing = [t for t in every if t not in named]
    if "" in named or not missing:
        return "all"
    named = tuple(dict.fromkeys(named))
    return f"all but {', '.join(missing)}" if len(missing) < len(named) else ", ".join(named)


def descent(row: LineageRow) -> str:
    """Provider, family and base of a model, as far as documented."""
    family = f"family {row.family}" if row.family else ""
    base = f"base {row.base}" if row.base else ""
    return "; ".join(part for part in (row.provider, family, base) if part)


def trained_on(row: LineageRow) -> str:
    """What a model was trained on, with room for a line break between entries."""
    return "; ".join(part.strip() for part in row.trained_on.split(";"))


def _by_name(model: str) -> tuple[str, str]:
    return model.casefold(), model
