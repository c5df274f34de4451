"""Reads a stored run back: its report, the panel it asked, what was measured.

Leaves out checking (`check.py`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.report import Report
from auditor.store.connection import reading
from auditor.store.migrations import Connection
from auditor.store.rows import PARTS, RESPONSES, MeasurementRows, PanelRows, report_of
from auditor.store.runs import find_run
from auditor.store.seal import LATER, has_table, select_rows
from detectors.types import Probe


def read_report(path: Path, run: str = "latest") -> Report:
    """The report of a run, equal to the one that was stored (lists in place of tuples in its config)."""
    with reading(path) as con:
        run = find_run(con, path, run)
        known = [table for table in PARTS if table not in LATER or has_table(con, table)]
        parts = {table: _rows(con, table, run) for table in known}
        return report_of(_rows(con, "runs", run)[0], parts)


def read_panel(path: Path, run: str = "latest") -> PanelRows:
    """The panel of a run, responses sorted by (subject, probe, sample)."""
    with reading(path) as con:
        run = find_run(con, path, run)
        subjects = tuple(row["model"] for row in _rows(con, "models", run))
        probes = tuple(
            Probe(row["id"], row["prompt"], tuple(row["tags"]), row["source"])
            for row in _rows(con, "probes", run)
        )
        columns = "subject, place AS probe, again AS sample, text"
        responses = select_rows(con, "responses", run, columns).to_arrow_table()
        return PanelRows(subjects, probes, responses.cast(RESPONSES))


def read_measurements(path: Path, run: str = "latest") -> tuple[MeasurementRows, ...]:
    """All measurements of a run, in the order in which they were stored."""
    with reading(path) as con:
        rows = select_rows(con, "measurements", find_run(con, path, run)).to_arrow_table()
        if rows.num_rows == 0:
            return ()
        starts = np.flatnonzero(np.diff(rows["measurement"].to_numpy(), prepend=-1)).tolist()
        ends = [*starts[1:], rows.num_rows]
        return tuple(_measurement(rows.slice(a, b - a)) for a, b in zip(starts, ends, strict=True))


def _rows(con: Connection, table: str, run: str) -> list[dict[str, Any]]:
    return select_rows(con, table, run).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def _measurement(rows: pa.Table) -> MeasurementRows:
    first = rows.slice(0, 1).drop(["probe_values"]).to_pylist()[0]
    subjects = tuple(dict.fromkeys(rows["subject"].to_pylist()))
    teachers = tuple(dict.fromkeys(rows["teacher"].to_pylist()))
    values = rows["probe_values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    shape = (len(subjects), len(teachers), -1) if len(values) else (len(subjects), len(teachers), 0)
    return MeasurementRows(
        **{name: first[name] for name in ("detector", "statistic", "channel", "unit")},
        params=json.loads(first["params"]),
        subjects=subjects,
        teachers=teachers,
        values=values.reshape(shape).astype(np.float32, copy=False),
    )
