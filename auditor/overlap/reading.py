"""Reads a corpus in batches, out of core: DuckDB to Arrow, the same order every time.

Leaves out what is done with the texts. Documents are numbered over the corpora of a side, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import AuditError, IncompleteError
from auditor.overlap import statements
from auditor.overlap.columns import Chosen, Wanted, choose
from auditor.overlap.keyed import Asked
from auditor.overlap.memory import TO_READ, check
from auditor.overlap.names import File, files_of
from auditor.overlap.read import Read, of_rows
from auditor.overlap.textfiles import text_batches

ROWS = 16_384
BYTES = 1 << 25
"""Most bytes of text in a batch, unless one document has more; its shingles take several times that."""
OBJECT_SIZES = (1 << 24, 1 << 28, (1 << 31) - 1)
"""Longest record DuckDB makes room for, in bytes; the next is tried when one is longer."""
MEMORY = "1GiB"
TOO_LONG = re.compile("maximum_object_size|maximum line size|max_line_size", re.IGNORECASE)
Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Rows:
    """Some documents, in order, as they were read; all columns (n,).

    texts : large_string or large_binary, null = none. ids : large_string, null = none.
    sources, teachers : dictionary of strings; the file where no column is named.
    """

    texts: pa.Array
    ids: pa.Array
    sources: pa.DictionaryArray
    teachers: pa.DictionaryArray


@dataclass
class Corpus:
    """One corpus: its files, and which columns are read of each; opened before any work is done."""

    name: str
    role: str
    wanted: Wanted
    keep_going: bool
    spill: Path
    files: tuple[File, ...] = ()
    chosen: dict[File, Chosen] = field(default_factory=dict)
    object_size: int = OBJECT_SIZES[0]
    empty_files: int = 0

    def open(self) -> Corpus:
        """Find the files and look at the columns of each."""
        return self.opened(files_of(self.name))

    def opened(self, found: Sequence[File]) -> Corpus:
        """The same with files that are known."""
        self.files = tuple(f for f in found if f.path.stat().st_size)
        self.empty_files = len(found) - len(self.files)
        if not self.files:
            raise AuditError(f"{self.name}: the file is empty. Check how it was written.")
        for file in self.files:
            if file.format == "text":
                continue
            with self._connected(file) as con:
                self.chosen[file] = choose(file.name, self._types(con, file), self.wanted)
        return self

    @property
    def size(self) -> int:
        """About how many bytes of text, from the sizes of the files."""
        return sum(
            f.path.stat().st_size * (3 if f.packed or f.format in ("parquet", "duckdb") else 1)
            for f in self.files
        )

    def batches(self) -> Iterator[Rows]:
        """All documents, some at a time; the same order whenever it is called."""
        for key, group in groupby(self.files, self._alike):
            files = list(group)
            if key[0] == "text":
                yield from map(_rows, text_batches([f.path for f in files], [f.packed for f in files], BYTES))
                continue
            with self._connected(files[0]) as con:
                yield from self._of_group(con, files)

    def only(self, first: int, last: int) -> Corpus:
        """Files [first, last) of the corpus, to be read by themselves."""
        files = self.files[first:last]
        return replace(self, files=files, chosen={f: c for f, c in self.chosen.items() if f in files})

    def reads(self, asked: Asked) -> Iterator[Read]:
        """All documents with their texts; keys are still to be made."""
        yield from map(of_rows, self.batches())

    def _alike(self, file: File) -> tuple[str, str, str, Chosen | None]:
        """Files with the same key are read by one statement."""
        return file.format, file.packed, file.name if file.table else "", self.chosen.get(file)

    def _of_group(self, con: Connection, files: list[File]) -> Iterator[Rows]:
        done = 0
        while True:
            query = statements.selected(files, self.chosen[files[0]], self.object_size, self.keep_going)
            skip = done
            try:
                for batch in con.sql(query).to_arrow_reader(ROWS):
                    # After a record that was too long for DuckDB's buffer all is read again from the start.
                    if skip >= len(batch):
                        skip -= len(batch)
                        continue
                    batch, skip = batch.slice(skip), 0
                    done += len(batch)
                    yield from _pieces(batch)
                return
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                if not self._larger(con, error):
                    raise explained(self.name, files, error) from None

    def _types(self, con: Connection, file: File) -> dict[str, str]:
        while True:
            try:
                found = con.execute(statements.described(file, self.object_size, self.keep_going)).fetchall()
            except duckdb.Error as error:
                if not self._larger(con, error):
                    raise explained(self.name, [file], error) from None
                continue
            types = {str(row[0]): str(row[1]) for row in found if row[0] != "filename" or file.table}
            if file.format in ("json", "jsonl") and list(types) == ["json"]:
                raise AuditError(
                    f"{file.name}: holds no record with named fields; each must be an object, such as "
                    '{"text": "..."}.'
                )
            return types

    def _larger(self, con: Connection, error: Exception) -> bool:
        """Make room for longer records, if that was missing; one thread, since each takes the room."""
        larger = [s for s in OBJECT_SIZES if s > self.object_size]
        if not TOO_LONG.search(str(error)) or not larger:
            return False
        check(self.name, self.object_size, TO_READ)  # So long it is, at least.
        self.object_size = larger[0]
        con.execute("SET threads = 1")
        con.execute("SET memory_limit = '80%'")
        return True

    @contextmanager
    def _connected(self, file: File) -> Iterator[Connection]:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY if self.object_size == OBJECT_SIZES[0] else "80%",
            "arrow_large_buffer_size": "true",
            "autoinstall_known_extensions": "false",
        }
        if self.object_size > OBJECT_SIZES[0]:
            settings["threads"] = "1"
        try:
            if not file.table:
                settings["temp_directory"] = str(self.spill)
                con = duckdb.connect(config=settings)
            else:
                # A file of the other party may hold views that read elsewhere: it may not.
                settings["enable_external_access"] = "false"
                con = duckdb.connect(str(file.path), read_only=True, config=settings)
        except duckdb.Error as error:
            raise explained(self.name, [file], error) from None
        try:
            # DuckDB would draw a bar of its own, on stdout.
            con.execute("SET enable_progress_bar = false")
            yield con
        finally:
            con.close()


def _pieces(batch: pa.RecordBatch) -> Iterator[Rows]:
    """The batch cut so that none has more than `BYTES` of text, unless one document has."""
    texts = batch.column("document_text")
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    piece = (np.cumsum(lengths) - lengths) // BYTES
    cuts = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(batch)]
    for a, b in pairwise(cuts):
        if b > a:
            yield _rows(batch.slice(a, b - a))


def _rows(batch: pa.RecordBatch) -> Rows:
    file = batch.column("document_file")
    by = {k: batch.column(f"document_{k}") for k in ("source", "by")}
    named = {k: (file if c.null_count == len(c) else c).dictionary_encode() for k, c in by.items()}
    texts = batch.column("document_text")
    kind = (
        pa.large_binary()
        if pa.types.is_binary(texts.type) or pa.types.is_large_binary(texts.type)
        else pa.large_string()
    )
    if not (pa.types.is_large_binary(texts.type) or pa.types.is_large_string(texts.type)):
        texts = texts.cast(kind)
    return Rows(texts, batch.column("document_id").cast(pa.large_string()), named["source"], named["by"])


def explained(name: str, files: list[File], error: Exception) -> AuditError:
    """The user's message for what DuckDB said while it read."""
    said = str(error)
    place = next((f.name for f in files if str(f.path) in said), files[0].name if len(files) == 1 else name)
    line = re.search(r"in line (\d+)|on line:? (\d+)", said, re.IGNORECASE)
    where = f"{place}, near line {line[1] or line[2]}" if line else place
    first = " ".join(said.split("\n\n", maxsplit=1)[0].split())[:300]
    for pattern, message in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            kind = IncompleteError if "spill" in message else AuditError
            return kind(f"{place if 'stream' in message else where}: {message}")
    return AuditError(f"{where}: cannot be read. DuckDB says: {first}")


_SAID = (
    (
        "no space left|disk quota|max_temp_directory_size",
        "no space for spill. Free some, or name a folder with --spill.",
    ),
    (
        "out of memory|failed to allocate",
        "the memory there is does not do to read it (a spill folder on a larger disk "
        "does not help: a single record must fit). Split the record, or use a larger machine.",
    ),
    (
        "utf-?8|unicode",
        "the text is not UTF-8. Convert the file, or add --keep-going to leave such lines out.",
    ),
    (
        "malformed json|invalid input.*json",
        "this is not JSON. Correct it, or add --keep-going to leave such lines out.",
    ),
    (
        "GZIP|zstd|unexpected end|decompress|truncated",
        "the packed stream is damaged or cut off. Get the file again.",
    ),
    (
        "maximum_object_size|max_line_size|maximum line size",
        "a record is longer than 2 GiB, the most that is read.",
    ),
    ("catalog error.*table|does not exist", "there is no such table in the file. Name one that is."),
    (
        "could not read enough bytes|not a valid|corrupt|magic bytes|no magic|too small",
        "the file is damaged or cut off. Get it again.",
    ),
    (
        "csv error",
        "the line does not fit the table's columns. Correct it, or add --keep-going to leave such lines out.",
    ),
)
