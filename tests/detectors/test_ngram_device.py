"""Cosines on a device of torch against those of numpy and scipy; on a GPU, where there is one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import measure
from auditor.errors import AuditError
from detectors.ngram_device import BLOCK, cosine_by_probe, cosine_on
from detectors.ngrams import cosine_to
from detectors.wording import Wording
from tests.panels import generated, view

torch = pytest.importorskip("torch")

ANSWERS = st.one_of(st.none(), st.lists(st.sampled_from(["a", "b", "c", "dd"]), max_size=9))
WITHIN = {"rtol": 1e-5, "atol": 1e-6}
NO_GPU = "no CUDA device: the same code is tested on torch's CPU device"


def panel_of(n_probes: int):
    panel, prompts = generated(8, n_decoys=4, n_probes=n_probes)
    holed = {n: list(a) for n, a in panel.items()}
    holed["S"][3], holed["T"][5], holed["R000"][6], holed["D00"][7] = None, None, "", "two words"
    holed["R001"][2] = holed["R002"][2]
    return view(holed, prompts), tuple(i for i, n in enumerate(panel) if n[0] in "TD")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(ANSWERS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_same_as_probe_by_probe(documents):
    found = cosine_on("cpu", documents, [2, 0], (1, 2, 3))
    expected = np.stack([cosine_to(answers, [2, 0], (1, 2, 3)) for answers in documents], axis=2)
    np.testing.assert_allclose(found, expected, **WITHIN)
    assert found.dtype == np.float32


def test_detector_on_the_device():
    panel, teachers = panel_of(BLOCK + 7)
    here = Wording().measure(panel, teachers)[0]
    there = Wording(device="cpu").measure(panel, teachers)[0]
    np.testing.assert_allclose(there.values, here.values, **WITHIN)
    assert np.isnan(here.values).any() and there.params["device"] == "cpu"


def test_one_probe_says_nothing_of_another():
    panel, teachers = panel_of(BLOCK)
    whole = cosine_by_probe(panel, teachers, str.split, (3, 4), "cpu")
    first = replace(panel, probes=panel.probes[:1], texts=panel.texts.slice(0, len(panel.subjects)))
    alone = cosine_by_probe(first, teachers, str.split, (3, 4), "cpu")
    np.testing.assert_allclose(whole[:, :, :1], alone, **WITHIN)


@pytest.mark.skipif(not torch.cuda.is_available(), reason=NO_GPU)
def test_on_a_gpu():
    panel, teachers = panel_of(BLOCK + 7)
    here = Wording().measure(panel, teachers)[0].values
    there = Wording(device="cuda").measure(panel, teachers)[0].values
    np.testing.assert_allclose(there, here, **WITHIN)


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    reason = Wording(device="cuda").lacks(panel_of(9)[0])
    assert reason == "torch sees no CUDA device"
    with pytest.raises(AuditError, match="--device cuda: torch sees no CUDA device"):
        measure.able([Wording()], SimpleNamespace(n_samples=1, view=lambda _: panel_of(9)[0]), device="cuda")


def test_torch_is_loaded_only_when_asked():
    code = "import sys, detectors.wording, detectors.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
