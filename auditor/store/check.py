"""Checks a stored run against its content hashes and its seal, and the seals of the file against each other.

Leaves out recomputing the verdict from the responses.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.store.canonical import digest, hash_rows, hash_value
from auditor.store.connection import reading
from auditor.store.migrations import Connection
from auditor.store.runs import find_run
from auditor.store.seal import (
    LATER,
    OVERLAP,
    OWN,
    SHARED,
    START,
    has_table,
    link_rows,
    seal_of,
    sealed_tables,
    select_rows,
    table_digest,
)

BATCH = 4096
NOTHING = [0, digest(())]  # what a table has for a run that is older than it


def check_run(path: Path, run: str = "latest") -> tuple[str, ...]:
    """What is not as it was sealed: the first row that differs in each table, and the chain of seals.

    () means that nothing differs. Each entry begins with the name of the table.
    """
    with reading(path) as con:
        run = find_run(con, path, run)
        seals = con.sql("SELECT * FROM seals ORDER BY position").to_arrow_table().to_pylist()
        mine = [row for row in seals if row["run_id"] == run]
        problems = [problem for row in mine for problem in _check_tables(con, row)]
        problems += _check_commitment(con, run)
    if not any(row["kind"] in ("run", "overlap") for row in mine):
        problems.append(f"seals: run {run} has no seal")
    return (*problems, *_check_chain(seals))


def _check_tables(con: Connection, sealed: dict[str, Any]) -> list[str]:
    """First difference of each table that one seal covers."""
    tables = _digests_of(sealed)
    problems = []
    for table in sealed_tables(sealed["kind"]):
        if table in LATER and not has_table(con, table):
            problems += [f"{table}: the table is missing"] if table in tables else []
            continue
        problem = _first_changed(con, table, sealed["run_id"])
        found = table_digest(con, table, sealed["run_id"])
        expected = tables.get(table, NOTHING if table in LATER else None)
        if problem is None and found != expected:
            problem = f"{table}: {found[0]} rows differ from the {(expected or [0])[0]} that were sealed"
        if problem:
            problems.append(problem)
    return problems


def _digests_of(sealed: dict[str, Any]) -> dict[str, Any]:
    """The digests in a row of `seals`; none when someone put something else there (the chain tells)."""
    try:
        return dict(json.loads(sealed["tables"]))
    except (TypeError, ValueError):
        return {}


def _first_changed(con: Connection, table: str, run: str) -> str | None:
    numbers = count()
    for rows in _batches(con, table, run):
        stored = rows["content_hash"].to_pylist()
        hashes = hash_rows(_canonical(con, table, rows))
        for row, (expected, given) in enumerate(zip(hashes, stored, strict=True)):
            number = next(numbers)
            if expected != given:
                return f"{table} row {number}{_place(rows, row)}: its content does not match its hash"
            if table in (*OWN[1:], *OVERLAP[1:]) and rows["position"][row].as_py() != number:
                return f"{table} row {number}: is missing, or is there twice"
    return None


def _batches(con: Connection, table: str, run: str) -> Any:
    """Rows of a run in one table: the tables of long texts in batches, the others whole."""
    rows = select_rows(con, table, run)
    if table not in SHARED:
        return [rows.to_arrow_table()]
    return (pa.Table.from_batches([batch]) for batch in rows.to_arrow_reader(BATCH))


def _canonical(con: Connection, table: str, rows: pa.Table) -> pa.Table:
    if table == "run_responses":
        return link_rows(con, rows)
    return rows.drop(["number"]) if table == "responses" else rows


def _place(rows: pa.Table, row: int) -> str:
    """What the row is about, in brackets."""
    names = ("model", "subject", "probe", "sample", "detector", "statistic", "teacher")
    known = [f"{name} {rows[name][row].as_py()}" for name in names if name in rows.column_names]
    return f" ({', '.join(known)})" if known else ""


def _check_commitment(con: Connection, run: str) -> list[str]:
    committed = con.execute("SELECT probes_hash FROM commitments WHERE run_id = ?", [run]).fetchall()
    asked = con.execute("SELECT hashes['probes'] FROM runs WHERE run_id = ?", [run]).fetchall()
    if not committed or asked[0][0] in (None, committed[0][0]):
        return []
    return [f"commitments: the run asked probes {asked[0][0]}, committed were {committed[0][0]}"]


def _check_chain(seals: list[dict[str, Any]]) -> list[str]:
    """The first seal of the file that does not follow the one before it."""
    previous = START
    for number, row in enumerate(seals):
        content = {name: value for name, value in row.items() if name != "content_hash" and value is not None}
        is_whole = row["seal"] == seal_of(row) and row["content_hash"] == hash_value(content)
        if row["position"] != number or row["previous"] != previous or not is_whole:
            return [f"seals row {number} (run {row['run_id']}): does not follow the seal before it"]
        previous = row["seal"]
    return []
