"""Cut a long answer down to what an exhibit shows: the shared passages with some text around them.

Leaves out marking: each format shows `shared` pieces its own way. Offsets are into the text as given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """A stretch of an answer: "plain", "shared", or "omitted" with no `text` and the `length` not shown."""

    kind: str
    text: str
    length: int


def pieces(text: str, spans: Iterable[Sequence[float]], limit: int, around: int = 240) -> list[Piece]:
    """Split a text at its shared spans; beyond `limit` characters only what is near them is kept."""
    shared = merged(spans, len(text))
    kept = [(0, len(text))] if len(text) <= limit else _near(shared, len(text), limit, around)
    found: list[Piece] = []
    at = 0
    for start, end in kept:
        found += [_omitted(start - at), *_split(text, start, end, shared)]
        at = end
    found.append(_omitted(len(text) - at))
    return [p for p in found if p.length]


def merged(spans: Iterable[Sequence[float]], length: int) -> list[Span]:
    """Spans in order, inside the text, without overlap."""
    clean = sorted((max(0, int(a)), min(length, int(b))) for a, b in spans)
    joined: list[Span] = []
    for start, end in clean:
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _near(shared: list[Span], length: int, limit: int, around: int) -> list[Span]:
    """Windows around the shared spans, in order, up to `limit` characters; the beginning if there is none."""
    windows = merged([(a - around, b + around) for a, b in shared] or [(0, limit)], length)
    kept: list[Span] = []
    for start, end in windows:
        room = limit - sum(b - a for a, b in kept)
        if room <= 0:
            break
        kept.append((start, min(end, start + room)))
    return kept


def _split(text: str, start: int, end: int, shared: list[Span]) -> list[Piece]:
    found, at = [], start
    for a, b in ((max(a, start), min(b, end)) for a, b in shared if b > start and a < end):
        found += [Piece("plain", text[at:a], a - at), Piece("shared", text[a:b], b - a)]
        at = b
    return [*found, Piece("plain", text[at:end], end - at)]


def _omitted(length: int) -> Piece:
    return Piece("omitted", "", length)
