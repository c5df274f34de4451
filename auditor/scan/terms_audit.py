"""`problems` and `stale`: whether terms can be relied on, and which have to be read again.

Leaves out what makes a problem (`terms_schema.py`, `terms_check.py`, `synthetic.py`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from auditor import shipped
from auditor.errors import AuditError
from auditor.scan import synthetic, terms_schema
from auditor.scan.days import span
from auditor.scan.terms import Entry, load, read_tables
from auditor.scan.terms_check import doubtful


def problems(folder: Path | None = None) -> list[str]:
    """Say what is wrong with the terms of a folder, or with the shipped ones and the known datasets."""
    found = terms_schema.violations("terms", read_tables(folder or shipped.path("terms")))
    if folder is None:
        found += terms_schema.violations("synthetic", synthetic.tables())
    if found:
        return found  # what breaks the schema cannot be compared any further
    try:
        found += doubtful(load(folder))
        if folder is None:
            found += synthetic.broken(synthetic.load())
    except AuditError as error:
        found.append(str(error))
    return found


def stale(folder: Path | None = None, on: str | None = None) -> list[Entry]:
    """Return the entries that were read more than 180 days before a day; by default today."""
    day = span(on).last if on else date.today()
    return [entry for entry in load(folder) if entry.stale(day)]
