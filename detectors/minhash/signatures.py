"""MinHash signatures of documents: bytes and offsets in, one row of k minima a document out.

Leaves out where documents come from, and everything that is done with signatures (`estimates.py`,
`bands.py`, `join.py`). On a CUDA device: `cuda.py`, with the same bits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from detectors.compiled import compiled
from detectors.minhash import cuda
from detectors.minhash.arithmetic import EMPTY, SEED
from detectors.minhash.bands import Bands, Keys
from detectors.minhash.schemes import FSS, KPERM, OPH, complete, complete_long, densify, first_round
from detectors.minhash.shingles import BYTES, CHARACTERS, LONGEST, WORDS, Work, kind_for, next_shingles, work
from detectors.minhash.texts import Bytes, Hashes, Positions, Texts, texts_of

KINDS = {"words": WORDS, "bytes": BYTES, "characters": CHARACTERS}
SCHEMES = {"fss": FSS, "oph": OPH, "kperm": KPERM}
DEVICES = ("auto", "cpu", "cuda")
MOST = 65536
"""Largest k."""


@dataclass(frozen=True)
class MinHash:
    """A family of signatures; two signatures compare only if all of this down to `seed` is equal.

    Parameters
    ----------
    k : minima of a signature.
    shingle : "words", "bytes" or "characters"; what n-grams are made of.
    n : parts of a shingle, 1 to 64.
    scheme : "fss", "oph" or "kperm" (`schemes.py`).
    seed : of the permutations of "kperm", as datasketch's; the other schemes have none.
    threads : how many share the documents; 0 = as many as numba may use (NUMBA_NUM_THREADS).
    device : "cpu", "cuda", or "auto": a CUDA device where there is one and the documents are worth it. The
        signatures are the same.
    """

    k: int = 128
    shingle: str = "words"
    n: int = 5
    scheme: str = "fss"
    seed: int = 1
    threads: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, allowed in (("shingle", KINDS), ("scheme", SCHEMES), ("device", DEVICES)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(self, name)!r}.")
        for name, least, most in (("k", 1, MOST), ("n", 1, LONGEST), ("threads", 0, 4096)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be {least} to {most}, got {getattr(self, name)}.")

    def signatures(self, documents: Any, out: Hashes | None = None) -> Hashes:
        """Signature of every document.

        Parameters
        ----------
        documents : anything `texts_of` takes.
        out : (n_documents, k) uint32 to write to, C-contiguous.

        Returns
        -------
        (n_documents, k) uint32; all EMPTY (2**32 - 1) where a document has no shingle.
        """
        texts = texts_of(documents)
        if out is None:
            out = np.empty((len(texts), self.k), np.uint32)
        elif out.shape != (len(texts), self.k) or out.dtype != np.uint32 or not out.flags.c_contiguous:
            raise ValueError(f"out must be ({len(texts)}, {self.k}) uint32, got {out.shape} {out.dtype}.")
        if cuda.chosen(self, texts):
            cuda.signatures(self, texts, out)
            return out
        a, b = permutations(self.k, self.seed)
        kind, scheme = KINDS[self.shingle], SCHEMES[self.scheme]

        def sign(first: int, last: int) -> None:
            sign_rows(texts.data, texts.offsets, first, last, kind, self.n, scheme, a, b, out, work(self.k))

        shared(sign, texts, self.threads)
        return out

    def keys(self, documents: Any, bands: Bands) -> Keys:
        """`bands.keys` of the signatures of documents; from a device only the keys come back."""
        bands.check(self.k)
        texts = texts_of(documents)
        if cuda.chosen(self, texts):
            return cuda.keys(self, texts, bands)
        return bands.keys(self.signatures(texts))

    def signatures_of_arrays(self, data: Any, offsets: Any) -> Any:
        """Signatures of documents that are arrays already, in an array of the same library, without a copy.

        Parameters
        ----------
        data : (n_bytes,) uint8.
        offsets : (n_documents + 1,) int64, both as in `Texts`. NumPy arrays or CPU tensors of torch; or both
            on one CUDA device (torch, CuPy, numba), which then does the work unless `device` is "cpu".

        Returns
        -------
        (n_documents, k) uint32, of the library and on the device of `data`.
        """
        if hasattr(data, "__cuda_array_interface__"):
            if self.device == "cpu":
                raise ValueError(
                    "device='cpu' but data lies on a CUDA device; move it, or take device='cuda'."
                )
            if reason := cuda.unfit(self, 0):
                raise ValueError(reason)
            return cuda.of_arrays(self, data, offsets)
        out = self.signatures(Texts(np.asarray(data), np.asarray(offsets)))
        library = type(data).__module__.partition(".")[0]
        return sys.modules["torch"].from_numpy(out) if library == "torch" else out


def permutations(k: int, seed: int) -> tuple[Hashes, Hashes]:
    """Coefficients of k affine permutations, those datasketch 2 draws for `affine32`: (k,) uint32 each."""
    draw = np.random.RandomState(seed).randint
    a = draw(0, 1 << 31, k, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw(0, 1 << 32, k, dtype=np.uint32)


def shared(run: Callable[[int, int], None], texts: Texts, threads: int) -> None:
    """Call `run` on ranges of documents with about equally many bytes, from several threads."""
    threads = threads or int(vars(numba.config)["NUMBA_NUM_THREADS"])
    pieces = min(len(texts), 16 * threads) if threads > 1 else 1
    marks = texts.offsets[0] + np.linspace(0, texts.n_bytes, pieces + 1)[1:-1]
    cuts = [0, *np.searchsorted(texts.offsets, marks).tolist(), len(texts)]
    ranges = [(a, b) for a, b in pairwise(cuts) if a < b]
    if len(ranges) < 2:
        for a, b in ranges:
            run(a, b)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda ends: run(*ends), ranges))


@compiled()
def sign_rows(
    data: Bytes,
    offsets: Positions,
    first: int,
    last: int,
    kind: int,
    n: int,
    scheme: int,
    a: Hashes,
    b: Hashes,
    out: Hashes,
    work: Work,
) -> None:
    """Signatures of documents [first, last) into the same rows of `out`."""
    for i in range(first, last):
        begin, end = offsets[i], offsets[i + 1]
        row = out[i]
        row[:] = EMPTY
        how = kind_for(data, begin, end, kind)
        at, held, tiles, seen, count = begin, 0, 0, 0, 0
        while at < end:
            count, at, held = next_shingles(data, begin, end, at, held, how, n, SEED, work)
            first_round(work.hashes, count, scheme, a, b, row)
            tiles += 1
            seen += count
        if not seen or scheme == KPERM:
            continue
        if scheme == OPH:
            densify(row, work.row)
        elif tiles == 1:
            complete(work.hashes, count, row, work.fresh, work.row)
        else:
            complete_long(data, begin, end, how, n, row, work)
