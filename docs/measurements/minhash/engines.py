"""Everything that makes MinHash signatures here: one function an engine, a column of text in.

Each is called the quickest way its documentation shows, from strings to signatures, shingling included.
`gaoya` has no signatures without an index, so its time includes the index. Leaves out the clock (`peers.py`).
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

Engine = Callable[[pa.Array], Any]
WORDS, CHARACTERS = 5, 8
"""Sizes of shingles: 5 words, 8 bytes or characters."""


def ours(scheme: str, shingle: str, k: int, threads: int = 1) -> Engine:
    """The numba kernels."""
    from detectors.minhash.signatures import MinHash

    kind, n = ("words", WORDS) if shingle == "words" else ("bytes", CHARACTERS)
    family = MinHash(k, kind, n, scheme, threads=threads)
    return family.signatures


def floor(scheme: str, shingle: str, k: int) -> Engine:
    """The same signatures in C with AVX-512 (`floor.c`)."""
    if not shutil.which("gcc"):
        raise ImportError("needs gcc")
    if "avx512_vbmi2" not in Path("/proc/cpuinfo").read_text():
        raise ImportError("needs a processor with AVX-512 VBMI2")
    from detectors.minhash.texts import texts_of

    made = Path(tempfile.mkdtemp()) / "floor.so"
    source = Path(__file__).with_name("floor.c")
    flags = ["-O3", "-march=native", "-mprefer-vector-width=512", "-mno-stv", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, source, "-o", made], check=True)
    library = ctypes.CDLL(str(made))

    def sign(column: pa.Array) -> np.ndarray:
        texts = texts_of(column)
        sizes = np.diff(texts.offsets)
        room = int(sizes.max()) + 200
        out = np.empty((len(texts), k), np.uint32)
        work = np.empty(3 * room, np.int32), np.empty(room, np.uint64), np.empty(3 * room + k, np.uint32)
        # Arrow pads its buffers to 64 bytes, which the loads of 8 bytes rely on.
        arrays = [a.ctypes.data_as(ctypes.c_void_p) for a in (texts.data, texts.offsets, out, *work)]
        library.sign(
            *arrays[:2], ctypes.c_int64(len(texts)), int(shingle != "words"), WORDS, int(scheme == "oph"), k,
            *arrays[2:], ctypes.c_int64(room),
        )  # fmt: skip
        return out

    return sign


def _shingles(text: str, shingle: str) -> set[str]:
    if shingle != "words":
        return {text[i : i + CHARACTERS] for i in range(max(1, len(text) - CHARACTERS + 1))}
    words = text.split()
    return {" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1))}


def daft(shingle: str, k: int) -> Engine:
    """The expression `minhash`; words only."""
    import daft as library
    from daft.functions import minhash

    if shingle != "words":
        raise ImportError("has words only")

    def sign(column: pa.Array) -> Any:
        frame = library.from_arrow(pa.table({"text": column}))
        signed = minhash(library.col("text"), num_hashes=k, ngram_size=WORDS)
        return frame.select(signed.alias("signature")).collect().to_arrow()

    return sign


def gaoya(shingle: str, k: int) -> Engine:
    """Its index of strings, in bands of 8."""
    import gaoya.minhash as library

    kind, n = ("word", WORDS) if shingle == "words" else ("char", CHARACTERS)

    def sign(column: pa.Array) -> Any:
        index = library.MinHashStringIndex(32, 0.5, k // 8, 8, None, kind, False, (n, n), "vec")
        index.par_bulk_insert_docs(list(range(len(column))), column.to_pylist())
        return index

    return sign


def datasketch(shingle: str, k: int) -> Engine:
    """`MinHash.bulk` on sets of shingles made in Python."""
    import datasketch as library

    def sign(column: pa.Array) -> Any:
        tokens = ([s.encode() for s in _shingles(t, shingle)] for t in column.to_pylist())
        return list(library.MinHash.generator(tokens, num_perm=k))

    return sign


def rensa(shingle: str, k: int) -> Engine:
    """`RMinHash` in bulk on lists of shingles made in Python (its estimator of Jaccard similarity)."""
    import rensa as library

    def sign(column: pa.Array) -> Any:
        tokens = [list(_shingles(t, shingle)) for t in column.to_pylist()]
        return library.RMinHash.digest_matrix_from_token_sets(tokens, k, 1)

    return sign


def fastsketch(shingle: str, k: int) -> Engine:
    """`FastSimilaritySketch.batch` on lists of shingles made in Python."""
    import FastSketchLSH as library  # noqa: N813

    def sign(column: pa.Array) -> Any:
        tokens = [list(_shingles(t, shingle)) for t in column.to_pylist()]
        return library.FastSimilaritySketch(k, 1).batch(tokens)

    return sign


def dupekit(shingle: str, k: int) -> Engine:
    """Its fused transformation; characters only."""
    import dupekit as library

    if shingle == "words":
        raise ImportError("has characters only")
    step = library.Transformation.MinHash("text", "signature", k, CHARACTERS, 1)

    def sign(column: pa.Array) -> Any:
        text = column.cast(pa.string())
        return library.transform(pa.RecordBatch.from_arrays([text], ["text"]), [step])

    return sign


def engine_of(name: str, shingle: str, k: int) -> Engine:
    """An engine by name: `fss`, `oph`, `kperm`, `fss (C)`, `oph (C)` or a peer; ImportError says why not."""
    if name in ("fss", "oph", "kperm"):
        return ours(name, shingle, k)
    if name.endswith(" (C)"):
        return floor(name.split(maxsplit=1)[0], shingle, k)
    makers = {"daft": daft, "gaoya": gaoya, "datasketch": datasketch, "rensa": rensa, "dupekit": dupekit}
    return {**makers, "fastsketch": fastsketch}[name](shingle, k)


# Documents an engine gets: the slow ones fewer, or the table takes an hour.
DOCUMENTS = {
    "fss": 100_000, "oph": 100_000, "kperm": 40_000, "fss (C)": 100_000, "oph (C)": 100_000, "daft": 40_000,
    "gaoya": 8_000, "dupekit": 4_000, "rensa": 4_000, "fastsketch": 4_000, "datasketch": 1_500,
}  # fmt: skip
