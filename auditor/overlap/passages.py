"""Near copies to read: which pairs, and which passages their texts share.

Exhibits, not evidence: they show what the counts are made of. Short texts are aligned word by word (difflib);
of longer ones the word sequences that both have are marked. Leaves out layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

import numpy as np

from auditor.overlap.join import Found
from auditor.overlap.recount import Pairs
from auditor.overlap.result import PassageRow, Span
from detectors.tokens import WORD_OR_MARK

SHOWN = 12
ALIGNED = 12_000
"""Characters up to which two texts are aligned; that takes the product of their lengths at worst."""
SEARCHED = 1_000_000
KEPT = 6_000
"""Characters of a text that are kept, around the passages."""
SHORTEST = 4
"""Tokens of a passage."""
Tokens = list[tuple[str, Span]]


def choose(pairs: Pairs, known: np.ndarray, most: int = SHOWN) -> list[int]:
    """Rows of the pairs to show: those that share most, a document once, what references match last.

    known : (n_pairs,) bool, whether a reference corpus matches the right document, too.
    """
    order = np.lexsort((pairs.right, pairs.left, -pairs.counts.jaccard, -pairs.counts.shared, known))
    shown: list[int] = []
    lefts: set[int] = set()
    rights: set[int] = set()
    for row in order[: 50 * most].tolist():
        left, right = int(pairs.left[row]), int(pairs.right[row])
        if left not in lefts and right not in rights:
            shown.append(row)
            lefts.add(left)
            rights.add(right)
        if len(shown) == most:
            break
    return shown


def passage(
    found: Found, pairs: Pairs, row: int, teacher: str, known: bool, names: tuple[str, str]
) -> PassageRow:
    """The texts of one pair with their shared passages."""
    left = found.left_documents.text(int(pairs.left_rows[row]))
    right = found.right_documents.text(int(pairs.right_rows[row]))
    left_spans, right_spans = shared(left[:SEARCHED], right[:SEARCHED])
    left, left_cut, left_spans = _around(left, left_spans)
    right, right_cut, right_spans = _around(right, right_spans)
    one = pairs.taken(np.array([row])).counts
    return PassageRow(
        left_id=names[0],
        right_id=names[1],
        teacher=teacher,
        jaccard=float(one.jaccard[0]),
        right_in_left=float(one.right_in_left[0]),
        in_references=known,
        left_text=left,
        right_text=right,
        left_cut=left_cut,
        right_cut=right_cut,
        left_spans=left_spans,
        right_spans=right_spans,
    )


def shared(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Passages of `SHORTEST` tokens or more that both have: (start, end) offsets, sorted, not overlapping."""
    a, b = _tokens(left), _tokens(right)
    if max(len(left), len(right)) > ALIGNED:
        grams = {gram for gram, _ in _grams(a)} & {gram for gram, _ in _grams(b)}
        return tuple(_merged(span for gram, span in _grams(t) if gram in grams) for t in (a, b))  # type: ignore[return-value]
    matcher = SequenceMatcher(None, [t for t, _ in a], [t for t, _ in b], autojunk=False)
    blocks = [m for m in matcher.get_matching_blocks() if m.size >= SHORTEST]
    return (
        _merged((a[m.a][1][0], a[m.a + m.size - 1][1][1]) for m in blocks),
        _merged((b[m.b][1][0], b[m.b + m.size - 1][1][1]) for m in blocks),
    )


def _tokens(text: str) -> Tokens:
    return [(m.group(), m.span()) for m in WORD_OR_MARK.finditer(text)]


def _grams(tokens: Tokens) -> Iterable[tuple[tuple[str, ...], Span]]:
    for i in range(len(tokens) - SHORTEST + 1):
        part = tokens[i : i + SHORTEST]
        yield tuple(t for t, _ in part), (part[0][1][0], part[-1][1][1])


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _around(text: str, spans: tuple[Span, ...]) -> tuple[str, int, tuple[Span, ...]]:
    """The part of a text around its first passages, where it begins, and the passages within it."""
    if len(text) <= KEPT:
        return text, 0, spans
    start = max(0, spans[0][0] - KEPT // 10) if spans else 0
    end = start + KEPT
    inside = tuple((max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start)
    return text[start:end], start, inside
