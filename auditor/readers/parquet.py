"""Plain Parquet with named columns, and what any Parquet reader here shares.

Leaves out partitioned folders: one file is one source.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import AuditError
from auditor.readers.columns import chosen, to_recorded
from auditor.readers.options import ReadOptions
from auditor.recorded import Recorded

name = "parquet"
MAGIC = b"PAR1"
_BATCH = 1 << 14  # rows


def matches(path: Path, head: bytes) -> bool:
    """Whether the file begins as Parquet does."""
    return head.startswith(MAGIC)


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read the columns of a Parquet file that say who answered what."""
    return to_recorded(read_columns(path, options), path, options, name)


def schema_of(path: Path) -> pa.Schema:
    """Column names and types, without the rows."""
    try:
        return pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from None


def read_columns(path: Path, options: ReadOptions) -> pa.Table:
    """Only the columns that are used."""
    names = schema_of(path).names
    wanted = chosen(names, options, path).values()
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            # By batches: reading a row group at once takes twice the memory of its texts.
            batches = list(file.iter_batches(_BATCH, columns=list(wanted)))
            return pa.Table.from_batches(batches, file.schema_arrow if not batches else None)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> AuditError:
    return AuditError(
        f"{path}: not readable as Parquet ({str(error).splitlines()[0]}). "
        "The file may be cut off: get it again."
    )
