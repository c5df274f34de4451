"""Opens a bundle that anybody may have made: checked as a whole first, then unpacked into a temporary folder.

Nothing is written elsewhere, no name decides where, and no size is believed: counted is what comes out.
Leaves out what the files say (`check.py`).
"""

from __future__ import annotations

import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.bundle.layout import (
    EVIDENCE,
    LARGEST_EVIDENCE,
    LARGEST_OTHER,
    MOST_FILES,
    NAME,
    NESTED,
    RATIO,
    RATIO_FROM,
)
from auditor.errors import AuditError

CHUNK = 1 << 20
_END = struct.Struct("<4s4H2LH")  # end of central directory, without a comment
_END_MARK = b"PK\x05\x06"
_LARGEST_DIRECTORY = 1 << 16
_LOCAL = 30  # bytes of a local header before its name
# What the library raises about bytes that are no zip.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
)


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """A temporary folder with the files of the bundle, gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="audit-bundle-") as folder:
        unpack(path, Path(folder))
        yield Path(folder)


def is_zip(path: Path) -> bool:
    """Whether the file begins as a zip does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", _END_MARK)


def unpack(path: Path, folder: Path) -> None:
    """Check every entry, then write them under `folder`, which must be empty."""
    try:
        start = _check_end(path)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(path, entries, start)
            for entry in entries:
                _write(path, archive, entry, folder)
    except _BROKEN as error:
        raise _refused(path, f"it is damaged ({error})") from error


def _check_end(path: Path) -> int:
    """Where the directory of the zip begins; only the plainest end, which is what we write, is accepted."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END.size))
        last = file.read(_END.size)
    if len(last) < _END.size or not last.startswith(_END_MARK):
        raise _refused(path, "it does not end as a bundle does")
    _, disk, first, here, n, length, start, comment = _END.unpack(last)
    if disk or first or comment or here != n or start + length + _END.size != size:
        raise _refused(path, "it has parts that belong to no file")
    if n > MOST_FILES or length > _LARGEST_DIRECTORY:
        raise _refused(path, f"it lists {n} files; at most {MOST_FILES} are allowed")
    return int(start)


def _check(path: Path, entries: list[zipfile.ZipInfo], start: int) -> None:
    names = [entry.filename for entry in entries]
    for entry in entries:
        problem = _problem(entry)
        if problem:
            raise _refused(path, f"{entry.filename[:80]!r} {problem}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _refused(path, f"{twice!r} is in it twice")
    if folders := {name.partition("/")[0] for name in names if "/" in name} & set(names):
        raise _refused(path, f"{sorted(folders)[0]!r} is a file and a folder at once")
    end = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < end:
            raise _refused(path, f"{entry.filename!r} lies over another file")
        end = entry.header_offset + _LOCAL + len(entry.filename) + entry.compress_size
    if end > start:
        raise _refused(path, "its last file lies over the directory")


def _problem(entry: zipfile.ZipInfo) -> str:
    """What is not allowed about an entry; "" = nothing."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    largest = LARGEST_EVIDENCE if entry.filename == EVIDENCE else LARGEST_OTHER
    if entry.orig_filename != entry.filename or not NAME.fullmatch(entry.filename):
        return "is no name that a bundle may hold (lower case, at most one folder deep)"
    if kind not in (0, stat.S_IFREG):
        return "is a link or another special file"
    if entry.filename.endswith(NESTED):
        return "is an archive in the archive"
    if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is encrypted or packed in a way that bundles are not"
    if entry.file_size > largest:
        return f"has {entry.file_size:,} bytes; at most {largest:,} are allowed"
    if entry.file_size > max(RATIO_FROM, RATIO * entry.compress_size):
        return f"would grow to more than {RATIO} times its size"
    return ""


def _write(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    """Unpack one entry; stops where more comes out than the directory says."""
    target = folder / entry.filename
    target.parent.mkdir(exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise _refused(path, f"{entry.filename!r} is longer than it says")
            file.write(chunk)
    if left:
        raise _refused(path, f"{entry.filename!r} is shorter than it says")


def _refused(path: Path, why: str) -> AuditError:
    return AuditError(
        f"{path} is not opened: {why}. A bundle is what 'audit bundle' wrote; ask for it again, or for the "
        "evidence file."
    )
