"""What a copy of an evidence file leaves out on purpose: whole runs, and texts, in whose place a mark is.

Such a copy is made to be handed over (`audit bundle`). Row and seal keep their hashes, so a text that is
shown later can be checked against them; until then nothing says that the mark stands for that text.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from auditor.store.migrations import Connection

MARK = "(withheld)"
# Columns whose texts may be withheld: what models were asked, what they answered, what corpora hold.
TEXTS: Mapping[str, tuple[str, ...]] = {
    "probes": ("prompt",),
    "responses": ("text",),
    "exhibits": ("prompt", "student_text", "teacher_text"),
    "overlap_passages": ("left_text", "right_text"),
}


def withheld_runs(con: Connection) -> tuple[str, ...]:
    """Runs of the original that this copy leaves out."""
    return tuple(run for run, table, _ in _rows(con) if table == "runs")


def withheld_columns(con: Connection, run: str) -> dict[str, tuple[str, ...]]:
    """Table -> columns whose texts this copy of a run leaves out; never others than `TEXTS`."""
    found: dict[str, tuple[str, ...]] = {}
    for owner, table, column in _rows(con):
        if owner == run and column in TEXTS.get(table, ()):
            found[table] = (*found.get(table, ()), column)
    return found


def has_withheld(rows: pa.Table, row: int, columns: tuple[str, ...]) -> bool:
    """Whether the mark stands in one of these columns of a row."""
    return any(rows[name][row].as_py() == MARK for name in columns)


def _rows(con: Connection) -> list[tuple[str, str, str]]:
    if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'withheld'").fetchall():
        return []
    return con.execute(
        "SELECT run_id, table_name, column_name FROM withheld ORDER BY run_id, position"
    ).fetchall()
