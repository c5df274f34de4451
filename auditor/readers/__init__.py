"""Recorded outputs in the formats that evaluation tools write: look at the content, then read.

Leaves out assembling what was read into a panel (`auditor.panel`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from auditor.errors import AuditError
from auditor.readers import (
    alpaca_eval,
    csv_table,
    inspect_log,
    json_lines,
    json_list,
    lm_eval,
    model_answer,
    openai_batch,
    panel_parquet,
    parquet,
)
from auditor.readers.options import ReadOptions
from auditor.readers.text import head_of
from auditor.recorded import Recorded

__all__ = ["READERS", "ReadOptions", "Reader", "detect", "read", "read_all"]


class Reader(Protocol):
    """What a format module offers."""

    name: str

    def matches(self, path: Path, head: bytes) -> bool:
        """Whether a file (its first bytes, unpacked, as UTF-8) or folder is in this format."""
        ...

    def read(self, path: Path, options: ReadOptions) -> Recorded:
        """Read it all."""
        ...


READERS: tuple[Reader, ...] = (  # the particular before the general
    alpaca_eval,
    model_answer,
    lm_eval,
    inspect_log,
    openai_batch,
    panel_parquet,
    parquet,
    json_list,
    json_lines,
    csv_table,
)

_PLAIN = (panel_parquet, parquet, json_list, json_lines, csv_table)
_PICKLES = re.compile(r"\.(pkl|pickle|joblib|pt|pth)(\.gz)?$", re.IGNORECASE)


def detect(path: Path, options: ReadOptions | None = None) -> Reader:
    """Find the reader for a file or folder by its content."""
    options = options or ReadOptions()
    head = _checked_head(path, options)
    for reader in _PLAIN if options.columns else READERS:  # only plain tables have columns to name
        if reader.matches(path, head):
            return reader
    what = "a folder that holds" if path.is_dir() else "a file in"
    raise AuditError(
        f"{path}: {what} no known format. Known are {_names()}. "
        "Name one with --input-format, or give the responses as JSON lines with model, prompt and output."
    )


def read(path: Path, options: ReadOptions | None = None) -> Recorded:
    """Read the recorded outputs in a file or folder."""
    options = options or ReadOptions()
    if options.format is None:
        return detect(path, options).read(path, options)
    _checked_head(path, options)
    for reader in READERS:
        if reader.name == options.format:
            return reader.read(path, options)
    raise AuditError(f"--input-format {options.format}: no such format. Allowed are {_names()}.")


def read_all(paths: Iterable[Path], options: ReadOptions | None = None) -> tuple[Recorded, ...]:
    """Read several files or folders, each in its own format."""
    return tuple(read(path, options) for path in paths)


def _checked_head(path: Path, options: ReadOptions) -> bytes:
    """First bytes, after refusing what is not there, empty, or a pickle."""
    if not path.exists():
        raise AuditError(f"{path}: no such file or folder. Check the path.")
    head = head_of(path, options)
    if _PICKLES.search(path.name) or re.match(rb"\x80[\x02-\x05]", head):
        raise AuditError(
            f"{path}: pickle files are refused, since reading one can run any program. "
            "Write the responses as JSON lines or Parquet."
        )
    if path.is_file() and not head.strip():
        raise AuditError(f"{path}: the file is empty. Check how it was written.")
    return head


def _names() -> str:
    return ", ".join(reader.name for reader in READERS)
