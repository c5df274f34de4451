"""Documents as one buffer of bytes and where each begins: what every kernel reads.

It is Arrow's layout of a string column, so a column of DuckDB, Parquet or pyarrow is taken as it lies in
memory. Leaves out decoding: bytes are bytes, valid UTF-8 or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint32]
Eights = NDArray[np.uint64]
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Documents back to back.

    Attributes
    ----------
    data : (n_bytes,) uint8.
    offsets : (n_documents + 1,) int64, not falling; document i is data[offsets[i] : offsets[i + 1]].
    """

    data: Bytes
    offsets: Positions

    def __post_init__(self) -> None:
        if self.data.dtype != np.uint8 or self.data.ndim != 1 or not self.data.flags.c_contiguous:
            raise TypeError(f"data must be one row of uint8, got {self.data.ndim}-d {self.data.dtype}.")
        if self.offsets.dtype != np.int64 or self.offsets.ndim != 1 or not len(self.offsets):
            raise TypeError(
                f"offsets must be one row of int64, one more than there are documents, "
                f"got {self.offsets.ndim}-d {self.offsets.dtype} of {self.offsets.size}."
            )
        ends = self.offsets[[0, -1]]
        if ends[0] < 0 or ends[1] > len(self.data) or np.any(np.diff(self.offsets) < 0):
            raise ValueError(f"offsets must not fall and lie within the {len(self.data):,} bytes of data.")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_bytes(self) -> int:
        """Bytes of all documents."""
        return int(self.offsets[-1] - self.offsets[0])


def texts_of(documents: pa.Array | pa.ChunkedArray | Iterable[str | bytes | None] | Texts) -> Texts:
    """Any column of text as `Texts`; null counts as empty.

    A pyarrow large_string, large_binary, string or binary array without nulls that hold bytes is not copied
    (of the last two the offsets are, 8 bytes a document). Everything else goes through pyarrow.

    Raises
    ------
    TypeError : the column does not hold text.
    """
    if isinstance(documents, Texts):
        return documents
    if isinstance(documents, pa.ChunkedArray):
        documents = documents.combine_chunks() if documents.num_chunks != 1 else documents.chunk(0)
    if not isinstance(documents, pa.Array):
        listed = list(documents)
        kind = pa.large_binary() if any(isinstance(d, bytes) for d in listed) else pa.large_string()
        documents = pa.array(listed, kind)
    return _of_array(documents)


def _of_array(array: pa.Array) -> Texts:
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    narrow = pa.types.is_string(array.type) or pa.types.is_binary(array.type)
    if not (wide or narrow):
        if pa.types.is_null(array.type) or pa.types.is_string_view(array.type):
            return _of_array(array.cast(pa.large_string()))
        if pa.types.is_dictionary(array.type):
            return _of_array(array.dictionary_decode())
        raise TypeError(f"documents must be a column of strings or bytes, got {array.type}.")
    if array.null_count and _bytes_under_nulls(array):
        array = array.fill_null(b"" if "binary" in str(array.type) else "")
    _, offset_buffer, data_buffer = array.buffers()
    kind = np.dtype(np.int64 if wide else np.int32)
    if offset_buffer is None or not len(array):
        return Texts(np.empty(0, np.uint8), np.zeros(len(array) + 1, np.int64))
    offsets = np.frombuffer(offset_buffer, kind, len(array) + 1, array.offset * kind.itemsize)
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    return Texts(data, offsets.astype(np.int64, copy=False))


def _bytes_under_nulls(array: pa.Array) -> bool:
    """Whether a null of the column still has bytes in the buffer (allowed, and would count as text)."""
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    kind = np.dtype(np.int64 if wide else np.int32)
    offsets = np.frombuffer(array.buffers()[1], kind, len(array) + 1, array.offset * kind.itemsize)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return bool(np.any(np.diff(offsets)[missing]))
