"""The verdict again, from the answers in the evidence file, by this program on this machine.

The panel, the documented history and the configuration are those that were stored; answers are measured anew
(kept embeddings are not used), weighed and put into words, and every figure is laid beside the stored one.
No path that the file names is opened: files that a run read besides its answers are looked for in a folder
that the reader gives, by their SHA-256. Leaves out runs of `audit overlap` and on weights alone, whose inputs
no evidence file holds, and comparing figures (`figures.py`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor import case as cases
from auditor import compare, store
from auditor.config import CompareConfig
from auditor.lineage import Lineage
from auditor.panel import Panel
from auditor.panel.panel import RESPONSES
from auditor.progress import Progress
from auditor.report import Report
from auditor.run_record import versions
from auditor.sources.load import Loaded
from auditor.store.connection import reading
from auditor.store.withheld import withheld_columns
from auditor.verify import figures, inputs
from auditor.verify.outcome import DIFFERS, NOT_CHECKED, VERIFIED, Check

NAME = "recompute"
FIRST = 10  # figures that are named


@dataclass(frozen=True)
class Again:
    """What is asked once more: configuration, roles, and what could not be had ("what: why")."""

    config: CompareConfig
    loaded: Loaded
    lineage: Lineage
    lacking: tuple[str, ...]


def check(path: Path, run: str, inputs: Path | None, progress: Progress) -> Check:
    """Judge a stored run again; `inputs` : folder with files it read, None = none are at hand."""
    reason = _unable(path, run)
    if reason:
        return Check(NAME, run, NOT_CHECKED, reason)
    stored, measured = store.read_report(path, run), store.read_measurements(path, run)
    again = _again(path, run, stored, measured, inputs)
    with tempfile.TemporaryDirectory(prefix="audit-verify-") as folder:
        config = replace(again.config, evidence=str(Path(folder) / "again.duckdb"))
        case = cases.cast(again.loaded, again.lineage)
        columns = measured[0].teachers
        if case.models != columns:
            words = f"Who plays which role cannot be told again: {list(case.models)} and not {list(columns)}."
            return Check(NAME, run, NOT_CHECKED, words)
        found = compare.run(config, progress, case)
        anew = store.read_measurements(Path(config.evidence), found.run.id)
    return _said(run, stored, figures.compare((stored, measured), (found, anew), again.lacking))


def _unable(path: Path, run: str) -> str:
    """Why nothing can be computed again; "" = it can."""
    if store.is_overlap(path, run):
        return "The corpora are not in the file: run the command of the report again, and compare."
    with reading(path) as con:
        hidden = withheld_columns(con, run)
    if hidden:
        return f"The texts are withheld ({', '.join(hidden)}): nothing can be measured again without them."
    if not store.read_measurements(path, run):
        return "Weights were compared, and no evidence file holds them: run the command of the report again."
    return ""


def _again(
    path: Path, run: str, stored: Report, measured: tuple[store.MeasurementRows, ...], folder: Path | None
) -> Again:
    """The question as it was asked, over the panel as it was stored."""
    given = dict(stored.run.config)
    known = {f.name for f in fields(CompareConfig)}
    lacking = [f"option {name}: not known to this version" for name in sorted(given.keys() - known)]
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in given.items()}
    config = CompareConfig(**{name: value for name, value in values.items() if name in known})
    models, history = measured[0].teachers, _lineage(stored)
    teachers = models[: len(config.teachers)]
    groups = {history.group(t) for t in teachers}
    # Who else has a column and is no sibling of a teacher is there as a decoy.
    decoys = tuple(m for m in models[len(teachers) :] if history.group(m) not in groups)
    found, missing = inputs.found(config, stored.run.inputs, folder)
    plain = replace(
        found,
        student=f"panel:{stored.student}",
        teachers=tuple(f"panel:{t}" for t in teachers),
        decoys=tuple(f"panel:{d}" for d in decoys),
        panel="(as stored)",
        device="cpu",
        prompts=None,
        key=None,
    )
    loaded = Loaded(_panel(path, run), stored.student, teachers, decoys)
    return Again(plain, loaded, history, (*lacking, *missing))


def _panel(path: Path, run: str) -> Panel:
    """The panel of a stored run, in the order that a panel has."""
    rows = store.read_panel(path, run)
    table = rows.responses
    keys = [table[name].to_numpy() for name in ("sample", "subject", "probe")]
    ordered = table.take(pa.array(np.lexsort(keys))).cast(RESPONSES).combine_chunks()
    return Panel(rows.subjects, rows.probes, ordered)


def _lineage(stored: Report) -> Lineage:
    return Lineage({row.model: row for row in stored.lineage}, stored.lineage_source)


def _said(run: str, stored: Report, found: figures.Compared) -> Check:
    """The outcome in words."""
    others = _other_versions(stored.run.versions)
    about = f"{found.equal:,} of {found.compared:,} figures and words are equal to the last bit"
    if found.differences:
        lines = tuple(map(str, found.differences[:FIRST]))
        more = [f"and {found.different - len(lines):,} more"] if found.different > len(lines) else []
        words = f"{found.different:,} figures differ; {about}. First: {lines[0]}."
        return Check(NAME, run, DIFFERS, words, (*lines, *more, *others))
    near = found.compared - found.equal
    if near:
        about += f", {near:,} within the tolerance for other machines ({figures.TOLERANCE})"
    details = (*found.left_out, *others)
    if found.left_out:
        words = f"{about}; {len(found.left_out)} things could not be compared."
        return Check(NAME, run, NOT_CHECKED, words, details)
    return Check(NAME, run, VERIFIED, f"Judged again from the answers: {about}.", details)


def _other_versions(then: Mapping[str, str]) -> tuple[str, ...]:
    """Programs of another version than those of the run."""
    here = versions()
    return tuple(
        f"{name} was {then[name]}, here it is {here.get(name, 'not installed')}"
        for name in sorted(then)
        if then[name] != here.get(name)
    )
