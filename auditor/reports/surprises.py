"""Passages of a teacher's answers that the student alone expected: how every format words them.

Leaves out which they are (`auditor/surprises.py`) and the marking, which each format does its own way.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.report import Exhibit, Report
from auditor.reports.numerals import number

DETECTOR = "surprise"
EXPLAINED = (
    "Passages of the teacher's own answers that surprise the references and the student's base by at least 1 "
    "nat more than the teacher, and the student less. Figures are log-probabilities of the passage, natural "
    "logarithms in nats: -1 is a chance of 1 in 2.7, -5 of 1 in 150. They are an illustration, chosen for "
    "the student's advantage, and carry no weight in any verdict: a model trained on the teacher's own "
    "corpus expects such passages as well."
)
HEAD = ("passage", "teacher", "student", "its base", "references (mean)")
# Characters of the answer on each side of a passage that is quoted in one line.
AROUND = 40


def exhibits_of(report: Report, teacher: str) -> tuple[Exhibit, ...]:
    """Exhibits of this kind towards one teacher, most telling first."""
    return tuple(e for e in report.exhibits if e.teacher == teacher and e.detector == DETECTOR)


def teachers(report: Report) -> tuple[str, ...]:
    """Every teacher of whom there are any."""
    return tuple(dict.fromkeys(e.teacher for e in report.exhibits if e.detector == DETECTOR))


def title(report: Report, teacher: str) -> str:
    """Heading of the passages of one teacher."""
    return f"What {report.student} alone expected of {teacher}"


def rows(exhibit: Exhibit) -> list[tuple[str, ...]]:
    """A row a passage: its words between « and » with some around them, and what each model gave, in nats."""
    return [
        (_quoted(exhibit.teacher_text, span), *(number(value, 1) for value in given))
        for span, given in zip(exhibit.teacher_spans, exhibit.logprobs, strict=False)
    ]


def sentence(row: Sequence[str]) -> str:
    """A passage and its figures in one line."""
    quoted, *figures = row
    given = ", ".join(f"{who} {figure}" for who, figure in zip(HEAD[1:], figures, strict=True))
    return f"{quoted}: {given} nats"


def _quoted(text: str, span: Sequence[float]) -> str:
    start, end = int(span[0]), int(span[1])
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    dots = ("..." if start > AROUND else "", "..." if end + AROUND < len(text) else "")
    return f"{dots[0]}{before}«{text[start:end]}»{after}{dots[1]}"
