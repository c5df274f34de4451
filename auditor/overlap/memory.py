"""Memory: what keys may take before they go to disk (`beyond.py`), and whether a huge document fits.

Leaves out everything else that is in memory: about 100 bytes a document, and what reading takes.
"""

from __future__ import annotations

import re
from pathlib import Path

from auditor.errors import IncompleteError

SHARE = 0.5
"""Of the machine's memory, if nothing is asked."""
A_KEY = 64
"""Bytes a key while keys are sorted: gathered, put together, sorted, each as 8 bytes and its document's 8."""
LONG = 1 << 28
"""Bytes of a document from which on it is asked whether it fits."""
TO_READ = 10
"""Bytes of memory a byte of a long record takes to read it from JSON (measured; of plain text 1)."""
_GROUP = Path("/sys/fs/cgroup")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?)?B", re.IGNORECASE)
_POWERS = " KMGT"


def bytes_of(size: str) -> int | None:
    """A size such as "2GiB" or "500 MB" in bytes; None if it is none."""
    found = _SIZE.fullmatch(size.strip())
    if not found:
        return None
    unit = (found[2] or "").upper()
    base = 1024 if unit.endswith("I") else 1000
    return int(float(found[1]) * base ** _POWERS.index(unit[:1] or " "))


def budget(asked: str | None) -> int:
    """Bytes for keys: what was asked, or a share of the machine's (DuckDB heeds a container's limit)."""
    if asked is not None and (size := bytes_of(asked)) is not None:
        return size
    import duckdb

    with duckdb.connect() as con:
        ((limit,),) = con.execute("SELECT current_setting('memory_limit')").fetchall()
    whole = (bytes_of(limit) or 0) / 0.8  # DuckDB takes 80 % of what there is.
    return int(SHARE * whole)


def available() -> int | None:
    """Bytes that may be taken now, of the machine or of the container; None where the system does not say."""
    found: list[int] = []
    if number := re.search(r"MemAvailable:\s+(\d+) kB", _read(Path("/proc/meminfo"))):
        found.append(int(number[1]) * 1024)
    most, used = _read(_GROUP / "memory.max").strip(), _read(_GROUP / "memory.current").strip()
    if most.isdecimal() and used.isdecimal():
        found.append(max(0, int(most) - int(used)))
    return min(found, default=None)


def check(name: str, n_bytes: int, takes: int) -> None:
    """Raise unless there is memory for a record of `n_bytes`, `takes` times its size; short ones pass."""
    free = available() if n_bytes >= LONG else None
    if free is not None and takes * n_bytes > free:
        raise IncompleteError(
            f"{name}: a single document of {n_bytes / 1e6:,.0f} MB or more takes about "
            f"{takes * n_bytes / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free. Split the document, or "
            "use a machine with more memory (--spill and --memory do not help: one document must fit)."
        )


def to_cut(unit: str) -> int:
    """Bytes of memory a byte of text takes to be cut into shingles: 8 for each, with room to spare."""
    return 3 if unit == "words" else 10


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
