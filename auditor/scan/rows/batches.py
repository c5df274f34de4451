"""Record batches of Arrow files, and of Parquet files that are sampled or hold very long texts.

Leaves out what a column means. Arrow files are mapped into memory; each batch is checked before DuckDB sees
it, since offsets in a hostile file may point anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from auditor.scan.rows.lines import PIECES, Counts

MOST_BYTES = 1 << 24
MOST_ROWS = 1 << 14


@dataclass
class Batches:
    """Some columns of some files of one schema, with their numbers.

    Attributes
    ----------
    files : path and format ("arrow" or "parquet"). columns : names, those of the plan. sample : rows of a
        file at most; 0 = all.
    """

    files: Sequence[tuple[Path, str]]
    columns: Sequence[str]
    sample: int

    def __post_init__(self) -> None:
        self.counts = [Counts() for _ in self.files]
        schema = schema_of(*self.files[0])
        self.schema = pa.schema(
            [
                *(schema.field(c) for c in self.columns),
                ("audit_file", pa.int64()),
                ("audit_row", pa.int64()),
            ]
        )

    def reader(self) -> pa.RecordBatchReader:
        """For DuckDB: the columns, audit_file, and audit_row from 1."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows that are wanted; a file that is damaged ends where it is."""
        for number, (path, format) in enumerate(self.files):
            counts = self.counts[number]
            try:
                for first, batch in self._of(path, format, counts):
                    counts.lines += len(batch)
                    rows = np.arange(first + 1, first + 1 + len(batch))
                    own = [*batch.columns, pa.array(np.full(len(batch), number)), pa.array(rows)]
                    yield pa.record_batch(own, schema=self.schema)
            except (OSError, pa.ArrowException, ValueError) as error:
                counts.why = f"it is damaged or cut off ({str(error)[:200]})"

    def _of(self, path: Path, format: str, counts: Counts) -> Iterator[tuple[int, pa.RecordBatch]]:
        names = list(self.columns)
        if format == "parquet":
            yield from self._of_parquet(path, names, counts)
            return
        # Of a file in memory the number of rows of a batch costs nothing.
        lengths = [len(batch) for batch in arrow_batches(path)]
        chosen, wanted = self._chosen(lengths, counts)
        seen = 0
        for number, batch in enumerate(arrow_batches(path)):
            if number in chosen:
                own = batch.select(names)
                own.validate(full=True)
                own = own.slice(0, wanted)
                rows = max(1, min(MOST_ROWS, len(own) // max(1, own.nbytes // MOST_BYTES)))
                for at in range(0, len(own), rows):
                    yield seen + at, own.slice(at, rows)
            seen += len(batch)

    def _chosen(self, lengths: Sequence[int], counts: Counts) -> tuple[set[int], int]:
        """Which batches, or groups of rows, are read, and how many rows of each at most."""
        total = sum(lengths)
        if not self.sample or total <= self.sample:
            return set(range(len(lengths))), max(1, total)
        counts.sampled = True
        pieces = min(PIECES, len(lengths), self.sample)
        chosen = {int(i) for i in np.linspace(0, len(lengths) - 1, pieces)}
        return chosen, -(-self.sample // len(chosen))

    def _of_parquet(
        self, path: Path, names: list[str], counts: Counts
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        with pq.ParquetFile(path, memory_map=True) as file:
            metadata = file.metadata
            groups = [metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
            starts = np.r_[0, np.cumsum(groups)]
            chosen, wanted = self._chosen(groups, counts)
            size = sum(metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
            rows = max(1, min(MOST_ROWS, MOST_BYTES * int(starts[-1]) // max(1, size)))
            for group in sorted(chosen):
                at = 0
                for batch in file.iter_batches(rows, row_groups=[group], columns=names, use_threads=False):
                    piece = batch.select(names).slice(0, wanted - at)
                    yield int(starts[group]) + at, piece
                    at += len(piece)
                    if at >= wanted:
                        break


def schema_of(path: Path, format: str) -> pa.Schema:
    """Names and types of the columns."""
    if format == "parquet":
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as source:
        return _reader(source).schema


def arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow file or stream."""
    with pa.memory_map(str(path)) as source:
        reader = _reader(source)
        if isinstance(reader, pa.ipc.RecordBatchFileReader):
            yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            yield from reader


def _reader(source: Any) -> Any:
    start = source.read(6)
    source.seek(0)
    return pa.ipc.open_file(source) if start == b"ARROW1" else pa.ipc.open_stream(source)
