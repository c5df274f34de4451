"""`Named`: where a text names a licence, by address or by name, and which.

Leaves out what is said of it there (`prose.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from auditor.scan.licences import addresses, creative_commons, tables


@dataclass(frozen=True, slots=True)
class Named:
    """One place that names a licence.

    Attributes
    ----------
    start, end : characters of the text. alone : the words mean it only where they stand by themselves
        ("MIT").
    """

    licence: str
    start: int
    end: int
    alone: bool = False


def find(text: str) -> tuple[Named, ...]:
    """Return the places in their order; of two that overlap the one that begins first, then the longer.

    `text` should be bounded: every pattern is linear, and there are a hundred.
    """
    found = [Named(id, start, end) for id, start, end in addresses.find(text)]
    found += (Named(id, start, end) for id, start, end in creative_commons.find(text))
    found += _by_name(text)
    kept: list[Named] = []
    for named in sorted(found, key=lambda n: (n.start, n.alone, -n.end)):
        if kept and named.start < kept[-1].end:
            if named.end <= kept[-1].end or kept[-1].alone >= named.alone:
                continue
            kept.pop()
        kept.append(named)
    return tuple(kept)


def _by_name(text: str) -> Iterator[Named]:
    for alone, pattern, ids in _patterns():
        for found in pattern.finditer(text):
            yield Named(ids[found.lastgroup or ""], found.start(), found.end(), alone)


@cache
def _patterns() -> tuple[tuple[bool, re.Pattern[str], dict[str, str]], ...]:
    """Return one pattern of all the names, and one of those that count alone; group -> id."""
    made = []
    for alone, key in ((False, "patterns"), (True, "alone")):
        ids = {f"n{i}": row["id"] for i, row in enumerate(tables.names()) if key in row}
        parts = (
            f"(?P<n{i}>{'|'.join(_spaced(p) for p in row[key])})"
            for i, row in enumerate(tables.names())
            if key in row
        )
        made.append((alone, re.compile(rf"(?<![\w.])(?:{'|'.join(parts)})(?!\w)", re.I), ids))
    return tuple(made)


def _spaced(pattern: str) -> str:
    """Let a blank stand for blanks, hyphens and underscores; an optional blank stays optional."""
    return re.sub(r" (\?)?", lambda m: r"[\s\-_]{0,3}" if m.group(1) else r"[\s\-_]{1,3}", pattern)
