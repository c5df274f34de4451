"""The CUDA kernels: bit for bit the signatures of the CPU, in the simulator of numba and on a device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from detectors.minhash import cuda, fours
from detectors.minhash.bands import Bands
from detectors.minhash.signatures import MinHash
from detectors.minhash.texts import texts_of
from tests.detectors.minhash.test_signatures import KINDS, ODD, SCHEMES

ROOT = Path(__file__).parents[3]
REASON = cuda.missing()
on_device = pytest.mark.skipif(REASON is not None, reason=f"no CUDA device: {REASON}")


@pytest.fixture(scope="module")
def simulated():
    run = subprocess.run(
        [sys.executable, "-m", "tests.detectors.minhash.simulated"],
        cwd=ROOT,
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_kernels_give_the_bits_of_the_cpu(simulated):
    assert len(simulated["wrong"]) == 30
    assert {how: wrong for how, wrong in simulated["wrong"].items() if wrong} == {}


def test_batches_through_streams_give_signatures_and_keys(simulated):
    assert simulated["streamed"]


def test_bad_offsets_are_told_not_followed(simulated):
    assert simulated["bad_offsets"] == [0, 3]  # of a buffer of 16 bytes, the document that ends at 17


@pytest.mark.parametrize("edge", [0x1F, 0x20, 0x21, 0x7F, 0x80, 0xBF, 0xC0, 0xE2, 0xE3, 0xE9, 0xEA, 0xFF])
def test_what_four_bytes_are(edge):
    text = bytes([edge, 0x41, edge, edge])
    four, other = np.frombuffer(text + b"xyzw", "<u4")

    def bits(rule):
        return sum(rule(byte) << i for i, byte in enumerate(text))

    assert fours.letters(four) == bits(lambda byte: byte > 0x20)
    assert fours.leads(four) == bits(lambda byte: 0xE3 <= byte <= 0xE9)
    assert fours.firsts(four) == bits(lambda byte: byte & 0xC0 != 0x80)
    for n in range(4):
        assert int(fours.across(four, other, n)).to_bytes(4, "little") == (text + b"xyzw")[n : n + 4]
        assert int(fours.kept(four, n)).to_bytes(4, "little") == text[:n].ljust(4, b"\0")


def test_masks_end_where_the_document_does():
    every = [i for i in range(32) if fours.inside(2, 37, 0) >> i & 1]
    assert every == list(range(2, 32))
    assert fours.inside(2, 37, 32) == 0b11111
    assert fours.inside(2, 37, 64) == 0
    assert [int(fours.lowest(np.uint32(0x80000000 | 1 << i))) for i in range(32)] == list(range(32))


def test_a_small_job_stays_on_the_cpu_without_looking_for_a_device():
    code = (
        "import sys; from detectors.minhash.signatures import MinHash; MinHash(8).signatures(['a b c']);"
        "print([m for m in sys.modules if m.startswith('numba.cuda') or m == 'numba_cuda'])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.skipif(REASON is None, reason="there is a CUDA device")
def test_without_a_device_the_error_names_the_next_step():
    with pytest.raises(RuntimeError, match=r"device='cuda': .*(pip install|nvidia-smi).*device='cpu'"):
        MinHash(device="cuda").signatures(["a b c"])
    with pytest.raises(ValueError, match="device must be one of auto, cpu, cuda, got 'gpu'"):
        MinHash(device="gpu")


def test_what_a_device_does_not_take(monkeypatch):
    monkeypatch.setattr(cuda, "missing", lambda: None)
    with pytest.raises(ValueError, match="k must be at most 3,840 on a CUDA device, got 3,841"):
        MinHash(3841, device="cuda").signatures(["a b c"])
    monkeypatch.setattr(cuda, "LONGEST", 3)
    with pytest.raises(ValueError, match="at most 3 bytes on a CUDA device, got one of 5"):
        MinHash(8, device="cuda").signatures(["a b c"])
    monkeypatch.setattr(cuda, "WORTH", 0)
    assert MinHash(8, device="auto").signatures(["a b c"]).shape == (1, 8)


class OnDevice:
    """A NumPy array that says it lies on a device."""

    def __init__(self, array):
        self.__cuda_array_interface__ = array.__array_interface__


def test_arrays_on_a_device_are_not_taken_by_mistake(monkeypatch):
    data, offsets = OnDevice(np.zeros(8, np.uint8)), OnDevice(np.array([0, 8]))
    with pytest.raises(ValueError, match="device='cpu' but data lies on a CUDA device"):
        MinHash(device="cpu").signatures_of_arrays(data, offsets)
    monkeypatch.setattr(cuda, "missing", lambda: None)
    for bad, named in [
        (OnDevice(np.zeros(8, np.int8)), "data must be one contiguous row of uint8, got 1-d int8"),
        (OnDevice(np.zeros(8, np.uint8)[::2]), r"got 1-d uint8 with strides \(2,\)"),
    ]:
        with pytest.raises(TypeError, match=named):
            MinHash().signatures_of_arrays(bad, offsets)
    with pytest.raises(TypeError, match="offsets must lie on the CUDA device too, got ndarray elsewhere"):
        MinHash().signatures_of_arrays(data, np.array([0, 8]))


def test_tensors_of_the_cpu_come_back_as_tensors_without_a_copy():
    torch = pytest.importorskip("torch")
    texts = texts_of(ODD)
    data, offsets = torch.from_numpy(texts.data.copy()), torch.from_numpy(texts.offsets.copy())
    found = MinHash(16, threads=1).signatures_of_arrays(data, offsets)
    assert found.dtype == torch.uint32
    assert np.array_equal(found.numpy(), MinHash(16, threads=1).signatures(ODD))


def test_keys_are_those_of_the_bands():
    family, bands = MinHash(16, threads=1), Bands(5, 3)
    assert np.array_equal(family.keys(ODD, bands), bands.keys(family.signatures(ODD)))
    with pytest.raises(ValueError, match="at least 5 x 4 minima, got 16"):
        family.keys(ODD, Bands(5, 4))


@on_device
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("kind", "n"), KINDS)
def test_a_device_gives_the_bits_of_the_cpu(kind, n, scheme):
    documents = [*ODD, *ODD[:1:-1], b"".join(ODD) * 9]
    expected = MinHash(128, kind, n, scheme, device="cpu").signatures(documents)
    family = MinHash(128, kind, n, scheme, device="cuda")
    assert np.array_equal(family.signatures(documents), expected)
    assert np.array_equal(family.keys(documents, Bands(20, 5)), Bands(20, 5).keys(expected))


@on_device
def test_tensors_of_a_device_stay_there():
    torch = pytest.importorskip("torch")
    texts = texts_of([*ODD, b"".join(ODD) * 9])
    expected = MinHash(128, device="cpu").signatures(texts)
    data, offsets = torch.from_numpy(texts.data.copy()).cuda(), torch.from_numpy(texts.offsets.copy()).cuda()
    for shift in range(4):
        moved = torch.cat([torch.zeros(shift, dtype=torch.uint8, device="cuda"), data])[shift:]
        found = MinHash(128).signatures_of_arrays(moved, offsets)
        assert found.is_cuda and np.array_equal(found.cpu().numpy(), expected)
    with pytest.raises(ValueError, match="offsets must not fall"):
        MinHash(128).signatures_of_arrays(data[:-1], offsets)
