"""Log-probabilities that models gave to texts, recorded token by token, and laid side by side.

Models cut text into different tokens: here every text is cut where all scorers of a set have a boundary, so
that one array holds them all. Leaves out how a model is run (`auditor/sources`) and files (`auditor/scored.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.types import Float32, Float64

Int64 = NDArray[np.int64]
# `text_of` of texts that no model of the comparison wrote (the corpora for `contrast`).
NEUTRAL = "neutral"


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
    text : (n_spans,) int64, index into `texts`. n_bytes : (n_spans,) int64, length of the span.
    logprobs : (n_scorers, n_spans) float64, natural log of the whole span; no NaN.
    """

    scorers: tuple[str, ...]
    texts: tuple[TextId, ...]
    text: Int64
    n_bytes: Int64
    logprobs: Float64
