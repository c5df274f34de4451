"""Relations of known history: which student learned from which teacher, read from CSV.

Leaves out what the panel says about them (`pairs.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditError

POSITIVE = "positive"
NEGATIVES = ("negative", "negative-wrong-teacher", "negative-temporal")
REQUIRED = ("label", "student_model", "teacher_models")


@dataclass(frozen=True)
class Relation:
    """One documented pair.

    `label` is "positive", one of `NEGATIVES` (human data or undistilled; another teacher is documented; the
    teacher came later), or anything else (not counted). `teachers` are checkpoints of one teacher.
    """

    label: str
    student: str
    teachers: tuple[str, ...]
    source: str = ""
    kind: str = ""
    confidence: str = ""


def read(path: Path, source: str = "") -> tuple[Relation, ...]:
    """Read a table with the columns `REQUIRED`, optionally source, kind and confidence.

    `source` : keep only rows of this source, when the table has any; several panels may share a table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [c for c in REQUIRED if c not in (reader.fieldnames or ())]
            if missing:
                raise AuditError(
                    f"{path}: no column {missing[0]!r}. Required are {', '.join(REQUIRED)}; source, kind and "
                    "confidence may be there."
                )
            rows = [_relation(r) for r in reader]
    except OSError as error:
        raise AuditError(f"Cannot read the relations {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AuditError(f"{path} is not a CSV file in UTF-8 ({error}).") from error
    chosen = [r for r in rows if r.source == source]
    return tuple(chosen or rows)


def _relation(row: dict[str, str]) -> Relation:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    teachers = tuple(t.strip() for t in cell("teacher_models").split(";") if t.strip())
    return Relation(
        cell("label"), cell("student_model"), teachers, cell("source"), cell("kind"), cell("confidence")
    )


def present(relations: Sequence[Relation], subjects: Sequence[str]) -> tuple[Relation, ...]:
    """Relations whose student and teacher are in the panel, with the checkpoints that are."""
    known = set(subjects)
    kept = (
        Relation(
            r.label, r.student, tuple(t for t in r.teachers if t in known), r.source, r.kind, r.confidence
        )
        for r in relations
        if r.student in known
    )
    return tuple(r for r in kept if r.teachers and r.student not in r.teachers)
