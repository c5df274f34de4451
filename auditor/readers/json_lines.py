"""Plain JSON lines (also gzipped): one object a line, with named columns.

Leaves out nested columns: the response must be text (or a list of text parts) at the top of the object.
"""

from __future__ import annotations

from pathlib import Path

from auditor.readers.jsontext import objects, outline
from auditor.readers.options import ReadOptions
from auditor.readers.records import Records
from auditor.recorded import Recorded

name = "jsonl"


def matches(path: Path, head: bytes) -> bool:
    """Whether the file begins with a JSON object."""
    return outline(head).top == "{"


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read a JSON lines file."""
    records = Records(path, options, name)
    for number, record in objects(path, records.rows, "a JSON object with a response and its prompt"):
        records.add(record, f"line {number}")
    return records.recorded()
