"""The files of a part, a row a document in each, in the same row groups; written as batches come.

documents.parquet : digest (16 bytes of the text's SHA-256), id, source, teacher, how many different
shingles (0 if it repeats another). signatures.parquet : k uint32, little-endian. keys.parquet : a uint64 for
each band. samples.parquet : uint64 of the shingles kept for --containment. The last three are
null for documents that repeat an earlier one of the part, or have no shingle. Leaves out where documents
come from (`build.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.overlap.index.manifest import Settings
from auditor.overlap.keyed import Int64, UInt64
from detectors.minhash.bands import NO_KEY, Bands
from detectors.minhash.exact import ShingleSets
from detectors.minhash.sampled import Sample

DOCUMENTS, SIGNATURES, KEYS, SAMPLES = (
    f"{name}.parquet" for name in ("documents", "signatures", "keys", "samples")
)
UInt32 = np.ndarray[Any, np.dtype[np.uint32]]
STRINGS = pa.dictionary(pa.int32(), pa.large_string())
DOCUMENT_COLUMNS = pa.schema(
    [
        ("digest", pa.binary(16)),
        ("id", pa.large_string()),
        ("source", STRINGS),
        ("teacher", STRINGS),
        ("shingles", pa.int64()),
    ]
)


def names(settings: Settings) -> tuple[str, ...]:
    """Files of a part: a sketch has no keys, since signatures make them, and none of the shingles."""
    kept = [DOCUMENTS, SIGNATURES]
    if not settings.sketch:
        kept.append(KEYS)
    if settings.rate is not None:
        kept.append(SAMPLES)
    return tuple(kept)


class Writer:
    """Writes the files of a part into a folder."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._settings = settings
        schemas = {
            DOCUMENTS: DOCUMENT_COLUMNS,
            SIGNATURES: pa.schema([("signature", pa.binary(4 * settings.k))]),
            KEYS: pa.schema([("keys", pa.binary(8 * settings.bands))]),
            SAMPLES: pa.schema([("sample", pa.large_list(pa.uint64()))]),
        }
        # What is as good as random does not get smaller by packing.
        self._files = {
            name: pq.ParquetWriter(
                folder / name,
                schemas[name],
                compression="zstd" if name == DOCUMENTS else "none",
                use_dictionary=["source", "teacher"] if name == DOCUMENTS else False,
                write_statistics=False,
            )
            for name in names(settings)
        }

    def add(
        self, documents: pa.RecordBatch, rows: Int64, signatures: UInt32, sets: ShingleSets | None
    ) -> None:
        """A batch: its columns, which rows are fresh ((n,) int64), and what those have; sets for samples."""
        settings, n = self._settings, len(documents)
        self._write(DOCUMENTS, documents)
        cut = Bands(settings.bands, settings.rows)
        keys = cut.keys(signatures)
        some = keys[:, 0] != NO_KEY
        self._write(SIGNATURES, _fixed(signatures[some], rows[some], n))
        if KEYS in self._files:
            self._write(KEYS, _fixed(keys[some], rows[some], n))
        if settings.rate is not None and sets is not None:
            values, of = Sample(settings.rate).of(sets)
            ends = np.searchsorted(rows[of], np.arange(n + 1))
            self._write(SAMPLES, pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), pa.array(values)))

    def close(self) -> None:
        """Complete the files."""
        for file in self._files.values():
            file.close()

    def _write(self, name: str, found: pa.RecordBatch | pa.Array) -> None:
        file = self._files[name]
        if not isinstance(found, pa.RecordBatch):
            found = pa.RecordBatch.from_arrays([found], schema=file.schema)
        file.write_table(pa.Table.from_batches([found], file.schema), row_group_size=max(1, len(found)))


def groups(path: Path) -> Iterator[pa.Table]:
    """The batches of a file, as they were written."""
    with pq.ParquetFile(path) as file:
        for i in range(file.num_row_groups):
            yield file.read_row_group(i).combine_chunks()


def numbers(column: pa.ChunkedArray, kind: Any) -> tuple[Int64, Any]:
    """Rows of a column of `_fixed` that are there, and their numbers as a matrix of `kind`."""
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    array = array.drop_null()
    width = array.type.byte_width
    size = np.dtype(kind).itemsize
    if not len(array):
        return rows, np.empty((0, width // size), kind)
    flat = np.frombuffer(array.buffers()[1], np.uint8, len(array) * width, array.offset * width)
    return rows, flat.view(np.dtype(kind).newbyteorder("<")).reshape(len(array), -1)


def digests(column: pa.ChunkedArray) -> UInt64:
    """(n, 2) uint64 of the column digest."""
    found: UInt64 = numbers(column, np.uint64)[1]
    return found


def fixed(values: np.ndarray[Any, Any]) -> pa.Array:
    """Rows of a matrix of numbers as bytes, little-endian."""
    width = values.shape[1] * values.dtype.itemsize
    flat = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(values), [None, pa.py_buffer(flat.tobytes())]
    )


def _fixed(values: np.ndarray[Any, Any], rows: Int64, n: int) -> pa.Array:
    """The same for n documents, of which only `rows` have values; the others are null."""
    places = np.full(n, -1, np.int64)
    places[rows] = np.arange(len(rows))
    return fixed(values).take(pa.array(places, mask=places < 0))
