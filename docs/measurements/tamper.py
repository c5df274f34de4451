"""How many random changes of an evidence file `audit verify` finds, and how fast it seals and verifies.

Usage: python docs/measurements/tamper.py [--edits N] [--seed N] [--evidence FILE]

Without --evidence a small generated run is stored, and N changes (1,000) are made to copies of it, one at a
time: a value of a random column of a random row of a random table is replaced by another, a row is deleted,
doubled, or exchanged with another, with its hash as it was; or, in every fifth, with the hash of the row made
again. Found means exit code 1; named means that the table is named. Left out are the kept embeddings, which
are a cache that no hash covers, and rows without a seal (migrations, signatures, withheld) where the hash is
made again: `docs/verify.md`.

With --evidence the rows of its latest run are hashed and digested again (what sealing does), and checked
(what `audit verify` does), three times. Bytes are those of texts and measured values.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from auditor import store
from auditor.report import SkippedDetector
from auditor.run_record import versions
from auditor.store.canonical import hash_rows
from auditor.store.chain import read_seals
from auditor.store.check import examine_run
from auditor.store.connection import reading
from auditor.store.runs import find_run
from auditor.store.seal import link_rows
from auditor.verify import Asked, verify
from detectors.registry import DETECTORS, SCORED, SHOWN
from tests.auditor.store import sample_run

UNSEALED = ("migrations", "signatures", "withheld")
_BYTES = """
SELECT (SELECT coalesce(sum(strlen(text)), 0) FROM responses)
     + (SELECT 4 * coalesce(sum(len(probe_values)), 0) FROM measurements)
