"""One side of the join: its corpora one after another, its documents numbered, equal ones found.

Leaves out who reads and makes keys (`read.py`, or another engine), and the join (`join.py`). A document that
repeats an earlier one byte by byte is looked at once; it counts as often as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.keyed import Asked, Keyed, of_texts
from auditor.overlap.memory import check, to_cut
from auditor.overlap.read import Read, Reader, read_here
from auditor.overlap.reading import Corpus
from auditor.progress import Progress
from detectors.minhash.distinct import Distinct
from detectors.minhash.exact import ShingleSets

Int64 = np.ndarray[Any, np.dtype[np.int64]]
Int32 = np.ndarray[Any, np.dtype[np.int32]]
Bool = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Batch:
    """Some documents of a side, n of them, numbered without gaps when read for the first time.

    Attributes
    ----------
    numbers : (n,) int64. fresh : (n,) bool, whether no earlier one is equal. keyed : keys of fresh ones.
    texts, ids : None where a reader keeps them back. sets : shingles of fresh ones, if there are any.
    """

    numbers: Int64
    fresh: Bool
    keyed: Keyed | None
    texts: pa.Array | None
    ids: pa.Array | None
    sets: ShingleSets | None = None


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
    reader: Reader = read_here
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

    def batches(self, asked: Asked, progress: Progress) -> Iterator[Batch]:
        """Read everything for the first time, with keys."""
        progress.stage(f"Reading {self.name}", None, "documents")
        distinct = Distinct()
        found: dict[str, list[Any]] = {k: [] for k in ("firsts", "corpus", "source", "teacher")}
        n = 0
        for code, corpus in enumerate(self.corpora):
            before = n
            for read in self.reader(corpus, asked):
                numbers = np.arange(n, n + len(read), dtype=np.int64)
                n += len(numbers)
                firsts = distinct.firsts(read.digests, numbers)
                found["firsts"].append(firsts)
                found["corpus"].append(np.full(len(numbers), code, np.int32))
                found["source"].append(self.sources.codes(read.sources))
                found["teacher"].append(self.teachers.codes(read.teachers))
                for name in ("without_text", "not_utf8", "n_bytes"):
                    counts = getattr(self, name)
                    counts[code] = counts.get(code, 0) + getattr(read, name)
                if read.keyed is None:
                    check(corpus.name, read.n_bytes, to_cut(asked.recipes[0].unit))
                yield _batch(numbers, firsts == numbers, read, asked)
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

    def again(self, wanted: Bool, progress: Progress) -> Iterator[Batch]:
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
                    texts, ids = rows.texts.filter(mask), rows.ids.filter(mask)
                    yield Batch(numbers, np.ones(len(numbers), bool), None, texts, ids)
                n = end
                progress.advance(len(keep))
        if n != len(self):
            raise IncompleteError(f"{self.name} changed while it was read. Run the command again.")


def _batch(numbers: Int64, fresh: Bool, read: Read, asked: Asked) -> Batch:
    """What was read, with keys of the fresh documents."""
    if read.keyed is not None:
        return Batch(numbers, fresh, read.keyed.only(fresh), read.texts, read.ids)
    assert read.texts is not None
    # Here the join itself looks keys up, sorted; to leave some out before would be work done twice.
    asked = replace(asked, held=None)
    if fresh.all():
        keyed, sets = of_texts(read.texts, asked)
    else:
        made, sets = of_texts(read.texts.filter(pa.array(fresh)), asked)
        keyed = made.spread(np.flatnonzero(fresh), len(numbers))
    return Batch(numbers, fresh, keyed, read.texts, read.ids, sets)
