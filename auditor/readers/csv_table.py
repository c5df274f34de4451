"""Plain CSV and TSV (also gzipped) with a header that names the columns.

Leaves out dialects other than comma, tab and semicolon, quoted with double quotes.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from auditor.errors import AuditError
from auditor.readers.columns import looks_usable, to_recorded
from auditor.readers.options import ReadOptions
from auditor.readers.text import LIMIT, document
from auditor.recorded import Recorded

name = "csv"
_SEPARATORS = ",\t;"


def matches(path: Path, head: bytes) -> bool:
    """Whether the first line is a header that names a response column, or the file ends in .csv."""
    if re.search(r"\.[ct]sv(\.gz)?$", path.name):
        return bool(head)
    return looks_usable(_header(head.decode("utf-8", "replace"))[0], ReadOptions())


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read a CSV file."""
    dropped: list[pacsv.InvalidRow] = []
    recorded = to_recorded(read_table(path, options, dropped), path, options, name)
    if not dropped:
        return recorded
    first = dropped[0]
    note = (
        f"{path}: {len(dropped)} rows were left out because they cannot be read; the first, row "
        f"{first.number}: expected {first.expected_columns} columns, got {first.actual_columns}."
    )
    return Recorded(recorded.table, name, (*recorded.notes, note), recorded.files)


def read_table(path: Path, options: ReadOptions, dropped: list[pacsv.InvalidRow] | None = None) -> pa.Table:
    """Every column of the file as text; `dropped` collects bad rows where the user keeps going."""
    text = document(path, options)
    if not text.strip():
        raise AuditError(f"{path}: the file is empty. Expected a header line and one response a row.")
    header, separator = _header(text[:1_000_000])

    def drop(row: pacsv.InvalidRow) -> str:
        if dropped is not None:
            dropped.append(row)
        return "skip"

    try:
        return pacsv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            # One block, since a row may not span two; one thread, since only then errors name the row.
            read_options=pacsv.ReadOptions(use_threads=False, block_size=LIMIT),
            parse_options=pacsv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                invalid_row_handler=drop if options.keep_going else None,
            ),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.large_string())),
        )
    except pa.ArrowInvalid as error:
        raise AuditError(
            f"{path}: not readable as CSV: {error}. Quote fields that hold a separator or a line break, "
            "or add --keep-going to leave out rows with too many or too few columns."
        ) from None


def _header(text: str) -> tuple[list[str], str]:
    """Column names and separator: the one that splits the first line into most fields."""
    lines = text.removeprefix("\ufeff").splitlines()
    first = lines[0] if lines else ""
    separator = max(_SEPARATORS, key=first.count)
    try:
        return next(csv.reader([first], delimiter=separator), []), separator
    except csv.Error:
        return [], separator
