"""Opens an evidence file for one writer or for readers, and turns what DuckDB refuses into one message.

Leaves out the tables (`migrations.py`). A writer holds the file alone; readers open it read-only. Nothing an
evidence file contains can reach other files or load an extension: it may come from the other party.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

import duckdb
import pyarrow as pa

from auditor.errors import AuditError, IncompleteError
from auditor.store.migrations import Connection, migrate, schema_number

MEMORY_LIMIT = "2GiB"  # beyond it DuckDB spills next to the file
# DuckDB's bar, drawn where something takes seconds, would go to stdout, among the report. Per connection.
QUIET = "SET enable_progress_bar = false"
STORAGE = "v1.4.0"  # the oldest DuckDB we support reads what the newest one wrote
_ONE_WRITER = Lock()


def settings() -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB settings of every connection, readers and writers alike (DuckDB wants them equal)."""
    return {
        "threads": str(min(4, os.cpu_count() or 1)),
        "memory_limit": MEMORY_LIMIT,
        "storage_compatibility_version": STORAGE,
        "arrow_large_buffer_size": "true",
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """The evidence file, read-only, after checking that it is one this version can read."""
    with _explained(path):
        if not path.exists():
            raise AuditError(
                f"No evidence file at {path}. Run `audit compare ... --evidence {path}` first, "
                "or name another one."
            )
        _refuse_odd_paths(path)
        with _connected(path, read_only=True) as con:
            if schema_number(con, path) == 0:
                raise AuditError(
                    f"{path} is a DuckDB file without any table: no run was ever finished in it. "
                    f"Run `audit compare ... --evidence {path}` first, or name another file."
                )
            try:
                yield con
            except (ValueError, TypeError, LookupError) as error:
                raise AuditError(
                    f"{path} holds something other than an evidence file may ({error}): it was changed after "
                    "it was written, or is damaged. Restore it from a copy."
                ) from error


@contextmanager
def writing(path: Path) -> Iterator[Connection]:
    """The evidence file for its one writer inside ONE transaction: all of it is stored, or nothing.

    Creates the file when it is missing, and brings it to the newest schema first.
    """
    with _ONE_WRITER, _explained(path):
        if not path.parent.is_dir():
            raise AuditError(
                f"No folder {path.parent} to write the evidence file {path.name} into. "
                "Create it, or name another file."
            )
        _refuse_odd_paths(path)
        with _connected(path, read_only=False) as con:
            migrate(con, path)
            con.begin()
            yield con
            con.commit()


@contextmanager
def _connected(path: Path, *, read_only: bool) -> Iterator[Connection]:
    con = duckdb.connect(str(path.absolute()), read_only=read_only, config=settings())
    try:
        con.execute(QUIET)
        yield con
    finally:
        with suppress(duckdb.Error):  # a transaction left open is rolled back by closing
            con.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, OSError, MemoryError) as error:
        raise explain(path, str(error)) from error
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise AuditError(
            f"A value cannot be stored in {path}: {error}. Allowed are text in UTF-8 and 64-bit numbers; "
            "nothing was stored."
        ) from error


def _refuse_odd_paths(path: Path) -> None:
    if path.is_dir():
        raise AuditError(
            f"{path} is a folder; the evidence is one file. Name a file, e.g. {path}/audit.duckdb."
        )
    if path.exists() and not path.is_file():
        raise AuditError(f"{path} is not a regular file; the evidence file must be one. Name another.")
    if path.exists():
        with path.open("rb") as file:
            start = file.read(12)
        if start and start[8:] != b"DUCK":  # DuckDB's own mark; DuckDB itself would try other formats first
            raise explain(path, "not a valid DuckDB database")


def explain(path: Path, said: str) -> AuditError:
    """The user's message for what DuckDB `said` about `path`."""
    if holder := re.search(r"lock is held in (.+?) \(PID (\d+)\)", said):
        return IncompleteError(
            f"{path} is in use by process {holder[2]} ({holder[1]}); an evidence file has one writer at a "
            "time. Wait until that process ends, then run the same command again."
        )
    for pattern, error, message in _REFUSALS:
        if re.search(pattern, said, re.IGNORECASE):
            return error(f"{path} {message}")
    return AuditError(f"{path} cannot be used as an evidence file. DuckDB says: {said.strip()}")


_REFUSALS: tuple[tuple[str, type[AuditError], str], ...] = (
    (
        "could not set lock|different configuration|unique file handle conflict",
        IncompleteError,
        "is in use by another process or another part of this one; an evidence file has one writer at a "
        "time. Wait until it ends, then run the same command again.",
    ),
    (
        "no space left|disk quota|max_temp_directory_size|file too large",
        IncompleteError,
        "could not be written: the disk is full. Runs stored earlier are intact, this one was not stored. "
        "Free some space, or name a file on another disk with --evidence, and run the same command again.",
    ),
    (
        "out of memory|failed to allocate|bad_alloc",
        IncompleteError,
        f"could not be used within the memory there is (limit {MEMORY_LIMIT}). Close other programs and run "
        "the same command again.",
    ),
    (
        "permission denied|read-only file system|operation not permitted",
        AuditError,
        "may not be opened: reading needs permission to read the file, writing needs permission to write "
        "the file and its folder. Change the permissions, or, on a disk that is read-only, name a file on "
        "another one.",
    ),
    (
        "not a valid duckdb database|loading external extensions|failed to download extension",
        AuditError,
        "is not a DuckDB file, so it is not an evidence file. It was left as it is; name another file "
        "(delete it yourself if it has 0 bytes: its creation was interrupted).",
    ),
    (
        "with version number|newer version of duckdb|storage version",
        AuditError,
        "was written by a newer DuckDB than the one installed. Upgrade with: pip install -U duckdb",
    ),
    (
        "corrupt|could not read enough bytes|checksum|serializ|internal error|fatal",
        AuditError,
        "is damaged: DuckDB cannot read all of it. It was left as it is; restore it from a copy, or name "
        "another file.",
    ),
)
