"""Lines of text files as Arrow batches, cut by numpy: bounded however long a line, a file or a stream is.

DuckDB has a reader of its own, which stops at the first line that is too long or not UTF-8, knows no line
numbers and unpacks without a limit. This one is as fast. Leaves out JSON: DuckDB parses it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from auditor.scan.rows.packed import DAMAGED, RATIO, most, opened

BLOCK = 1 << 24
LONGEST_LINE = 1 << 25
"""Longest line that is read, in bytes: JSON in memory takes up to 16 times as much, in each thread."""
PIECES = 64
"""Places of a file that a sample is read from."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCHEMA = pa.schema(
    [("text", pa.large_string()), ("file", pa.int64()), ("row", pa.int64()), ("line", pa.int64())]
)
Int64 = np.ndarray[Any, np.dtype[np.int64]]


@dataclass
class Counts:
    """What became of a file's lines. `why` : reading stopped there, in words; "" = at its end.

    Attributes
    ----------
    lines : without blank ones. too_long : left out. replaced : whether bytes were no UTF-8, and shown as
        U+FFFD. sampled : not all lines were taken.
    """

    lines: int = 0
    too_long: int = 0
    first_too_long: int = 0
    replaced: bool = False
    sampled: bool = False
    why: str = ""


class Lines:
    """Lines of some files, in order; `counts` holds of each what was read, after `batches` is exhausted.

    Parameters
    ----------
    files : path and packing of each. sample : lines of a file at most, from all over it; 0 = all.
    mean : about how many bytes a line of each has.
    """

    def __init__(self, files: Sequence[tuple[Path, str]], sample: int, mean: Sequence[float]) -> None:
        self.files, self.sample, self.mean = files, sample, mean
        self.counts = [Counts() for _ in files]

    def reader(self) -> pa.RecordBatchReader:
        """For DuckDB, with the columns of `SCHEMA`; row and line count from 1.

        In a sample neither is known: row is 0, line -1 less the bytes before it (`line_numbers`).
        """
        return pa.RecordBatchReader.from_batches(SCHEMA, self.batches())

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All lines that are wanted."""
        for number, (path, packed) in enumerate(self.files):
            counts = self.counts[number]
            size = path.stat().st_size * (4 if packed else 1)
            sampled = self.sample and size > self.sample * self.mean[number]
            try:
                if sampled and not packed:
                    counts.sampled = True
                    yield from self._pieces(path, number, counts)
                    continue
                every = max(1, round(size / self.mean[number] / self.sample)) if sampled else 1
                counts.sampled = every > 1
                with opened(path, packed) as stream:
                    limit = most(path) if packed else None
                    yield from _whole(stream, number, counts, every, every * self.sample, limit)
            except DAMAGED as error:
                counts.why = (
                    f"the {packed} stream is damaged or cut off" if packed else f"reading failed ({error})"
                )

    def _pieces(self, path: Path, number: int, counts: Counts) -> Iterator[pa.RecordBatch]:
        """Some lines from each of `PIECES` places."""
        pieces = min(PIECES, self.sample)
        size, wanted = path.stat().st_size, -(-self.sample // pieces)
        span = size // pieces
        room = int(min(max(2 * wanted * self.mean[number], 1 << 16), span, BLOCK))
        with path.open("rb") as stream:
            for i in range(pieces):
                stream.seek(i * span)
                data = stream.read(room)
                start = 0 if i == 0 else data.find(b"\n") + 1
                end = data.rfind(b"\n") + 1
                if end > start and (i == 0 or start):
                    batch = _batch(data[start:end], number, counts, None, wanted, i * span + start)
                    counts.lines += len(batch)
                    yield batch


def _whole(
    stream: IO[bytes], number: int, counts: Counts, every: int, most_lines: int, limit: int | None
) -> Iterator[pa.RecordBatch]:
    """All lines of a stream, or every n-th of the first `most_lines`, whole blocks."""
    rest, at, total, skipping = b"", 0, 0, False
    while True:
        data = stream.read(BLOCK)
        data = data.removeprefix(BYTE_ORDER_MARK) if not total else data
        total += len(data)
        if limit is not None and total > limit:
            counts.why = f"it unpacks to more than {RATIO} times its size"
            return
        last = not data
        if skipping:
            end = data.find(b"\n")
            if end < 0 and not last:
                continue
            data, skipping, at = data[end + 1 :], False, at + 1
        whole = rest + data + (b"\n" if last and rest + data else b"")
        cut = whole.rfind(b"\n") + 1
        rest = whole[cut:]
        if cut:
            batch = _batch(whole[:cut], number, counts, at, None)
            at += whole.count(b"\n", 0, cut)
            yield batch.take(pa.array(np.arange(0, len(batch), every))) if every > 1 else batch
            if every > 1 and counts.lines > most_lines:
                return
        if len(rest) > LONGEST_LINE:
            _too_long(counts, at)
            rest, skipping = b"", True
        if last:
            return


def _too_long(counts: Counts, at: int) -> None:
    counts.first_too_long = counts.first_too_long or at + 1
    counts.too_long += 1


def _batch(
    data: bytes, number: int, counts: Counts, at: int | None, wanted: int | None, offset: int = 0
) -> pa.RecordBatch:
    """Whole lines as a batch without blank ones; `at` : lines before them, None = not known, only bytes."""
    valid = _valid(data)
    if not valid:
        counts.replaced = True
        # A newline is never part of a longer character.
        data = data.decode("utf-8", "replace").encode()
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int64) + 1
    starts = np.r_[np.int64(0), ends[:-1]]
    kept = np.flatnonzero(ends - starts > 2)
    if wanted is not None:
        kept = kept[:wanted]
    offsets = np.r_[np.int64(0), ends]
    texts = pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    if len(kept) < len(ends):
        texts = texts.take(pa.array(kept))
    if at is None:
        # What became of bytes that were no UTF-8 may be longer: then places are not known.
        lines = -1 - (offset + starts[kept]) if valid else np.zeros(len(kept), np.int64)
        rows = np.zeros(len(kept), np.int64)
    else:
        lines, rows = at + 1 + kept, counts.lines + 1 + np.arange(len(kept))
        counts.lines += len(kept)
    columns = [texts, pa.array(np.full(len(kept), number)), pa.array(rows), pa.array(lines)]
    return pa.record_batch(columns, schema=SCHEMA)


def line_numbers(path: Path, offsets: Sequence[int]) -> dict[int, int]:
    """Number of the line that begins at each offset, by one look at the file up to the last of them."""
    found: dict[int, int] = {}
    lines = at = 0
    with path.open("rb") as stream:
        for offset in sorted(offsets):
            while at < offset:
                block = stream.read(min(BLOCK, offset - at))
                if not block:
                    return found
                lines += block.count(b"\n")
                at += len(block)
            found[offset] = lines + 1
    return found


def is_utf8(path: Path) -> bool:
    """Tell whether all of a file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _valid(data: bytes) -> bool:
    ends = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
