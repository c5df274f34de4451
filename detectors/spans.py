"""Positions of text at which two tokenizers both cut, so that their logits can be compared there.

A span runs from one byte offset at which both have a token boundary to the next. Leaves out how a source
learns the bytes of a token; log-probabilities of given text (`scores.py` aligns any number of scorers); and
comparing whole distributions across vocabularies: at a common boundary the two models have seen the same
bytes, but their tokens are other events (compare `logit_ranks.same_numbers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Common spans of one text under two tokenizers.

    Attributes
    ----------
    offsets : (n_spans + 1,) int64, byte offsets that both tokenizers have as a boundary.
    a, b : (n_spans + 1,) int64; span i consists of the tokens a[i] to a[i + 1] (end exclusive) of the one
        tokenizer, b[i] to b[i + 1] of the other. The logits for token a[i] and those for token b[i] follow
        the same bytes.
    """

    offsets: Int64
    a: Int64
    b: Int64

    @property
    def n_bytes(self) -> Int64:
        """(n_spans,) int64: length of each span in bytes."""
        return np.diff(self.offsets)


def token_offsets(tokens: Sequence[bytes]) -> Int64:
    """(n_tokens + 1,) int64: byte offset at which each token of a text starts, and where the last ends."""
    return np.cumsum([0, *map(len, tokens)], dtype=np.int64)


def aligned_spans(offsets_a: Int64, offsets_b: Int64) -> Spans:
    """Find the spans that both tokenizers cut out of one text.

    A token without bytes (a special token) belongs to the span that it opens; at the end of the text, to
    none. A tail that one side lacks (a cut answer) belongs to no span.

    Parameters
    ----------
    offsets_a, offsets_b : (n_tokens + 1,) int64, never falling: token i covers the bytes from offsets[i] to
        offsets[i + 1] of the same text.
    """
    for name, offsets in (("offsets_a", offsets_a), ("offsets_b", offsets_b)):
        if offsets.ndim != 1 or not np.issubdtype(offsets.dtype, np.integer) or (np.diff(offsets) < 0).any():
            raise ValueError(
                f"{name} must be byte offsets that never fall, one more than there are tokens, got "
                f"{offsets.dtype} {offsets.shape}. `token_offsets` makes them from the bytes of the tokens."
            )
    common = np.intersect1d(offsets_a, offsets_b).astype(np.int64)
    edges_a, edges_b = np.searchsorted(offsets_a, common), np.searchsorted(offsets_b, common)
    return Spans(common, edges_a.astype(np.int64), edges_b.astype(np.int64))
