"""The file that `audit collect` adds to: a JSON line an answer, whole or not there at all.

Any reader of JSON lines reads it. A line that a killed process left unfinished is cut off when the file is
next added to; nothing else in it is ever changed. Leaves out what to ask (`collect.py`).
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from auditor.answer_lines import check_decoding, check_place, line_of, parsed, rows_in
from auditor.errors import AuditError, IncompleteError
from auditor.sources.responder import Target

_SYNC_EVERY = 2.0  # seconds: what a power failure may cost
_NOT_JSON_LINES = (".gz", ".parquet", ".csv", ".tsv", ".json", ".duckdb")

Key = tuple[str, int]  # probe id and sample number


@dataclass
class Held:
    """What a file holds of one model.

    Attributes
    ----------
    keys : (probe id, sample number) of every answer.
    counts : "truncated", "empty", "refusal" and "faulty" answers.
    server_models : what the server called the model.
    completion_tokens : of the answers that say it, their sum and number.
    others : answers of other models in the file.
    """

    keys: set[Key] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    server_models: set[str] = field(default_factory=set)
    completion_tokens: tuple[int, int] = (0, 0)
    others: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one answer."""
        self.keys.add((row["probe"], row["sample"]))
        self.counts["truncated"] += bool(row.get("truncated"))
        self.counts["empty"] += not row["output"].strip()
        self.counts["refusal"] += bool(row.get("refusal"))
        self.counts["faulty"] += bool(row.get("faults"))
        if row.get("server_model"):
            self.server_models.add(row["server_model"])
        said = (row.get("tokens") or {}).get("completion")
        if said is not None:
            self.completion_tokens = (self.completion_tokens[0] + said, self.completion_tokens[1] + 1)


def held_in(path: Path, target: Target, decoding: Mapping[str, Any]) -> Held:
    """What the file holds of this model, asked this way; reads only, and a missing file holds nothing.

    Raises `AuditError` where the file is not one of ours, or holds answers of the model that came from
    another place or were asked for in another way.
    """
    _check_name(path)
    if not path.exists():
        return Held()
    held = Held()
    with path.open("rb") as file:
        for number, row in rows_in(file, path):
            if row["model"] != target.name:
                held.others += 1
                continue
            check_place(row, target, path, number)
            check_decoding(row, decoding, path, number)
            held.add(row)
    return held


def decoding_in(path: Path, model: str) -> dict[str, Any] | None:
    """How the file's answers of this model were asked for; None = it holds none."""
    _check_name(path)
    if not path.exists():
        return None
    with path.open("rb") as file:
        found = (row["decoding"] for _, row in rows_in(file, path) if row["model"] == model)
        return next(found, None)


def answers_in(path: Path, target: Target) -> list[dict[str, Any]]:
    """Every whole answer of this model in the file, as it was kept; none where there is no file."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [r for _, r in rows_in(file, path) if (r["model"], r["at"]) == (target.name, target.at)]


def beside(evidence: str) -> str:
    """The file of answers that belongs to an evidence file: "audit.duckdb" -> "audit.answers.jsonl"."""
    return str(Path(evidence).with_suffix(".answers.jsonl"))


class Collected:
    """The open file, for its one writer."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._synced = monotonic()

    def held(self, target: Target, decoding: Mapping[str, Any]) -> Held:
        """As `held_in`; the file cannot change meanwhile."""
        return held_in(self.path, target, decoding)

    def mend(self) -> str:
        """Cut off a line that was never finished, and say so; "" = there was none. Call after `held`."""
        tail = _tail(self._file)
        if not tail:
            return ""
        if parsed(tail) is not None:
            self._write(b"\n")
            return ""
        self._file.truncate(self._file.seek(0, os.SEEK_END) - len(tail))
        return f"{self.path}: the last line was never finished; it was cut off, and is asked again."

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Add answers; when this returns, a killed process loses none of them."""
        self._write(b"".join(line_of(row) for row in rows))
        if monotonic() - self._synced > _SYNC_EVERY:
            self.sync()

    def sync(self) -> None:
        """Have the disk keep what was added."""
        os.fsync(self._file.fileno())
        self._synced = monotonic()

    def _write(self, data: bytes) -> None:
        """Write all of it or, when the disk is full, none."""
        size = self._file.seek(0, os.SEEK_END)
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self._file.truncate(size)
            raise IncompleteError(
                f"Could not write {str(self.path)!r}: {error.strerror}. What was collected before is in it; "
                "make room, and run the same command again."
            ) from error


@contextmanager
def opened(path: Path) -> Iterator[Collected]:
    """The file, locked for one writer; made if it is not there, and removed again if nothing was added."""
    _check_name(path)
    try:
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise AuditError(f"Cannot write to {str(path)!r}: {error.strerror}. Give -o another name.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IncompleteError(
                f"{path} is being added to by another 'audit collect'. Wait until it ends, then run the same "
                "command again, or give -o another name."
            ) from error
        collected = Collected(path, file)
        try:
            yield collected
        finally:
            if file.seek(0, os.SEEK_END):
                collected.sync()
            else:
                path.unlink(missing_ok=True)


def _check_name(path: Path) -> None:
    """Refuse what cannot become a file of JSON lines, before anybody is asked."""
    if path.is_dir():
        raise AuditError(f"Cannot write to {str(path)!r}: it is a folder. Give -o a file name.")
    if not path.parent.is_dir():
        raise AuditError(
            f"Cannot write to {str(path)!r}: there is no folder {str(path.parent)!r}. Create it."
        )
    if path.suffix.lower() in _NOT_JSON_LINES:
        raise AuditError(
            f"-o {str(path)!r}: answers are kept as JSON lines, and {path.suffix} says otherwise. Give a "
            "name that ends in .jsonl; 'audit panel import' makes a Parquet file of it."
        )


def _tail(file: BinaryIO) -> bytes:
    """What stands after the last line end."""
    size = file.seek(0, os.SEEK_END)
    tail = b""
    while size and b"\n" not in tail:
        step = min(1 << 16, size)
        size -= step
        file.seek(size)
        tail = file.read(step) + tail
    return tail.rpartition(b"\n")[2]
