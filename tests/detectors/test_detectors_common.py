"""What every detector must do."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from auditor.embed import equipped
from detectors.combine import JOINT_STATISTICS
from detectors.registry import DETECTORS
from detectors.types import Channel, Detector, PanelView
from tests.panels import generated, view

PANEL, PROMPTS = generated(12, n_decoys=6, n_probes=24)
TEACHERS = tuple(i for i, n in enumerate(PANEL) if n[0] in "TD")
# A panel of babble without samples, answer keys, reasoning or names is nothing for these; each has checks
# of the same kind on panels of its own.
ELSEWHERE = ("completion", "errors", "traces", "identity")
COMMON = {name: equipped(d) for name, d in DETECTORS.items() if name not in ELSEWHERE}
every = pytest.mark.parametrize("detector", COMMON.values(), ids=list(COMMON))
everyone = pytest.mark.parametrize("detector", [equipped(d) for d in DETECTORS.values()], ids=list(DETECTORS))


@everyone
def test_silence_has_a_reason(detector: Detector) -> None:
    """A detector measures, or says why not; a panel of babble is nothing to accuse anybody on."""
    panel = view(PANEL, PROMPTS)
    reason = detector.lacks(panel)
    assert bool(reason) == (detector.name in ("completion", "errors", "identity")), reason
    if not reason:
        for m in detector.measure(panel, TEACHERS):
            assert m.values.shape == (len(PANEL), len(TEACHERS), len(PROMPTS))
            assert not np.isinf(m.values).any()


@everyone
def test_weight(detector: Detector) -> None:
    """Only wording and opening make the joint score; context has none at all."""
    keys = {key[0] for key in JOINT_STATISTICS}
    assert (detector.name in keys) == (detector.name in ("wording", "opening"))
    assert (detector.channel == Channel.CONTEXT) == (detector.name == "identity")


@every
def test_shape_and_type(detector: Detector) -> None:
    for m in detector.measure(view(PANEL, PROMPTS), TEACHERS):
        assert m.values.shape == (len(PANEL), len(TEACHERS), len(PROMPTS))
        assert m.values.dtype == np.float32
        assert np.isfinite(m.values).all()
        assert m.detector == detector.name


@every
def test_order_of_probes_changes_nothing(detector: Detector) -> None:
    order = np.random.default_rng(1).permutation(len(PROMPTS))
    shuffled = {n: [a[j] for j in order] for n, a in PANEL.items()}
    for a, b in zip(
        detector.measure(view(PANEL, PROMPTS), TEACHERS),
        detector.measure(view(shuffled, [PROMPTS[j] for j in order]), TEACHERS),
        strict=True,
    ):
        np.testing.assert_allclose(a.values[:, :, order], b.values, rtol=1e-3, atol=1e-4)


@every
def test_missing_answer_is_not_measurable(detector: Detector) -> None:
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in PANEL.items()}
    holed["S"][3] = None
    row = list(PANEL).index("S")
    for m in detector.measure(view(holed, PROMPTS), TEACHERS):
        assert np.isnan(m.values[row, :, 3]).all()
        assert np.isfinite(m.values[row, :, 4]).all()


@every
@pytest.mark.parametrize("text", ["", " ", "x", "\x00", "same same same same same", "日本語だけ"])
def test_degenerate_texts_do_not_raise(detector: Detector, text: str) -> None:
    same = {n: [text] * len(PROMPTS) for n in PANEL}
    for m in detector.measure(view(same, PROMPTS), TEACHERS):
        assert not np.isinf(m.values).any()


@every
def test_grows_with_the_mix(detector: Detector) -> None:
    def towards_teacher(share: float) -> np.ndarray:
        panel, prompts = generated(12, n_decoys=6, n_probes=40, share=share)
        columns = tuple(i for i, n in enumerate(panel) if n[0] in "TD")
        row = list(panel).index("S")
        found = [m.values[row].mean(axis=1) for m in detector.measure(view(panel, prompts), columns)]
        return np.array([v[0] - v[1:].mean() for v in found])

    none, half, all_of_it = (towards_teacher(s) for s in (0.0, 0.5, 1.0))
    assert (half > none).all()
    assert (all_of_it > half).all()


@every
def test_docstring_cites_and_view_is_checked(detector: Detector) -> None:
    module = inspect.getmodule(type(detector))
    assert module is not None and (
        "docs/method.md" in module.__doc__ or "19" in module.__doc__ or "20" in module.__doc__
    )
    with pytest.raises(ValueError, match="subjects x probes"):
        PanelView(("a", "b"), ("a", "b"), view(PANEL, PROMPTS).probes, view(PANEL, PROMPTS).texts[:3])
