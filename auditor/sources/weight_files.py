"""How many numbers a weight file holds, and of what kind, from its header alone.

Read before a file is opened for good: a truncated file, or a model that memory cannot hold, is then refused
in plain words. Leaves out the numbers, and how a safetensors header is read (`auditor/tensors.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditError
from auditor.tensors import AGAIN, header


@dataclass(frozen=True)
class Stored:
    """What weight files hold: `n_numbers` in all, most of the kind `dtype` ("F32", "BF16", "Q4_1")."""

    n_numbers: int
    dtype: str


def stored_in_safetensors(files: Iterable[Path]) -> Stored:
    """Numbers in these files; raises `AuditError` where one is damaged."""
    kinds: Counter[str] = Counter()
    for file in files:
        for tensor in header(file):
            kinds[tensor.dtype] += math.prod(tensor.shape)
    if not kinds:
        raise AuditError(f"{next(iter(files), '')}: no tensor in it. {AGAIN}")
    return Stored(kinds.total(), kinds.most_common(1)[0][0])


def stored_in_gguf(file: Path) -> Stored:
    """Numbers in a GGUF file; needs the gguf package of the extra `models`."""
    with file.open("rb") as opened:
        if (magic := opened.read(4)) != b"GGUF":
            raise AuditError(f"{file}: not a GGUF file (it begins with {magic!r}). {AGAIN}")
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
        raise AuditError(f"{file}: no tensor in it. {AGAIN}")
    return Stored(kinds.total(), kinds.most_common(1)[0][0])
