"""How many numbers a weight file holds, and of what kind, from its header alone.

Read before a file is opened for good: a truncated file, or a model that memory cannot hold, is then refused
in plain words. safetensors: a length (8 bytes, little endian), a JSON header, the numbers. Leaves out the
numbers.
"""

from __future__ import annotations

import json
import math
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import AuditError

_HEADER_LIMIT = 100_000_000  # bytes, as in the safetensors package
_AGAIN = "Get the file again."


@dataclass(frozen=True)
class Stored:
    """What weight files hold: `n_numbers` in all, most of the kind `dtype` ("F32", "BF16", "Q4_1")."""

    n_numbers: int
    dtype: str


def stored_in_safetensors(files: Iterable[Path]) -> Stored:
    """Numbers in these files; raises `AuditError` where one is damaged."""
    kinds: Counter[str] = Counter()
    for file in files:
        header, room = _header(file)
        for name, tensor in header.items():
            kinds[tensor["dtype"]] += math.prod(tensor["shape"])
            if tensor["data_offsets"][1] > room:
                raise AuditError(f"{file}: ends before its tensor {name}, so it was cut off. {_AGAIN}")
    if not kinds:
        raise AuditError(f"{next(iter(files), '')}: no tensor in it. {_AGAIN}")
    return Stored(kinds.total(), kinds.most_common(1)[0][0])


def stored_in_gguf(file: Path) -> Stored:
    """Numbers in a GGUF file; needs the gguf package of the extra `models`."""
    with file.open("rb") as opened:
        if (magic := opened.read(4)) != b"GGUF":
            raise AuditError(f"{file}: not a GGUF file (it begins with {magic!r}). {_AGAIN}")
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise AuditError(f"{file}: reading GGUF needs: pip install 'distill-audit[models]'") from error
    kinds: Counter[str] = Counter()
    try:
        for tensor in GGUFReader(file).tensors:
            kinds[tensor.tensor_type.name] += int(tensor.n_elements)
    except Exception as error:
        raise AuditError(
            f"{file}: not readable as GGUF ({type(error).__name__}: {error}). It may be cut off: get it"
            " again."
        ) from error
    if not kinds:
        raise AuditError(f"{file}: no tensor in it. {_AGAIN}")
    return Stored(kinds.total(), kinds.most_common(1)[0][0])


def _header(file: Path) -> tuple[dict[str, Any], int]:
    """Header of a safetensors file without its metadata, and how many bytes of numbers there are."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        first = opened.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        if length > min(_HEADER_LIMIT, size - 8):
            raise AuditError(
                f"{file}: not readable as safetensors: its header is longer than the file. {_AGAIN}"
            )
        raw = opened.read(length)
    try:
        header = json.loads(raw)
        tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
        whole = all(
            isinstance(t["dtype"], str)
            and all(isinstance(n, int) and n >= 0 for n in (*t["shape"], *t["data_offsets"]))
            and len(t["data_offsets"]) == 2
            for t in tensors.values()
        )
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        whole, tensors = False, {}
    if not whole:
        raise AuditError(f"{file}: not readable as safetensors: its header is damaged. {_AGAIN}")
    return tensors, size - 8 - length
