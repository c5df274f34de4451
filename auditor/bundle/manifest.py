"""The manifest of a bundle: which run, and the SHA-256 and size of every other file in it.

It finds accidents. Whoever changes a file on purpose changes the manifest with it; what is then still found
is found by the evidence and by its signature (`check.py`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.bundle.layout import LARGEST_MANIFEST, MANIFEST, REQUIRED, SCHEMA_VERSION
from auditor.errors import AuditError


@dataclass(frozen=True)
class Manifest:
    """`files` : name -> (SHA-256 in hex, bytes); `program` : version of the package that made the bundle."""

    run: str
    redacted: bool
    program: str
    files: dict[str, tuple[str, int]]

    def text(self) -> str:
        """The manifest as JSON, the same for the same files."""
        listed = {name: {"sha256": digest, "size": size} for name, (digest, size) in self.files.items()}
        data = {
            "schema_version": SCHEMA_VERSION,
            "run": self.run,
            "redacted": self.redacted,
            "program": self.program,
            "files": listed,
        }
        return json.dumps(data, indent=2, sort_keys=True) + "\n"


def hashed(folder: Path) -> dict[str, tuple[str, int]]:
    """SHA-256 and size of every file under a folder but the manifest, by name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            with path.open("rb") as file:
                found[name] = (hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
    return found


def read(folder: Path, bundle: Path) -> Manifest:
    """The manifest in an unpacked bundle."""
    path = folder / MANIFEST
    if not path.is_file() or path.stat().st_size > LARGEST_MANIFEST:
        raise AuditError(
            f"{bundle} is no bundle: it has no manifest.json of at most {LARGEST_MANIFEST:,} bytes."
        )
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
        if data["schema_version"] != SCHEMA_VERSION:
            raise AuditError(
                f"{bundle} is a bundle of version {str(data['schema_version'])[:20]}; this program knows "
                f"{SCHEMA_VERSION}. Upgrade with: pip install -U distill-audit"
            )
        files = {str(n): (str(one["sha256"]), int(one["size"])) for n, one in data["files"].items()}
        found = Manifest(str(data["run"]), bool(data["redacted"]), str(data["program"]), files)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AuditError(f"{bundle} is no bundle: its manifest.json is not one ({error}).") from error
    missing = [name for name in REQUIRED if name not in found.files]
    if missing:
        raise AuditError(f"{bundle} is no whole bundle: its manifest does not list {', '.join(missing)}.")
    return found
