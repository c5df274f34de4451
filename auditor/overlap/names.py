"""Which files a corpus is: a file, a folder, a pattern, or a table of a DuckDB file.

The format is told by a file's first bytes, then by its ending. Leaves out what is inside (`columns.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

import pyarrow as pa

from auditor.errors import AuditError

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".text": "text",
    ".md": "text",
}
PACKED = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
MAGIC = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
PICKLED = re.compile(rb"\x80[\x02-\x05]")
DATABASES = (".duckdb", ".ddb", ".db")
HEAD = 4096


@dataclass(frozen=True)
class File:
    """One file of a corpus; `packed` is gzip, zstd or "". `table` : of a DuckDB file, else ""."""

    path: Path
    format: str
    packed: str = ""
    table: str = ""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.path}::{self.table}" if self.table else str(self.path)


def files_of(name: str) -> tuple[File, ...]:
    """The files a corpus's name stands for, in the order of their paths; an error where there is none."""
    before, colons, table = name.rpartition("::")
    if colons and before.lower().endswith(DATABASES):
        return (_database(Path(before), table),)
    path = Path(name)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and _ending(p)[0] in FORMATS)
        if not found:
            raise AuditError(
                f"{name}: no file of a known format in this folder. Known endings are {_known()}, each also "
                "with .gz or .zst."
            )
        return tuple(file_of(p) for p in found)
    if path.is_file():
        return (file_of(path),)
    if has_magic(name):
        found = sorted(p for p in map(Path, glob(name, recursive=True)) if p.is_file())  # noqa: PTH207
        if found:
            return tuple(file_of(p) for p in found)
        raise AuditError(f"{name}: no file matches this pattern. Check it, and quote it for the shell.")
    raise AuditError(f"{name}: no such file or folder. Check the path.")


def file_of(path: Path) -> File:
    """A file with its format; refuses what is empty, pickled, or in no known format."""
    if path.name.lower().endswith(DATABASES):
        raise AuditError(f"{path}: a DuckDB file holds tables; name one, as in {path}::answers.")
    ending, packed = _ending(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise AuditError(f"{path}: cannot be read ({error.strerror}). Check the path and rights.") from error
    packed = next((kind for magic, kind in MAGIC if head.startswith(magic)), "")
    head = _unpacked(path, packed) if packed else head
    if PICKLED.match(head):
        raise AuditError(
            f"{path}: pickle files are refused, since reading one can run any program. Write JSON lines."
        )
    if head.startswith(b"PAR1"):
        return File(path, "parquet", packed)
    format = FORMATS.get(ending) or ("json" if head.lstrip()[:1] in (b"{", b"[") else "")
    if not format:
        raise AuditError(
            f"{path}: the ending says no known format. Known are {_known()}, each also with .gz or .zst."
        )
    if format in ("json", "jsonl"):
        format = "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[" else "jsonl"
    return File(path, format, packed)


def _database(path: Path, table: str) -> File:
    if not path.is_file():
        raise AuditError(f"{path}: no such file. Check the path before the two colons.")
    if not table:
        raise AuditError(f"{path}::: no table is named. Write {path}::TABLE.")
    return File(path, "duckdb", "", table)


def _ending(path: Path) -> tuple[str, str]:
    """Ending of the format, and how the file is packed by its last ending."""
    packed = PACKED.get(path.suffix.lower(), "")
    return (Path(path.stem).suffix if packed else path.suffix).lower(), packed


def _unpacked(path: Path, packed: str) -> bytes:
    try:
        with pa.input_stream(str(path), compression=packed) as file:
            return bytes(file.read(HEAD))
    except (OSError, pa.ArrowException) as error:
        raise AuditError(f"{path}: the {packed} stream is damaged ({error}). Get the file again.") from None


def _known() -> str:
    return ", ".join(FORMATS)
