"""Small files of recorded outputs, with text of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def lines_of(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def put(path: Path, content: Any) -> Path:
    """Write text, bytes, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def rows_of(recorded) -> list[tuple]:
    return [tuple(row.values()) for row in recorded.table.to_pylist()]
