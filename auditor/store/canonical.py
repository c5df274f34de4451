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
LONG = 256  # bytes of a text, in the mean of a batch, from which escaping all at once is faster
_APART = b"\x1e"
_ESCAPES = tuple(
    (plain, b"\\" + sign)
    for plain, sign in zip(b'\\ " \b \t \n \f \r'.split(b" "), b'\\ " b t n f r'.split(b" "), strict=True)
)
_SHORT = np.isin(np.arange(0x20), list(b"\b\t\n\f\r"))  # control characters with an escape of two characters

canonical_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def hash_value(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON text of `value`."""
    return sha256(canonical_json(value).encode()).hexdigest()


def hash_rows(table: pa.Table) -> list[str]:
    """Content hash of each row; a `content_hash` column in `table` is not part of it."""
    names = sorted(name for name in table.column_names if name != "content_hash")
    if not names:
        return []
    keys = [f"{canonical_json(name)}:".encode() for name in names]
    hashes: list[str] = []
    for batch in table.select(names).to_batches(max_chunksize=BATCH):
        columns = [_column(batch.column(name), key) for name, key in zip(names, keys, strict=True)]
        hashes += [_hash_row(members) for members in zip(*columns, strict=True)]
    return hashes


def digest(hashes: Iterable[str]) -> str:
    """SHA-256 (hex) over content hashes in order, each followed by a line feed."""
    return sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest()


def _hash_row(members: tuple[bytes | None, ...]) -> str:
    """SHA-256 (hex) of a row whose members, `"name":value` in order, are given; None = NULL, left out."""
    return sha256(b"{%s}" % b",".join([one for one in members if one is not None])).hexdigest()


def _column(column: pa.Array, key: bytes) -> list[bytes | None]:
    """Member `key` and value, as canonical JSON in UTF-8, of each row; None where it is NULL."""
    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if is_list and pa.types.is_float32(kind.value_type):
        return [None if v is None else b'%s"%s"' % (key, v) for v in _float_lists(column)]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _long_texts(column, key) or _few(column, key)
    if pa.types.is_integer(kind):
        return [None if v is None else b"%s%d" % (key, v) for v in column.to_pylist()]
    if pa.types.is_map(kind):
        return _values([None if pairs is None else dict(pairs) for pairs in column.to_pylist()], key)
    return _values(column.to_pylist(), key)


def _values(values: list[Any], key: bytes) -> list[bytes | None]:
    """Members of any type."""
    return [None if value is None else key + canonical_json(value).encode() for value in values]


def _few(column: pa.Array, key: bytes) -> list[bytes | None]:
    """Members of a column in which values come again: each is made once."""
    encoded = column.dictionary_encode()
    members = [*_values(encoded.dictionary.to_pylist(), key), None]
    return [members[place] for place in encoded.indices.fill_null(-1).to_pylist()]


def _long_texts(column: pa.Array, key: bytes) -> list[bytes | None] | None:
    """Members of long texts, escaped all at once, which is several times as fast; None = not possible here.

    The texts are joined with a character that none of them has, and parted again. Texts with control
    characters that have no short escape are left to `_values`.
    """
    texts = column.cast(pa.large_binary()).fill_null(b"").to_pylist()
    joined = _APART.join(texts)
    if len(joined) < LONG * len(texts):
        return None
    codes = np.frombuffer(joined, np.uint8)
    control = np.bincount(codes[codes < 0x20], minlength=0x20)
    if control[~_SHORT].sum() != len(texts) - 1:
        return None
    for plain, escaped in _ESCAPES:
        joined = joined.replace(plain, escaped)
    parts = joined.split(_APART)
    valid = column.is_valid().to_pylist()
    return [b'%s"%s"' % (key, part) if ok else None for part, ok in zip(parts, valid, strict=True)]


def _float_lists(column: pa.Array) -> Iterator[bytes | None]:
    offsets = column.offsets.to_numpy()
    first, last = int(offsets[0]), int(offsets[-1])  # a slice of a table keeps all its values
    bits = float_bits(column.values.slice(first, last - first))
    offsets = offsets - first
    for row, is_null in enumerate(column.is_null().to_pylist()):
        part = bits[offsets[row] : offsets[row + 1]]
        yield None if is_null else f"float32:{len(part)}:{sha256(part.data).hexdigest()}".encode()


def float_bits(values: pa.Array) -> NDArray[np.uint32]:
    """Bits of float32 `values` as little-endian uint32, one bit pattern for NaN and one for NULL."""
    floats = values.to_numpy(zero_copy_only=False).astype("<f4")
    bits: NDArray[np.uint32] = floats.view("<u4")
    bits[np.isnan(floats)] = NAN_BITS
    if values.null_count:
        bits[values.is_null().to_numpy(zero_copy_only=False)] = NULL_BITS
    return bits
