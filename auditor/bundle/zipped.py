"""A zip with the same bytes for the same files: sorted names, one fixed time, no extra fields."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import AuditError

WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
CHUNK = 1 << 20


def write_zip(files: Mapping[str, Path], path: Path) -> None:
    """Write files under these names; `path` is written over."""
    try:
        # Without zip64, so that opening one needs no trust in its longer headers: at most 4 GiB.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=False) as archive:
            for name in sorted(files):
                _add(archive, name, files[name])
    except zipfile.LargeZipFile as error:
        raise AuditError(
            f"The bundle would be larger than 4 GiB, which is the most that is opened again. Hand over the "
            f"evidence file itself instead of {path}; 'audit verify' takes it, too."
        ) from error


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 3
    info.external_attr = 0o100644 << 16
    info.file_size = file.stat().st_size
    with file.open("rb") as source, archive.open(info, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
