"""Shared openings: how student and teacher both begin an answer on a probe, and no other model does.

Exhibits, not evidence: they show a reader what the numbers are made of, and are chosen to be telling.
Leaves out any statistic, and habits over many probes, which models that never met share as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from detectors.passages import Span
from detectors.tokens import WORD_OR_MARK, tokens

# Tokens of an answer that count as its beginning.
LONGEST = 60
# At least so many tokens of an opening come after the last other model has parted from it: that nobody
# else begins that way would mislead where somebody differs in the last word only.
ALONE = 3
# Among fewer answers to a probe no beginning is rare.
FEWEST_OTHERS = 10
# Openings of less weight are a few words, or the prompt's own.
LEAST_WEIGHT = 4.0
# An opening that holds so many first tokens of the prompt in a row repeats it.
ECHO = 8


@dataclass(frozen=True)
class Opening:
    """One probe's shared beginning; one span a side, in characters, end exclusive; `weight` in tokens."""

    probe: int
    student_spans: tuple[Span, ...]
    teacher_spans: tuple[Span, ...]
    weight: float


def shared_openings(
    student: Sequence[str | None],
    teacher: Sequence[str | None],
    prompts: Sequence[str],
    others: Callable[[int], Iterable[str | None]],
    *,
    most: int = 8,
) -> list[Opening]:
    """The most telling beginnings that student and teacher have in common and no other model has.

    Alike are the same words and punctuation marks in the same order, whatever their case and the white
    space between them. The weight is the number of these tokens, but each counts only by the share of
    other models that did not begin so up to there, and not at all where the prompt holds it: neither what
    everybody writes nor what was asked says who taught whom.

    Parameters
    ----------
    student, teacher : n_probes answers; prompts : n_probes; others : probe -> the answers to it that may
        not begin that way.
    most : how many probes to return, the heaviest first.
    """
    found = []
    for probe, (mine, theirs, prompt) in enumerate(zip(student, teacher, prompts, strict=True)):
        if mine is None or theirs is None:
            continue
        opening = list(_beginning(mine))
        opening = opening[: _followed(opening, theirs)]
        if len(opening) < ALONE or _echoes(opening, prompt):
            continue
        weight = _weight(opening, prompt, [text for text in others(probe) if text is not None])
        if weight >= LEAST_WEIGHT:
            student_span, teacher_span = _span(mine, len(opening)), _span(theirs, len(opening))
            found.append(Opening(probe, (student_span,), (teacher_span,), weight))
    return sorted(found, key=lambda o: (-o.weight, o.probe))[:most]


def _beginning(text: str) -> Iterator[str]:
    """The first tokens of a text, lower case; no further than they are read."""
    return (m.group().lower() for m in islice(WORD_OR_MARK.finditer(text), LONGEST))


def _followed(opening: Sequence[str], text: str) -> int:
    """How many tokens of an opening a text begins with."""
    count = 0
    for token, other in zip(opening, _beginning(text), strict=False):
        if token != other:
            break
        count += 1
    return count


def _echoes(opening: Sequence[str], prompt: str) -> bool:
    """Whether an opening holds the beginning of the prompt (all of it, where it is short)."""
    head = tokens(prompt.lower())[:ECHO]
    return bool(head) and f" {' '.join(head)} " in f" {' '.join(opening)} "


def _weight(opening: Sequence[str], prompt: str, others: Sequence[str]) -> float:
    """Tokens of the opening, each by the share of others that did not follow so far; 0 = not theirs alone."""
    followed = [_followed(opening, text) for text in others]
    if len(followed) < FEWEST_OTHERS or max(followed) > len(opening) - ALONE:
        return 0.0
    asked = set(tokens(prompt.lower()))
    own = [place for place, token in enumerate(opening) if token not in asked]
    return sum(count <= place for place in own for count in followed) / len(followed)


def _span(text: str, length: int) -> Span:
    """From where a text's first token begins to where its `length`-th ends."""
    spans = [m.span() for m in islice(WORD_OR_MARK.finditer(text), length)]
    return spans[0][0], spans[-1][1]