"""


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evidence", type=Path)
    given = parser.parse_args()
    speed(given.evidence) if given.evidence else tamper(given.edits, random.Random(given.seed))


def tamper(n: int, draw: random.Random) -> None:
    """Make n changes, and count which were found."""
    made: Counter[str] = Counter()
    found: Counter[str] = Counter()
    named: Counter[str] = Counter()
    missed = []
    with tempfile.TemporaryDirectory() as name:
        original = _stored(Path(name) / "original.duckdb")
        while sum(made.values()) < n:
            copy = Path(shutil.copy(original, Path(name) / "copy.duckdb"))
            kind, table, what = _edit(copy, draw, again=sum(made.values()) % 5 == 4)
            if not kind:
                continue
            checked = verify(copy, Asked())
            lines = [line for c in checked.checks if c.outcome == "differs" for line in (c.words, *c.details)]
            made[kind] += 1
            found[kind] += checked.exit_code == 1
            named[kind] += any(table in line for line in lines)
            missed += [] if checked.exit_code == 1 else [what]
    print(f"{'change':<38}  made  found  table named")
    for kind in sorted(made):
        print(f"{kind:<38}  {made[kind]:4}  {found[kind]:5}  {named[kind]:11}")
    print(f"{'all':<38}  {sum(made.values()):4}  {sum(found.values()):5}  {sum(named.values()):11}")
    print(*missed, sep="\n")


def _stored(path: Path) -> Path:
    """Two runs and a commitment."""
    skipped = tuple(SkippedDetector(d, "not here") for d in (*DETECTORS, *SCORED, *SHOWN) if d != "wording")
    store.commit_probes(path, "run-b", store.hash_probes(sample_run.PROBES), 3, "2025-01-01T00:00:00Z")
    for run in ("run-a", "run-b"):
        report = sample_run.report(run, skipped=skipped)
        identity = replace(report.run, config={"teachers": ["panel:teacher-large"]}, versions=versions())
        store.append_run(path, replace(report, run=identity), sample_run.panel(), sample_run.measurements())
    return path


def _edit(path: Path, draw: random.Random, *, again: bool) -> tuple[str, str, str]:
    """One random change: (kind, table, what was done); ("", ...) where it would have changed nothing."""
    with duckdb.connect(str(path)) as con:
        tables = [t for (t,) in con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        tables = [t for t in tables if t != "embeddings" and con.execute(f"FROM {t} LIMIT 1").fetchall()]
        table = draw.choice([t for t in tables if not (again and t in UNSEALED)])
        rows = [r for (r,) in con.execute(f"SELECT rowid FROM {table} ORDER BY 1").fetchall()]
        row = draw.choice(rows)
        kind = draw.choice(
            ("value", "value", "value", "value", "row deleted", "row doubled", "rows exchanged")
        )
        if again and kind in ("row deleted", "row doubled"):
            kind = "value"
        if kind == "row deleted":
            con.execute(f"DELETE FROM {table} WHERE rowid = {row}")
            return kind, table, f"{table}: deleted row {row}"
        if kind == "row doubled":
            con.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = {row}")
            return kind, table, f"{table}: doubled row {row}"
        change = _exchange if kind == "rows exchanged" else _value
        what = change(con, table, row, rows, draw)
        if what and again:
            _hash_again(con, table)
            kind += ", hash made again"
        return (kind, table, what) if what else ("", table, what)


def _value(con: Any, table: str, row: int, rows: list[int], draw: random.Random) -> str:
    """Another value in one column."""
    columns = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
    column, kind = draw.choice([one for one in columns if one[0] != "content_hash"])
    before = con.execute(f'SELECT "{column}" FROM {table} WHERE rowid = {row}').fetchall()[0][0]
    all_before = _all(con, table, column)
    after = _other(before, kind, draw)
    con.execute(f'UPDATE {table} SET "{column}" = $1::{kind} WHERE rowid = {row}', [after])
    same = _all(con, table, column) == all_before  # a row with a list has another rowid now
    return "" if same else f"{table}.{column} row {row}: {before!r} -> {after!r}"


def _all(con: Any, table: str, column: str) -> list[str]:
    return sorted(map(repr, con.execute(f'SELECT "{column}" FROM {table}').fetchall()))


def _other(value: Any, kind: str, draw: random.Random) -> Any:
    """A value near the one that is there: one character, one bit of the last places, one item."""
    if value is None or draw.random() < 0.1:
        plain = {"VARCHAR": "x", "BIGINT": 1, "INTEGER": 1, "DOUBLE": 0.5}
        return plain.get(kind) if value is None else None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + draw.choice((-1, 1))
    if isinstance(value, float):
        return value * (1 + 2**-50) if math.isfinite(value) and value else 0.25
    if isinstance(value, str):
        place = draw.randrange(len(value) + 1)
        return value[:place] + draw.choice("aZ0 \n") + value[place + draw.randrange(2) :]
    if isinstance(value, dict):
        return {**value, "more": "x"} if kind.startswith("MAP") else None
    place = draw.randrange(len(value)) if value else 0
    kept = list(value)
    if kept and isinstance(kept[0], float):
        kept[place] = 0.123
        return kept
    return kept[:place] + kept[place + 1 :] if kept else None


def _exchange(con: Any, table: str, row: int, rows: list[int], draw: random.Random) -> str:
    """The positions of two rows exchanged."""
    names = [name for (name,) in con.execute(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()]
    other = draw.choice(rows)
    if "position" not in names or other == row:
        return ""
    one, two = (
        con.execute(f"SELECT position FROM {table} WHERE rowid = {r}").fetchall()[0][0] for r in (row, other)
    )
    if one == two:
        return ""
    for place, value in ((row, two), (other, one)):
        con.execute(f"UPDATE {table} SET position = {value} WHERE rowid = {place}")
    return f"{table}: rows {row} and {other} exchanged"


def _hash_again(con: Any, table: str) -> None:
    """Give every row the hash of its present content."""
    rows = con.sql(f"SELECT *, rowid AS row_in_file FROM {table}").to_arrow_table()
    plain = rows.drop(["row_in_file"])
    plain = link_rows(con, plain) if table == "run_responses" else plain
    plain = plain.drop(["number"]) if table == "responses" else plain
    for place, one in zip(rows["row_in_file"].to_pylist(), hash_rows(plain), strict=True):
        con.execute(f"UPDATE {table} SET content_hash = ? WHERE rowid = ?", [one, place])


def speed(path: Path) -> None:
    """Print how fast the rows of the latest run are hashed and checked."""
    with reading(path) as con:
        run, seals = find_run(con, path, "latest"), read_seals(con)
        size = con.execute(_BYTES).fetchall()[0][0] / 1e6
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB on disk, {size:.0f} MB of texts and values")
        for _ in range(3):
            _timed("verify (rows of the run)", size, lambda: examine_run(con, run, seals))
    rows = store.read_panel(path, run), store.read_measurements(path, run), store.read_report(path, run)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        panel, measured, report = rows
        target = Path(folder) / "again.duckdb"
        _timed("store and seal", size, lambda: store.append_run(target, report, panel, measured))


def _timed(what: str, size: float, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    rates = f"{size / wall:5.0f} MB/s, per second of processor {size / processor:5.0f} MB"
    print(f"{what:<26}  {wall:6.1f} s  {rates}")


if __name__ == "__main__":
    main()
