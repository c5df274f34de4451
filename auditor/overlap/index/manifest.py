"""`index.json` of an index: its settings, its parts, and the SHA-256 of every file.

Written anew, whole, after a part is in its place: a run that was killed leaves a folder that is not listed,
and nothing else. Leaves out what the files hold (`part.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from auditor.errors import AuditError, IncompleteError

NAME = "index.json"
FORMAT = "distill-audit index"
VERSION = 1
"""Raised when the files, or a hash of a shingle, change."""
SCHEME = "fss"


@dataclass(frozen=True)
class Settings:
    """What an index is made with, and what a run must ask for to use it.

    Attributes
    ----------
    shingle : "words:5". k : minima of a signature. scheme : of `detectors.minhash.schemes`. bands, rows : of
        the keys that are stored; other keys are made from the signatures. rate : share of shingles kept for
        --containment, or None. sketch : no texts are to be had, and figures are estimates. ids : whether
        documents keep their ids.
    """

    shingle: str
    k: int
    scheme: str
    bands: int
    rows: int
    rate: float | None
    sketch: bool
    ids: bool


@dataclass(frozen=True)
class Source:
    """A file of the corpus; `path` is its name alone in a sketch. format, packed, table : as in `File`."""

    path: str
    format: str
    packed: str
    table: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """What one run added. sha256 : of each file, by its name. columns : text, id, by as they were named."""

    name: str
    created: str
    corpus: str
    documents: int
    n_bytes: int
    without_text: int
    not_utf8: int
    columns: dict[str, str | None]
    keep_going: bool
    sources: tuple[Source, ...]
    sha256: dict[str, str]


@dataclass(frozen=True)
class Manifest:
    """An index: when it was begun, how it is made, of which parts."""

    created: str
    settings: Settings
    parts: tuple[Part, ...] = ()

    @property
    def documents(self) -> int:
        """Documents of all parts."""
        return sum(p.documents for p in self.parts)

    def with_part(self, part: Part) -> Manifest:
        """The same with one more part."""
        return replace(self, parts=(*self.parts, part))

    def write(self, folder: Path) -> None:
        """Put it in the folder, whole or not at all."""
        whole = {"format": FORMAT, "version": VERSION, "documents": self.documents, **asdict(self)}
        partial = folder / f"{NAME}.partial"
        with partial.open("w", encoding="utf-8") as file:
            file.write(json.dumps(whole, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / NAME)


def read(folder: Path) -> Manifest:
    """The manifest of a folder; says what is wrong with one that cannot be used."""
    if not folder.is_dir():
        raise AuditError(f"{folder}: no such folder. Check the path, or make it with 'audit index build'.")
    path = folder / NAME
    if not path.is_file():
        raise AuditError(
            f"{folder}: holds no {NAME}, so it is no index, or its first run did not end. "
            f"Make one with 'audit index build CORPUS -o {folder}'."
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise AuditError(f"{path}: is damaged ({error}). Take it from a copy, or build it again.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise AuditError(f"{path}: is not of an index. Name a folder that 'audit index build' made.")
    if found.get("version") != VERSION:
        raise AuditError(
            f"{folder}: is an index of version {found.get('version')}, and this program reads version "
            f"{VERSION}. Build it again, or use the program that made it."
        )
    try:
        return _manifest(found)
    except (KeyError, TypeError, AttributeError) as error:
        raise AuditError(f"{path}: is damaged ({error}). Take it from a copy, or build it again.") from None


def checked(folder: Path, part: Part, name: str) -> Path:
    """A file of a part, found to be what was written."""
    path = folder / part.name / name
    if not path.is_file():
        raise AuditError(f"{path}: is missing. Take {part.name} from a copy, or build the index again.")
    if sha256(path) != part.sha256.get(name):
        raise AuditError(
            f"{path}: is damaged (its SHA-256 is not that of {NAME}). Take {part.name} from a copy, or build "
            "the index again."
        )
    return path


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder for writing; a killed run lets go of it by itself. Windows has no such lock."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / "index.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise IncompleteError(
                f"{folder}: another run is writing to this index. Wait until it ends."
            ) from None
        yield


def _manifest(found: dict[str, Any]) -> Manifest:
    parts = tuple(
        _one(Part, {**p, "sources": tuple(_one(Source, s) for s in p["sources"])}) for p in found["parts"]
    )
    return Manifest(found["created"], _one(Settings, found["settings"]), parts)


def _one(kind: Any, row: dict[str, Any]) -> Any:
    return kind(**{f.name: row[f.name] for f in fields(kind)})
