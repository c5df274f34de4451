"""The file that `audit collect` adds to: a JSON line an answer, whole or not there at all.

Any reader of JSON lines reads it. A line that a killed process left unfinished is cut off when the file is
next added to; nothing else in it is ever changed. Leaves out what to ask (`collect.py`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from auditor.errors import AuditError, IncompleteError
from auditor.sources.responder import Target

FORMAT = 1
MARK = "collected"  # the first key of every line; its value is the format
_START = f'{{"{MARK}": '.encode()
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
        for number, row in _rows(file, path):
            if row["model"] != target.name:
                held.others += 1
                continue
            _check_place(row, target, path, number)
            _check_decoding(row, decoding, path, number)
            held.add(row)
    return held


def decoding_in(path: Path, model: str) -> dict[str, Any] | None:
    """How the file's answers of this model were asked for; None = it holds none."""
    _check_name(path)
    if not path.exists():
        return None
    with path.open("rb") as file:
        found = (row["decoding"] for _, row in _rows(file, path) if row["model"] == model)
        return next(found, None)


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
        if _parsed(tail) is not None:
            self._write(b"\n")
            return ""
        self._file.truncate(self._file.seek(0, os.SEEK_END) - len(tail))
        return f"{self.path}: the last line was never finished; it was cut off, and is asked again."

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Add answers; when this returns, a killed process loses none of them."""
        self._write(b"".join(_line(row) for row in rows))
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


def _rows(file: BinaryIO, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Answers and their line numbers; a last line that was never finished is left out."""
    for number, line in enumerate(file, 1):
        row = _parsed(line)
        if row is None and not line.endswith(b"\n") and _is_torn(line):
            break
        _check_row(row, path, number)
        assert row is not None
        yield number, row


def _check_row(row: dict[str, Any] | None, path: Path, number: int) -> None:
    """Refuse a line that is not ours: adding to it could spoil somebody's file."""
    where = f"{path}, line {number}"
    left = "The file was left as it is; give -o another name"
    if row is None or MARK not in row:
        raise AuditError(f"{where}: not an answer that 'audit collect' wrote. {left}, or correct the line.")
    if row[MARK] != FORMAT:
        raise AuditError(
            f"{where}: written by distill-audit {row.get('version', '(unknown)')} in format {row[MARK]!r}; "
            f"this version adds to format {FORMAT} only. {left}, or use that version."
        )
    kinds: dict[str, type] = dict.fromkeys(("model", "probe", "prompt", "output", "at"), str)
    kinds |= {"sample": int, "decoding": dict}
    wrong = next((key for key, kind in kinds.items() if type(row.get(key)) is not kind), None)
    if wrong:
        raise AuditError(f"{where}: {wrong!r} is missing or of the wrong kind. {left}, or correct the line.")


def _check_place(row: Mapping[str, Any], target: Target, path: Path, number: int) -> None:
    """Refuse to mix answers from two places: under one name there may be two models."""
    if row["at"] != target.at:
        raise AuditError(
            f"{path}, line {number}: holds answers of a {target.name} at {row['at']}, and {target.at} may be "
            "another model. Answers from two places are kept apart: give another file, or ask the first "
            "place again. Nothing was lost."
        )


def _check_decoding(row: Mapping[str, Any], decoding: Mapping[str, Any], path: Path, number: int) -> None:
    """Refuse to mix answers that were asked for differently: they would count as one model's."""
    theirs = row["decoding"]
    differ = [key for key in {**theirs, **decoding} if theirs.get(key) != decoding.get(key)]
    if differ:
        what = "; ".join(
            f"--{key.replace('_', '-')} {_shown(theirs.get(key))} there, {_shown(decoding.get(key))} now"
            for key in differ
        )
        raise AuditError(
            f"{path}, line {number}: holds answers of {row['model']} that were asked for in another way "
            f"({what}). Answers under different settings are kept apart: give -o another name, or ask as "
            "before. Nothing was lost."
        )


def _shown(value: Any) -> str:
    if value is None:
        return "not given"
    text = repr(value) if isinstance(value, str) else f"{value}"
    return text if len(text) <= 60 else text[:60] + "..."


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_torn(tail: bytes) -> bool:
    """Whether the end of a file can be the beginning of a line of ours, or what a crash left of one."""
    tail = tail.rstrip(b"\0")
    return tail.startswith(_START) or _START.startswith(tail)


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


def _line(row: Mapping[str, Any]) -> bytes:
    """One answer as a line; half a character (a lone surrogate) is written as an escape."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row, allow_nan=False).encode() + b"\n"
