"""What records of a file look like: some of them, or its types, as a `Shape`.

A few hundred records are looked at here one by one; the pass over all rows is DuckDB's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from auditor.overlap.statements import quoted
from auditor.scan.rows.batches import schema_of
from auditor.scan.rows.files import DataFile
from auditor.scan.rows.lines import Lines
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.shapes import Shape, of_records, of_type

RECORDS = 400
BYTES = 1 << 21
PLACES = 4
JSON_INSIDE = (
    *("meta", "info", "extra", "generation", "conversation", "messages", "response", "raw", "distilabel"),
    *("request", "body", "chat", "chosen", "rejected", "completion", "details"),
)
"""Beginnings of names of columns of text that often hold JSON."""
COMMON = ("model", "model_name", "generator", "teacher", "source", "dataset")
"""Fields that are read of JSON lines also where no line looked at has them: files are put together."""
Connection = duckdb.DuckDBPyConnection


def of_lines(path: Path, packed: str) -> tuple[Shape, float]:
    """Shape of JSON lines from several places, and the mean length of a line; raises if none is JSON."""
    lines = list(_some_lines(path, packed))
    records = list(_parsed(lines))
    if lines and not records:
        raise Unreadable("its lines are no JSON")
    shape = of_records(records)
    have = {name.lower() for name in shape.fields}
    for name in COMMON:
        if name not in have:
            shape.fields[name] = Shape(text=True)
    return shape, max(1.0, sum(map(len, lines)) / max(1, len(lines)))


def _some_lines(path: Path, packed: str) -> Iterator[str]:
    """The first lines, and some from further on where the file can be entered there."""
    found = 0
    for batch in Lines([(path, packed)], 0, [1.0]).batches():
        lines = batch.column("text").slice(0, RECORDS - found).to_pylist()
        found += len(lines)
        yield from lines
        if found >= RECORDS or (found and batch.nbytes > BYTES):
            break
    size = path.stat().st_size
    if packed or size < PLACES * BYTES:
        return
    with path.open("rb") as stream:
        for i in range(1, PLACES):
            stream.seek(size // PLACES * i)
            lines = stream.read(BYTES).split(b"\n")[1:-1]
            yield from (line.decode("utf-8", "replace") for line in lines[: RECORDS // PLACES])


def _parsed(lines: list[str]) -> Iterator[Any]:
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def of_values(values: list[str]) -> Shape:
    """Shape of records of JSON."""
    return of_records(_parsed(values))


def of_table(con: Connection, scan: str) -> Shape:
    """Shape of a table that DuckDB reads: its types, and what columns of text hold where it is JSON."""
    found = con.sql(f"SELECT * FROM {scan}")
    shape = Shape(fields={n: of_type(t) for n, t in zip(found.columns, found.types, strict=True)})
    texts = [n for n, t in zip(found.columns, found.types, strict=True) if _may_hold_json(n, t)]
    if texts:
        columns = ", ".join(f"CAST({quoted(n)} AS VARCHAR)" for n in texts)
        for row in con.execute(f"SELECT {columns} FROM {scan} LIMIT 20").fetchall():
            for name, value in zip(texts, row, strict=True):
                shape.fields[name].add(value)
    return shape


def of_arrow(con: Connection, path: Path, file: DataFile) -> Shape:
    """Shape of an Arrow file's schema."""
    found = con.from_arrow(schema_of(path, file.format).empty_table())
    return Shape(fields={n: of_type(t) for n, t in zip(found.columns, found.types, strict=True)})


def _may_hold_json(name: str, kind: Any) -> bool:
    return kind.id == "varchar" and name.lower().startswith(JSON_INSIDE)
