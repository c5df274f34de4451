"""Tensors of a safetensors checkpoint, found by name and read a part at a time.

The format is a JSON header and raw numbers. It is read here because bfloat16 in the safetensors package needs
torch, and because headers of strangers are checked against the size of the file first. Refuses pickle, which
runs code on loading. Leaves out what the tensors mean (`weights.py`).
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import AuditError
from detectors.types import Float32

INDEX = "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
HEADER_LIMIT = 100_000_000  # bytes, as in the safetensors package
BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
AGAIN = "Get the file again."
CONVERT = (
    "Loading it runs code from the file, so it is refused. Convert it where you trust it (transformers: "
    "save_pretrained writes safetensors), and give that folder."
)


@dataclass(frozen=True)
class Tensor:
    """Where the numbers of one tensor are: file, kind of number, shape, first byte."""

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int

    def read(self, rows: slice | np.ndarray | None = None) -> Float32:
        """Some rows, or all, as float32; only they are read from the disk."""
        if self.dtype not in STORED:
            raise AuditError(
                f"{self.path}: {self.name} holds {self.dtype}; {', '.join(STORED)} can be compared. "
                "If the checkpoint is quantised, save it dequantised first."
            )
        if 0 in self.shape:
            raise AuditError(f"{self.path}: {self.name} is empty, shape {self.shape}. {AGAIN}")
        stored = np.memmap(self.path, STORED[self.dtype], "r", self.start, self.shape)
        part = np.array(stored if rows is None else stored[rows])
        if self.dtype == "BF16":
            values = (part.astype(np.uint32) << 16).view(np.float32)
        else:
            with np.errstate(over="ignore"):
                values = part.astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise AuditError(
                f"{self.path}: {self.name} holds NaN or infinity, so these weights cannot be compared. "
                "Check that the file is whole, or give an earlier checkpoint."
            )
        return values


def found(path: Path) -> dict[str, Tensor]:
    """All tensors of a checkpoint: a folder as on the Hugging Face hub, or one safetensors file."""
    tensors = {t.name: t for file in _files(path) for t in header(file)}
    if not tensors:
        raise AuditError(f"{path}: no tensor in it. {AGAIN}")
    return tensors


def read_json(path: Path) -> dict[str, Any]:
    """An object from a JSON file; empty where there is no such file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AuditError(f"{path}: not readable as JSON ({error}). {AGAIN}") from None
    if not isinstance(content, dict):
        raise AuditError(f"{path}: must hold a JSON object, got {type(content).__name__}. {AGAIN}")
    return content


def _files(path: Path) -> list[Path]:
    """The safetensors files of a checkpoint, or why there are none."""
    if path.is_file():
        if path.name.endswith(INDEX.removeprefix("model")):
            return _shards(path)
        if path.suffix == ".safetensors":
            return [path]
        if path.suffix in PICKLES:
            raise AuditError(f"{path}: a pickle checkpoint ({path.suffix}). {CONVERT}")
        raise AuditError(
            f"{path}: weights must be a folder or a .safetensors file, got {path.suffix or 'no ending'}. "
            "Other formats, GGUF among them, have to be converted first."
        )
    if not path.is_dir():
        raise AuditError(f"{path}: no such file or folder. Give a checkpoint's folder or .safetensors file.")
    if (path / INDEX).is_file():
        return _shards(path / INDEX)
    files = sorted(path.glob("*.safetensors"))
    if len(files) > 1 and path / "model.safetensors" in files:
        return [path / "model.safetensors"]
    if len(files) > 1:
        raise AuditError(
            f"{path}: {len(files)} safetensors files and no {INDEX} that says how they belong together. "
            "Get that file, too, or give one file."
        )
    if files:
        return files
    if pickled := sorted(f.name for f in path.iterdir() if f.suffix in PICKLES):
        raise AuditError(f"{path}: only pickle checkpoints ({pickled[0]}). {CONVERT}")
    raise AuditError(f"{path}: no .safetensors file in this folder. Give a checkpoint's folder.")


def _shards(index: Path) -> list[Path]:
    """The files an index names, all of them beside it."""
    weights = read_json(index).get("weight_map")
    if not isinstance(weights, dict) or not all(isinstance(v, str) for v in weights.values()) or not weights:
        raise AuditError(f"{index}: weight_map must say which tensor is in which file. {AGAIN}")
    names = sorted(set(weights.values()))
    if outside := [n for n in names if Path(n).name != n or not n.endswith(".safetensors")]:
        raise AuditError(
            f"{index}: names {outside[0]!r}; only .safetensors files beside it are read. "
            "Check where this checkpoint comes from."
        )
    if missing := [n for n in names if not (index.parent / n).is_file()]:
        raise AuditError(
            f"{index}: {len(missing)} of {len(names)} files are missing, the first is {missing[0]}. "
            "Get them, too."
        )
    return [index.parent / n for n in names]


def header(path: Path) -> list[Tensor]:
    """What a safetensors file holds; every tensor is checked to lie within it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else -1
        if not 0 < length <= min(size - 8, HEADER_LIMIT):
            raise AuditError(f"{path}: cut off or not safetensors ({size} bytes). {AGAIN}")
        raw = file.read(length)
    try:
        content = json.loads(raw)
        return [_tensor(path, n, e, 8 + length, size) for n, e in content.items() if n != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise AuditError(f"{path}: the header is damaged ({error}). {AGAIN}") from None


def _tensor(path: Path, name: str, entry: dict[str, Any], data: int, size: int) -> Tensor:
    """One entry of the header."""
    shape, (start, stop) = tuple(entry["shape"]), entry["data_offsets"]
    if not all(type(n) is int and n >= 0 for n in (*shape, start, stop)) or start > stop:
        raise ValueError(f"{name} of shape {shape} lies at {start} to {stop}")
    if not isinstance(entry["dtype"], str):
        raise ValueError(f"{name} holds {entry['dtype']!r}")
    if data + stop > size:
        raise AuditError(
            f"{path}: cut off, {name} ends at byte {data + stop} of a file of {size}. The download was not "
            f"finished. {AGAIN}"
        )
    each = BYTES.get(entry["dtype"])
    if each is not None and math.prod(shape) * each != stop - start:
        raise ValueError(f"{name} is {shape} of {entry['dtype']} in {stop - start} bytes")
    return Tensor(path, name, entry["dtype"], shape, data + start)
