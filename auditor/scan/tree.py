"""`walk`: the files of a dataset, each with what it is taken for; what is left out is said, never dropped.

Takes a folder, a file or a quoted pattern. Links are followed only to where a Hugging Face cache keeps its
files, so that nothing outside the dataset is read. Leaves out reading (`card.py`, `metadata.py`, `licences/`,
`rows/`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from auditor.errors import AuditError
from auditor.scan.finding import Evidence, Finding
from auditor.scan.licences.files import kind_of
from auditor.scan.rows.files import ending

DEPTH = 24
FILES = 200_000
SKIPPED_FOLDERS = frozenset({".git", ".cache", ".ipynb_checkpoints", "__pycache__", "node_modules"})
METADATA = frozenset(
    {
        "dataset_infos.json",
        "dataset_info.json",
        "dataset_dict.json",
        "croissant.json",
        "metadata.json",
        "state.json",
    }
)
CARDS = frozenset({".md", ".markdown", ".mdx"})


@dataclass(frozen=True, slots=True)
class Found:
    """One file: `path` on disk, `name` relative to the root with slashes.

    kind : "card", "metadata", "licence", "data" or "other". format : of data, else "".
    """

    path: Path
    name: str
    kind: str
    format: str
    size: int

    @property
    def folder(self) -> str:
        """Folder it lies in, relative; "." = the root."""
        return self.name.rpartition("/")[0] or "."


@dataclass(frozen=True, slots=True)
class Tree:
    """Files in the order of their names; `left_out` are findings."""

    root: Path
    files: tuple[Found, ...]
    left_out: tuple[Finding, ...]

    def of(self, kind: str) -> tuple[Found, ...]:
        """Return the files of one kind."""
        return tuple(f for f in self.files if f.kind == kind)


def walk(target: str) -> Tree:
    """Find the files; raise `AuditError` where there is nothing of that name."""
    path = Path(target)
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        return Tree(path.parent, (_found(path, path.name),), ())
    if not has_magic(target):
        raise AuditError(f"{target}: no such file or folder. Give a dataset's folder, a file, or a pattern.")
    hits = sorted(p for p in map(Path, glob(target, recursive=True)) if p.is_file())  # noqa: PTH207
    if not hits:
        raise AuditError(f"{target}: no file matches this pattern. Check it, and quote it for the shell.")
    root = Path(os.path.commonpath([p.parent.absolute() for p in hits]))
    names = [p.absolute().relative_to(root).as_posix() for p in hits]
    return Tree(root, tuple(_found(p, n) for p, n in zip(hits, names, strict=True)), ())


def _folder(root: Path) -> Tree:
    """Walk a folder, links and depth bounded."""
    files: list[Found] = []
    left_out: list[Finding] = []
    for entry in _entries(root, root, 0, left_out):
        if len(files) == FILES:
            left_out.append(
                _left(root.name, f"It holds more than {FILES:,} files; those after are left out.")
            )
            break
        files.append(entry)
    files.sort(key=lambda f: f.name)
    return Tree(root, tuple(files), tuple(left_out))


def _entries(root: Path, folder: Path, depth: int, left_out: list[Finding]) -> Iterator[Found]:
    """Yield the files of a folder and of those in it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError as error:
        name = folder.relative_to(root).as_posix()
        left_out.append(_left(name, f"The folder cannot be read ({error.strerror}).", "FIL001"))
        return
    for entry in entries:
        path = Path(entry.path)
        here = path.relative_to(root).as_posix()
        if entry.is_symlink() and not _in_cache(path):
            if not _inside(path, root):
                left_out.append(_left(here, "A link that leads out of the dataset is not followed."))
        elif entry.is_dir():
            if entry.name in SKIPPED_FOLDERS:
                continue
            if depth == DEPTH:
                left_out.append(_left(here, f"Folders deeper than {DEPTH} are not searched."))
            else:
                yield from _entries(root, path, depth + 1, left_out)
        elif entry.is_file():
            yield _found(path, here)
        else:
            left_out.append(
                _left(here, "Neither a file nor a folder: a pipe, a socket, a device, a dead link.")
            )


def _inside(path: Path, root: Path) -> bool:
    """Tell whether a link leads to what is scanned anyway."""
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def _in_cache(path: Path) -> bool:
    """Tell whether a link is one of a Hugging Face cache: snapshots/REVISION/... to the blobs beside it."""
    parts = path.absolute().parts
    if "snapshots" not in parts:
        return False
    blobs = Path(*parts[: len(parts) - 1 - parts[::-1].index("snapshots")]) / "blobs"
    try:
        return path.resolve(strict=True).is_relative_to(blobs.resolve())
    except (OSError, RuntimeError):
        return False


def _found(path: Path, name: str) -> Found:
    kind, format = _kind(name)
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    return Found(path, name, kind, format, size)


def _kind(name: str) -> tuple[str, str]:
    """Tell what a file is taken for, by its name."""
    base = name.rpartition("/")[2].lower()
    if base in METADATA or base.endswith((".croissant.json", ".jsonld")):
        return "metadata", ""
    if kind_of(name):
        return "licence", ""
    if format := ending(name):
        return "data", format
    if base.startswith("readme") or Path(base).suffix in CARDS:
        return "card", ""
    return "other", ""


def _left(name: str, why: str, rule: str = "FIL002") -> Finding:
    return Finding(rule, why, "high", name, (Evidence(name),))
