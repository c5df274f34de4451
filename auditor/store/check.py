"""Checks one stored run against its content hashes and its seals, and says which row differs first.

Leaves out what belongs to no run (`structure.py`), the seals of the file against each other (`chain.py`), and
recomputing the verdict from the responses (`auditor/verify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from auditor.store.canonical import digest, hash_rows
from auditor.store.chain import check_seals, read_seals
from auditor.store.connection import reading
from auditor.store.difference import Difference
from auditor.store.migrations import Connection
from auditor.store.runs import find_run
from auditor.store.scan import numbers_of, responses_of, rows_of, shared_rows
from auditor.store.seal import LATER, OVERLAP, OWN, SHARED, has_table, link_rows, sealed_tables
from auditor.store.withheld import has_withheld, withheld_columns

# What Python and its libraries raise where data is not what it should be.
NONSENSE = (
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError),
    *(pa.ArrowException, duckdb.Error),
)
NOTHING = [0, digest(())]  # what a table has for a run that is older than it
CHANGED = "its content does not match its hash"


@dataclass(frozen=True)
class TableCheck:
    """One table of a run: how many rows, how many could not be checked, and the first that differs."""

    table: str
    rows: int
    withheld: int
    difference: Difference | None


@dataclass(frozen=True)
class RunCheck:
    """One run: its seal ("" = none), its tables, and everything about it that differs."""

    run: str
    seal: str
    tables: tuple[TableCheck, ...]
    differences: tuple[Difference, ...]


def check_run(path: Path, run: str = "latest") -> tuple[str, ...]:
    """What is not as it was sealed: the first row that differs in each table, and the chain of seals.

    () means that nothing differs. Each entry begins with the name of the table.
    """
    with reading(path) as con:
        run = find_run(con, path, run)
        seals = read_seals(con)
        found = (*examine_run(con, run, seals).differences, *check_seals(seals))
    return tuple(map(str, found))


def examine_run(con: Connection, run: str, seals: list[dict[str, Any]]) -> RunCheck:
    """Check the rows of one run; `seals` : those of the file."""
    mine = [row for row in seals if row["run_id"] == run]
    own = [row for row in mine if row["kind"] in ("run", "overlap")]
    hidden = withheld_columns(con, run)
    tables = tuple(check for row in mine for check in _tables(con, row, hidden))
    differences = [check.difference for check in tables if check.difference]
    differences += _commitment(con, run)
    if not own:
        differences.append(Difference("seals", None, "", f"run {run} has no seal"))
    if len(own) > 1:
        differences.append(Difference("seals", None, "", f"run {run} is sealed {len(own)} times"))
    return RunCheck(run, str(own[0]["seal"]) if own else "", tables, tuple(differences))


def _tables(
    con: Connection, sealed: dict[str, Any], hidden: Mapping[str, tuple[str, ...]]
) -> Iterator[TableCheck]:
    """Every table that one seal covers."""
    expected = _digests_of(sealed)
    for table in sealed_tables(sealed["kind"]):
        if table in LATER and not has_table(con, table):
            if table in expected:
                yield TableCheck(table, 0, 0, Difference(table, None, "", "the table is missing"))
            continue
        try:
            found = _table(con, table, sealed["run_id"], hidden.get(table, ()))
        except NONSENSE as error:
            found = Difference(table, None, "", f"cannot be read as it should ({str(error)[:200]})")
        if isinstance(found, Difference):
            yield TableCheck(table, found.row or 0, 0, found)
            continue
        rows, withheld, hashed = found
        sealed_as = expected.get(table, NOTHING if table in LATER else None)
        differs = None
        if [rows, hashed] != sealed_as:
            known = (sealed_as or [0])[0]
            differs = Difference(table, None, "", f"{rows} rows differ from the {known} that were sealed")
        yield TableCheck(table, rows, withheld, differs)


def _digests_of(sealed: dict[str, Any]) -> dict[str, Any]:
    """The digests in a row of `seals`; none when someone put something else there (the chain tells)."""
    try:
        return dict(json.loads(sealed["tables"]))
    except (TypeError, ValueError):
        return {}


def _table(
    con: Connection, table: str, run: str, hidden: tuple[str, ...]
) -> tuple[int, int, str] | Difference:
    """(rows, rows that cannot be checked, digest of the table); or the first row that differs."""
    if table == "responses":
        return _responses(con, run, hidden)
    number = withheld = 0
    hashes: list[str] = []
    for rows in (shared_rows if table in SHARED else rows_of)(con, table, run):
        found = hash_rows(link_rows(con, rows) if table == "run_responses" else rows)
        stored = rows["content_hash"].to_pylist()
        numbered = rows["position"].to_pylist() if table in (*OWN[1:], *OVERLAP[1:]) else None
        for row, (expected, given) in enumerate(zip(found, stored, strict=True)):
            if expected != given:
                if not has_withheld(rows, row, hidden):
                    return Difference(table, number, _about(rows, row), CHANGED)
                withheld += 1
            if numbered and numbered[row] != number:
                return Difference(table, number, "", "is missing, or is there twice")
            number += 1
        hashes += map(str, stored)
    return number, withheld, digest(hashes)


def _responses(con: Connection, run: str, hidden: tuple[str, ...]) -> tuple[int, int, str] | Difference:
    """The same of the responses, which are hashed where they lie and then put into the order of the run."""
    wanted = numbers_of(con, run)
    numbers, hashes = [np.zeros(0, np.int64)], [np.zeros(0, "S64")]
    changed: dict[int, str] = {}
    masked: list[int] = []
    for rows in responses_of(con, wanted):
        numbers.append(rows["number"].to_numpy())
        stored = rows["content_hash"].to_pylist()
        hashes.append(np.array([str(one).encode() for one in stored], "S64"))
        for row, (expected, given) in enumerate(zip(hash_rows(rows.drop(["number"])), stored, strict=True)):
            if expected != given:
                number = int(numbers[-1][row])
                if has_withheld(rows, row, hidden):
                    masked.append(number)
                else:
                    changed[number] = _about(rows, row)
    if changed:
        first = int(np.argmax(np.isin(wanted, list(changed))))
        return Difference("responses", first, changed[int(wanted[first])], CHANGED)
    known = np.concatenate(numbers)
    order = np.argsort(known, kind="stable")
    known, listed = known[order], np.concatenate(hashes)[order]
    if (np.diff(known) == 0).any():
        twice = int(known[np.argmax(np.diff(known) == 0)])
        return Difference("responses", None, f"number {twice}", "is there twice")
    there = wanted[np.isin(wanted, known)]
    in_order = listed[np.searchsorted(known, there)].tolist()
    return len(there), int(np.isin(there, masked).sum()), digest(one.decode() for one in in_order)


def _about(rows: pa.Table, row: int) -> str:
    """What the row is about."""
    names = ("model", "subject", "probe", "sample", "detector", "statistic", "teacher")
    return ", ".join(f"{name} {rows[name][row].as_py()}" for name in names if name in rows.column_names)


def _commitment(con: Connection, run: str) -> list[Difference]:
    """The probes that were asked are those that were committed to."""
    committed = con.execute("SELECT probes_hash FROM commitments WHERE run_id = ?", [run]).fetchall()
    asked = con.execute("SELECT hashes['probes'] FROM runs WHERE run_id = ?", [run]).fetchall()
    if not committed or not asked or asked[0][0] in (None, committed[0][0]):
        return []
    problem = f"the run asked probes {asked[0][0]}, committed were {committed[0][0]}"
    return [Difference("commitments", None, "", problem)]
