"""Answer keys of closed questions: tags on the probes, from a table of prompts (or their ids) and answers.

Leaves out reading an option out of a model's answer (`detectors/choices.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.panel import Panel, normalised, probe_id
from auditor.readers.options import ReadOptions
from auditor.readers.prompts import IDS, prompt_in, records
from auditor.readers.rows import file_hash
from detectors.choices import LETTERS

_ANSWERS = ("answer", "key", "target", "label", "correct")


def with_key(panel: Panel, path: Path, options: ReadOptions) -> Panel:
    """The panel with "answer:D" (and "options:10" where the table lists them) among its probes' tags.

    Rows are matched by the text of the prompt or by its id. Raises `AuditError` where no row has an answer,
    an answer is no option letter, or none belongs to the panel.
    """
    tags: dict[str, tuple[str, ...]] = {}
    for number, record in enumerate(records(path, options), start=1):
        answer = next((record[k] for k in _ANSWERS if record.get(k) is not None), None)
        if answer is None:
            continue
        for key in _names(record):
            tags[probe_id(key)] = _tags(answer, record.get("options", record.get("choices")), path, number)
    if not tags:
        raise AuditError(
            f"{path}: no answers found. An answer key needs rows with one of {', '.join(_ANSWERS)} (a "
            f"letter) and the prompt or its id ({', '.join(IDS)})."
        )
    probes = tuple(replace(p, tags=(*p.tags, *tags.get(p.id, ()))) for p in panel.probes)
    known = sum(p.id in tags for p in panel.probes)
    if not known:
        raise AuditError(
            f"{path}: none of its {len(tags)} prompts and ids is one of the panel's {len(probes)} prompts. "
            "Is it the key of other questions? The prompts must be the same text or have the same ids."
        )
    note = f"The answer key {path} covers {known} of {len(probes)} prompts."
    return replace(
        panel, probes=probes, notes=(*panel.notes, note), files=panel.files | {str(path): file_hash(path)}
    )


def _names(record: Mapping[str, Any]) -> list[str]:
    """What a probe of this row may be known by: its text, its id."""
    text = prompt_in(record)
    ids = [str(record[k]) for k in IDS if record.get(k) is not None]
    return [normalised(name) for name in ([text] if text is not None else []) + ids[:1]]


def _tags(answer: Any, options: Any, path: Path, number: int) -> tuple[str, ...]:
    """Tags of one row; an answer may be a letter or, from 0, the number of its option."""
    letter = (
        LETTERS[answer] if isinstance(answer, int) and 0 <= answer < len(LETTERS) else str(answer).strip()
    )
    if len(letter) != 1 or letter.upper() not in LETTERS:
        raise AuditError(
            f"{path}, row {number}: the answer must be a letter from {LETTERS[0]} to {LETTERS[-1]}, or the "
            f"number of the option from 0; got {str(answer)[:40]!r}."
        )
    listed = _listed(options)
    return (f"answer:{letter.upper()}", *((f"options:{len(listed)}",) if len(listed) > 1 else ()))


def _listed(options: Any) -> list[Any]:
    """Options as a list; a table may hold them as the text of one."""
    if isinstance(options, str) and options.startswith("["):
        try:
            options = ast.literal_eval(options)
        except (ValueError, SyntaxError):
            return []
    return options if isinstance(options, list) else []
