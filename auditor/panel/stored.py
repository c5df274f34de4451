"""A panel as one Parquet file: a row per response, with its prompt, and the rest as metadata.

Leaves out the evidence of a run, which is the DuckDB file's (`auditor.store`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.errors import AuditError
from auditor.panel.panel import RESPONSES, Panel
from auditor.whole import whole
from detectors.types import Probe

KEY = b"distill-audit"
_VERSION = 1


def write(panel: Panel, path: Path) -> None:
    """Write a panel; the file appears whole or not at all."""
    rows = panel.responses
    source_ids = [probe.source.partition(":")[2] or None for probe in panel.probes]
    prompts = [probe.prompt or None for probe in panel.probes]
    columns = {
        "model": _spread(rows["subject"], list(panel.subjects)),
        "probe": _spread(rows["probe"], [probe.id for probe in panel.probes]),
        "prompt_id": _spread(rows["probe"], source_ids),
        "prompt": _spread(rows["probe"], prompts),
        "sample": rows["sample"],
        "output": rows["text"],
    }
    about = {
        "version": _VERSION,
        "subjects": panel.subjects,
        "probes": [asdict(probe) for probe in panel.probes],
        "notes": panel.notes,
        "files": panel.files,
    }
    table = pa.table(columns).replace_schema_metadata({KEY: json.dumps(about).encode()})
    if not path.parent.is_dir():
        raise AuditError(f"{path}: cannot be written, there is no folder {str(path.parent)!r}. Create it.")
    try:
        with whole(path) as partial:
            pq.write_table(table, partial, compression="zstd")
    except OSError as error:
        raise AuditError(
            f"{path}: cannot be written ({error.strerror or error}). Check the folder."
        ) from None


def read(path: Path) -> Panel:
    """Read a panel back, with its order, notes and sources."""
    about = _about(path)
    table = pq.read_table(path, columns=["model", "probe", "sample", "output"], partitioning=None)
    subjects = tuple(about["subjects"])
    probes = tuple(Probe(p["id"], p["prompt"], tuple(p["tags"]), p["source"]) for p in about["probes"])
    columns = [
        _indices(table["model"], list(subjects)),
        _indices(table["probe"], [probe.id for probe in probes]),
        table["sample"],
        table["output"].cast(pa.large_string()),
    ]
    responses = pa.Table.from_arrays(columns, schema=RESPONSES).combine_chunks()
    return Panel(subjects, probes, responses, tuple(about["notes"]), dict(about["files"]))


def _about(path: Path) -> dict[str, Any]:
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise AuditError(
            f"{path}: not readable as Parquet ({str(error).splitlines()[0]}). Check the path and the file."
        ) from None
    about = json.loads(metadata.get(KEY, b"{}"))
    if about.get("version") != _VERSION:
        raise AuditError(
            f"{path}: not a panel that this version wrote (expected panel version {_VERSION}, got "
            f"{about.get('version', 'none')}). Read it as recorded outputs instead."
        )
    return about  # type: ignore[no-any-return]


def _spread(codes: pa.ChunkedArray, values: list[str | None] | list[str]) -> pa.Array:
    """Value of each row, kept once each as a dictionary."""
    indices = codes.combine_chunks()
    if isinstance(indices, pa.ChunkedArray):
        indices = pa.array(indices.to_numpy())
    there = pa.array([value is not None for value in values], pa.bool_())
    codes_of_present = pc.if_else(there.take(indices), indices, pa.scalar(None, pa.int32()))
    return pa.DictionaryArray.from_arrays(
        codes_of_present, pa.array([v or "" for v in values], pa.large_string())
    )


def _indices(column: pa.ChunkedArray, values: list[str]) -> pa.Array:
    """Index of each row's value in `values`."""
    encoded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    place = {value: at for at, value in enumerate(values)}
    places = np.array([place[value] for value in encoded.dictionary.to_pylist()], np.int32)
    return pa.array(places[encoded.indices.to_numpy()])
