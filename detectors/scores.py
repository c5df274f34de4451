"""Log-probabilities that models gave to texts, recorded token by token, and laid side by side.

Models cut text into different tokens: here every text is cut where all scorers of a set have a boundary,
so that one array holds them all. Leaves out how a model is run (`auditor/sources`) and files
(`auditor/scored.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.types import Float32, Float64

Int64 = NDArray[np.int64]
# `text_of` of texts that no model of the comparison wrote (the corpora for `contrast`).
NEUTRAL = "neutral"
# A logarithm may lie this much above 0 through rounding in half precision.
ROUNDING = 0.01


@dataclass(frozen=True, order=True)
class TextId:
    """A text: whose answer (`NEUTRAL` = nobody's), to which probe, and which sample of it."""

    text_of: str
    probe: str
    sample: int = 0


@dataclass(frozen=True)
class Scores:
    """What one model gave to a set of texts, each after its prompt (or after nothing).

    Attributes
    ----------
    scorer : the model.
    texts : (n_texts,) which texts.
    starts : (n_texts + 1,) int64; tokens starts[i] to starts[i + 1] belong to text i.
    ends : (n_tokens,) int64; byte of its text (UTF-8) at which each token ends, never falling within a text.
        A token that ends where the one before it did (a further byte of one character) counts with that one;
        one that ends at 0 counts with none. A text's end token is left out: not every scorer has one.
    logprobs : (n_tokens,) float32, natural log; NaN = unknown (a text's first token without a prompt).
    """

    scorer: str
    texts: tuple[TextId, ...]
    starts: Int64
    ends: Int64
    logprobs: Float32


@dataclass(frozen=True)
class Aligned:
    """Several scorers on common spans of common texts.

    Attributes
    ----------
    scorers : (n_scorers,) names. texts : (n_texts,) texts that all of them scored.
    text : (n_spans,) int64, index into `texts`, never falling; a text may have no span.
    n_bytes : (n_spans,) int64, length of the span.
    logprobs : (n_scorers, n_spans) float64, natural log of the whole span; no NaN.
    start : (n_spans,) int64, byte of its text at which the span starts.
    """

    scorers: tuple[str, ...]
    texts: tuple[TextId, ...]
    text: Int64
    n_bytes: Int64
    logprobs: Float64
    start: Int64

    def row(self, scorer: str) -> Float64:
        """(n_spans,) float64: what this scorer gave."""
        row: Float64 = self.logprobs[self.scorers.index(scorer)]
        return row

    def sums(self, values: Float64) -> Float64:
        """Sums over the spans of each text: (..., n_spans) -> (..., n_texts) float64."""
        edges = np.searchsorted(self.text, np.arange(len(self.texts) + 1))
        total = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
        sums: Float64 = np.diff(total[..., edges], axis=-1)
        return sums


def texts_by(scores: Scores, text_of: str) -> Scores:
    """The scores of one author's texts alone; there may be none."""
    return _taken(scores, [i for i, text in enumerate(scores.texts) if text.text_of == text_of])


def taken(scores: Scores, wanted: Collection[TextId]) -> Scores:
    """The scores of these texts alone, in their order; a text that was not scored is left out."""
    return _taken(scores, [i for i, text in enumerate(scores.texts) if text in wanted])


def joined(first: Scores, then: Scores) -> Scores:
    """Two recordings of one scorer as one; of a text that is in both, the first counts."""
    held = set(first.texts)
    more = _taken(then, [i for i, text in enumerate(then.texts) if text not in held])
    return Scores(
        first.scorer,
        (*first.texts, *more.texts),
        np.concatenate([first.starts, first.starts[-1] + more.starts[1:]]),
        np.concatenate([first.ends, more.ends]),
        np.concatenate([first.logprobs, more.logprobs]),
    )


def aligned(scores: Sequence[Scores]) -> Aligned:
    """Lay scorers side by side, on the texts that all scored and the spans between bytes where all cut.

    A tail that one scorer lacks belongs to no span, and a span that anyone does not know is left out for
    all, so that every scorer is judged on the same bytes.

    Parameters
    ----------
    scores : at least one, of different scorers, of the same texts byte for byte (which is not checked: the
        texts are not here).

    Returns
    -------
    `Aligned`, scorers in the order given, texts sorted.

    Raises
    ------
    ValueError : a malformed `Scores`, a scorer given twice, or no text that all scored.
    """
    names = tuple(s.scorer for s in scores)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Align at least one scorer, each given once; got {list(names)}.")
    for s in scores:
        check(s)
    texts = tuple(sorted(set.intersection(*(set(s.texts) for s in scores))))
    if not texts:
        fewest = min(scores, key=lambda s: len(s.texts))
        raise ValueError(
            f"No text was scored by all of {', '.join(names)}; {fewest.scorer} scored the fewest "
            f"({len(fewest.texts)}). Score the same texts with every model, or leave a model out."
        )
    same = [_in_order(s, texts) for s in scores]
    # One number for "byte e of text i", so that all texts are cut at once; e = 0 is the start of the text.
    stride = 1 + max((int(s.ends.max()) for s in same if len(s.ends)), default=0)
    ends = [np.repeat(np.arange(len(texts)), np.diff(s.starts)) * stride + s.ends for s in same]
    common = np.unique(ends[0])
    for other in ends[1:]:
        common = np.intersect1d(common, other)
    common = np.union1d(common, np.arange(len(texts)) * stride)
    logprobs = np.stack([_over_spans(s, e, common) for s, e in zip(same, ends, strict=True)])
    text, stop = np.divmod(common, stride)
    span = np.flatnonzero((stop > 0) & ~np.isnan(logprobs).any(axis=0))
    n_bytes, start = stop[span] - stop[span - 1], stop[span - 1]
    return Aligned(names, texts, text[span], n_bytes, logprobs[:, span], start)


def check(scores: Scores) -> None:
    """Refuse scores whose arrays do not fit together or hold what is no logarithm of a probability.

    Raises
    ------
    ValueError : says what, what is allowed and what to do.
    """
    who, texts, starts, ends = f"Scores of {scores.scorer}", scores.texts, scores.starts, scores.ends
    if len(set(texts)) < len(texts):
        twice = next(t for t in texts if texts.count(t) > 1)
        raise ValueError(f"{who} hold {twice} twice. Number the samples, or keep one of them.")
    shapes = starts.shape == (len(texts) + 1,) and ends.shape == scores.logprobs.shape == (len(ends),)
    if not shapes or starts[0] != 0 or starts[-1] != len(ends) or (np.diff(starts) < 0).any():
        raise ValueError(
            f"{who}: `starts` must rise from 0 to the number of tokens, one more than there are texts; got "
            f"{len(texts)} texts, starts {starts.shape}, ends {ends.shape}, logprobs {scores.logprobs.shape}."
        )
    falling = np.diff(ends, prepend=0) < 0
    falling[starts[:-1][np.diff(starts) > 0]] = False
    bad = np.flatnonzero(falling | (ends < 0))
    if len(bad):
        raise ValueError(
            f"{who}: `ends` must not fall within {_text_at(scores, bad[0])}. Count bytes of UTF-8."
        )
    bad = np.flatnonzero(np.isinf(scores.logprobs) | (scores.logprobs > ROUNDING))
    if len(bad):
        raise ValueError(
            f"{who}: a logprob must be a natural logarithm, finite and at most 0, or NaN where unknown; got "
            f"{scores.logprobs[bad[0]]:g} in {_text_at(scores, bad[0])}. Negate losses; leave out what a "
            "server cut off."
        )


def _text_at(scores: Scores, token: int) -> str:
    text = scores.texts[int(np.searchsorted(scores.starts, token, side="right")) - 1]
    return f"sample {text.sample} of {text.text_of} for probe {text.probe}"


def _in_order(scores: Scores, texts: Sequence[TextId]) -> Scores:
    place = {text: i for i, text in enumerate(scores.texts)}
    return _taken(scores, [place[text] for text in texts])


def _taken(scores: Scores, places: Sequence[int]) -> Scores:
    """The scores of some of the texts, in this order."""
    tokens = [np.arange(scores.starts[i], scores.starts[i + 1]) for i in places]
    at = np.concatenate([np.empty(0, np.int64), *tokens])
    starts = np.concatenate([[0], np.cumsum([len(t) for t in tokens], dtype=np.int64)])
    texts = tuple(scores.texts[i] for i in places)
    return Scores(scores.scorer, texts, starts, scores.ends[at], scores.logprobs[at])


def _over_spans(scores: Scores, ends: Int64, common: Int64) -> Float64:
    """(n_common,) float64: sum of the tokens that end after one common byte and no later than the next."""
    of = np.searchsorted(common, ends)
    kept = of < len(common)
    weights = scores.logprobs[kept].astype(np.float64)
    return np.bincount(of[kept], weights, minlength=len(common)).astype(np.float64)
