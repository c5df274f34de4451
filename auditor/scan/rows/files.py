"""`DataFile`: a file with rows, its format told by its first bytes, then by its ending.

Leaves out which files there are, and reading rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from auditor.overlap import names
from auditor.scan.rows.packed import PACKED_ENDINGS, Unreadable, opened, packing

# Those of `audit overlap` but plain text, which has no rows; and Arrow, as Hugging Face saves.
FORMATS = {ending: format for ending, format in names.FORMATS.items() if format != "text"}
FORMATS |= dict.fromkeys((".arrow", ".feather", ".ipc"), "arrow")
HEAD = 1 << 16
UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class DataFile:
    """One file with rows.

    Attributes
    ----------
    path : relative to what is scanned, with slashes. format : "jsonl", "json", "csv", "tsv", "parquet",
        "arrow". packed : "gzip", "zstd", "bz2", "xz" or "". size : bytes on disk.
    """

    path: str
    format: str
    packed: str
    size: int


def ending(name: str) -> str:
    """Return the format that a name's ending says, one for packing left out; "" = none that holds rows."""
    path = Path(name.lower())
    path = path.with_suffix("") if path.suffix in PACKED_ENDINGS else path
    return FORMATS.get(path.suffix, "")


def data_file(root: Path, path: str) -> DataFile:
    """Look at the first bytes of a file; raise `Unreadable` where no rows can be in it.

    Parameters
    ----------
    path : relative to `root`, with slashes.
    """
    file = root / path
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(8)
        packed = packing(head)
        with opened(file, packed) as stream:
            start = stream.read(HEAD)
    except (OSError, EOFError, ValueError) as error:
        raise Unreadable(f"it cannot be opened ({error})") from None
    if not size:
        raise Unreadable("it is empty")
    return DataFile(path, _format(ending(path), start), packed, size)


def _format(said: str, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if said in ("parquet", "arrow"):
        raise Unreadable(f"its ending says {said}, its first bytes say something else")
    if head.startswith(UTF16):
        raise Unreadable("its text is UTF-16; convert it to UTF-8")
    if b"\0" in head:
        raise Unreadable("it is binary, not text")
    if said in ("csv", "tsv"):
        return said
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"[" and said == "json":
        return "json"
    if said == "json" and not _one_line(start):
        return "json"
    if said in ("json", "jsonl"):
        return "jsonl"
    raise Unreadable("its ending says no known format of rows")


def _one_line(start: bytes) -> bool:
    """Tell whether the first line is a record by itself, so that a .json file holds JSON lines."""
    line, end, rest = start.partition(b"\n")
    if not end or not rest.strip():
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
