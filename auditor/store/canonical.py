r"""The canonical form of a stored row, and the SHA-256 of it that the row carries as `content_hash`.

Fixed from the first migration; it leaves out the chain over rows (`seal.py`).

1. A row is a JSON object, column name -> value, without `content_hash`. A column that is NULL is left out,
   so that a column added by a later migration does not change the hash of rows written before it.
2. JSON text: keys sorted by code point, separators "," and ":" without spaces, UTF-8. In strings only `"`,
   `\` and U+0000-U+001F are escaped (`\b \t \n \f \r`, else `\u00xx` in lower case), as in RFC 8785.
3. Integers in decimal; booleans `true`, `false`; NULL inside a list or struct `null`.
4. DOUBLE: the shortest decimal text that reads back as the same float64, as Python's `repr` writes it
   (`1.0`, `1e-05`, `-0.0`); `NaN`, `Infinity`, `-Infinity` without quotes.
5. FLOAT[] (the values of a measurement): the string `float32:<n>:<sha256>`, SHA-256 in lower-case hex of the
   n values as little-endian float32; every NaN as bits 7fc00000, a NULL element as bits ffffffff.
6. MAP: a JSON object; STRUCT: a JSON object; list: a JSON array. A column holding JSON text is a string.
7. `responses` leaves out `number`, the place of a response in one file; `run_responses` puts, instead of
   such numbers, the content hashes of the responses meant.

`content_hash` is SHA-256 (lower-case hex) of that UTF-8 text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NAN_BITS = 0x7FC00000
NULL_BITS = 0xFFFFFFFF
BATCH = 1024

canonical_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def hash_value(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON text of `value`."""
    return sha256(canonical_json(value).encode()).hexdigest()


def hash_rows(table: pa.Table) -> list[str]:
    """Content hash of each row; a `content_hash` column in `table` is not part of it."""
    names = sorted(name for name in table.column_names if name != "content_hash")
    if not names:
        return []
    hashes: list[str] = []
    for batch in table.select(names).to_batches(max_chunksize=BATCH):
        columns = [_column(batch.column(name)) for name in names]
        hashes += [_hash_row(names, values) for values in zip(*columns, strict=True)]
    return hashes


def digest(hashes: Iterable[str]) -> str:
    """SHA-256 (hex) over content hashes in order, each followed by a line feed."""
    whole = sha256()
    for one in hashes:
        whole.update(one.encode() + b"\n")
    return whole.hexdigest()


def _hash_row(names: list[str], values: tuple[Any, ...]) -> str:
    return hash_value({n: v for n, v in zip(names, values, strict=True) if v is not None})


def _column(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_map(kind):
        return [None if pairs is None else dict(pairs) for pairs in column.to_pylist()]
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if is_list and pa.types.is_float32(kind.value_type):
        return list(_float_lists(column))
    return column.to_pylist()  # type: ignore[no-any-return]


def _float_lists(column: pa.Array) -> Iterator[str | None]:
    offsets = column.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])  # a slice of a table keeps all its values
    bits = float_bits(column.values.slice(first, last - first))
    offsets = offsets - first
    for row, is_null in enumerate(column.is_null().to_pylist()):
        part = bits[offsets[row] : offsets[row + 1]]
        yield None if is_null else f"float32:{len(part)}:{sha256(part.tobytes()).hexdigest()}"


def float_bits(values: pa.Array) -> NDArray[np.uint32]:
    """Bits of float32 `values` as little-endian uint32, one bit pattern for NaN and one for NULL."""
    floats = values.to_numpy(zero_copy_only=False).astype("<f4")
    bits: NDArray[np.uint32] = floats.view("<u4")
    bits[np.isnan(floats)] = NAN_BITS
    if values.null_count:
        bits[values.is_null().to_numpy(zero_copy_only=False)] = NULL_BITS
    return bits
