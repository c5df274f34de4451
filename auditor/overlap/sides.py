"""One side of the join: its corpora one after another, its documents numbered, equal ones found.

Leaves out keys (`keys.py`) and the join (`join.py`). A document that repeats an earlier one byte by byte is
looked at once; it counts as often as it comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.reading import Corpus
from auditor.progress import Progress
from detectors.minhash.distinct import Distinct
from detectors.minhash.texts import texts_of

Int64 = np.ndarray[Any, np.dtype[np.int64]]
Int32 = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Batch:
    """Some documents of a side: (n,) numbers, whether no earlier one is equal, and their columns."""

    numbers: Int64
    fresh: np.ndarray[Any, np.dtype[np.bool_]]
    texts: pa.Array
    ids: pa.Array


class Names:
    """Strings as numbers, in the order in which they come."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def codes(self, column: pa.DictionaryArray) -> Int32:
        """(n,) int32; null is the name "(none)"."""
        own = ["(none)" if v is None else str(v) for v in column.dictionary.to_pylist()]
        codes = np.array([self.of.setdefault(v, len(self.of)) for v in own] or [0], np.int32)
        indices = column.indices
        if indices.null_count:
            none = self.of.setdefault("(none)", len(self.of))
            codes = np.append(codes, np.int32(none))
            indices = pc.fill_null(indices, len(codes) - 1)
        found: Int32 = codes[indices.to_numpy(zero_copy_only=False)]
        return found


@dataclass
class Side:
    """The corpora of one side and, once they were read, what every document is.

    Attributes
    ----------
    firsts : (n,) int64, number of the first document equal to each. lasting after `batches` is exhausted.
    corpus, source, teacher : (n,) int32 codes. shingles : (n,) int64, different shingles of each (only where
        `counted`).
    """

    corpora: Sequence[Corpus]
    name: str
    firsts: Int64 = field(default_factory=lambda: np.empty(0, np.int64))
    corpus: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    source: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    teacher: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    sources: Names = field(default_factory=Names)
    teachers: Names = field(default_factory=Names)
    without_text: dict[int, int] = field(default_factory=dict)
    not_utf8: dict[int, int] = field(default_factory=dict)
    n_bytes: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.firsts)

    @property
    def size(self) -> int:
        """About how many bytes of text."""
        return sum(c.size for c in self.corpora)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Read everything for the first time."""
        progress.stage(f"Reading {self.name}", None, "documents")
        distinct = Distinct()
        found: dict[str, list[Any]] = {k: [] for k in ("firsts", "corpus", "source", "teacher")}
        n = 0
        for code, corpus in enumerate(self.corpora):
            before = n
            for rows in corpus.batches():
                numbers = np.arange(n, n + len(rows.texts), dtype=np.int64)
                n += len(numbers)
                firsts = distinct.firsts(digests(rows.texts), numbers)
                found["firsts"].append(firsts)
                found["corpus"].append(np.full(len(numbers), code, np.int32))
                found["source"].append(self.sources.codes(rows.sources))
                found["teacher"].append(self.teachers.codes(rows.teachers))
                self._note(code, rows.texts)
                yield Batch(numbers, firsts == numbers, rows.texts, rows.ids)
                progress.advance(len(numbers))
            if n == before:
                raise AuditError(f"{corpus.name}: holds no documents. Check the file, and --text.")
            if self.without_text.get(code, 0) == n - before:
                raise AuditError(
                    f"{corpus.name}: none of the {n - before:,} rows has a text in the column "
                    f"{sorted({c.text for c in corpus.chosen.values()})}. Name another with --text."
                )
        self.firsts = np.concatenate(found["firsts"])
        self.corpus, self.source, self.teacher = (
            np.concatenate(found[k]) for k in ("corpus", "source", "teacher")
        )

    def again(self, wanted: np.ndarray[Any, np.dtype[np.bool_]], progress: Progress) -> Iterator[Batch]:
        """Read once more, only documents with `wanted` ((n,) bool)."""
        progress.stage(f"Reading candidates of {self.name}", len(self), "documents")
        n = 0
        for corpus in self.corpora:
            for rows in corpus.batches():
                end = n + len(rows.texts)
                if end > len(wanted):
                    break
                keep = wanted[n:end]
                if keep.any():
                    numbers = n + np.flatnonzero(keep)
                    mask = pa.array(keep)
                    yield Batch(
                        numbers, np.ones(len(numbers), bool), rows.texts.filter(mask), rows.ids.filter(mask)
                    )
                n = end
                progress.advance(len(keep))
        if n != len(self):
            raise IncompleteError(f"{self.name} changed while it was read. Run the command again.")

    def _note(self, code: int, texts: pa.Array) -> None:
        self.without_text[code] = self.without_text.get(code, 0) + texts.null_count
        self.n_bytes[code] = self.n_bytes.get(code, 0) + texts_of(texts).n_bytes
        if pa.types.is_large_binary(texts.type):
            try:
                texts.cast(pa.large_string())
            except pa.ArrowInvalid:
                bad = sum(_undecodable(t) for t in texts.to_pylist() if t is not None)
                self.not_utf8[code] = self.not_utf8.get(code, 0) + bad


def digests(texts: pa.Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """(n, 2) uint64: 128 bits of the SHA-256 of each text; who could forge one could as well forge a text."""
    found = texts_of(texts)
    data = memoryview(found.data.data)
    marks = found.offsets.tolist()
    sha = hashlib.sha256
    whole = b"".join(sha(data[a:b]).digest()[:16] for a, b in pairwise(marks))
    return np.frombuffer(whole, np.uint64).reshape(-1, 2)


def _undecodable(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return True
    return False
