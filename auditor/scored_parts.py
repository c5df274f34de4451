"""The file of scores while it grows: a part for every batch, put together at the end.

Parts stand in FILE.parts, each whole or not there; a killed run leaves them, and the next one reads them.
Leaves out what is in a file (`scored.py`).
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor import scored
from auditor.errors import AuditError, IncompleteError
from auditor.scored import Scored
from detectors.scores import TextId


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Keep a second run away from the same file."""
    check_output(output)
    lock = output.with_name(output.name + ".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IncompleteError(
                f"{output} is being written by another 'audit score'. Wait until it ends, or give -o another"
                " name."
            ) from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def check_output(output: Path) -> None:
    """Refuse a name that scores cannot be written under."""
    if output.is_dir() or not output.parent.is_dir():
        what = "it is a folder" if output.is_dir() else f"there is no folder {str(output.parent)!r}"
        raise AuditError(f"Cannot write to {str(output)!r}: {what}. Give -o another name.")
    if output.suffix != ".parquet":
        raise AuditError(
            f"-o {str(output)!r}: scores are kept as Parquet. Give a name that ends in .parquet."
        )


def held_in(output: Path) -> Scored | None:
    """What the file and the parts of a killed run hold; None = nothing."""
    found: list[Scored] = []
    known: set[TextId] = set()
    for file in ([output] if output.exists() else []) + _parts(output):
        part = scored.read(file)
        if known.isdisjoint(part.everything.texts):  # a run may be killed after its parts were put together
            found.append(part)
            known.update(part.everything.texts)
    return scored.joined(found) if found else None


def put_together(output: Path) -> Scored | None:
    """Make one file of what is held and all parts; None = nothing is."""
    whole = held_in(output)
    if whole and _parts(output):
        scored.write(whole, output)
    shutil.rmtree(_folder(output), ignore_errors=True)
    return whole


def add(output: Path, part: Scored) -> None:
    """Keep one batch; when this returns, a killed process does not lose it."""
    folder = _folder(output)
    folder.mkdir(exist_ok=True)
    number = max((int(file.stem) for file in _parts(output)), default=0) + 1
    scored.write(part, folder / f"{number:08d}.parquet")


def _folder(output: Path) -> Path:
    return output.with_name(output.name + ".parts")


def _parts(output: Path) -> list[Path]:
    """Batches of a run that was killed, or goes on, whole ones only."""
    return sorted(_folder(output).glob("[0-9]*.parquet"))
