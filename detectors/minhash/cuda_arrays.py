"""Text that lies in a device's memory already, as an array of torch, CuPy or numba: read where it is.

Arrays come by `__cuda_array_interface__` (version 3). What goes back is allocated by the library the text
came from, on its device, and work is put on the stream which that library uses at the moment.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import cuda

from detectors.minhash.cuda import unfit
from detectors.minhash.cuda_signer import Long, Signer

if TYPE_CHECKING:
    from detectors.minhash.bands import Bands
    from detectors.minhash.signatures import MinHash


def signed(family: MinHash, data: Any, offsets: Any, bands: Bands | None) -> Any:
    """`cuda.of_arrays`; waits for the device, since bad offsets are found there."""
    n_bytes, n = _length(data, "data", "|u1"), _length(offsets, "offsets", "<i8") - 1
    if n < 0:
        raise ValueError("offsets must have one number more than there are documents, got none.")
    number = _device_number(data)
    with nullcontext() if number is None else cuda.gpus[number]:
        signer, on = Signer(family), _stream_of(data)
        loads, shift = _loads(data, n_bytes)
        d_offsets, status = cuda.as_cuda_array(offsets, sync=False), cuda.to_device(np.zeros(2, np.int64), on)
        out = _empty(data, (n, family.k), "uint32")
        rows = cuda.as_cuda_array(out, sync=False) if n else out
        signer.sign(loads, shift, n_bytes, d_offsets, rows, status, on)
        n_long, bad = status.copy_to_host(stream=on)
        on.synchronize()
        if bad:
            raise ValueError(
                f"offsets must not fall and lie within the {n_bytes:,} bytes of data; "
                f"those of document {bad - 1} do not."
            )
        held = []
        if n_long:
            ends = d_offsets.copy_to_host(stream=on)
            on.synchronize()
            if reason := unfit(family, int(np.diff(ends).max())):
                raise ValueError(reason)
            long = Long.of(ends, shift, signer.setting)
            held = signer.sign_long(loads, long, rows, on) if long else []
        if bands:
            keys = _empty(data, (n, bands.bands), "uint64")
            if n:
                signer.keys(rows, bands, cuda.as_cuda_array(keys, sync=False), on)
            out = keys
        on.synchronize()
        del held
    return out


def _length(array: Any, name: str, kind: str) -> int:
    """How many numbers a contiguous row of one kind has; or what is wrong with it."""
    face = getattr(array, "__cuda_array_interface__", None)
    if face is None:
        raise TypeError(f"{name} must lie on the CUDA device too, got {type(array).__name__} elsewhere.")
    strides = face.get("strides")
    dtype = np.dtype(face["typestr"])
    if dtype != np.dtype(kind) or len(face["shape"]) != 1 or strides not in (None, (dtype.itemsize,)):
        raise TypeError(
            f"{name} must be one contiguous row of {np.dtype(kind)}, got {len(face['shape'])}-d {dtype}"
            f"{'' if strides is None else f' with strides {strides}'}."
        )
    return int(face["shape"][0])


class _Loads:
    """Bytes of a device as the loads of four they lie in, from a multiple of four on."""

    def __init__(self, owner: Any, address: int, n: int) -> None:
        self.owner = owner
        self.__cuda_array_interface__ = {
            "shape": (n,),
            "typestr": "<u4",
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


def _loads(data: Any, n_bytes: int) -> tuple[Any, int]:
    """(uint32 view, how many bytes of its first load come before data).

    Memory is handed out in units of at least 256 bytes, so a load that holds a byte of data can be read.
    """
    if not n_bytes:
        return cuda.to_device(np.zeros(1, np.uint32)), 0
    address = data.__cuda_array_interface__["data"][0]
    shift = address % 4
    return cuda.as_cuda_array(_Loads(data, address - shift, -(-(shift + n_bytes) // 4)), sync=False), shift


def _library(array: Any) -> Any:
    """The module an array is of, when its way to make arrays and streams is known here."""
    name = type(array).__module__.partition(".")[0]
    return sys.modules[name] if name in ("torch", "cupy") else None


def _device_number(array: Any) -> int | None:
    device = getattr(array, "device", None)
    number = getattr(device, "index", None) if hasattr(device, "index") else getattr(device, "id", None)
    return number if isinstance(number, int) else None


def _empty(like: Any, shape: tuple[int, int], kind: str) -> Any:
    library = _library(like)
    if library is None:
        return cuda.device_array(shape, np.dtype(kind))
    if library.__name__ == "torch":
        return library.empty(shape, dtype=getattr(library, kind), device=like.device)
    with like.device:
        return library.empty(shape, dtype=kind)


def _stream_of(array: Any) -> Any:
    """The stream on which the array's library works; without one, what the array says, or the default."""
    library = _library(array)
    if library is None:
        pointer = array.__cuda_array_interface__.get("stream")
    elif library.__name__ == "torch":
        pointer = library.cuda.current_stream(array.device).cuda_stream
    else:
        pointer = library.cuda.get_current_stream().ptr
    if pointer in (None, 0, 1):  # 1 is the interface's name for the default
        return cuda.default_stream()
    return cuda.per_thread_default_stream() if pointer == 2 else cuda.external_stream(pointer)
