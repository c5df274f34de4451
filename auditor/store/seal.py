"""Seals a run into the chain of the file: which rows belong to it, and one hash over all of them.

Leaves out signatures and checking (`check.py`). The seal of a run is SHA-256 over the digests of its tables
(each over the content hashes of the run's rows in order) and the seal before it. Whoever knows a later seal
can show that nothing before it changed; cutting the last runs off a file together with their seals is noticed
only by someone who noted one of these seals.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from auditor.store.canonical import canonical_json, digest, hash_value
from auditor.store.migrations import Connection

START = "0" * 64  # what the first seal of a file follows
OWN = (  # tables whose rows belong to one run
    "runs",
    "models",
    "lineage",
    "excluded",
    "run_probes",
    "run_responses",
    "measurements",
    "findings",
    "tests",
    "exhibits",
    "skipped",
    "verdicts",
    "issues",
    "terms",
    "terms_versions",
)
OVERLAP = (  # the same of a run of `audit overlap`
    "runs",
    "overlap_results",
    "overlap_corpora",
    "overlap_groups",
    "overlap_pairs",
    "overlap_passages",
)
LATER = ("terms", "terms_versions")  # of `OWN`; no seal of an older run names them, and then they are empty
SHARED = ("probes", "responses")  # tables whose rows several runs may use
_OWN_ROWS = "SELECT {columns} FROM {table} t WHERE run_id = $run ORDER BY position"
_SHARED_ROWS = {
    "probes": """
        SELECT {columns} FROM run_probes r JOIN {table} t ON t.content_hash = r.probe_hash
        WHERE r.run_id = $run ORDER BY r.position""",
    "responses": """
        WITH links AS (
            SELECT position AS subject, unnest(probes) AS place, unnest(samples) AS again,
                   unnest(responses) AS number
            FROM run_responses WHERE run_id = $run)
        SELECT {columns} FROM links JOIN {table} t ON t.number = links.number
        ORDER BY subject, place, again""",
}


def sealed_tables(kind: str) -> tuple[str, ...]:
    """Tables that a seal of this kind ("run", "overlap" or "commitment") covers, in its order."""
    if kind == "overlap":
        return OVERLAP
    return ("commitments",) if kind == "commitment" else (*OWN, *SHARED)


def has_table(con: Connection, table: str) -> bool:
    """Tell whether the file has a table: one that was read before its migration lacks those of `LATER`."""
    found = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()
    return bool(found)


def select_rows(con: Connection, table: str, run: str, columns: str = "t.*") -> Any:
    """Rows of `table` that belong to a run or that it uses, in its order (a DuckDB relation)."""
    query = _SHARED_ROWS.get(table, _OWN_ROWS).format(table=table, columns=columns)
    return con.sql(query, params={"run": run})


def seal(con: Connection, run: str, kind: str) -> None:
    """Append the seal of a stored run ("run", "overlap") or of its commitment ("commitment") to the chain."""
    last = con.execute("SELECT position, seal FROM seals ORDER BY position DESC LIMIT 1").fetchall()
    position, previous = (last[0][0] + 1, last[0][1]) if last else (0, START)
    tables = canonical_json({name: table_digest(con, name, run) for name in sealed_tables(kind)})
    row = {"run_id": run, "position": position, "kind": kind, "previous": previous, "tables": tables}
    row["seal"] = seal_of(row)
    con.execute(
        f"INSERT INTO seals ({', '.join(row)}, content_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [*row.values(), hash_value(row)],
    )


def seal_of(row: dict[str, Any]) -> str:
    """SHA-256 of the canonical form of run_id, kind, previous and tables of a row of `seals`."""
    return hash_value({name: row[name] for name in ("run_id", "kind", "previous", "tables")})


def table_digest(con: Connection, table: str, run: str) -> list[Any]:
    """[number of rows, SHA-256 over their content hashes in order] of the rows of one run in one table."""
    hashes = select_rows(con, table, run, "t.content_hash").to_arrow_table()["content_hash"].to_pylist()
    return [len(hashes), digest(str(one) for one in hashes)]


def link_rows(con: Connection, links: pa.Table) -> pa.Table:
    """Rows of `run_responses` in canonical form: the content hash of each response in place of its number.

    A number that the file does not hold becomes null.
    """
    wanted = links["responses"].combine_chunks()
    numbers = wanted.flatten().to_numpy(zero_copy_only=False)
    con.register("wanted", pa.table({"number": pa.array(np.unique(numbers))}))
    stored = con.sql(
        "SELECT number, content_hash FROM responses SEMI JOIN wanted USING (number) ORDER BY number"
    )
    known = stored.to_arrow_table()
    con.unregister("wanted")
    have = known["number"].to_numpy()
    place = np.searchsorted(have, numbers)
    missing = np.append(have, -1)[np.minimum(place, len(have))] != numbers
    hashes = pa.array(known["content_hash"].to_pylist(), pa.string()).take(pa.array(place, mask=missing))
    lists = pa.LargeListArray.from_arrays(wanted.offsets.cast(pa.int64()), hashes)
    return links.set_column(links.column_names.index("responses"), "responses", lists)
