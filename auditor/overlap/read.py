"""`Read`: some documents of a corpus as whoever read them hands them over, with or without their texts.

Made from rows (`reading.py`) in this process or in another; an index has its own. Leaves out numbering and
which documents are equal (`sides.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from auditor.overlap.keyed import Asked, Keyed, UInt64
from detectors.minhash.texts import texts_of

if TYPE_CHECKING:
    from auditor.overlap.reading import Corpus, Rows


@dataclass(frozen=True)
class Read:
    """Some documents in order, n of them.

    Attributes
    ----------
    digests : (n, 2) uint64, 128 bits of the SHA-256 of each text. sources, teachers : strings by code.
    without_text, not_utf8, n_bytes : of these documents. texts, ids : None where a reader keeps them back;
        then `Side.again` brings those that are needed. keyed : None = still to be made from the texts.
    """

    digests: UInt64
    sources: pa.DictionaryArray
    teachers: pa.DictionaryArray
    without_text: int
    not_utf8: int
    n_bytes: int
    texts: pa.Array | None = None
    ids: pa.Array | None = None
    keyed: Keyed | None = None

    def __len__(self) -> int:
        return len(self.digests)


Reader = Callable[["Corpus", Asked], Iterator[Read]]
"""Who reads a corpus: all its documents in order, with what is asked of them or with their texts."""


def read_here(corpus: Corpus, asked: Asked) -> Iterator[Read]:
    """The reader of this process."""
    yield from corpus.reads(asked)


def of_rows(rows: Rows) -> Read:
    """Rows with their texts."""
    texts = rows.texts
    return Read(
        digests(texts),
        *(rows.sources, rows.teachers),
        *(texts.null_count, not_utf8(texts), texts_of(texts).n_bytes),
        *(texts, rows.ids),
    )


def digests(texts: pa.Array) -> UInt64:
    """(n, 2) uint64: 128 bits of the SHA-256 of each text; who could forge one could as well forge a text."""
    found = texts_of(texts)
    data = memoryview(found.data.data)
    marks = found.offsets.tolist()
    sha = hashlib.sha256
    whole = b"".join(sha(data[a:b]).digest()[:16] for a, b in pairwise(marks))
    return np.frombuffer(whole, np.uint64).reshape(-1, 2)


def not_utf8(texts: pa.Array) -> int:
    """How many of the texts are not UTF-8."""
    if not pa.types.is_large_binary(texts.type):
        return 0
    try:
        texts.cast(pa.large_string())
    except pa.ArrowInvalid:
        return sum(_undecodable(t) for t in texts.to_pylist() if t is not None)
    return 0


def _undecodable(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False
