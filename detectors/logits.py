"""Reductions of two models' next-token logits: what a source keeps instead of the full vocabulary.

Log-normalisers, entropies, Kullback-Leibler and Jensen-Shannon divergence at given temperatures, the
highest or lowest tokens with their rank-biased overlap, and the correlation of centred logits after a
unigram prior and the references' mean are subtracted (docs/method.md, "Log-probabilities or logits").
Leaves out being a `Detector`: the source of logits calls these, batch by batch. Leaves out GPUs as well. On
text students they fire on fine-tunes and on models of the same corpus, too: `docs/detectors/logits.md`. Needs
the extra `logits` (numba).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numba
import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from detectors.logit_kernels import pair_rows
from detectors.logit_ranks import top_rows
from detectors.logit_residuals import residual_rows
from detectors.logit_tiles import BFLOAT16, FLOAT16, FLOAT32, Rows
from detectors.types import Float32, Float64

Array = NDArray[Any]
DEEPEST = 100


@dataclass(frozen=True)
class PairReduction:
    """What is left of two models' logits: (n_positions,) float64 each, in nats.

    `kl_ab` is the divergence KL(a || b) of b from a: infinite where a token is masked in b alone.
    `js` is Jensen-Shannon's divergence, in [0, ln 2].
    """

    log_normaliser_a: Float64
    log_normaliser_b: Float64
    entropy_a: Float64
    entropy_b: Float64
    kl_ab: Float64
    kl_ba: Float64
    js: Float64

    def similarities(self) -> dict[str, Float64]:
        """The statistics that compare, larger = more alike: divergences negated."""
        return {"kl_ab": -self.kl_ab, "kl_ba": -self.kl_ba, "jensen_shannon": -self.js}


@dataclass(frozen=True)
class RankedTokens:
    """The k highest (or lowest) tokens of each position, best first.

    Attributes
    ----------
    ids : (n_positions, k) int32; NONE where fewer tokens are not masked.
    logits : (n_positions, k) float32; NaN there.
    """

    ids: NDArray[np.int32]
    logits: Float32


@dataclass(frozen=True)
class Logits:
    """The reductions, with their parameters.

    Logits are (n_positions, n_vocabulary) arrays of float32, float16 or bfloat16 (as uint16 bits, or the
    type of `ml_dtypes`); -inf = masked. A batch may be a view whose rows are apart (a padded vocabulary cut
    to size): it is not copied. NaN, +inf and a position masked whole raise a ValueError that names it.

    Parameters
    ----------
    temperature_a, temperature_b : what the logits of either model are divided by.
    depth : length of ranked lists, at most 100.
    threads : how many share the positions of a batch; 0 = as many as numba may use (NUMBA_NUM_THREADS).
    """

    temperature_a: float = 1.0
    temperature_b: float = 1.0
    depth: int = 10
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("temperature_a", "temperature_b"):
            value = getattr(self, name)
            if not (value > 0 and np.isfinite(value)):
                raise ValueError(f"{name} must be a positive number, got {value}.")
        if not 1 <= self.depth <= DEEPEST:
            raise ValueError(f"depth must be 1 to {DEEPEST}, got {self.depth}.")
        if self.threads < 0:
            raise ValueError(f"threads must be 0 (all) or more, got {self.threads}.")

    def reduce_pair(self, a: Array, b: Array) -> PairReduction:
        """Normalisers, entropies and divergences of two models' logits for the same positions and tokens."""
        _same_shape(a=a, b=b)
        rows_a, rows_b, (n, width) = _rows("a", a), _rows("b", b), a.shape
        out = np.empty((len(fields(PairReduction)), n))
        scales = 1 / self.temperature_a, 1 / self.temperature_b

        def kernel(first: int, last: int) -> int:
            return pair_rows(rows_a, rows_b, width, first, last, *scales, out)

        self._run(kernel, n, a=a, b=b)
        return PairReduction(*out)

    def ranked(self, logits: Array, lowest: bool = False) -> RankedTokens:
        """The `depth` highest tokens of each position, or the lowest unmasked ones; ties by token id."""
        rows, (n, width) = _rows("logits", logits), logits.shape
        ids = np.empty((n, self.depth), np.int32)
        values = np.empty((n, self.depth), np.float32)
        sign = -1.0 if lowest else 1.0

        def kernel(first: int, last: int) -> int:
            return top_rows(rows, width, first, last, sign, ids, values)

        self._run(kernel, n, logits=logits)
        return RankedTokens(ids, values)

    def residual_correlation(
        self, a: Array, b: Array, prior: Array | None = None, reference: Array | None = None
    ) -> Float64:
        """Correlation over tokens of two models' logits less what is subtracted from both, centred.

        Temperature has no part in it. Tokens masked in any of the arrays are left out.

        Parameters
        ----------
        prior : (n_vocabulary,) log-frequencies of the tokens. With a `reference` that still contains them
            they would be subtracted twice.
        reference : mean logits of the reference models, (n_positions, n_vocabulary) or (n_vocabulary,).

        Returns
        -------
        (n_positions,) float64 in [-1, 1]; NaN where a residual does not vary or has no two tokens.
        """
        _same_shape(a=a, b=b)
        n, width = a.shape
        nothing = np.zeros(width, np.float32)
        arrays = {
            "a": a,
            "b": b,
            "prior": _spread("prior", nothing if prior is None else prior, a.shape),
            "reference": _spread("reference", nothing if reference is None else reference, a.shape),
        }
        rows_a, rows_b, rows_u, rows_v = (_rows(name, array) for name, array in arrays.items())
        out = np.empty(n)

        def kernel(first: int, last: int) -> int:
            return residual_rows(rows_a, rows_b, rows_u, rows_v, width, first, last, out)

        self._run(kernel, n, whole=False, **arrays)
        return out

    def _run(self, kernel: Callable[[int, int], int], n: int, whole: bool = True, **arrays: Array) -> None:
        """Share the positions among threads; a position's bits do not depend on how."""
        threads = self.threads or int(vars(numba.config)["NUMBA_NUM_THREADS"])
        step = max(1, -(-n // (4 * threads)))
        blocks = [(first, min(first + step, n)) for first in range(0, n, step)]
        if threads == 1 or len(blocks) < 2:
            found = [kernel(*block) for block in blocks]
        else:
            with ThreadPoolExecutor(min(threads, len(blocks))) as pool:
                found = list(pool.map(lambda block: kernel(*block), blocks))
        unusable = [position for position in found if position >= 0]
        if unusable:
            raise ValueError(_refusal(unusable[0], whole, arrays))


def joined(reductions: Sequence[PairReduction]) -> PairReduction:
    """The reductions of several batches as one, in their order."""
    parts = ([getattr(r, f.name) for r in reductions] for f in fields(PairReduction))
    return PairReduction(*(np.concatenate([np.empty(0), *part]) for part in parts))


def probe_values(
    statistics: Mapping[str, Float64], probe_of: NDArray[np.int64], n_probes: int
) -> dict[str, Float32]:
    """Mean of each statistic over the positions of a probe: one subject and teacher of `Measurement.values`.

    A position that is NaN is left out. An infinite one (a divergence where a token is masked on one side
    alone) makes the probe NaN: leaving it out would make the pair look more alike than it is.

    Parameters
    ----------
    statistics : (n_positions,) float64 by name, larger = more alike.
    probe_of : (n_positions,) int64, the probe that each position belongs to.

    Returns
    -------
    (n_probes,) float32 by name; NaN where nothing was measured.
    """
    if len(probe_of) and (probe_of.min() < 0 or probe_of.max() >= n_probes):
        raise ValueError(f"probe_of must name probes 0 to {n_probes - 1}, got {np.unique(probe_of)}.")
    means = {}
    for name, values in statistics.items():
        if len(values) != len(probe_of):
            raise ValueError(f"{name} has {len(values)} positions, probe_of {len(probe_of)}.")
        known = ~np.isnan(values)
        sums = np.bincount(probe_of[known], values[known], minlength=n_probes)
        counts = np.bincount(probe_of[known], minlength=n_probes)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = sums / counts
        means[name] = np.where(np.isfinite(mean), mean, np.nan).astype(np.float32)
    return means


def _kind(name: str, array: Array) -> int:
    kinds = {"float32": FLOAT32, "float16": FLOAT16, "uint16": BFLOAT16, "bfloat16": BFLOAT16}
    if array.dtype.name not in kinds or not array.dtype.isnative:
        raise ValueError(
            f"{name} must be float32, float16 or bfloat16 (uint16 bits) in native byte order, got "
            f"{array.dtype.str if array.dtype.isnative else array.dtype}. Convert it batch by batch."
        )
    return kinds[array.dtype.name]


def _rows(name: str, array: Array) -> Rows:
    """A batch as the kernels take it: one flat view from its first element to its last, not copied."""
    kind = _kind(name, array)
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(
            f"{name} must be (n_positions, n_vocabulary) with at least one token, got {array.shape}."
        )
    size = array.itemsize
    if array.strides[1] != size or array.strides[0] < 0 or array.strides[0] % size:
        array = np.ascontiguousarray(array)
    n, width = array.shape
    stride = array.strides[0] // size if n > 1 else width
    bits = array if kind == FLOAT32 else array.view(np.uint16)
    flat = as_strided(bits, ((n - 1) * stride + width if n else 0,), (size,), writeable=False)
    none = flat[:0]
    if kind == FLOAT32:
        return Rows(flat, none.view(np.uint16), kind, stride)
    return Rows(none.view(np.float32), flat, kind, stride)


def _spread(name: str, array: Array, shape: tuple[int, ...]) -> Array:
    """A vector for all positions as a batch whose rows are one and the same."""
    if array.shape not in (shape, shape[1:]):
        raise ValueError(f"{name} must be {shape} like the logits or {shape[1:]}, got {array.shape}.")
    return np.broadcast_to(array, shape)


def _same_shape(**arrays: Array) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(
            f"Logits must be of the same positions and the same vocabulary, got {shapes}. Cut a padded "
            "vocabulary to size; across tokenizers use `spans.py` and the strings of ranked tokens."
        )


def _refusal(position: int, whole: bool, arrays: Mapping[str, Array]) -> str:
    """What is wrong with a position."""
    for name, array in arrays.items():
        row = array[position]
        values = row if array.dtype.name != "uint16" else (row.astype(np.uint32) << 16).view(np.float32)
        values = values.astype(np.float32)
        for what, bad in (("NaN", np.isnan(values)), ("+inf", values == np.inf)):
            if bad.any():
                where = f"position {position}, token {int(bad.argmax())}"
                return (
                    f"Logits must be numbers, or -inf for a masked token: {name} has {what} at {where}. "
                    "Leave the position out, or look for an overflow in the model."
                )
        if whole and (values == -np.inf).all():
            return (
                f"A position needs a token that is not masked (-inf): {name} has none at position {position}."
            )
    raise AssertionError(f"position {position} was refused for no reason")
