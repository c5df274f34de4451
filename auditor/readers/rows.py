"""`Rows`: responses gathered one by one, with what was left out or repaired on the way.

Leaves out whole tables, which stay in Arrow from the file to the panel (see `columns.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from auditor.errors import AuditError
from auditor.readers.options import ReadOptions
from auditor.recorded import COLUMNS, Recorded

Row = tuple[str, str | None, str | None, int | None, str | None]

_FLUSH = 1 << 25  # characters of output held as Python strings before they go to Arrow
_LONE = re.compile("[\ud800-\udfff]")


class Rows:
    """Collects the responses of one source; `recorded` closes it."""

    def __init__(self, format: str, options: ReadOptions) -> None:
        self.format = format
        self.options = options
        self.files: dict[str, str] = {}
        self._notes: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._pending: list[Row] = []
        self._size = 0
        self._tables: list[pa.Table] = []
        self._surrogates = 0

    def file(self, path: Path) -> None:
        """Remember that a file was read, with its hash."""
        self.files[str(path)] = file_hash(path)

    def add(
        self,
        model: str,
        output: str | None,
        prompt_id: str | None = None,
        prompt: str | None = None,
        sample: int | None = None,
    ) -> None:
        """Add one response; `sample` is None where the source does not number repeated answers."""
        self._pending.append((model, prompt_id, prompt, sample, output))
        self._size += len(output or "") + len(prompt or "")
        if self._size > _FLUSH:
            self._flush()

    def refuse(self, path: Path, place: str, what: str) -> None:
        """Report a row that cannot be read: an error, or with `keep_going` a count."""
        if not self.options.keep_going:
            raise AuditError(
                f"{path}, {place}: {what} Correct the file, or add --keep-going to read the rest."
            )
        self._dropped[str(path)] += 1
        self._first.setdefault(str(path), f"{place}: {what}")

    def count(self, note: str) -> None:
        """Count one more case of `note`, which holds `{n}` where the number goes."""
        self._notes[note] += 1

    def note(self, text: str) -> None:
        """Add a sentence for the user, once."""
        self._notes.setdefault(text, 1)

    def recorded(self) -> Recorded:
        """Everything gathered; an error where that is nothing."""
        self._flush()
        notes = self._all_notes()
        if not self._tables:
            where = ", ".join(self.files) or "the source"
            raise AuditError(
                f"{where}: no responses found as format {self.format}. {' '.join(notes)} "
                "Check the file, or name another format with --input-format."
            )
        return Recorded(pa.concat_tables(self._tables), self.format, notes, dict(self.files))

    def _all_notes(self) -> tuple[str, ...]:
        notes = [
            f"{path}: {n} rows were left out because they cannot be read; the first, {self._first[path]}"
            for path, n in self._dropped.items()
        ]
        notes += [note.replace("{n}", str(n)) for note, n in self._notes.items()]
        if self._surrogates:
            notes.append(surrogate_note(self._surrogates))
        return tuple(notes)

    def _flush(self) -> None:
        if not self._pending:
            return
        columns = list(zip(*self._pending, strict=True))
        self._pending, self._size = [], 0
        arrays = [
            pa.array(c, f.type) if f.name == "sample" else self._strings(c)
            for c, f in zip(columns, COLUMNS, strict=True)
        ]
        self._tables.append(pa.Table.from_arrays(arrays, schema=COLUMNS))

    def _strings(self, values: Iterable[str | None]) -> pa.Array:
        """Arrow strings; a lone surrogate is no UTF-8 and becomes U+FFFD."""
        values = list(values)
        try:
            return pa.array(values, pa.large_string())
        except UnicodeEncodeError:
            repaired = [v if v is None else _LONE.subn("\ufffd", v) for v in values]
            self._surrogates += sum(r[1] for r in repaired if r is not None)
            return pa.array([r if r is None else r[0] for r in repaired], pa.large_string())


def surrogate_note(n: int) -> str:
    """Say that lone surrogates were replaced."""
    return f"{n} lone surrogates (half of a character, not valid text) were replaced by U+FFFD."


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
