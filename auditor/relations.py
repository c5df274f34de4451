"""Relations of known history: which student learned from which teacher, read from CSV.

Leaves out what the panel says about them (`pairs.py`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import AuditError

POSITIVE = "positive"
NEGATIVES = ("negative", "negative-wrong-teacher", "negative-temporal")
# The student descends from the teacher's weights, or learned from its logits: no distillation on answers.
DESCENT = ("same-base-model", "same-lineage", "logit-distill-base")
REQUIRED = ("label", "student_model", "teacher_models")
# How a student was tuned: on answers alone, or also by preferences or reinforcement (best-of-n included).
SFT, PREFERENCE = "sft", "preference"
TUNINGS = ("", SFT, PREFERENCE)
# Whole words of `kind`, hyphens read as blanks. A method that is not here leaves the row "sft" or unstated.
PREFERENCE_WORDS = re.compile(
    r"\b(ppo|dpo|rlhf|rlaif|rl|reinforcement|preference|kto|orpo|ipo|simpo|sppo|grpo|remax|aot|best of \w+)\b"
)
SFT_WORDS = re.compile(r"\b(sft|supervised)\b")


@dataclass(frozen=True)
class Relation:
    """One documented pair.

    `label` is "positive", one of `NEGATIVES` (human data or undistilled; another teacher is documented; the
    teacher came later), one of `DESCENT`, or anything else (not counted). `teachers` are checkpoints of one
    teacher. `tuning` is one of `TUNINGS`, "" = not stated.
    """

    label: str
    student: str
    teachers: tuple[str, ...]
    source: str = ""
    kind: str = ""
    confidence: str = ""
    tuning: str = ""


def read(path: Path, source: str = "") -> tuple[Relation, ...]:
    """Read a table with the columns `REQUIRED`, optionally source, kind, confidence and tuning.

    `source` : keep only rows of this source, when the table has any; several panels may share a table.
    Without a column tuning it is read off `kind` (`tuning_of`).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [c for c in REQUIRED if c not in (reader.fieldnames or ())]
            if missing:
                raise AuditError(
                    f"{path}: no column {missing[0]!r}. Required are {', '.join(REQUIRED)}; source, kind, "
                    "confidence and tuning may be there."
                )
            rows = [_relation(r, f"{path}, line {reader.line_num}") for r in reader]
    except OSError as error:
        raise AuditError(f"Cannot read the relations {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise AuditError(f"{path} is not a CSV file in UTF-8 ({error}).") from error
    chosen = [r for r in rows if r.source == source]
    return tuple(chosen or rows)


def tuning_of(kind: str) -> str:
    """How a student was tuned, as far as `kind` says: `PREFERENCE_WORDS` first, then `SFT_WORDS`, else "".

    Free text beside it (a note) is not read: "the base is an RLHF model" is not how the student was tuned.
    """
    words = kind.casefold().replace("-", " ").replace("_", " ")
    if PREFERENCE_WORDS.search(words):
        return PREFERENCE
    return SFT if SFT_WORDS.search(words) else ""


def _relation(row: dict[str, str], where: str) -> Relation:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    teachers = tuple(t.strip() for t in cell("teacher_models").split(";") if t.strip())
    tuning = cell("tuning") if "tuning" in row else tuning_of(cell("kind"))
    if tuning not in TUNINGS:
        raise AuditError(f"{where}: tuning {tuning!r} is not one of {', '.join(filter(None, TUNINGS))}.")
    return Relation(
        *(cell("label"), cell("student_model"), teachers),
        *(cell("source"), cell("kind"), cell("confidence"), tuning),
    )


def present(relations: Sequence[Relation], subjects: Sequence[str]) -> tuple[Relation, ...]:
    """Relations whose student and teacher are in the panel, with the checkpoints that are."""
    known = set(subjects)
    kept = (
        replace(r, teachers=tuple(t for t in r.teachers if t in known))
        for r in relations
        if r.student in known
    )
    return tuple(r for r in kept if r.teachers and r.student not in r.teachers)
