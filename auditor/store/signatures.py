"""Signatures of runs in the evidence file: envelopes that are only ever added; and the seals they are about.

Leaves out making and checking them (`auditor/signing.py`, `auditor/verify`). They come after the seal of
their run, so no seal covers them: whoever holds the file can take one out, but not make one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditError
from auditor.store.append import insert_rows
from auditor.store.connection import reading, writing
from auditor.store.migrations import Connection
from auditor.store.runs import find_run


@dataclass(frozen=True)
class SignatureRow:
    """One envelope (JSON text) of a run; `keyid` and `signed` are what its maker claims."""

    keyid: str
    signed: str
    envelope: str


def append_signature(path: Path, run: str, row: SignatureRow) -> None:
    """Add a signature to a stored run; the same envelope again changes nothing."""
    with writing(path) as con:
        known = con.execute("SELECT envelope FROM signatures WHERE run_id = ?", [run]).fetchall()
        if (row.envelope,) not in known:
            insert_rows(con, "signatures", run, [vars(row)], first=len(known))


def read_signatures(path: Path, run: str = "latest") -> tuple[SignatureRow, ...]:
    """Signatures of a run, in the order in which they were added."""
    with reading(path) as con:
        run = find_run(con, path, run)
        if not has_table(con, "signatures"):
            return ()
        query = "SELECT keyid, signed, envelope FROM signatures WHERE run_id = ? ORDER BY position"
        return tuple(SignatureRow(*map(str, one)) for one in con.execute(query, [run]).fetchall())


def seal_of_run(path: Path, run: str = "latest") -> tuple[str, str]:
    """(run id, seal of its rows)."""
    with reading(path) as con:
        run = find_run(con, path, run)
        query = "SELECT seal FROM seals WHERE run_id = ? AND kind IN ('run', 'overlap') ORDER BY position"
        found = con.execute(query, [run]).fetchall()
    if not found:
        raise AuditError(
            f"Run {run} of {path} has no seal: it was taken out. 'audit verify {path}' says more."
        )
    return run, str(found[0][0])


def has_table(con: Connection, table: str) -> bool:
    """Whether the open file, which may be older than this version, has the table."""
    found = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall()
    return bool(found)
