"""One pass over some files: runs the statement, and reads a file alone where several cannot be read together.

Leaves out what groups of rows mean (`tally.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from auditor.scan.rows.columns import Plan
from auditor.scan.rows.files import DataFile
from auditor.scan.rows.lines import Counts, line_numbers
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.readers import Connection, Opened, _short, source
from auditor.scan.rows.statement import BETWEEN, GROUPS, statement

MEMORY = "1GiB"
MOST_THREADS = 8
NUMBERED = 10 << 30
"""Largest file that is looked through for the line numbers of a sample's examples."""


@dataclass(frozen=True)
class Group:
    """Rows of one file with the same keys.

    Attributes
    ----------
    keys : g0, d0, l0, n0, v0 ... as in the statement. hits : what texts show. examples : some of its rows.
    """

    file: DataFile
    plan: Plan
    keys: dict[str, Any]
    hits: tuple[str, ...]
    rows: int
    bad: int
    first: date | None
    last: date | None
    examples: tuple[dict[str, Any], ...]


@dataclass
class Looked:
    """What a pass brought: groups; by path, what became of a file's lines, or why it could not be read."""

    groups: list[Group] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@contextmanager
def connected(folder: Path) -> Iterator[Connection]:
    """A connection that spills into a folder, and takes no more than `MEMORY` besides its batches."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": str(min(MOST_THREADS, os.cpu_count() or 1)),
        "temp_directory": str(folder),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "arrow_large_buffer_size": "true",
    }
    con = duckdb.connect(config=settings)
    try:
        con.execute("SET enable_progress_bar = false")
        yield con
    finally:
        con.close()


def look(con: Connection, files: Sequence[Opened], sample: int) -> Looked:
    """Apply every rule to files that are read together; one that cannot be read does not stop the others."""
    try:
        return _pass(con, files, sample)
    except (duckdb.Error, pa.ArrowException, OSError, Unreadable, ValueError, KeyError) as error:
        if len(files) == 1:
            why = str(error) if isinstance(error, Unreadable) else _short(error)
            return Looked(failed={files[0].file.path: why})
    whole = Looked()
    for one in files:
        found = look(con, [one], sample)
        whole.groups += found.groups
        whole.counts |= found.counts
        whole.failed |= found.failed
        whole.notes += found.notes
    return whole


def _pass(con: Connection, files: Sequence[Opened], sample: int) -> Looked:
    one = source(con, files, sample)
    where = ""
    if files[0].thinned(sample):
        every = (files[0].rows or 0) // sample
        where = f"row % {every} = 1"
    found = con.execute(statement(files[0].plan, one.sql, "j", one.bad, where))
    names = [str(column[0]) for column in found.description or ()]
    looked = Looked(counts={one.names[name].path: c for name, c in one.counts.items()})
    # Rows of this table are groups, not rows of a file.
    for values in found.fetchall():
        row = dict(zip(names, values, strict=True))
        looked.groups.append(_group(row, one.names[row["file"]], files[0].plan))
    if len(looked.groups) >= GROUPS:
        looked.notes.append(
            f"{files[0].file.path}: rows of more than {GROUPS:,} kinds; the rarest were not counted."
        )
    for opened in files:
        if looked.counts.get(opened.file.path, Counts()).sampled and not opened.file.packed:
            _number([g for g in looked.groups if g.file == opened.file], opened)
    return looked


def _number(groups: Sequence[Group], opened: Opened) -> None:
    """Give examples out of a sample of lines their line numbers, where the file is not too large for that."""
    examples = [e for g in groups for e in g.examples if (e["line"] or 0) < 0]
    offsets = {-1 - e["line"] for e in examples}
    known = line_numbers(opened.path, sorted(offsets)) if opened.file.size <= NUMBERED else {}
    for example in examples:
        example["line"] = known.get(-1 - example["line"])


def _group(row: dict[str, Any], file: DataFile, plan: Plan) -> Group:
    fixed = ("file", "hits", "n", "n_bad", "first", "last", "examples")
    return Group(
        file=file,
        plan=plan,
        keys={k: v for k, v in row.items() if k not in fixed},
        hits=tuple(h for h in (row["hits"] or "").split(BETWEEN) if h),
        rows=row["n"],
        bad=row["n_bad"],
        first=row["first"],
        last=row["last"],
        examples=tuple(row["examples"] or ()),
    )
