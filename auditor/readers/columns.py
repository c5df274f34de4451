"""Named columns of a plain table become `Recorded`: which column is what, and all of it in Arrow.

Leaves out the files themselves (`csv_table`, `json_list`, `json_lines`, `parquet`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError
from auditor.readers.options import ReadOptions
from auditor.readers.prompts import texts_of
from auditor.readers.rows import file_hash
from auditor.readers.text import stem_of
from auditor.recorded import COLUMNS, Recorded

SYNONYMS: dict[str, tuple[str, ...]] = {
    "model": ("model", "generator", "model_id", "model_name"),
    "prompt_id": ("prompt_id", "question_id", "id", "uid"),
    "prompt": ("prompt", "instruction", "question", "input"),
    "sample": ("sample", "sample_id", "epoch", "repeat"),
    "output": ("output", "response", "answer", "completion", "generation"),
}


def chosen(available: Sequence[str], options: ReadOptions, path: Path) -> dict[str, str]:
    """Our name -> the file's column, for those it has; an error where it cannot be told or used."""
    unknown = [name for name in options.columns if name not in SYNONYMS]
    if unknown:
        raise AuditError(f"--column {unknown[0]}: no such column of ours. Allowed are {', '.join(SYNONYMS)}.")
    found = {}
    for ours, synonyms in SYNONYMS.items():
        theirs = _one(available, options.columns.get(ours), synonyms)
        if theirs:
            found[ours] = theirs
        elif ours in options.columns:
            raise AuditError(
                f"{path}: there is no column {options.columns[ours]!r} to take as {ours}. {_there(available)}"
            )
    _require(found, available, path)
    twice = [theirs for theirs in found.values() if list(available).count(theirs) > 1]
    if twice:
        raise AuditError(f"{path}: two columns are called {twice[0]!r}. Rename one of them.")
    return found


def looks_usable(available: Sequence[str], options: ReadOptions) -> bool:
    """Whether a header names an output column, by itself or as the user says."""
    return _one(available, options.columns.get("output"), SYNONYMS["output"]) is not None


def ambiguities(available: Sequence[str], found: Mapping[str, str], options: ReadOptions) -> list[str]:
    """Notes on columns that could as well have been taken."""
    notes = []
    for ours in ("model", "prompt", "output"):
        others = [c for c in available if c.lower() in SYNONYMS[ours] and c != found.get(ours)]
        if others and ours in found and ours not in options.columns:
            notes.append(
                f"column {found[ours]} was taken as {ours}, though {' and '.join(others)} could be too; "
                f"choose with --column {ours}=NAME."
            )
    return notes


def to_recorded(table: pa.Table, path: Path, options: ReadOptions, format: str) -> Recorded:
    """Rename, cast and complete the columns of a plain table."""
    found = chosen(table.column_names, options, path)
    notes = ambiguities(table.column_names, found, options)
    files = {str(path): file_hash(path)}
    columns = {ours: _cast(table[theirs], ours, theirs, path) for ours, theirs in found.items()}
    if table.num_rows == 0:
        raise AuditError(f"{path}: no rows. Expected one response a row; check how the file was written.")
    if "model" not in columns:
        columns["model"] = _repeat(options.model or stem_of(path), table.num_rows)
    elif columns["model"].null_count:
        columns["model"] = pc.fill_null(
            columns["model"], pa.scalar(options.model or stem_of(path), pa.large_string())
        )
    if "sample" in columns:
        columns["sample"] = from_zero(columns["sample"], path)
    if "prompt" not in columns:
        columns["prompt"], more, read = texts_of(columns["prompt_id"], path, options, format == "panel")
        notes += more
        files.update(read)
    whole = [columns.get(f.name, pa.nulls(table.num_rows, f.type)) for f in COLUMNS]
    return Recorded(pa.Table.from_arrays(whole, schema=COLUMNS), format, tuple(notes), files)


def _one(available: Sequence[str], wanted: str | None, synonyms: Sequence[str]) -> str | None:
    if wanted is not None:
        return wanted if wanted in available else None
    by_lower = {name.strip().lower(): name for name in reversed(available)}
    return next((by_lower[s] for s in synonyms if s in by_lower), None)


def _require(found: Mapping[str, str], available: Sequence[str], path: Path) -> None:
    if "output" not in found:
        raise AuditError(
            f"{path}: no column holds the response. Allowed names are {', '.join(SYNONYMS['output'])}. "
            f"{_there(available)} Name it with --column output=NAME."
        )
    if "prompt" not in found and "prompt_id" not in found:
        raise AuditError(
            f"{path}: no column tells which prompt was answered. Allowed names are "
            f"{', '.join(SYNONYMS['prompt'] + SYNONYMS['prompt_id'])}. "
            f"{_there(available)} Name it with --column prompt=NAME or --column prompt_id=NAME."
        )


def _there(available: Sequence[str]) -> str:
    return f"Columns there: {', '.join(available) or '(none)'}."


def _cast(column: pa.ChunkedArray, ours: str, theirs: str, path: Path) -> pa.ChunkedArray:
    target = COLUMNS.field(ours).type
    try:
        cast = column.cast(target)
        cast.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        allowed = "whole numbers" if ours == "sample" else "UTF-8 text"
        raise AuditError(
            f"{path}: column {theirs!r} (taken as {ours}) must hold {allowed}; it is {column.type} "
            f"({str(error).splitlines()[0]}). Correct it, or name another with --column {ours}=NAME."
        ) from None
    return cast


def from_zero(sample: pa.ChunkedArray, path: Path) -> pa.ChunkedArray:
    """Sample numbers counted from 0; files that count from 1 (epochs) are shifted."""
    low = pc.min(sample).as_py()
    if low is not None and low < 0:
        raise AuditError(f"{path}: sample numbers must be 0 or more; got {low}. Correct the file.")
    return pc.subtract(sample, pa.scalar(1, pa.int32())) if low == 1 else sample


def _repeat(value: str, n: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.large_string()), n)])
