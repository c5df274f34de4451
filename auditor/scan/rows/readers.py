"""How each format is read by DuckDB: as JSON lines from our own reader, or by a reader of DuckDB's.

Every source has the columns file (text), row, line and j, a struct with what the plan reads. Leaves out the
rules (`statement.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from auditor.overlap.names import File
from auditor.overlap.statements import listed, literal, quoted
from auditor.scan.rows import sniff
from auditor.scan.rows.batches import Batches
from auditor.scan.rows.columns import Plan, plan
from auditor.scan.rows.files import DataFile
from auditor.scan.rows.lines import LONGEST_LINE, Counts, Lines, is_utf8
from auditor.scan.rows.packed import Unreadable, unpack
from auditor.scan.rows.paths import structure
from auditor.scan.rows.shapes import Shape, of_records

LONGEST_OBJECT = 1 << 28
"""Largest JSON file that is one object; it is read whole."""
LONG_ROW = 1 << 15
"""Mean bytes of a row above which a Parquet file is read in smaller batches than DuckDB's 2,048 rows."""
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Opened:
    """A data file whose columns are known.

    Attributes
    ----------
    path : where its bytes are, unpacked where that was needed. way : how it is read: "lines", "array",
        "object", "csv", "parquet" or "batches". option : a delimiter, encoding or key, by way.
    mean : about how many bytes a row has. rows : in all, about.
    """

    file: DataFile
    path: Path
    way: str
    plan: Plan
    mean: float = 0.0
    rows: int | None = None
    option: str = ""
    types: str = ""

    def thinned(self, sample: int) -> bool:
        """Whether every n-th row is taken, of a format that can only be read from beginning to end."""
        return self.way in ("array", "object", "csv") and 0 < 2 * sample <= (self.rows or 0)

    @property
    def together(self) -> tuple[Any, ...]:
        """Files with the same are read by one statement."""
        alone = self.way in ("array", "object", "csv")
        return self.way, self.plan, self.option, self.types, self.file.path if alone else ""


@dataclass
class Source:
    """A relation: SQL to put after FROM, which of its rows could not be read, and the files by their name.

    Attributes
    ----------
    counts : of each file by name, filled while it is read; empty where DuckDB reads.
    """

    sql: str
    bad: str
    names: dict[str, DataFile]
    counts: dict[str, Counts] = field(default_factory=dict)
    sampled: bool = False


def open_file(con: Connection, root: Path, file: DataFile, sample: int, folder: Path) -> Opened:
    """Look at a file's columns; raise `Unreadable` where that cannot be done."""
    path = root / file.path
    try:
        if file.packed and file.format != "jsonl":
            path = unpack(path, file.packed, folder)
        if file.format == "jsonl":
            shape, mean = sniff.of_lines(path, file.packed)
            return Opened(file, path, "lines", plan(shape), mean)
        if file.format == "json":
            return _json(con, file, path)
        if file.format in ("csv", "tsv"):
            return _csv(con, file, path)
        if file.format == "arrow":
            shape = sniff.of_arrow(con, path, file)
            return Opened(file, path, "batches", plan(shape), types=_types(shape))
        return _parquet(con, file, path, sample)
    except duckdb.Error as error:
        raise Unreadable(_short(error)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"it cannot be read ({str(error)[:200]})") from None


