"""Which files `--scores` names.

Leaves out what is in them (`scored.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.errors import AuditError


def files_of(paths: Sequence[str]) -> list[Path]:
    """Every file named, and every Parquet file of every folder named."""
    files: list[Path] = []
    for path in map(Path, paths):
        inside = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not inside:
            raise AuditError(f"{path}: no *.parquet in this folder. 'audit score' writes them.")
        files += inside
    return files
