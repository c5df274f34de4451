"""Cut a long answer down to what an exhibit shows: the shared passages with some text around them.

Leaves out marking: each format shows `shared` pieces its own way. Offsets are into the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
# No window gives up more than this to end at a blank.
LONGEST_WORD = 30


@dataclass(frozen=True)
class Piece:
    """A stretch of an answer: "plain", "shared", or "omitted" with no `text` and the `length` not shown."""

    kind: str
    text: str
    length: int


def pieces(text: str, spans: Iterable[Sequence[float]], limit: int, around: int = 240) -> list[Piece]:
    """Split a text at its shared spans; beyond `limit` characters only what is near them is kept."""
    shared = merged(spans, len(text))
    kept = [(0, len(text))] if len(text) <= limit else _near(shared, text, limit, around)
    found: list[Piece] = []
    at = 0
    for start, end in kept:
        found += [_omitted(start - at), *_split(text, start, end, shared)]
        at = end
    found.append(_omitted(len(text) - at))
    return [p for p in found if p.length]


def passage(text: str, spans: Iterable[Sequence[float]], limit: int) -> str:
    """The shared passages alone, `limit` characters at most, with " ... " wherever something is left out."""
    whole = merged(spans, len(text))
    shown = [p.text for p in pieces(text, whole, limit, around=0) if p.kind == "shared"]
    if shown and sum(map(len, shown)) < sum(b - a for a, b in whole):
        shown.append("")
    return " ... ".join(shown).rstrip()


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


def _near(shared: list[Span], text: str, limit: int, around: int) -> list[Span]:
    """Windows around the shared spans, in order, up to `limit` characters; the beginning if there is none."""
    windows = [(_forward(text, a - around, a), _back(text, b, b + around)) for a, b in shared]
    kept: list[Span] = []
    for start, end in merged(windows or [(0, _back(text, 0, limit))], len(text)):
        room = limit - sum(b - a for a, b in kept)
        if room <= 0:
            break
        kept.append((start, end if end - start <= room else _back(text, start, start + room)))
    return kept


def _forward(text: str, start: int, end: int) -> int:
    """The first beginning of a word in a window; its start where a word is longer than `LONGEST_WORD`."""
    if start <= 0 or start == end:
        return max(start, 0)
    blank = re.search(r"\s", text[start - 1 : min(end, start + LONGEST_WORD)])
    return start + blank.start() if blank else start


def _back(text: str, start: int, end: int) -> int:
    """The last end of a word in a window; its end where a word is longer than `LONGEST_WORD`."""
    if end >= len(text) or start == end:
        return min(end, len(text))
    first = max(start, end - LONGEST_WORD)
    blanks = [m.start() for m in re.finditer(r"\s", text[first : end + 1])]
    return first + blanks[-1] if blanks else end


def _split(text: str, start: int, end: int, shared: list[Span]) -> list[Piece]:
    found, at = [], start
    for a, b in ((max(a, start), min(b, end)) for a, b in shared if b > start and a < end):
        found += [Piece("plain", text[at:a], a - at), Piece("shared", text[a:b], b - a)]
        at = b
    return [*found, Piece("plain", text[at:end], end - at)]


def _omitted(length: int) -> Piece:
    return Piece("omitted", "", length)
