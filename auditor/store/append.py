"""Appends to an evidence file: a whole run in one transaction, or the commitment to its probes before it.

Leaves out reading back (`read.py`). Probes and responses are stored once however many runs use them; a run
refers to them. Rows go in bulk through Arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError
from auditor.report import Report
from auditor.store.canonical import hash_rows
from auditor.store.connection import writing
from auditor.store.migrations import Connection
from auditor.store.rows import PARTS, MeasurementRows, PanelRows, json_text, part_rows, run_row
from auditor.store.seal import link_rows, seal

Int64 = np.ndarray[Any, np.dtype[np.int64]]


def append_run(path: Path, report: Report, panel: PanelRows, measurements: Sequence[MeasurementRows]) -> None:
    """Store and seal a run; after an error or a kill the file holds all of it or none of it."""
    _check(report, panel, measurements)
    run = report.run.id
    with writing(path) as con:
        refuse_known(con, path, run)
        position = con.execute("SELECT count(*) FROM runs").fetchall()[0][0]
        insert_rows(con, "runs", run, [run_row(report)], first=position)
        for table in PARTS:
            insert_rows(con, table, run, part_rows(getattr(report, table)))
        insert_rows(con, "models", run, [{"model": name} for name in panel.subjects])
        _insert_probes(con, run, panel)
        _insert_responses(con, run, panel)
        _insert_measurements(con, run, measurements)
        seal(con, run, "run")


def commit_probes(path: Path, run_id: str, probes_hash: str, n_probes: int, when: str) -> None:
    """Store and seal, before a student is asked anything, which probes it will be asked.

    Committing to the same probes again (a run that was resumed) changes nothing.
    """
    with writing(path) as con:
        refuse_known(con, path, run_id)
        found = con.execute(
            "SELECT probes_hash, n_probes, committed FROM commitments WHERE run_id = ?", [run_id]
        ).fetchall()
        if found and found[0][:2] != (probes_hash, n_probes):
            raise AuditError(
                f"Run {run_id} is committed to {found[0][1]} probes (hash {found[0][0]}) since "
                f"{found[0][2]}; got {n_probes} (hash {probes_hash}). Use those probes, or start a new run."
            )
        if not found:
            row = {"probes_hash": probes_hash, "n_probes": n_probes, "committed": when}
            insert_rows(con, "commitments", run_id, [row])
            seal(con, run_id, "commitment")


def _check(report: Report, panel: PanelRows, measurements: Sequence[MeasurementRows]) -> None:
    if not report.run.id:
        raise AuditError("A run needs an id to be stored; got an empty one.")
    for one in measurements:
        if one.values.shape[2] != one.params.get("documents", len(panel.probes)):
            raise AuditError(
                f"Measurement {one.detector} {one.statistic} must have a value for each of the "
                f"{len(panel.probes)} probes of the panel; got {one.values.shape[2]}."
            )


def refuse_known(con: Connection, path: Path, run: str) -> None:
    """Raise if the file holds the run already."""
    if con.execute("SELECT 1 FROM runs WHERE run_id = ?", [run]).fetchall():
        raise AuditError(f"{path} holds run {run} already; runs are only added. Store it under a new run id.")


def insert_rows(con: Connection, table: str, run: str, rows: list[dict[str, Any]], first: int = 0) -> None:
    """Insert `rows` of one run, numbered from `first`."""
    schema = con.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_table().schema
    schema = pa.schema([column for column in schema if column.name != "content_hash"])
    numbered = [{"run_id": run, "position": first + n, **row} for n, row in enumerate(rows)]
    _refuse_unknown_columns(table, numbered, schema.names)
    _insert(con, table, pa.Table.from_pylist(numbered, schema=schema))


def _refuse_unknown_columns(table: str, rows: list[dict[str, Any]], names: list[str]) -> None:
    if rows and (extra := set(rows[0]) - set(names)):
        raise AuditError(
            f"Table {table} has no column {sorted(extra)}: a migration is missing. Please report it."
        )


def _insert(con: Connection, table: str, rows: pa.Table, hashes: list[str] | None = None) -> None:
    if rows.num_rows == 0:
        return
    hashes = hash_rows(rows) if hashes is None else hashes
    rows = rows.append_column("content_hash", pa.array(hashes, pa.string()))
    con.register("incoming", rows)
    con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    con.unregister("incoming")


def _insert_probes(con: Connection, run: str, panel: PanelRows) -> None:
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("prompt", pa.large_string()),
            ("tags", pa.list_(pa.string())),
            ("source", pa.string()),
        ]
    )
    rows = pa.Table.from_pylist(part_rows(panel.probes), schema=schema)
    hashes = hash_rows(rows)
    known = set(_known(con, "probes", "content_hash", hashes))
    first_of = {one: n for n, one in reversed(list(enumerate(hashes))) if one not in known}
    new = sorted(first_of.values())
    _insert(con, "probes", rows.take(pa.array(new, pa.int64())), [hashes[n] for n in new])
    insert_rows(con, "run_probes", run, [{"probe_hash": one} for one in hashes])


def _insert_responses(con: Connection, run: str, panel: PanelRows) -> None:
    rows = _response_rows(panel)
    hashes = hash_rows(rows)
    number_of = _known(con, "responses", "number", hashes)
    next_number = con.execute("SELECT coalesce(max(number) + 1, 0) FROM responses").fetchall()[0][0]
    is_new = np.zeros(len(hashes), dtype=bool)
    for n, one in enumerate(hashes):
        if one not in number_of:
            is_new[n] = True
            number_of[one] = next_number
            next_number += 1
    new = rows if is_new.all() else rows.filter(pa.array(is_new))
    new_hashes = [hashes[n] for n in np.flatnonzero(is_new)]
    numbers = pa.array([number_of[one] for one in new_hashes], pa.int64())
    _insert(con, "responses", new.append_column("number", numbers), new_hashes)
    _link_responses(con, run, panel, np.array([number_of[one] for one in hashes], dtype=np.int64))


def _response_rows(panel: PanelRows) -> pa.Table:
    """Columns model, probe, sample, text, in the order of `panel.responses`."""
    models = pa.array(panel.subjects, pa.string())
    ids = pa.array([probe.id for probe in panel.probes], pa.string())
    return pa.table(
        {
            "model": pc.take(models, panel.responses["subject"]),
            "probe": pc.take(ids, panel.responses["probe"]),
            "sample": panel.responses["sample"],
            "text": panel.responses["text"],
        }
    )


def _known(con: Connection, table: str, column: str, hashes: list[str]) -> dict[str, Any]:
    """Content hash -> `column` of the rows among `hashes` that the file holds already."""
    con.register("wanted", pa.table({"content_hash": pa.array(hashes, pa.string())}))
    found = con.sql(
        f"SELECT content_hash, {column} AS found FROM {table} SEMI JOIN wanted USING (content_hash)"
    )
    columns = found.to_arrow_table()
    con.unregister("wanted")
    return dict(zip(columns["content_hash"].to_pylist(), columns["found"].to_pylist(), strict=True))


def _link_responses(con: Connection, run: str, panel: PanelRows, numbers: Int64) -> None:
    """One row a subject: which probes and samples it answered, and where the responses are stored."""
    order = panel.order()
    subjects = panel.responses["subject"].to_numpy()[order]
    offsets = np.searchsorted(subjects, np.arange(len(panel.subjects) + 1)).astype(np.int32)

    def lists(values: Int64, kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values[order], kind))

    rows = pa.table(
        {
            "run_id": pa.array([run] * len(panel.subjects), pa.string()),
            "position": pa.array(range(len(panel.subjects)), pa.int64()),
            "probes": lists(panel.responses["probe"].to_numpy(), pa.int32()),
            "samples": lists(panel.responses["sample"].to_numpy(), pa.int32()),
            "responses": lists(numbers, pa.int64()),
        }
    )
    _insert(con, "run_responses", rows, hash_rows(link_rows(con, rows)))


def _insert_measurements(con: Connection, run: str, measurements: Sequence[MeasurementRows]) -> None:
    position = 0
    for number, one in enumerate(measurements):
        rows = _measurement_rows(run, number, position, one)
        _insert(con, "measurements", rows)
        position += rows.num_rows


def _measurement_rows(run: str, number: int, first: int, one: MeasurementRows) -> pa.Table:
    """One row a (subject, teacher), subjects outermost; the values are not copied."""
    n_subjects, n_teachers, n_probes = one.values.shape
    n = n_subjects * n_teachers
    same = {
        "run_id": run,
        "detector": one.detector,
        "statistic": one.statistic,
        "channel": str(one.channel),
        "unit": one.unit,
        "params": json_text(dict(one.params), f"params of {one.detector}"),
    }
    offsets = pa.array(np.arange(n + 1, dtype=np.int64) * n_probes)
    values = pa.array(np.ascontiguousarray(one.values).reshape(-1))
    subject, teacher = np.divmod(np.arange(n), max(n_teachers, 1))
    return pa.table(
        {name: pa.repeat(pa.scalar(text, pa.string()), n) for name, text in same.items()}
        | {
            "position": pa.array(np.arange(first, first + n)),
            "measurement": pa.repeat(pa.scalar(number, pa.int32()), n),
            "subject": pc.take(pa.array(one.subjects, pa.string()), pa.array(subject)),
            "teacher": pc.take(pa.array(one.teachers, pa.string()), pa.array(teacher)),
            "probe_values": pa.LargeListArray.from_arrays(offsets, values),
        }
    )
