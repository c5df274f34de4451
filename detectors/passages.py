"""Shared passages: word sequences that student and teacher both use on a probe and no reference does.

Exhibits, not evidence: they show a reader what the numbers are made of, and are chosen to be telling.
Leaves out any statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from detectors.tokens import WORD

# Characters of an answer that are searched.
SEARCHED = 20_000

Span = tuple[int, int]
Gram = tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """One probe's shared passages; spans are character offsets, end exclusive, sorted, disjoint."""

    probe: int
    student_spans: tuple[Span, ...]
    teacher_spans: tuple[Span, ...]
    words: int


def shared_passages(
    student: Sequence[str | None],
    teacher: Sequence[str | None],
    others: Callable[[int], Iterable[str | None]],
    *,
    length: int = 5,
    most: int = 8,
    examined: int = 60,
) -> list[Passage]:
    """The probes on which most words lie in passages that only student and teacher share.

    Parameters
    ----------
    student, teacher : n_probes answers; others : probe -> the answers to it that no passage
        may occur in.
    length : shortest passage in words. most : how many probes to return.
    examined : only the probes with most shared word sequences are held against the others.
    """
    grams: dict[int, tuple[dict[Gram, list[Span]], dict[Gram, list[Span]], set[Gram]]] = {}
    for probe, (mine, theirs) in enumerate(zip(student, teacher, strict=True)):
        if mine is None or theirs is None:
            continue
        a, b = _grams(mine, length), _grams(theirs, length)
        common = a.keys() & b.keys()
        if common:
            grams[probe] = (a, b, common)
    chosen = sorted(grams, key=lambda p: (-len(grams[p][2]), p))[:examined]
    passages = [_only_shared(p, *grams[p], others(p), length) for p in chosen]
    return sorted((p for p in passages if p.words), key=lambda p: (-p.words, p.probe))[:most]


def _grams(text: str, length: int) -> dict[Gram, list[Span]]:
    """Word n-grams (lower case) of the beginning of a text and where they stand."""
    found = [(m.group().lower(), m.span()) for m in WORD.finditer(text[:SEARCHED])]
    grams: dict[Gram, list[Span]] = {}
    for i in range(len(found) - length + 1):
        gram = tuple(word for word, _ in found[i : i + length])
        grams.setdefault(gram, []).append((found[i][1][0], found[i + length - 1][1][1]))
    return grams


def _only_shared(
    probe: int,
    mine: dict[Gram, list[Span]],
    theirs: dict[Gram, list[Span]],
    common: set[Gram],
    others: Iterable[str | None],
    length: int,
) -> Passage:
    """Drop what others use too, and merge what overlaps."""
    kept = set(common)
    for text in others:
        if text is not None and kept:
            kept -= _grams(text, length).keys()
    student = _merge(span for gram in kept for span in mine[gram])
    teacher = _merge(span for gram in kept for span in theirs[gram])
    return Passage(probe, student, teacher, len(kept))


def _merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
