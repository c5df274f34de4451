"""The join where keys do not fit in memory: both sides' keys as tables of DuckDB, joined on disk.

The pairs are those of `join.py`: of a key the `cap` lowest right documents are looked at, a document that
has a key twice counts once. DuckDB's joins, windows and counts work in parts and spill, so memory hangs
neither on the number of keys nor on how many documents share one. Leaves out making keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from auditor.errors import IncompleteError
from auditor.overlap.keyed import Keyed
from auditor.overlap.keys import Recipe
from detectors.minhash.bands import NO_KEY

LEAST = 1 << 29
"""Bytes that DuckDB gets in any case; with less its joins and counts do not find room, spill or not."""
A_THREAD = 1 << 28
"""Bytes for each of its threads."""
ROWS = 1 << 20
Int64 = np.ndarray[Any, np.dtype[np.int64]]
_LOOKED_AT = """CREATE OR REPLACE TABLE looked_at AS
SELECT key, document, many FROM (
    SELECT key, document, row_number() OVER same AS place, count(*) OVER (PARTITION BY key) AS many
    FROM (SELECT DISTINCT key, document FROM right_{0} SEMI JOIN left_{0} USING (key))
    WINDOW same AS (PARTITION BY key ORDER BY document)
) WHERE place <= {1}"""
_MET = """CREATE OR REPLACE TABLE met AS
SELECT DISTINCT key, document FROM left_{0} SEMI JOIN looked_at USING (key)"""
_PAIRS = """SELECT met.document AS l, looked_at.document AS r, count(*) AS shared
FROM met JOIN looked_at USING (key) GROUP BY ALL"""
_CROWDED = "SELECT DISTINCT met.document AS l FROM met JOIN looked_at USING (key) WHERE many > {0}"


class DiskKeys:
    """Keys of both sides by recipe, in a file of the spill folder."""

    def __init__(self, folder: Path, recipes: Sequence[Recipe], memory: int) -> None:
        self._path, self._recipes = folder / "keys.duckdb", recipes
        self._counts: list[list[Int64]] = [[np.empty(0, np.int64)] for _ in recipes]
        memory = max(memory, LEAST)
        with _told(folder):
            self._con = duckdb.connect(
                str(self._path),
                config={
                    "memory_limit": f"{memory}B",
                    "threads": str(min(cpu_count() or 1, memory // A_THREAD)),
                    "temp_directory": str(folder / "keys.tmp"),
                    "preserve_insertion_order": "false",
                },
            )
            # DuckDB would draw a bar of its own, on stdout.
            self._con.execute("SET enable_progress_bar = false")
            for side in ("left", "right"):
                for at in range(len(recipes)):
                    self._con.execute(f"CREATE TABLE {side}_{at} (key UBIGINT, document BIGINT)")

    def add(self, side: str, numbers: Int64, keyed: Keyed) -> None:
        """Keep the keys of the next batch of a side, "left" or "right": (n,) document numbers, their keys."""
        for at, recipe in enumerate(self._recipes):
            some = keyed.keys[at] != NO_KEY
            batch = pa.table({"key": keyed.keys[at][some], "document": numbers[keyed.rows[at][some]]})
            with _told(self._path.parent):
                self._con.register("batch", batch)
                self._con.execute(f"INSERT INTO {side}_{at} FROM batch")
                self._con.unregister("batch")
            if side == "right" and recipe.kind == "sample":
                self._counts[at].append(keyed.counts[at])

    def join(self, at: int, cap: int) -> tuple[tuple[Int64, Int64], Int64]:
        """Left and right documents of the candidates of recipe number `at`; left ones that are crowded."""
        recipe, sampled = self._recipes[at], np.concatenate(self._counts[at])
        pairs = [(np.empty(0, np.int64),) * 2]
        with _told(self._path.parent):
            self._con.execute(_LOOKED_AT.format(at, cap))
            self._con.execute(_MET.format(at))
            crowded = self._con.sql(_CROWDED.format(cap)).fetchnumpy()["l"]
            for batch in self._con.sql(_PAIRS).to_arrow_reader(ROWS):
                left, right, shared = (batch.column(k).to_numpy() for k in ("l", "r", "shared"))
                if recipe.kind == "sample":
                    enough = shared >= recipe.least_shared(sampled[right])
                    left, right = left[enough], right[enough]
                pairs.append((left, right))
        left, right = (np.concatenate([p[i] for p in pairs]) for i in (0, 1))
        return (left, right), np.asarray(crowded, np.int64)

    def close(self) -> None:
        """Remove the file."""
        self._con.close()
        self._path.unlink(missing_ok=True)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """The user's message for what DuckDB says of disk and memory."""
    try:
        yield
    except duckdb.Error as error:
        said = str(error)
        if re.search("no space left|disk quota|max_temp_directory_size|file too large", said, re.IGNORECASE):
            raise IncompleteError(
                f"No space for spill in {folder}: keys that do not fit in memory are kept there while the "
                "command runs. Free some space, or name a folder on another disk with --spill."
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise IncompleteError(
                "The memory for keys does not do to join them. Give more with --memory. "
                f"DuckDB says: {' '.join(said.split())[:300]}"
            ) from error
        raise
