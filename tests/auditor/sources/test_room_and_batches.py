"""Device, kind of number, memory; and texts put into batches. torch is played by a stand-in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from auditor.errors import AuditError
from auditor.sources import room
from auditor.sources.batches import batches, within_memory
from auditor.sources.checkpoint import Checkpoint
from auditor.sources.room import Place, needed, place
from auditor.sources.weight_files import Stored

GIB = 1 << 30


def checkpoint(n=1_000_000_000, dtype="BF16", gguf=""):
    return Checkpoint("m", Path("m"), gguf, (), "", Stored(n, dtype))


def torch(cuda=0, mps=0, bf16=True):
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_available=lambda: cuda > 0,
            mem_get_info=lambda: (cuda, cuda),
            is_bf16_supported=lambda including_emulation: bf16,
        ),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps > 0)),
        mps=SimpleNamespace(recommended_max_memory=lambda: mps, current_allocated_memory=lambda: 0),
    )


@pytest.fixture(autouse=True)
def memory(monkeypatch):
    """Sixteen GiB of memory, whatever this machine has."""
    real = room.free
    monkeypatch.setattr(room, "free", lambda device, t: 16 * GIB if device == "cpu" else real(device, t))


def test_a_cpu_computes_in_float32_while_that_fits():
    assert place(checkpoint(), torch()) == Place("cpu", "float32")
    assert place(checkpoint(5_000_000_000), torch()) == Place("cpu", "bfloat16")


def test_a_gpu_keeps_sixteen_bits_and_makes_them_bfloat16():
    assert place(checkpoint(), torch(cuda=80 * GIB)) == Place("cuda", "bfloat16")
    assert place(checkpoint(dtype="F16"), torch(cuda=80 * GIB)) == Place("cuda", "bfloat16")
    assert place(checkpoint(), torch(cuda=80 * GIB, bf16=False)) == Place("cuda", "float16")
    assert place(checkpoint(dtype="F32"), torch(cuda=80 * GIB)) == Place("cuda", "float32")
    assert place(checkpoint(dtype="F32"), torch(cuda=4 * GIB)) == Place("cuda", "bfloat16")


def test_too_large_says_what_is_needed_and_what_there_is():
    with pytest.raises(
        AuditError, match=r"7\.00 billion weights need about 16\.1 GiB.*16\.0 GiB are free on cpu"
    ):
        place(checkpoint(7_000_000_000), torch())


def test_gguf_needs_room_to_be_unpacked():
    plain, packed = checkpoint(), checkpoint(gguf="m.gguf")
    assert needed(packed, "float32") == needed(plain, "float32")
    assert needed(packed, "bfloat16") > needed(plain, "float32")


def test_unknown_devices():
    with pytest.raises(AuditError, match="allowed are auto, cuda, mps, cpu"):
        place(checkpoint(), torch(), device="tpu")


def test_batches_hold_everything_once_longest_first_and_within_bounds():
    lengths, before = [5, 50, 7, 30, 31, 2, 900], [3, 30, 4, 20, 2, 1, 800]
    found = list(batches(lengths, before, logits=40, tokens=100))
    assert sorted(i for batch in found for i in batch) == list(range(7))
    assert found[0] == [6]  # too large for any bound: alone
    for batch in found[1:]:
        assert len(batch) * max(lengths[i] for i in batch) <= 100
        positions = max(lengths[i] for i in batch) - min(before[i] for i in batch)
        assert len(batch) * positions <= 40
    firsts = [lengths[batch[0]] for batch in found]
    assert firsts == sorted(firsts, reverse=True)
    assert len(found) < 7


def test_no_texts_no_batches():
    assert list(batches([], [], 1, 1)) == []


def test_out_of_memory_halves_the_batch():
    ran = []

    def run(batch):
        ran.append(len(batch))
        if len(batch) > 2:
            raise MemoryError("full")
        return [i * 10 for i in batch]

    assert within_memory(run, [1, 2, 3, 4, 5], MemoryError) == [10, 20, 30, 40, 50]
    assert ran == [5, 2, 3, 1, 2]


def test_one_text_that_does_not_fit_is_an_error():
    def run(batch):
        raise MemoryError("full of it")

    with pytest.raises(AuditError, match=r"does not hold one text.*full of it"):
        within_memory(run, [1, 2], MemoryError)
