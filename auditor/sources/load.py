"""Student, teachers and decoys as the user names them, and a panel, become one panel and resolved names.

Leaves out which model is a reference for whom: that follows from lineage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError
from auditor.panel import Match, Panel, assemble, unknown_subject
from auditor.readers import ReadOptions, read
from auditor.recorded import Recorded
from auditor.sources import ModelSpec, parse_model

LIVE = ("openai", "hf")  # kinds of models that are asked


class Asking(Protocol):
    """What asks models (`auditor/asked.py`)."""

    def answers(
        self, texts: Sequence[str], recorded: Sequence[Recorded], others: Sequence[Recorded]
    ) -> Mapping[str, tuple[str, Recorded]]:
        """`MODEL` string -> name of the model, and its answers to the prompts of the recordings.

        `others` : recordings whose models take part, too, and whose prompts are not asked.
        """


@dataclass(frozen=True)
class Loaded:
    """A panel, and what student, teachers and decoys are called in it."""

    panel: Panel
    student: str
    teachers: tuple[str, ...]
    decoys: tuple[str, ...]


def load(
    student: str,
    teachers: Sequence[str],
    decoys: Sequence[str] = (),
    panel: Path | None = None,
    options: ReadOptions | None = None,
    *,
    match: Match = "auto",
    asking: Asking | None = None,
) -> Loaded:
    """Read every file that is named, put all of it into one panel, and resolve the names.

    `asking` : answers for models that are asked; None = such a model is an error.
    """
    options = options or ReadOptions()
    specs = [parse_model(text) for text in (student, *teachers, *decoys)]
    known = read(panel, replace(options, model=None)) if panel else None
    models = _models(known) if known else []
    opened: dict[str, Recorded] = {}
    files = {
        spec.text: _resolve(spec, models, panel, options, opened) for spec in specs if spec.kind not in LIVE
    }
    own = [recording for _, recording in files.values() if recording]
    recorded, others = ([known], own) if known else (own, [])
    named = files | _asked([s for s in specs if s.kind in LIVE], recorded, others, asking)
    own = [recording for _, recording in named.values() if recording]
    assembled = assemble([*([known] if known else []), *_distinct(own)], match=match)
    names = [named[spec.text][0] for spec in specs]
    cut = 1 + len(teachers)
    return Loaded(assembled, names[0], tuple(names[1:cut]), tuple(names[cut:]))


def _asked(
    specs: Sequence[ModelSpec],
    recorded: Sequence[Recorded],
    others: Sequence[Recorded],
    asking: Asking | None,
) -> dict[str, tuple[str, Recorded]]:
    """Name and answers of every model that is asked, by its `MODEL` string."""
    if not specs:
        return {}
    if asking is None:
        raise AuditError(f"MODEL {specs[0].text!r} has to be asked, and here only recorded answers serve.")
    texts = [spec.text for spec in specs]
    if twice := next((t for t in texts if texts.count(t) > 1), None):
        raise AuditError(f"{twice} is given more than once. Give each model one role. Nothing was asked.")
    return dict(asking.answers(texts, recorded, others))


def _resolve(
    spec: ModelSpec,
    models: list[str],
    panel: Path | None,
    options: ReadOptions,
    opened: dict[str, Recorded],
) -> tuple[str, Recorded | None]:
    """Name of a model and, unless the panel has it, its recording; `opened` keeps files already read."""
    if spec.kind == "panel":
        if panel is None:
            raise AuditError(f"MODEL {spec.text!r} needs a panel: give one with --panel, or a file instead.")
        if spec.value not in models:
            raise unknown_subject(spec.value, models)
        return spec.value, None
    path = Path(spec.value)
    if not path.exists():
        raise _no_such_file(spec, models)
    if not (spec.model and spec.value in opened and spec.model in _models(opened[spec.value])):
        opened[spec.value] = read(path, replace(options, model=spec.model or options.model))
    return _from_file(spec, opened[spec.value])


def _from_file(spec: ModelSpec, recording: Recorded) -> tuple[str, Recorded]:
    """The one model that is meant, and its responses only."""
    models = _models(recording)
    if not spec.model and len(models) == 1:
        return models[0], recording
    listed = ", ".join(models[:10]) + (f" and {len(models) - 10} more" if len(models) > 10 else "")
    if not spec.model:
        raise AuditError(
            f"{spec.value} holds {len(models)} models: {listed}. MODEL must be one: choose it with "
            f"file:{spec.value}#{models[0]}."
        )
    if spec.model not in models:
        raise AuditError(
            f"{spec.value} holds no model {spec.model!r}. It holds {listed}: choose one of them."
        )
    mine = recording.table.filter(pc.equal(recording.table["model"], spec.model))
    return spec.model, replace(recording, table=mine)


def _no_such_file(spec: ModelSpec, models: list[str]) -> AuditError:
    if spec.text in models:
        return AuditError(
            f"{spec.text}: no such file. The panel has a model of that name: to take it, write "
            f"panel:{spec.text}."
        )
    return AuditError(
        f"{spec.value}: no such file or folder. MODEL must be a path, file:PATH#MODEL or panel:MODEL; check "
        "the path"
        + (f", or choose one of the panel's {len(models)} models with panel:MODEL." if models else ".")
    )


def _models(recording: Recorded) -> list[str]:
    return pc.unique(recording.table["model"]).to_pylist()  # type: ignore[no-any-return]


def _distinct(recordings: Sequence[Recorded]) -> list[Recorded]:
    """Leave out a recording that is named twice (the same model of the same file)."""
    kept: list[Recorded] = []
    for recording in recordings:
        if not any(_same(recording, other) for other in kept):
            kept.append(recording)
    return kept


def _same(one: Recorded, other: Recorded) -> bool:
    tables: tuple[pa.Table, pa.Table] = (one.table, other.table)
    return one.files == other.files and bool(tables[0].equals(tables[1]))
