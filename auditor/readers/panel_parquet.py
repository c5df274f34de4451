"""Panel Parquet: `model, prompt_id, output`, with the prompts in a `prompts.parquet` beside it.

Leaves out panels that `auditor.panel` wrote: those carry their prompts and are plain Parquet.
"""

from __future__ import annotations

from pathlib import Path

from auditor.readers.columns import to_recorded
from auditor.readers.options import ReadOptions
from auditor.readers.parquet import MAGIC, read_columns, schema_of
from auditor.recorded import Recorded

name = "panel"


def matches(path: Path, head: bytes) -> bool:
    """Whether a Parquet file has exactly the panel's way of naming prompts."""
    if not head.startswith(MAGIC):
        return False
    names = set(schema_of(path).names)
    return names >= {"model", "prompt_id", "output"} and "prompt" not in names


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read a panel and join its prompts."""
    return to_recorded(read_columns(path, options), path, options, name)
