"""`canary`: keyed evidence, planted by a teacher in its own outputs for whoever holds its key to look for.

A green-list watermark (Kirchenbauer et al. 2023, arXiv 2301.10226, section 3) leaves its mark in a student
trained on watermarked text (Sander et al. 2024, arXiv 2402.14904); green tokens are counted over *distinct*
k-grams (ibid., section 4.2). Planted canaries are drawn by key from listed candidates, and the others are the
null (Carlini et al. 2019, arXiv 1802.08232, section 4). Chance is in the key alone: the p-values hold for any
text.
Leaves out planting (the teacher's side), watermarks without green lists, and files.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import binom

from detectors.tokens import tokens
from detectors.types import Bool, Float64, Skipped

Int64 = NDArray[np.int64]
FEWEST_GRAMS, FEWEST_KEY_BYTES = 200, 16
LEVEL = 0.05  # a test that cannot reach this is not made
TWO_WAYS = 2  # Bonferroni factor of `planted_canaries`


class Scheme(Protocol):
    """A green-list watermark: which token is green after which context."""

    @property
    def context(self) -> int:
        """How many tokens before a token decide whether it is green (0 = none)."""
        ...

    @property
    def fraction(self) -> float:
        """Share of green tokens (gamma), within (0, 1)."""
        ...

    @property
    def commitment(self) -> str:
        """A name of the key that does not give it away."""
        ...

    def green(self, grams: Int64) -> Bool:
        """(n,) bool of grams (n, context + 1) int64, the token last; chance must be `fraction` over keys."""
        ...


@dataclass(frozen=True)
class KeyedHash:
    """Each ordered k-gram is green by itself, by keyed BLAKE2b: a soft green list whose size is drawn.

    Parameters
    ----------
    key : at least 16 secret bytes; never shown, not by `repr` either.
    context : tokens before the token. fraction : share of green tokens.

    Raises
    ------
    ValueError : a short key, a negative context, a fraction not within (0, 1).
    """

    key: bytes = field(repr=False)
    context: int = 1
    fraction: float = 0.25

    def __post_init__(self) -> None:
        _check_key(self.key)
        if self.context < 0 or not 0 < self.fraction < 1:
            raise ValueError(
                f"context must be >= 0 and fraction within (0, 1), got {self.context} and {self.fraction}."
            )

    @property
    def commitment(self) -> str:
        """See `commitment`."""
        return commitment(self.key)

    def green(self, grams: Int64) -> Bool:
        """(n,) bool: a hash of 64 bits below fraction * 2^64."""
        key, limit = hashlib.sha256(self.key).digest(), int(self.fraction * 2**64)
        rows = (row.tobytes() for row in np.ascontiguousarray(grams, dtype="<i8"))
        hashes = (hashlib.blake2b(row, digest_size=8, key=key).digest() for row in rows)
        return np.fromiter((int.from_bytes(h, "little") < limit for h in hashes), bool, len(grams))


@dataclass(frozen=True)
class KeyedTest:
    """One exact test of keyed evidence; holds no key and no canary.

    Attributes
    ----------
    statistic : "green_fraction" or "canary_ranks". value, expected : the statistic and its mean without
        exposure. n : distinct k-grams, or sets of canaries.
    p : P(at least as extreme | the key has nothing to do with the student), one-sided. log10_p : the same
        where p underflows. params : what was counted and the commitment to the key.
    """

    statistic: str
    value: float
    expected: float
    n: int
    p: float
    log10_p: float
    params: dict[str, Any]


def commitment(key: bytes) -> str:
    """SHA-256 (hex) that binds its owner to `key` and hides it: to be published before a student is asked."""
    return hashlib.sha256(b"distill-audit keyed evidence\x00" + key).hexdigest()


def word_ids(texts: Iterable[str]) -> list[Int64]:
    """Words and punctuation marks of texts as (n_tokens,) int64 hashes, for schemes that work on words."""
    return [np.array([_word_id(word) for word in tokens(text)], dtype=np.int64) for text in texts]


def green_test(
    scheme: Scheme, answers: Sequence[Int64], shown: Sequence[Int64] = (), fewest: int = FEWEST_GRAMS
) -> KeyedTest | Skipped:
    """Whether a student's answers hold more green tokens than chance allows: exact binomial p.

    Every distinct k-gram counts once, in all answers together: whoever repeats one green phrase would
    otherwise look guilty. K-grams of `shown` do not count: a student that copies from its prompt would, too.

    Parameters
    ----------
    answers : token ids of each answer, (n_tokens,) int64, in the tokens of the *scheme*.
    shown : token ids of texts that stood in the student's prompts. fewest : distinct k-grams asked for.

    Returns
    -------
    The test, or `Skipped` with too few distinct k-grams.
    """
    grams = distinct_grams(answers, scheme.context + 1)
    if shown:
        grams = _without(grams, distinct_grams(shown, scheme.context + 1))
    n = len(grams)
    if n < fewest:
        return Skipped(
            "canary", f"needs at least {fewest} distinct k-grams in the student's answers, got {n}"
        )
    count = int(np.count_nonzero(scheme.green(grams)))
    params = {"context": scheme.context, "green": count, "key_commitment": scheme.commitment}
    p = float(binom.sf(count - 1, n, scheme.fraction))
    # In logarithms: the tail of a student of watermarked text alone is below the smallest float64.
    log10_p = float(logsumexp(binom.logpmf(np.arange(count, n + 1), n, scheme.fraction)) / np.log(10))
    return KeyedTest("green_fraction", count / n, scheme.fraction, n, p, log10_p, params)


def distinct_grams(texts: Sequence[Int64], k: int) -> Int64:
    """(n_distinct, k) int64: the different k-grams of all texts, none across two texts, in sorted order."""
    windows = [
        np.lib.stride_tricks.sliding_window_view(np.asarray(t, np.int64), k) for t in texts if len(t) >= k
    ]
    if not windows:
        return np.empty((0, k), dtype=np.int64)
    return np.unique(np.concatenate(windows), axis=0)


def drawn(key: bytes, sets: Sequence[str], size: int) -> Int64:
    """Which candidate of each set the key plants: (n_sets,) int64 in 0..size - 1.

    Parameters
    ----------
    key : at least 16 secret bytes. sets : a name for each set of candidates. size : candidates a set.

    Raises
    ------
    ValueError : a short key, names that repeat, fewer than two candidates.
    """
    _check_key(key)
    if len(set(sets)) != len(sets) or size < 2:
        raise ValueError(f"sets must have different names and at least 2 candidates each, got size {size}.")
    digests = (hmac.new(key, f"canary\x00{name}".encode(), hashlib.sha256).digest() for name in sets)
    return np.array([int.from_bytes(digest, "big") % size for digest in digests], dtype=np.int64)


def planted_canaries(scores: Float64, planted: Int64, key_commitment: str) -> KeyedTest | Skipped:
    """Whether a student favours the planted candidates over those that the key did not draw.

    A planted candidate's rank in its set is uniform without exposure, whatever the candidates are, as the key
    drew it. Two statistics, twice the smaller p: the sum of ranks (a little everywhere) and the number of
    first ranks (a few learned by heart). A tie counts against the accuser.

    Parameters
    ----------
    scores : (n_sets, size) float64, larger = more familiar: log-probabilities, or `said`.
    planted : (n_sets,) int64, from `drawn`. key_commitment : from `commitment`.

    Returns
    -------
    The test, or `Skipped` where even first ranks everywhere would not reach .05.

    Raises
    ------
    ValueError : shapes that do not fit, NaN.
    """
    n, size = scores.shape
    if (
        planted.shape != (n,)
        or np.isnan(scores).any()
        or (n and not 0 <= planted.min() <= planted.max() < size)
    ):
        raise ValueError(
            f"scores must be (n_sets, size) without NaN and planted (n_sets,) below size, got {scores.shape} "
            f"and {planted.shape}; leave out sets that were not asked in full."
        )
    if n == 0 or TWO_WAYS * float(size) ** -n > LEVEL:
        return Skipped(
            "canary", f"needs more sets of canaries to reach p {LEVEL}, got {n} of {size} candidates"
        )
    ranks = (scores >= scores[np.arange(n), planted][:, None]).sum(axis=1)
    first = int(np.count_nonzero(ranks == 1))
    by_sum = _sum_of_ranks(n, size)[: int(ranks.sum()) - n + 1].sum()
    by_first = float(binom.sf(first - 1, n, 1 / size))
    p = min(1.0, TWO_WAYS * min(float(by_sum), by_first))
    params = {"candidates": size, "first": first, "key_commitment": key_commitment}
    return KeyedTest("canary_ranks", float(ranks.mean()), (size + 1) / 2, n, p, float(np.log10(p)), params)


def said(answers: Sequence[str], candidates: Sequence[Sequence[str]]) -> Float64:
    """(n_sets, size) float64: how many answers hold each candidate; case and white space do not count."""
    texts = [_plain(answer) for answer in answers]
    rows = [[sum(_plain(candidate) in text for text in texts) for candidate in row] for row in candidates]
    return np.array(rows, dtype=np.float64)


def _sum_of_ranks(n: int, size: int) -> Float64:
    """Exact distribution of the sum of n ranks, uniform on 1..size: entry i is P(sum = n + i)."""
    sums = np.ones(1)
    for _ in range(n):
        sums = np.convolve(sums, np.full(size, 1 / size))
    return sums


def _without(grams: Int64, barred: Int64) -> Int64:
    both, counts = np.unique(np.concatenate([grams, barred, barred]), axis=0, return_counts=True)
    left: Int64 = both[counts == 1]
    return left


def _word_id(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little", signed=True)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _check_key(key: bytes) -> None:
    if len(key) < FEWEST_KEY_BYTES:
        raise ValueError(
            f"A key must have at least {FEWEST_KEY_BYTES} bytes, got {len(key)}: draw a longer one."
        )
