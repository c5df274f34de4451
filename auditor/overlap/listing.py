"""Near copies as a table: for the evidence file, and all of them in a file of their own (`--pairs`).

Leaves out texts. Equal documents are one row, with how many there are of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.figures import Counted
from auditor.overlap.join import Found
from auditor.overlap.recount import Pairs
from auditor.overlap.result import PairRow
from auditor.overlap.sides import Side
from auditor.progress import Progress

ENDINGS = (".parquet", ".csv", ".jsonl")
CHUNK = 1 << 16
Int64 = np.ndarray[Any, np.dtype[np.int64]]


def of_left(counted: Counted, pairs: Pairs) -> Pairs:
    """The near copies of documents of the left corpus itself, without those of references."""
    side = counted.left
    own = np.zeros(len(side), bool)
    own[side.firsts[side.corpus == 0]] = True
    return pairs.taken(own[pairs.left])


def most_shared(pairs: Pairs, most: int) -> Pairs:
    """Those that share most shingles, `most` of them, most first."""
    order = np.lexsort((pairs.right, pairs.left, -pairs.counts.shared))
    return pairs.taken(order[:most])


def rows(counted: Counted, found: Found, pairs: Pairs) -> list[PairRow]:
    """The near copies as rows."""
    return [PairRow(**row) for row in table(counted, found, pairs).to_pylist()]


def table(counted: Counted, found: Found, pairs: Pairs) -> pa.Table:
    """The near copies with the columns of `PairRow`."""
    left, right = counted.left, counted.right
    own = left.firsts[left.corpus == 0]
    of = pairs.counts
    return pa.table(
        {
            "left_id": _ids(found.left_documents.ids, pairs.left_rows, pairs.left),
            "left_source": _named(left.sources.of, left.source[pairs.left]),
            "left_copies": pa.array(np.bincount(own, minlength=len(left))[pairs.left]),
            "right_id": _ids(found.right_documents.ids, pairs.right_rows, pairs.right),
            "right_source": _named(right.sources.of, right.source[pairs.right]),
            "teacher": _teachers(right, pairs.right),
            "right_copies": pa.array(np.bincount(right.firsts, minlength=len(right))[pairs.right]),
            "shared": pa.array(of.shared),
            "left_size": pa.array(of.left_size),
            "right_size": pa.array(of.right_size),
            "jaccard": pa.array(of.jaccard),
            "left_in_right": pa.array(of.left_in_right),
            "right_in_left": pa.array(of.right_in_left),
        }
    )


def check(path: Path) -> None:
    """Refuse a file that cannot be written before the work begins."""
    if path.suffix.lower() not in ENDINGS:
        raise AuditError(f"--pairs {path}: the ending says no known format. Known are {', '.join(ENDINGS)}.")
    if not path.parent.is_dir():
        raise AuditError(f"--pairs {path}: there is no folder {path.parent}. Create it, or name another.")


def write(path: Path, counted: Counted, found: Found, pairs: Pairs, progress: Progress) -> None:
    """Write all near copies as Parquet, CSV or JSON lines, by the file's ending."""
    progress.stage("Writing pairs", len(pairs), "pairs")
    partial = path.with_name(path.name + ".partial")
    try:
        _write(partial, path.suffix.lower(), _chunks(counted, found, pairs, progress))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise IncompleteError(f"Could not write {str(path)!r}: {error.strerror or error}.") from error


def _chunks(counted: Counted, found: Found, pairs: Pairs, progress: Progress) -> Iterator[pa.Table]:
    yield table(counted, found, pairs.taken(np.arange(0)))
    for at in range(0, len(pairs), CHUNK):
        yield table(counted, found, pairs.taken(np.arange(at, min(at + CHUNK, len(pairs)))))
        progress.advance(CHUNK)


def _write(path: Path, ending: str, chunks: Iterator[pa.Table]) -> None:
    first = next(chunks)
    if ending == ".jsonl":
        import json

        with path.open("w", encoding="utf-8") as file:
            for chunk in chunks:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in chunk.to_pylist())
        return
    kind = pyarrow.parquet.ParquetWriter if ending == ".parquet" else pyarrow.csv.CSVWriter
    with kind(str(path), first.schema) as writer:
        for chunk in chunks:
            writer.write_table(chunk)


def _ids(ids: pa.Array, rows: Int64, numbers: Int64) -> pa.Array:
    """The documents' ids, or where they have none "#" and their place in the corpus, from 1."""
    places = pc.binary_join_element_wise(
        pa.scalar("#", pa.large_string()),
        pa.array(numbers + 1).cast(pa.large_string()),
        pa.scalar("", pa.large_string()),
    )
    return pc.coalesce(ids.take(pa.array(rows)), places) if len(numbers) else pa.array([], pa.large_string())


def _named(names: dict[str, int], codes: np.ndarray) -> pa.Array:
    return pa.array(list(names), pa.large_string()).take(pa.array(codes))


def _teachers(right: Side, numbers: Int64) -> pa.Array:
    """The teacher of each document; of equal documents of several teachers, all of them."""
    names = list(right.teachers.of)
    own = np.array([names[c] for c in right.teacher[numbers]], dtype=object)
    wanted = np.zeros(len(right), bool)
    wanted[numbers] = True
    among = np.flatnonzero(wanted[right.firsts])
    both = np.unique(right.firsts[among] * len(names) + right.teacher[among])
    firsts, codes = np.divmod(both, len(names))
    several = firsts[1:][firsts[1:] == firsts[:-1]]
    for number in np.unique(several).tolist():
        own[numbers == number] = "; ".join(names[c] for c in codes[firsts == number])
    return pa.array(own.tolist(), pa.large_string())
