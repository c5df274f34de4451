"""Small checkpoints on disk: models that were begun apart, copies, and files in the safetensors format."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "<i1"}
WIDTH, UNITS, VOCABULARY = 48, 96, 600


def raw(values: np.ndarray, dtype: str) -> bytes:
    if dtype == "BF16":
        return (np.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return np.ascontiguousarray(values, KINDS[dtype]).tobytes()


def write(path: Path, tensors: dict[str, np.ndarray], dtype: str = "F32") -> None:
    """A safetensors file by the book: 8 bytes of length, JSON, numbers."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        stored = raw(values, dtype)
        header[name] = {
            "dtype": dtype,
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(stored)],
        }
        data += stored
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)


def model(seed: int, layers: int = 3, width: int = WIDTH) -> dict[str, np.ndarray]:
    """A gated model with random weights."""
    draw = np.random.default_rng(seed)
    tensors = {"model.embed_tokens.weight": draw.normal(size=(VOCABULARY, width))}
    for n in range(layers):
        for part in ("up", "gate"):
            tensors[f"model.layers.{n}.mlp.{part}_proj.weight"] = draw.normal(size=(UNITS, width))
        tensors[f"model.layers.{n}.post_attention_layernorm.weight"] = np.ones(width)
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def tuned(tensors: dict[str, np.ndarray], seed: int, size: float = 0.3) -> dict[str, np.ndarray]:
    """The same with every weight moved a little, norms left alone: what stays of a copy after training on."""
    draw = np.random.default_rng(seed)
    moved = {n: v + size * draw.normal(size=v.shape) for n, v in tensors.items() if v.ndim == 2}
    return tensors | {n: v.astype(np.float32) for n, v in moved.items()}


def disguised(tensors: dict[str, np.ndarray], negate: bool) -> dict[str, np.ndarray]:
    """Hidden units of every layer in another order and, where asked, up negated at random."""
    draw, found = np.random.default_rng(7), dict(tensors)
    for name in tensors:
        if name.endswith("up_proj.weight"):
            order = draw.permutation(UNITS)
            signs = draw.choice(np.float32([-1, 1]), (UNITS, 1)) if negate else np.float32(1)
            found[name] = (tensors[name] * signs)[order]
            found[name.replace("up_", "gate_")] = tensors[name.replace("up_", "gate_")][order]
    return found


def saved(folder: Path, **models: dict[str, np.ndarray]) -> dict[str, str]:
    """Folders of these models, as "hf:FOLDER" by name."""
    for name, tensors in models.items():
        (folder / name).mkdir(parents=True)
        write(folder / name / "model.safetensors", tensors)
    return {name: f"hf:{folder / name}" for name in models}
