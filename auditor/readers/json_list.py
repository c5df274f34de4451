"""Plain JSON: one list of objects with named columns.

Leaves out column-wise JSON (an object of lists): write it as a list of objects.
"""

from __future__ import annotations

from pathlib import Path

from auditor.errors import AuditError
from auditor.readers.jsontext import kind, load, outline
from auditor.readers.options import ReadOptions
from auditor.readers.records import Records
from auditor.recorded import Recorded

name = "json"


def matches(path: Path, head: bytes) -> bool:
    """Whether the file begins with a JSON list, or an object spread over lines (which `read` refuses)."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n")[0]
    return outline(head).top == "[" or first.strip() == b"{"


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read a JSON list of objects."""
    value = load(path, options)
    if not isinstance(value, list):
        raise AuditError(
            f"{path}: the top level must be a list of objects, or one object a line (JSON lines); "
            f"got {kind(value)}. Write the responses as a list."
        )
    records = Records(path, options, name)
    for at, record in enumerate(value):
        if isinstance(record, dict):
            records.add(record, f"entry {at}")
        else:
            records.rows.refuse(path, f"entry {at}", f"expected an object; got {kind(record)}.")
    return records.recorded()
