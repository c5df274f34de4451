"""Which runs an evidence file holds, and which one a user means; leaves out their contents (`read.py`)."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import AuditError
from auditor.store.connection import reading
from auditor.store.migrations import Connection
from auditor.store.rows import RunSummary

SHOWN = 10
_SUMMARIES = """
SELECT r.run_id, any_value(r.finished), any_value(r.student), any_value(r.headline),
       coalesce(list(v.teacher || CASE v.proposition WHEN 'distillation' THEN ''
                     ELSE ' (' || replace(v.proposition, '_', ' ') || ')' END ORDER BY v.position)
                FILTER (v.position IS NOT NULL), []),
       coalesce(list(v.level ORDER BY v.position) FILTER (v.position IS NOT NULL), [])
FROM runs r LEFT JOIN verdicts v USING (run_id) GROUP BY r.run_id, r.position ORDER BY r.position
"""


def list_runs(path: Path) -> tuple[RunSummary, ...]:
    """All runs of an evidence file, the one stored first at the front."""
    with reading(path) as con:
        rows = con.execute(_SUMMARIES).fetchall()
    return tuple(
        RunSummary(run, finished, student, tuple(teachers), tuple(levels), headline)
        for run, finished, student, headline, teachers, levels in rows
    )


def find_run(con: Connection, path: Path, run: str) -> str:
    """Full id of the run meant by "latest" (stored last), an id, or the beginning of exactly one id."""
    ids = [one for (one,) in con.execute("SELECT run_id FROM runs ORDER BY position").fetchall()]
    if not ids:
        raise AuditError(f"{path} holds no finished run. Run `audit compare ... --evidence {path}` first.")
    if run == "latest":
        return str(ids[-1])
    if run in ids:
        return run
    found = [one for one in ids if run and one.startswith(run)]
    if len(found) == 1:
        return str(found[0])
    problem = f"More than one run of {path} begins with {run!r}" if found else f"{path} holds no run {run!r}"
    raise AuditError(f"{problem}; there are {_named(found or ids)}. Give one of these ids, or `latest`.")


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN} older ones" if len(ids) > SHOWN else ""
    return ", ".join(ids[-SHOWN:]) + more
