"""Green lists as `lefthash` of Kirchenbauer et al. (2023, arXiv 2301.10226) makes them, without torch.

The lists are those of the authors' code and of transformers' `WatermarkLogitsProcessor` on a CPU:
`torch.randperm` seeded with key times previous token (MT19937, then Fisher and Yates; checked against torch
2.13). Leaves out `selfhash`, whose k-grams are not independent, and lists drawn on a GPU, which are others.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from detectors.canary import Int64, commitment
from detectors.types import Bool

DEFAULT_KEY = 15485863  # of the authors' code: whoever keeps it shares his mark with everyone who does
CHUNK = 64  # contexts at a time: CHUNK * vocabulary int64 numbers in memory
_SEEDS = 2**32  # torch keeps 32 bits of a CPU seed


@dataclass(frozen=True)
class LeftHash:
    """A list of fixed size for every previous token; see `detectors.canary.Scheme`.

    Lists of fixed size are drawn without replacement, so greens after one token vary a little less than the
    binomial of `green_test` has it, which is in the student's favour.

    Parameters
    ----------
    key : integer, never shown. vocabulary : of the model that was marked, padding included. ratio : share of
        green tokens.

    Raises
    ------
    ValueError : a list without tokens or with all of them.
    """

    key: int = field(repr=False)
    vocabulary: int
    ratio: float = 0.25

    context = 1

    def __post_init__(self) -> None:
        if not 0 < self.size < self.vocabulary:
            raise ValueError(
                f"A green list holds some of {self.vocabulary} tokens, got {self.size}: 0 < ratio < 1."
            )

    @property
    def size(self) -> int:
        """Tokens of a list."""
        return int(self.vocabulary * self.ratio)

    @property
    def fraction(self) -> float:
        """Share of green tokens."""
        return self.size / self.vocabulary

    @property
    def commitment(self) -> str:
        """See `detectors.canary.commitment`; an integer is found by trial, so this binds and hides little."""
        return commitment(str(self.key).encode())

    def green(self, grams: Int64) -> Bool:
        """(n,) bool of grams (n, 2) int64: the previous token, and the token.

        Raises
        ------
        ValueError : a token that is not in the vocabulary.
        """
        if len(grams) and not 0 <= grams.min() <= grams.max() < self.vocabulary:
            raise ValueError(
                f"Tokens must be 0 to {self.vocabulary - 1}, got {grams.min()} to {grams.max()}: cut the "
                "text with the tokenizer of the model that was marked."
            )
        previous, of = np.unique(grams[:, 0], return_inverse=True)
        found = np.zeros(len(grams), dtype=bool)
        for start in range(0, len(previous), CHUNK):
            rows = np.flatnonzero((of >= start) & (of < start + CHUNK))
            lists = self._lists(previous[start : start + CHUNK])
            found[rows] = lists[of[rows] - start, grams[rows, 1]]
        return found

    def _lists(self, previous: Int64) -> Bool:
        """(n, vocabulary) bool: which tokens are green after each previous token."""
        seeds = [self.key * int(token) % (2**64 - 1) % _SEEDS for token in previous]
        streams = [np.random.RandomState(seed)._bit_generator for seed in seeds]
        draws = np.stack([stream.random_raw(self.size) for stream in streams])
        order = np.tile(np.arange(self.vocabulary), (len(previous), 1))
        rows = np.arange(len(previous))
        steps = np.arange(self.size)
        picks = steps + (draws % (self.vocabulary - steps).astype(np.uint64)).astype(np.int64)
        for step in steps:
            pick = picks[:, step]
            order[rows, pick], order[:, step] = order[:, step], order[rows, pick]
        green = np.zeros(order.shape, dtype=bool)
        np.put_along_axis(green, order[:, : self.size], True, axis=1)
        return green
