"""Copies one run of an evidence file into a new one: its rows, the whole chain of seals, its signatures.

What the copy leaves out it says (`withheld.py`), so that its seals still verify as far as they can. Leaves
out kept embeddings, which are a cache and hold what texts say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.store.append import insert_rows
from auditor.store.chain import RUNS, read_seals
from auditor.store.connection import reading, writing
from auditor.store.migrations import Connection
from auditor.store.runs import find_run
from auditor.store.scan import BATCH
from auditor.store.seal import SHARED, sealed_tables
from auditor.store.withheld import MARK, TEXTS, withheld_columns, withheld_runs

_OWN = "SELECT {columns} FROM {table} WHERE run_id = $run ORDER BY position"
_USED = {
    "probes": "SELECT {columns} FROM probes SEMI JOIN (SELECT probe_hash AS content_hash FROM run_probes "
    "WHERE run_id = $run) USING (content_hash) ORDER BY rowid",
    "responses": "SELECT {columns} FROM responses SEMI JOIN (SELECT unnest(responses) AS number "
    "FROM run_responses WHERE run_id = $run) USING (number) ORDER BY number",
}
_ALL = "SELECT * FROM {table} ORDER BY position"


def write_excerpt(path: Path, run: str, copy: Path, *, redact: bool = False) -> str:
    """Write the evidence of one run ("latest", an id, or the beginning of one) to a new file; its full id.

    `redact` : with a mark in place of every text of `TEXTS`.
    """
    if copy.exists():
        raise AuditError(f"{copy} exists; an excerpt is a new file. Name another one.")
    with reading(path) as source:
        run = find_run(source, path, run)
        seals = read_seals(source)
        kinds = [row["kind"] for row in seals if row["run_id"] == run and row["kind"] in RUNS]
        if not kinds:
            raise AuditError(
                f"Run {run} of {path} has no seal, so nothing could be checked. It was taken out."
            )
        with writing(copy) as target:
            there = _tables(source)
            for table in sealed_tables(kinds[0]):
                if table in there:
                    query = (_USED if table in SHARED else {}).get(table, _OWN)
                    _copy(source, target, table, query, run, _columns(source, table, redact))
            for table in ("seals", "commitments"):
                _copy(source, target, table, _ALL, None, "*")
            if "signatures" in there:
                _copy(source, target, "signatures", _OWN, run, "*")
            _say(source, target, run, seals, redact)
    return run


def _copy(
    source: Connection, target: Connection, table: str, query: str, run: str | None, columns: str
) -> None:
    """Rows of one table, in batches; columns that the source lacks stay NULL."""
    text = query.format(table=table, columns=columns)
    rows = source.sql(text, params={"run": run} if run else {}).to_arrow_reader(BATCH)
    target.register("incoming", rows)
    target.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
    target.unregister("incoming")


def _columns(source: Connection, table: str, redact: bool) -> str:
    """Columns to select; a text that there is becomes the mark, one that was never there stays NULL."""
    names = [name for (name,) in source.execute(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()]
    hidden = TEXTS.get(table, ()) if redact else ()
    mark = f'CASE WHEN "{{0}}" IS NULL THEN NULL ELSE \'{MARK}\' END AS "{{0}}"'
    return ", ".join(mark.format(name) if name in hidden else f'"{name}"' for name in names)


def _say(source: Connection, target: Connection, run: str, seals: list[dict[str, Any]], redact: bool) -> None:
    """Note what is not in the copy: here, or in the file that it was made from."""
    sealed = [row["run_id"] for row in seals if row["kind"] in RUNS and row["run_id"] != run]
    for other in dict.fromkeys((*sealed, *(one for one in withheld_runs(source) if one != run))):
        insert_rows(target, "withheld", other, [{"table_name": "runs", "column_name": ""}])
    hidden = {table: TEXTS[table] for table in TEXTS} if redact else withheld_columns(source, run)
    rows = [{"table_name": t, "column_name": c} for t, columns in hidden.items() for c in columns]
    insert_rows(target, "withheld", run, rows)


def _tables(con: Connection) -> set[str]:
    return {str(name) for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
