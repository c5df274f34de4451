"""Members of a zip archive, read by name into memory and never written to disk.

Leaves out encryption. Zstandard members (zip method 93), which `zipfile` knows only from Python 3.14 on, are
unpacked by Arrow.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa

from auditor.errors import AuditError

MEMBER_LIMIT = 1 << 29  # bytes of one member, unpacked
_ZSTANDARD = 93


def opened(path: Path) -> zipfile.ZipFile:
    """Open an archive, with a message where it is damaged."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise AuditError(f"{path}: not readable as a zip archive ({error}). Get the file again.") from None


def member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """Content of one member of at most `MEMBER_LIMIT` bytes, whatever size the archive claims for it."""
    info = archive.getinfo(name)
    try:
        if info.compress_type == _ZSTANDARD:
            content = _zstandard(path, info)
        else:
            with archive.open(info) as file:
                content = file.read(MEMBER_LIMIT + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, struct.error) as error:
        raise AuditError(
            f"{path}: {name} in the archive cannot be unpacked ({error}). Get the file again."
        ) from None
    if len(content) > MEMBER_LIMIT:
        raise AuditError(
            f"{path}: {name} in the archive is larger than {MEMBER_LIMIT >> 20} MiB unpacked, the most "
            "that is read. Check that the archive is what it says it is."
        )
    return content


def _zstandard(path: Path, info: zipfile.ZipInfo) -> bytes:
    """Unpack a member by hand: local header (30 bytes, then name and extra field), then the data."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name_size, extra_size = struct.unpack("<26xHH", file.read(30))
        file.seek(name_size + extra_size, 1)
        packed = file.read(info.compress_size)
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        content: bytes = stream.read(MEMBER_LIMIT + 1)
    return content
