"""Bytes of a text file, as text: gzip, byte order marks, encodings, and where a wrong byte is.

Leaves out guessing an encoding: without a byte order mark a file is UTF-8, or what `--encoding` says.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from auditor.errors import AuditError
from auditor.readers.options import ReadOptions

T = TypeVar("T")

LIMIT = (1 << 31) - 1  # bytes of one line or one document after unpacking; Arrow's CSV block limit
HEAD = 1 << 16

_BINARY = (b"PAR1", b"PK\x03\x04")  # Parquet and zip: --encoding is about text files

_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def open_binary(path: Path) -> BinaryIO:
    """Open a file for reading, unpacking gzip by its first bytes, not by its name."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror}). Check the path and rights.") from error
    magic = file.read(2)
    file.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if magic == b"\x1f\x8b" else file


def encoding_of(first: bytes, options: ReadOptions) -> str:
    """Name the encoding of a file from its first bytes: a byte order mark wins over `--encoding`."""
    for mark, name in _MARKS:
        if first.startswith(mark):
            return name
    name = options.encoding or "utf-8"
    try:
        b"".decode(name)  # fails for codecs that are not of text, too
        return codecs.lookup(name).name
    except LookupError:
        raise AuditError(
            f"--encoding {name}: no such encoding. Allowed are the names Python knows, "
            "e.g. utf-8, latin-1, cp1252, utf-16."
        ) from None


def head_of(path: Path, options: ReadOptions) -> bytes:
    """Beginning of a file, unpacked and as UTF-8; b"" for a folder."""
    if path.is_dir():
        return b""
    with open_binary(path) as file:
        raw = _guarded(path, lambda: file.read(HEAD))
    name = encoding_of(raw[:4], options)
    if name == "utf-8" or raw.startswith(_BINARY):
        return raw
    try:
        return codecs.getincrementaldecoder(name)(errors="replace").decode(raw).encode("utf-8", "replace")
    except UnicodeError as error:  # utf-16 and utf-32 want a byte order mark
        raise AuditError(
            f"{path}: --encoding {name}: {error}. Name the byte order: {name}-le or {name}-be."
        ) from None


def lines(path: Path, options: ReadOptions) -> Iterator[tuple[int, str | UnicodeDecodeError]]:
    """Lines with their numbers, counted from 1; a line that is no text comes as the error."""
    with open_binary(path) as file:
        name = encoding_of(_guarded(path, lambda: file.read(4)), options)
        _guarded(path, lambda: file.seek(0))
        if name.startswith(("utf-16", "utf-32")):
            yield from enumerate(io.StringIO(document(path, options), newline="\n"), 1)
            return
        for number, raw in enumerate(_raw_lines(path, file), 1):
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 and name == "utf-8-sig" else _plain(name))
            except UnicodeDecodeError as error:
                yield number, error


def document(path: Path, options: ReadOptions) -> str:
    """Whole text of a file of at most `LIMIT` bytes."""
    with open_binary(path) as file:
        raw = _guarded(path, lambda: file.read(LIMIT + 1))
    if len(raw) > LIMIT:
        raise AuditError(
            f"{path}: the document is larger than {LIMIT >> 20} MiB unpacked, the most that is read at once. "
            "Convert it to JSON lines or Parquet."
        )
    name = encoding_of(raw[:4], options)
    try:
        return raw.decode(name)
    except UnicodeDecodeError as error:
        raise AuditError(undecodable(path, raw.count(b"\n", 0, error.start) + 1, error)) from None


def undecodable(path: Path, line: int, error: UnicodeDecodeError, offset: int = 0) -> str:
    """Message for a byte that is no text in the encoding; `offset` is where `error` starts counting."""
    byte = error.object[error.start]
    name = {"utf-8": "UTF-8"}.get(_plain(error.encoding), error.encoding)
    return (
        f"{path}, line {line}: byte {offset + error.start} (0x{byte:02x}) is not {name} text. "
        "Allowed are UTF-8, UTF-16 and UTF-32 with a byte order mark, and what --encoding names. "
        "If the file is in a Western single-byte encoding, add --encoding latin-1."
    )


def stem_of(path: Path) -> str:
    """File name without its endings (`answers.jsonl.gz` -> `answers`), for a model that has no name."""
    name = path.name
    for ending in (".gz", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".eval"):
        name = name.removesuffix(ending)
    return name or path.name


def _plain(name: str) -> str:
    return "utf-8" if name == "utf-8-sig" else name


def _raw_lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    while raw := _guarded(path, lambda: file.readline(LIMIT + 1)):
        if len(raw) > LIMIT:
            raise AuditError(
                f"{path}: a line is longer than {LIMIT >> 20} MiB, the most that is read. "
                "Check that the file has one record a line."
            )
        yield raw


def _guarded(path: Path, step: Callable[[], T]) -> T:
    """Do one step of reading; a damaged gzip stream becomes a message."""
    try:
        return step()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise AuditError(
            f"{path}: the gzip stream is damaged or cut off ({error}). Get the file again."
        ) from None
