"""`read_rows`: the data files of one part, and what their rows add to it.

Leaves out reading them (`rows/`) and what follows (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor.progress import Progress
from auditor.scan.facts import Asked, Part
from auditor.scan.finding import Evidence, Finding
from auditor.scan.licences import declared as licences
from auditor.scan.result import Declared, FileRead
from auditor.scan.rows.files import DataFile, data_file
from auditor.scan.rows.found import Days, RowsFound
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.scan import scan_rows
from auditor.scan.tree import Found

NOTHING = RowsFound((), (), {}, 0, (), (), 0, None, ())


def read_rows(
    part: Part, root: Path, sample: int, known: Sequence[Path], asked: Asked, progress: Progress
) -> RowsFound:
    """Read the rows of a part, and add findings, licences and days to it.

    Parameters
    ----------
    sample : rows of each file at most; 0 = all. known : indexes of known sets. asked : what the user knows.
    """
    part.asked = asked
    if not part.data:
        return NOTHING
    files: list[DataFile] = []
    unread: list[FileRead] = []
    for file in part.data:
        try:
            files.append(data_file(root, file.name))
        except Unreadable as error:
            unread.append(_unread(file, str(error)))
            message = f"{file.name} cannot be read: {error}."
            at = (Evidence(file.name),)
            part.findings.append(Finding("FIL001", message, "high", file.name, at, part=part.path))
    found = scan_rows(root, files, sample, known, progress)
    own = {d.licence for d in part.declared}
    for one in found.findings:
        if one.rule != "LIC008" or licences.read(one.subject).licence not in own:
            part.findings.append(replace(one, part=part.path))
    for row in found.licences:
        licence = licences.read(row.value).licence
        declared = Declared(row.value, licence, "rows", row.field, None, part.path, rows=row.rows)
        part.declared.append(declared)
    part.asked = replace(asked, when=asked.when or _when(found.days))
    return replace(found, files=(*found.files, *unread))


def _unread(file: Found, why: str) -> FileRead:
    return FileRead(file.name, "data", file.format, file.size, None, False, "unreadable", why)


def _when(days: Days | None) -> str | None:
    """Return the day, month or year that all dates of the rows lie in; None where they do not."""
    if days is None or not days.generated:
        return None
    return next((days.first[:n] for n in (10, 7, 4) if days.first[:n] == days.last[:n]), None)
