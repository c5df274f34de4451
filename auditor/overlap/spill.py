"""What does not fit in memory: a folder for one run that is removed, and the candidates' texts and shingles.

Of all documents only candidates come here. Their shingles and texts lie in files that are mapped into memory,
so a recount reads what it needs. Leaves out which documents are candidates.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from auditor.errors import AuditError, IncompleteError
from detectors.minhash.exact import ShingleSets
from detectors.minhash.texts import Texts, texts_of

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Int64 = np.ndarray[Any, np.dtype[np.int64]]


@contextmanager
def spill_folder(inside: str | None) -> Iterator[Path]:
    """A folder for what does not fit in memory, removed at the end; in `inside`, or where the system says."""
    if inside is not None and not Path(inside).is_dir():
        raise AuditError(f"--spill {inside}: no such folder. Create it, or name another.")
    try:
        with tempfile.TemporaryDirectory(prefix="audit-overlap-", dir=inside) as name:
            yield Path(name)
    except OSError as error:
        if error.errno in NO_SPACE:
            where = inside or tempfile.gettempdir()
            raise IncompleteError(
                f"No space for spill in {where}: the texts of candidate documents are kept there while the "
                "command runs. Free some space, or name a folder on another disk with --spill."
            ) from error
        raise


class Documents:
    """Texts, ids and shingles of chosen documents of one side, added in the order of their numbers."""

    def __init__(self, folder: Path, name: str) -> None:
        self._paths = folder / f"{name}.shingles", folder / f"{name}.texts"
        self._files: tuple[BinaryIO, BinaryIO] | None = None
        self._numbers: list[Int64] = []
        self._sizes: list[Int64] = []
        self._lengths: list[Int64] = []
        self._ids: list[pa.Array] = []

    def add(self, numbers: Int64, texts: pa.Array, ids: pa.Array, sets: ShingleSets) -> None:
        """Keep some documents: (n,) numbers, texts, ids (null = none), and their shingles."""
        if self._files is None:
            shingles, bytes_ = self._paths
            self._files = shingles.open("wb"), bytes_.open("wb")
        found = texts_of(texts)
        self._files[0].write(sets.values.view(np.uint8).data if len(sets.values) else b"")
        self._files[1].write(found.data[found.offsets[0] : found.offsets[-1]].data)
        self._numbers.append(numbers)
        self._sizes.append(sets.sizes)
        self._lengths.append(np.diff(found.offsets))
        self._ids.append(ids)

    def close(self) -> None:
        """Nothing more comes: make it readable."""
        for file in self._files or ():
            file.close()
        none = [np.empty(0, np.int64)]
        self.numbers: Int64 = np.concatenate(self._numbers or none)
        self._starts: Int64 = np.r_[0, np.cumsum(np.concatenate(self._sizes or none))]
        self._marks: Int64 = np.r_[0, np.cumsum(np.concatenate(self._lengths or none))]
        self._values = _mapped(self._paths[0], np.uint64, int(self._starts[-1]))
        self._bytes = _mapped(self._paths[1], np.uint8, int(self._marks[-1]))
        self.ids = pa.chunked_array(self._ids, pa.large_string()).combine_chunks()

    @property
    def sets(self) -> ShingleSets:
        """Shingles of all, by row."""
        return ShingleSets(self._values, self._starts)

    def __len__(self) -> int:
        return len(self.numbers)

    def texts(self, first: int, last: int) -> Texts:
        """Texts of rows [first, last)."""
        marks = self._marks[first : last + 1]
        start, end = int(marks[0]), int(marks[-1])
        return Texts(self._bytes[start:end], marks - start)

    def rows(self, numbers: Int64) -> Int64:
        """Row of each document number; all must be there."""
        return np.searchsorted(self.numbers, numbers)

    def text(self, row: int) -> str:
        """Text of a document; what is not UTF-8 shows as U+FFFD."""
        return bytes(self._bytes[self._marks[row] : self._marks[row + 1]]).decode("utf-8", "replace")

    def label(self, row: int) -> str:
        """Id of a document, "" where there is none."""
        found = self.ids[row].as_py() if len(self.ids) else None
        return "" if found is None else str(found)


def _mapped(path: Path, kind: Any, n: int) -> Any:
    """A file as an array of n numbers, without reading it."""
    return np.memmap(path, kind, "r", shape=(n,)).view(np.ndarray) if n else np.empty(0, kind)