def _json(con: Connection, file: DataFile, path: Path) -> Opened:
    with path.open("rb") as stream:
        start = stream.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"[":
        query = f"SELECT json::VARCHAR FROM {_objects(path, 'array')} LIMIT {sniff.RECORDS}"
        values = [v for (v,) in con.execute(query).fetchall() if v]
        shape = sniff.of_values(values)
        if values and not shape.fields:
            raise Unreadable("it holds no record with named fields")
        mean = sum(map(len, values)) / max(1, len(values))
        return Opened(file, path, "array", plan(shape), rows=int(path.stat().st_size / max(1.0, mean)))
    if path.stat().st_size > LONGEST_OBJECT:
        raise Unreadable("it is one JSON object of more than 256 MiB; write JSON lines")
    try:
        whole = json.loads(path.read_bytes().decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON ({str(error)[:100]})") from None
    if not isinstance(whole, dict):
        raise Unreadable("it holds no record with named fields")
    keys = [k for k, v in whole.items() if isinstance(v, list) and v and isinstance(v[0], dict)]
    key = max(keys, key=lambda k: len(whole[k]), default="")
    records = whole[key] if key else [whole]
    shape = of_records(records[: sniff.RECORDS])
    return Opened(file, path, "object", plan(shape), rows=len(records), option=key)


def _csv(con: Connection, file: DataFile, path: Path) -> Opened:
    delimiter = "\t" if file.format == "tsv" else ""
    encoding = "utf-8" if is_utf8(path) else "latin-1"
    shape = sniff.of_table(con, _csv_scan(path, delimiter, encoding))
    with path.open("rb") as stream:
        start = stream.read(1 << 20)
    rows = int(path.stat().st_size / max(1, len(start)) * start.count(b"\n"))
    option = f"{delimiter}|{encoding}"
    return Opened(file, path, "csv", plan(shape), rows=rows, option=option, types=_types(shape))


def _parquet(con: Connection, file: DataFile, path: Path, sample: int) -> Opened:
    metadata = pq.read_metadata(path)
    rows = metadata.num_rows
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    shape = sniff.of_table(con, f"read_parquet({listed([File(path, 'parquet')])}, hive_partitioning = false)")
    long = size / max(1, rows) > LONG_ROW
    way = "batches" if long or (sample and rows > sample) else "parquet"
    return Opened(file, path, way, plan(shape), size / max(1, rows), rows, types=_types(shape))


def _types(shape: Shape) -> str:
    return ",".join(f"{n}:{bool(s.fields)}{bool(s.items)}" for n, s in sorted(shape.fields.items()))


def source(con: Connection, files: Sequence[Opened], sample: int) -> Source:
    """The relation of some files that are read together."""
    first = files[0]
    numbered = {str(i): f.file for i, f in enumerate(files)}
    if first.way == "lines":
        lines = Lines([(f.path, f.file.packed) for f in files], sample, [f.mean for f in files])
        con.register("audit_lines", lines.reader())
        counts = {str(i): c for i, c in enumerate(lines.counts)}
        return Source(_records(first.plan, "audit_lines", "text"), "j IS NULL", numbered, counts)
    if first.way == "batches":
        columns = _columns(first.plan)
        batches = Batches([(f.path, f.file.format) for f in files], columns, sample)
        con.register("audit_batches", batches.reader())
        numbers = "CAST(audit_file AS VARCHAR) AS file, audit_row AS row, NULL::BIGINT AS line"
        sql = f"(SELECT {numbers}, {_struct(columns)} AS j FROM audit_batches)"
        return Source(sql, "false", numbered, {str(i): c for i, c in enumerate(batches.counts)})
    if first.way == "parquet":
        paths = listed([File(f.path, "parquet") for f in files])
        scan = (
            f"read_parquet({paths}, filename = 'audit_file', file_row_number = true, "
            "hive_partitioning = false, union_by_name = true)"
        )
        numbers = "audit_file AS file, file_row_number + 1 AS row, NULL::BIGINT AS line"
        sql = f"(SELECT {numbers}, {_struct(_columns(first.plan))} AS j FROM {scan})"
        return Source(sql, "false", {str(f.path): f.file for f in files})
    rows = "row_number() OVER () AS row, NULL::BIGINT AS line"
    if first.way == "csv":
        delimiter, encoding = first.option.split("|")
        scan = _csv_scan(first.path, delimiter, encoding)
        sql = f"(SELECT '0' AS file, {rows}, {_struct(_columns(first.plan))} AS j FROM {scan})"
        return Source(sql, "false", numbered)
    if first.way == "array":
        scan = f"(SELECT '0' AS file, {rows}, json::VARCHAR AS text FROM {_objects(first.path, 'array')})"
    else:
        whole = f"SELECT content AS text FROM read_text({literal(str(first.path))})"
        if first.option:
            key = literal(json.dumps({first.option: ["JSON"]}))
            each = f"unnest(struct_extract(from_json(text, {key}), {literal(first.option)}))"
            whole = f"SELECT {each}::VARCHAR AS text FROM ({whole})"
        scan = f"(SELECT '0' AS file, {rows}, text FROM ({whole}))"
    return Source(_records(first.plan, scan, "text"), "j IS NULL", numbered)


def _records(wanted: Plan, scan: str, column: str) -> str:
    """Records of JSON as structs; NULL where one cannot be parsed."""
    shape = structure([p.steps for p in wanted.places])
    if not isinstance(shape, dict):
        shape = {"_": "VARCHAR"}
    parsed = f"TRY(from_json({column}, {literal(json.dumps(shape))}))"
    return f"(SELECT CAST(file AS VARCHAR) AS file, row, line, {parsed} AS j FROM {scan})"


def _columns(wanted: Plan) -> list[str]:
    return list(dict.fromkeys(p.steps[0] for p in wanted.places))


def _struct(columns: Sequence[str]) -> str:
    """Columns as one struct, so that their names meet no other."""
    if not columns:
        return "{'_': NULL}"
    return "{" + ", ".join(f"{literal(c)}: {quoted(c)}" for c in columns) + "}"


def _objects(path: Path, kind: str) -> str:
    paths = listed([File(path, "json")])
    return f"read_json_objects({paths}, format = '{kind}', maximum_object_size = {LONGEST_LINE})"


def _csv_scan(path: Path, delimiter: str, encoding: str) -> str:
    between = f", delim = {literal(delimiter)}" if delimiter else ""
    return (
        f"read_csv({listed([File(path, 'csv')])}, all_varchar = true, header = true, strict_mode = false, "
        f"hive_partitioning = false, ignore_errors = true, null_padding = true, "
        f"max_line_size = {1 << 24}, encoding = {literal(encoding)}{between})"
    )


def _short(error: Exception) -> str:
    """What DuckDB said, in one line, without its advice and without paths."""
    first = " ".join(str(error).split("\n\n", maxsplit=1)[0].split())
    return f"DuckDB says: {first[:240]}"
