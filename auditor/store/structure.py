"""What an evidence file holds besides its runs: tables as this version makes them, and nothing that runs.

A view, a macro or a column of its own could show a reader something else than what was checked. Leaves out
the rows of the runs (`check.py`).
"""

from __future__ import annotations

from functools import cache

import duckdb

from auditor.store.canonical import hash_rows
from auditor.store.connection import settings
from auditor.store.difference import Difference
from auditor.store.migrations import MIGRATIONS, Connection
from auditor.store.seal import OVERLAP, OWN

UNSEALED = (
    "migrations",
    "signatures",
    "withheld",
    "commitments",
)  # rows with hashes that no run's seal covers
_COLUMNS = """
SELECT table_name, list(column_name || ' ' || data_type ORDER BY column_index) FROM duckdb_columns()
WHERE NOT internal GROUP BY table_name
"""
_FOREIGN = """
SELECT 'view', view_name FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT function_type, function_name FROM duckdb_functions() WHERE NOT internal
UNION ALL SELECT 'type', type_name FROM duckdb_types() WHERE NOT internal
UNION ALL SELECT 'index', index_name FROM duckdb_indexes()
UNION ALL SELECT 'sequence', sequence_name FROM duckdb_sequences()
UNION ALL SELECT 'schema', schema_name FROM duckdb_schemas() WHERE NOT internal AND schema_name <> 'main'
ORDER BY ALL
"""
_STRAY = "SELECT count(*) FROM {table} t WHERE NOT EXISTS (FROM runs r WHERE r.run_id = t.run_id)"
_STRAY_SHARED = {
    "probes": "SELECT count(*) FROM probes t WHERE NOT EXISTS "
    "(FROM run_probes r WHERE r.probe_hash = t.content_hash)",
    "responses": "SELECT count(*) FROM responses t WHERE NOT EXISTS "
    "(FROM (SELECT unnest(responses) AS number FROM run_responses) r WHERE r.number = t.number)",
}


def check_structure(con: Connection, number: int) -> list[Difference]:
    """Tables that are not those of schema `number`, and what is in the file that no evidence file has."""
    found = dict(con.execute(_COLUMNS).fetchall())
    wanted = _columns_of(number)
    wrong = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
    differences = []
    for name in wrong:
        problem = (
            "is no table of an evidence file" if name not in wanted else "has other columns than it should"
        )
        problem = "is missing" if name not in found else problem
        differences.append(Difference(name, None, "", problem))
    for kind, name in con.execute(_FOREIGN).fetchall():
        differences.append(Difference(str(name), None, str(kind), "has no place in an evidence file"))
    return differences


def check_loose(con: Connection) -> list[Difference]:
    """Rows with a hash but no seal that were changed, and rows that belong to no run."""
    there = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    differences = [d for table in UNSEALED if table in there for d in _changed(con, table)]
    numbers = [n for (n,) in con.execute("SELECT number FROM migrations ORDER BY number").fetchall()]
    if numbers != list(range(1, len(numbers) + 1)):
        differences.append(
            Difference("migrations", None, "", f"are numbered {numbers}, not 1 to {len(numbers)}")
        )
    own = {table: _STRAY.format(table=table) for table in dict.fromkeys((*OWN[1:], *OVERLAP[1:]))}
    for table, query in (own | _STRAY_SHARED).items():
        stray = con.execute(query).fetchall()[0][0] if table in there else 0
        if stray:
            differences.append(Difference(table, None, "", f"{stray} rows belong to no run"))
    return differences


def _changed(con: Connection, table: str) -> list[Difference]:
    rows = con.sql(f"SELECT * FROM {table}").to_arrow_table()
    pairs = zip(hash_rows(rows), rows["content_hash"].to_pylist(), strict=True)
    wrong = next((n for n, (expected, given) in enumerate(pairs) if expected != given), None)
    return [] if wrong is None else [Difference(table, wrong, "", "its content does not match its hash")]


@cache
def _columns_of(number: int) -> dict[str, list[str]]:
    """Columns of every table after the first `number` migrations."""
    with duckdb.connect(":memory:", config=settings()) as con:
        for migration in MIGRATIONS[:number]:
            migration(con)
        return dict(con.execute(_COLUMNS).fetchall())
