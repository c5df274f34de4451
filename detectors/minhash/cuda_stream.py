"""Text in host memory through a device, in batches by way of pinned memory.

Two streams, so that copies in, kernels and copies out overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from detectors.minhash.cuda_signer import Long, Signer
from detectors.minhash.texts import Bytes, Positions, Texts

if TYPE_CHECKING:
    from detectors.minhash.bands import Bands
    from detectors.minhash.signatures import MinHash

BATCH = 32 << 20
"""Bytes of text, and of results, of a batch."""
COPIERS = 4
"""Threads that copy text into pinned memory; one gives 10 GB/s, the bus takes 55."""


def stream(
    family: MinHash,
    texts: Texts,
    bands: Bands | None,
    out: NDArray[Any],
    signer: Signer | None = None,
    size: int = BATCH,
) -> None:
    """Signatures, or with `bands` keys, of every document into the rows of `out`; `size` bytes a batch."""
    signer = signer or Signer(family)
    lanes = [_Lane(signer, bands, out), _Lane(signer, bands, out)]
    with ThreadPoolExecutor(COPIERS) as copiers:
        for i, (first, last) in enumerate(batches(texts.offsets, out.itemsize * out.shape[1], size)):
            lanes[i % 2].collect()
            lanes[i % 2].send(texts, first, last, copiers)
    for lane in lanes:
        lane.collect()


def batches(offsets: Positions, row: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of documents with at most `size` bytes of text and of results (`row` each), at least one."""
    n, first = len(offsets) - 1, 0
    while first < n:
        last = int(np.searchsorted(offsets, offsets[first] + size, "right")) - 1
        last = min(n, max(first + 1, min(last, first + max(1, size // row))))
        yield first, last
        first = last


class _Lane:
    """A stream with its memory on both sides, and the batch that is on it."""

    def __init__(self, signer: Signer, bands: Bands | None, out: NDArray[Any]) -> None:
        self.signer, self.bands, self.out = signer, bands, out
        self.stream = cuda.stream()
        self.status = cuda.to_device(np.zeros(2, np.int64))
        self.batch = (0, 0)
        self.held: list[Any] = []
        self.room = (0, 0)

    def _grow(self, loads: int, n: int) -> None:
        """Memory for so many loads of four bytes and documents."""
        loads, n = max(loads, self.room[0]), max(n, self.room[1])
        if (loads, n) == self.room:
            return
        k, width, kind = self.signer.setting.k, self.out.shape[1], self.out.dtype
        self.text, self.d_text = cuda.pinned_array(loads, np.uint32), cuda.device_array(loads, np.uint32)
        self.offsets, self.d_offsets = cuda.pinned_array(n + 1, np.int64), cuda.device_array(n + 1, np.int64)
        self.results, self.d_results = (
            cuda.pinned_array((n, width), kind),
            cuda.device_array((n, width), kind),
        )
        self.d_rows = cuda.device_array((n, k), np.uint32) if self.bands else self.d_results
        self.room = (loads, n)

    def send(self, texts: Texts, first: int, last: int, copiers: ThreadPoolExecutor) -> None:
        """Put documents [first, last) on the stream."""
        begin, end = int(texts.offsets[first]), int(texts.offsets[last])
        n, loads = last - first, max(1, -(-(end - begin) // 4))
        self._grow(loads, n)
        _copy(texts.data[begin:end], self.text.view(np.uint8), copiers)
        np.subtract(texts.offsets[first : last + 1], begin, out=self.offsets[: n + 1])
        data, offsets = self.d_text[:loads], self.d_offsets[: n + 1]
        data.copy_to_device(self.text[:loads], stream=self.stream)
        offsets.copy_to_device(self.offsets[: n + 1], stream=self.stream)
        rows, results = self.d_rows[:n], self.d_results[:n]
        self.signer.sign(data, 0, end - begin, offsets, rows, self.status, self.stream)
        long = Long.of(self.offsets[: n + 1], 0, self.signer.setting)
        if long is not None:
            self.held = self.signer.sign_long(data, long, rows, self.stream)
        if self.bands:
            self.signer.keys(rows, self.bands, results, self.stream)
        results.copy_to_host(self.results[:n], stream=self.stream)
        self.batch = (first, last)

    def collect(self) -> None:
        """Wait for the batch on the stream, and take its results."""
        first, last = self.batch
        if first < last:
            self.stream.synchronize()
            self.out[first:last] = self.results[: last - first]
            self.batch, self.held = (0, 0), []


def _copy(source: Bytes, target: Bytes, copiers: ThreadPoolExecutor) -> None:
    """Copy into the beginning of target, by several threads."""
    step = max(1 << 20, -(-len(source) // COPIERS))

    def part(at: int) -> None:
        piece = source[at : at + step]
        target[at : at + len(piece)] = piece

    list(copiers.map(part, range(0, len(source), step)))
