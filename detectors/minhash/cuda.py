"""Signatures and band keys on a CUDA device: whether there is one, and the way in.

The same bits as on the CPU (`signatures.py`). Needs numba-cuda (extra `gpu`), which is imported when a device
is asked for and not before. The kernels are in `cuda_kernels.py`, memory and streams in `cuda_stream.py`,
arrays of torch and CuPy in `cuda_arrays.py`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from detectors.minhash.texts import Texts

if TYPE_CHECKING:
    from detectors.minhash.bands import Bands, Keys
    from detectors.minhash.signatures import MinHash
    from detectors.minhash.texts import Hashes

WORTH = 1 << 28
"""Bytes from which "auto" takes a device: below, a CPU is done before the kernels are compiled (seconds)."""
MOST_K = 3840
"""Largest k: a tile and two rows in the 48 KiB of shared memory that every device gives a block."""
LONGEST = (1 << 31) - 8
"""Bytes of the longest document; positions in it are 32-bit."""


def missing() -> str | None:
    """What keeps the kernels from running here and what to do about it; None when nothing does."""
    simulated = bool(vars(numba.config)["ENABLE_CUDASIM"])
    if find_spec("numba_cuda") is None and not simulated:
        return "numba-cuda is not installed: pip install 'distill-audit[gpu]'"
    from numba import cuda

    # A small batch is no reason to warn users of an idle device.
    vars(numba.config)["CUDA_LOW_OCCUPANCY_WARNINGS"] = 0
    if not cuda.is_available():
        return (
            "numba-cuda finds no CUDA device or no driver for one (`nvidia-smi` lists what there is); "
            "with a driver for CUDA 12 only: pip install 'distill-audit[gpu-cuda12]'"
        )
    return None


def unfit(family: MinHash, longest: int) -> str | None:
    """Why a device does not take this setting, or a document of `longest` bytes; None when it does."""
    if family.k > MOST_K:
        return f"k must be at most {MOST_K:,} on a CUDA device, got {family.k:,}; or take device='cpu'."
    if longest > LONGEST:
        return (
            f"a document must have at most {LONGEST:,} bytes on a CUDA device, got one of {longest:,}; "
            "or take device='cpu'."
        )
    return None


def chosen(family: MinHash, texts: Texts) -> bool:
    """Whether these documents go to the device.

    Raises
    ------
    RuntimeError : family.device is "cuda" and there is none. ValueError : it cannot take them.
    """
    if family.device == "cpu" or (family.device == "auto" and texts.n_bytes < WORTH):
        return False
    longest = int(np.diff(texts.offsets).max(initial=0))
    if family.device == "auto":
        return unfit(family, longest) is None and missing() is None
    if reason := missing():
        raise RuntimeError(f"device='cuda': {reason}; or take device='cpu', which gives the same signatures.")
    if reason := unfit(family, longest):
        raise ValueError(reason)
    return True


def signatures(family: MinHash, texts: Texts, out: Hashes) -> None:
    """Signatures of texts in host memory into `out`, (n_documents, k) uint32."""
    from detectors.minhash.cuda_stream import stream

    stream(family, texts, None, out)


def keys(family: MinHash, texts: Texts, bands: Bands) -> Keys:
    """Band keys of texts in host memory, (n_documents, bands) uint64; signatures stay on the device."""
    from detectors.minhash.cuda_stream import stream

    out = np.empty((len(texts), bands.bands), np.uint64)
    stream(family, texts, bands, out)
    return out


def of_arrays(family: MinHash, data: Any, offsets: Any, bands: Bands | None = None) -> Any:
    """Signatures, or with `bands` keys, of texts in a device's memory, in an array of the same library.

    data : (n_bytes,) uint8, offsets : (n_documents + 1,) int64, with `__cuda_array_interface__`. Not copied.
    """
    if reason := missing():
        raise RuntimeError(f"data lies on a CUDA device: {reason}; or move it to the CPU.")
    from detectors.minhash.cuda_arrays import signed

    return signed(family, data, offsets, bands)
