"""Runs of `audit overlap` in the evidence file: appended and sealed like the others, and read back.

Leaves out the tables (`migrations.py`). A near copy's texts are kept only where they are shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from auditor.report import Alternative, Run
from auditor.store.append import insert_rows, refuse_known
from auditor.store.connection import reading, writing
from auditor.store.migrations import Connection
from auditor.store.rows import MAPS, json_text
from auditor.store.runs import find_run
from auditor.store.seal import OVERLAP, seal, select_rows

PARTS = {"overlap_corpora": "corpora", "overlap_groups": "groups", "overlap_pairs": "pairs"}
PLAIN = (
    "threshold",
    "containment",
    "shingle",
    "n_candidates",
    "n_pairs",
    "crowded",
    "matched_in_references",
    "estimated",
)


def append_overlap(path: Path, report: Any) -> None:
    """Store and seal an `OverlapReport`; after an error or a kill the file holds all of it or none."""
    run = report.run.id
    with writing(path) as con:
        refuse_known(con, path, run)
        position = con.execute("SELECT count(*) FROM runs").fetchall()[0][0]
        insert_rows(con, "runs", run, [_run_row(report)], first=position)
        insert_rows(con, "overlap_results", run, [_summary(report)])
        for table, name in PARTS.items():
            insert_rows(con, table, run, [asdict(one) for one in getattr(report, name)])
        insert_rows(con, "overlap_passages", run, [asdict(one) for one in report.passages])
        seal(con, run, "overlap")


def is_overlap(path: Path, run: str = "latest") -> bool:
    """Whether a run was one of `audit overlap`."""
    with reading(path) as con:
        found = find_run(con, path, run)
        return _has_tables(con) and bool(
            con.execute("SELECT 1 FROM overlap_results WHERE run_id = ?", [found]).fetchall()
        )


def read_overlap(path: Path, run: str = "latest") -> Any:
    """The `OverlapReport` of a run, equal to the one stored but for the number of pairs kept."""
    from auditor.overlap import result

    with reading(path) as con:
        run = find_run(con, path, run)
        parts = {table: select_rows(con, table, run).to_arrow_table().to_pylist() for table in OVERLAP}
    row, summary = parts["runs"][0], parts["overlap_results"][0]
    config = json.loads(row["config"])
    kinds = {"corpora": result.CorpusFigures, "groups": result.GroupFigures, "pairs": result.PairRow}
    own: dict[str, Any] = {
        name: tuple(_one(kinds[name], r) for r in parts[table]) for table, name in PARTS.items()
    }
    plain: dict[str, Any] = {name: row[name] for name in ("command", "started", "finished", "seed")}
    plain |= {name: dict(row[name]) for name in MAPS}
    return result.OverlapReport(
        run=Run(
            id=row["run_id"],
            config={k: tuple(v) if isinstance(v, list) else v for k, v in config.items()},
            **plain,
        ),
        headline=row["headline"],
        weighed=_one(result.Weighed, summary),
        **{name: summary[name] for name in PLAIN},
        recalls=tuple(result.Recall(**r) for r in summary["recalls"]),
        alternatives=tuple(Alternative(**a) for a in summary["alternatives"]),
        notes=tuple(summary["notes"]),
        passages=tuple(_one(result.PassageRow, r) for r in parts["overlap_passages"]),
        **own,
    )


def _run_row(report: Any) -> dict[str, Any]:
    run = report.run
    row = {name: getattr(run, name) for name in ("command", "started", "finished", "seed", *MAPS)}
    return row | {
        "schema_version": "overlap-1.0",
        "headline": report.headline,
        "student": report.corpora[0].name,
        "caveats": [],
        "config": json_text(run.config, "config"),
    }


def _summary(report: Any) -> dict[str, Any]:
    row = {name: getattr(report, name) for name in PLAIN}
    lists = {name: [asdict(one) for one in getattr(report, name)] for name in ("recalls", "alternatives")}
    return asdict(report.weighed) | row | lists | {"notes": list(report.notes)}


def _one(kind: Any, row: dict[str, Any]) -> Any:
    return kind(**{f.name: _tuples(row[f.name]) for f in fields(kind)})


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value


def _has_tables(con: Connection) -> bool:
    return bool(con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'overlap_results'").fetchall())
