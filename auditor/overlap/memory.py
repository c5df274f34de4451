"""How much memory the keys of the kept side may take; what is beyond it goes to disk (`beyond.py`).

Leaves out everything else that is in memory: about 100 bytes a document, and what reading takes.
"""

from __future__ import annotations

import re

SHARE = 0.5
"""Of the machine's memory, if nothing is asked."""
A_KEY = 64
"""Bytes a key while keys are sorted: gathered, put together, sorted, each as 8 bytes and its document's 8."""
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
