"""Signatures by the CUDA kernels in numba's simulator, against the CPU's; run as a process of its own.

The simulator runs a block's threads as Python threads, so blocks are small here: 16 threads make a tile of
512 bytes, two tiles a piece. Prints one JSON object: what was compared, and what differed.
"""

from __future__ import annotations

import json
import sys
from threading import Lock
from typing import Any

import numpy as np
from numba import cuda
from numba.cuda.simulator import kernel as simulator
from numba.cuda.simulator import kernelapi

from detectors.minhash import cuda_schemes, cuda_stream, cuda_tiles
from detectors.minhash.bands import Bands
from detectors.minhash.cuda_kernels import Setting, kernels
from detectors.minhash.cuda_signer import Long, Signer
from detectors.minhash.signatures import KINDS, SCHEMES, MinHash
from detectors.minhash.texts import texts_of
from tests.detectors.minhash import reference

THREADS, TILES, K = 16, 2, 16
PIECE = 32 * THREADS * TILES


class Inside:
    """What `cuda` is to a device function: the simulator puts its own only into the file of the kernel."""

    def __getattr__(self, name: str) -> Any:
        return getattr(simulator._kernel_context or cuda, name)


def one_allocation_a_line() -> None:
    """Have threads that reach a shared array at the same moment get the same one.

    The simulator looks whether there is one and makes it, without a lock: seldom, two threads make two.
    """
    lock = Lock()

    def array(self, shape, dtype):
        caller = sys._getframe(1)
        key = caller.f_code.co_filename, caller.f_lineno
        with lock:
            if key not in self._allocations:
                self._allocations[key] = np.empty(shape, dtype)
            return self._allocations[key]

    kernelapi.FakeCUDAShared.array = array


SHORT = [
    b"",
    b" ",
    b"one",
    b"one two three four",
    b"one two three four five",
    b"\x00nul\x00in it \xff\xfe\xe4 not \xe4\xbd UTF-8 \xe4\xe5\xe6\xe7\xe8\xe9",
    "混ぜた text 日本語 und Deutsch, naïve “quotes” 🙂".encode(),
    b"x" * 31 + b" " + b"y" * 32 + b" " + b"z" * 33,
    b" ".join(b"word%d" % (i * i) for i in range(70)),
    reference.four_bytes_with_hash(reference.EMPTY),
]
LONG = [
    b"a " * 520,
    b" " * (PIECE + 20) + b"two words",
    b"x" * (PIECE + 7),
    "漢字".encode() * 190 + b" end",
    b" ".join(b"%d" % (i * i * i) for i in range(160)),
    b"head " + b"\x80" * (PIECE + 100) + b" tail \xe4",
]


def compared(kind: str, n: int, scheme: str, documents: list[bytes], shift: int, tiles: int) -> list[int]:
    """Documents whose signatures differ; the text begins at byte `shift` of a load of four."""
    family = MinHash(K, kind, n, scheme, threads=1, device="cpu")
    texts = texts_of(documents)
    expected = family.signatures(texts)
    setting = Setting(KINDS[kind], n, SCHEMES[scheme], K, THREADS, tiles)
    signer = Signer(family, setting)
    data = np.full((shift + len(texts.data) + 3) // 4 or 1, 0x20ABCDEF, np.uint32)
    data.view(np.uint8)[shift : shift + len(texts.data)] = texts.data
    out, status = cuda.to_device(np.zeros((len(texts), K), np.uint32)), cuda.to_device(np.zeros(2, np.int64))
    on_device = cuda.to_device(data)
    offsets = cuda.to_device(texts.offsets)
    signer.sign(on_device, shift, len(texts.data), offsets, out, status, cuda.stream())
    long = Long.of(texts.offsets, shift, setting)
    assert status.copy_to_host().tolist() == [0 if long is None else len(long.whose), 0]
    if long is not None:
        signer.sign_long(on_device, long, out, cuda.stream())
    found = out.copy_to_host()
    return np.flatnonzero((found != expected).any(axis=1)).tolist()


def streamed() -> bool:
    """Batches through two streams, signatures and keys, as the CPU has them."""
    family, bands = MinHash(K, "bytes", 5, "oph", threads=1, device="cpu"), Bands(5, 3)
    texts = texts_of([*SHORT, *LONG[:1], *SHORT])
    expected = family.signatures(texts)
    signer = Signer(family, Setting(KINDS["bytes"], 5, SCHEMES["oph"], K, THREADS, TILES))
    found, keys = np.zeros_like(expected), np.zeros((len(texts), 5), np.uint64)
    cuda_stream.stream(family, texts, None, found, signer, 700)
    cuda_stream.stream(family, texts, bands, keys, signer, 700)
    return np.array_equal(found, expected) and np.array_equal(keys, bands.keys(expected))


def bad_offsets() -> list[int]:
    """What the kernel says of offsets that fall: (too long, number of the document from 1)."""
    run = kernels(Setting(KINDS["bytes"], 5, SCHEMES["oph"], K, THREADS, TILES)).documents
    status, ab = np.zeros(2, np.int64), np.ones(K, np.uint32)
    out = np.zeros((3, K), np.uint32)
    run[3, THREADS](np.zeros(4, np.uint32), np.array([0, 9, 5, 16]), 0, 16, ab, ab, out, status)
    run[3, THREADS](np.zeros(4, np.uint32), np.array([0, 9, 12, 17]), 0, 16, ab, ab, out, status)
    return status.tolist()


def prepare() -> None:
    """Make the simulator fit for kernels in several files, and for threads that race."""
    sys.setswitchinterval(1e-5)
    cuda_tiles.cuda = cuda_schemes.cuda = Inside()
    one_allocation_a_line()


def main() -> None:
    prepare()
    wrong = {}
    shift = 0
    for kind, n in [("words", 5), ("words", 1), ("bytes", 8), ("bytes", 5), ("bytes", 4), ("characters", 3)]:
        for scheme in SCHEMES:
            shift = (shift + 1) % 4
            wrong[f"{kind} {n} {scheme} short"] = compared(kind, n, scheme, SHORT, shift, TILES)
    for kind, n in [("words", 5), ("bytes", 8), ("characters", 3)]:
        for scheme in SCHEMES:
            shift = (shift + 1) % 4
            wrong[f"{kind} {n} {scheme} in pieces"] = compared(kind, n, scheme, LONG, shift, TILES)
        wrong[f"{kind} {n} fss in tiles"] = compared(kind, n, "fss", LONG[3:], shift, 16)
    print(json.dumps({"wrong": wrong, "streamed": streamed(), "bad_offsets": bad_offsets()}))


if __name__ == "__main__":
    main()
