"""Packed streams, bounded: nothing is unpacked beyond a limit, so that a small file cannot fill a disk.

Leaves out what the bytes mean.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

PACKED_ENDINGS = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)
RATIO = 200
"""Most bytes out of a packed byte, beyond `FREE`; answers of models pack 3 to 10 times."""
FREE = 1 << 26
BLOCK = 1 << 20
DAMAGED = (OSError, EOFError, pa.ArrowException, lzma.LZMAError, ValueError)


class Unreadable(Exception):  # noqa: N818 - it is a finding, not an error of the program
    """A file, or the rest of it, cannot be read; the text says why, without the file's name."""


def packing(head: bytes) -> str:
    """How a file is packed, by its first bytes; "" = not."""
    return next((kind for magic, kind in MAGIC if head.startswith(magic)), "")


def opened(path: Path, packed: str) -> IO[bytes]:
    """The bytes of a file, unpacked as they are read."""
    if packed == "gzip":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if packed == "bz2":
        return bz2.open(path, "rb")
    if packed == "xz":
        return lzma.open(path, "rb")
    if packed == "zstd":
        stream: Any = pa.input_stream(str(path), compression="zstd")
        return stream  # type: ignore[no-any-return]
    return path.open("rb")


def most(path: Path) -> int:
    """Most bytes that are unpacked of a file."""
    return FREE + RATIO * path.stat().st_size


def unpack(path: Path, packed: str, folder: Path) -> Path:
    """Unpack a file into a folder for formats that are read from their end, or by DuckDB."""
    out = folder / f"unpacked-{sum(1 for _ in folder.iterdir())}"
    left = min(most(path), shutil.disk_usage(folder).free // 2)
    try:
        with opened(path, packed) as stream, out.open("wb") as file:
            while block := stream.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise Unreadable(
                        f"it unpacks to more than {RATIO} times its size, or more than the disk holds"
                    )
                file.write(block)
    except DAMAGED as error:
        out.unlink(missing_ok=True)
        raise Unreadable(f"the {packed} stream is damaged or cut off ({error})") from None
    except Unreadable:
        out.unlink(missing_ok=True)
        raise
    return out
