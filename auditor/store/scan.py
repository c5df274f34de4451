"""Reads the rows of a run to be hashed: in the order in which they lie, which costs no sorting of long rows.

A run is stored in its order, so that the order of the file is almost always the order of the rows. Leaves out
the hashing (`canonical.py`) and what follows from it (`check.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.store.connection import QUIET
from auditor.store.migrations import Connection
from auditor.store.seal import select_rows

BATCH = 4096
AHEAD = "32MB"  # read ahead of the hashing, by threads of DuckDB
Int64 = NDArray[np.int64]
_PLACES = "SELECT position FROM {table} WHERE run_id = $run"
_ROWS = "SELECT * FROM {table} WHERE run_id = $run"
_LINKS = "SELECT position, probes, samples, responses FROM run_responses WHERE run_id = $run"


def rows_of(con: Connection, table: str, run: str) -> Iterator[pa.Table]:
    """Rows of a run in a table of its own, in their order."""
    places = con.sql(_PLACES.format(table=table), params={"run": run}).to_arrow_table()["position"]
    in_order = not places.null_count and bool((np.diff(places.to_numpy()) > 0).all())
    with _another(con) as own:
        query = own.sql(_ROWS.format(table=table), params={"run": run})
        yield from _batches(query if in_order else select_rows(own, table, run))


def shared_rows(con: Connection, table: str, run: str) -> Iterator[pa.Table]:
    """Rows of a table that runs share, in the order of this run."""
    with _another(con) as own:
        yield from _batches(select_rows(own, table, run))


def numbers_of(con: Connection, run: str) -> Int64:
    """(n_responses,) numbers of the responses of a run, by subject, probe and sample."""
    links = con.sql(_LINKS, params={"run": run}).to_arrow_table()
    lists = {name: links[name].combine_chunks() for name in ("probes", "samples", "responses")}
    subjects = np.repeat(links["position"].to_numpy(), np.diff(lists["responses"].offsets.to_numpy()))
    keys: dict[str, Any] = {name: one.flatten().to_numpy(zero_copy_only=False) for name, one in lists.items()}
    numbers: Int64 = keys["responses"][np.lexsort((keys["samples"], keys["probes"], subjects))]
    return numbers


def responses_of(con: Connection, numbers: Int64) -> Iterator[pa.Table]:
    """Responses with these numbers, in the order in which they lie."""
    with _another(con) as own:
        own.register("wanted", pa.table({"number": pa.array(np.unique(numbers))}))
        yield from _batches(own.sql("SELECT t.* FROM responses t SEMI JOIN wanted USING (number)"))


@contextmanager
def _another(con: Connection) -> Iterator[Connection]:
    """A second connection to the same file: one answers nothing else while rows are still coming."""
    with con.cursor() as own:
        own.execute(QUIET)
        own.execute(f"SET streaming_buffer_size = '{AHEAD}'")
        yield own


def _batches(query: Any) -> Iterator[pa.Table]:
    for batch in query.to_arrow_reader(BATCH):
        yield pa.Table.from_batches([batch])
