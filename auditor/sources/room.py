"""Where a model runs, in which kind of number, and whether it fits.

A GPU is taken where there is one. On a CPU everything is computed in float32, the one kind every CPU is quick
and exact with; 16 bits only where 32 do not fit. On a GPU weights stored in 16 bits stay so, as bfloat16
where the GPU has it. Leaves out splitting a model over several devices, or between memory and disk.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.sources.checkpoint import Checkpoint

BYTES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
_DEVICES = ("cuda", "mps", "cpu")
_WORKING = 512 << 20  # bytes: activations, and logits of one batch
_SPARE = 1.2  # what loading takes beyond the weights themselves
_GIB = 1 << 30


@dataclass(frozen=True)
class Place:
    """Device ("cuda", "mps", "cpu") and kind of number."""

    device: str
    dtype: str


def place(checkpoint: Checkpoint, torch: Any, device: str = "auto", dtype: str = "auto") -> Place:
    """Choose; `AuditError` where the model fits nowhere, with what it needs and what there is."""
    if device == "auto":
        device = (
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    if device not in _DEVICES:
        raise AuditError(f"device {device!r}: allowed are auto, {', '.join(_DEVICES)}.")
    room = free(device, torch)
    half = _half(device, torch)
    candidates = [dtype] if dtype != "auto" else ["float32", half]
    if dtype == "auto" and device != "cpu" and checkpoint.stored.dtype != "F32":
        candidates = [half]
    for kind in candidates:
        if needed(checkpoint, kind) <= room:
            return Place(device, kind)
    kind = candidates[-1]
    raise AuditError(
        f"{checkpoint.name}: {checkpoint.stored.n_numbers / 1e9:.2f} billion weights need about "
        f"{needed(checkpoint, kind) / _GIB:.1f} GiB of memory as {kind}; {room / _GIB:.1f} GiB are free on "
        f"{device}. Free some, take a machine with more, or a smaller model."
    )


def needed(checkpoint: Checkpoint, dtype: str) -> int:
    """Bytes that loading and running the model take, about; GGUF is unpacked to float32 first."""
    each = BYTES.get(dtype, 8)
    if checkpoint.gguf and each != 4:
        each += 4
    return round(checkpoint.stored.n_numbers * each * _SPARE) + _WORKING


def free(device: str, torch: Any) -> int:
    """Bytes a new model may take."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    import psutil

    limits = [int(psutil.virtual_memory().available)]
    if device == "mps":
        limits.append(int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()))
    with suppress(OSError, ValueError):  # a container's limit, which the machine's free memory does not show
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        limits.append(limit - int((group / "memory.current").read_text()))
    return min(limits)


def _half(device: str, torch: Any) -> str:
    """The kind of number in 16 bits that the device computes with."""
    if device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "float16"
    return "bfloat16"
