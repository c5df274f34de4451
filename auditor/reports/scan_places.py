"""Where a finding is, as a URI below the folder that a build works in.

Takes the mapping that `ScanReport` is told as. Leaves out rows and fields, which a URI cannot say.
"""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from auditor.reports.scan_words import Part

LONGEST = 4096  # of a path, on the systems there are
STEPS = ("", ".", "..")


def uri(found: Part, file: str) -> str:
    """A file of the dataset, relative to where the scan was started, if its target was relative."""
    return "/".join(quote(p, safe="", errors="replace") for p in (*root(found), *_parts(file)))


def root(found: Part) -> tuple[str, ...]:
    """The folder that paths of files start from; () = unknown, as the target was absolute or lies above."""
    target = found["target"].replace("\\", "/")[:LONGEST]
    normal = posixpath.normpath(target)
    if target.startswith("/") or ":" in target or normal.startswith(".."):
        return ()
    parts = _parts(normal)
    if parts and any(f["path"] == parts[-1] for f in found["files"]) and len(found["files"]) == 1:
        return parts[:-1]
    pattern = next((i for i, part in enumerate(parts) if set(part) & set("*?[")), len(parts))
    return parts[:pattern]


def _parts(path: str) -> tuple[str, ...]:
    """Its steps; none leads up, or to another host."""
    return tuple(part for part in path[:LONGEST].split("/") if part not in STEPS)
