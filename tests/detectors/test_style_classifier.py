"""The style classifier: calibration, halves kept apart, generated panels, degenerate input."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax

from detectors.style_classifier import StyleClassifier, against_the_others, calibration_temperature
from tests.panels import contrast, generated, measured_by, view

DETECTOR = StyleClassifier()


measured = partial(measured_by, DETECTOR)


def test_log_odds_are_against_the_mean_of_the_others() -> None:
    p = np.array([[0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    odds = against_the_others(np.log(p))
    np.testing.assert_allclose(odds[0], [np.log(0.5 / 0.25), np.log(0.3 / 0.35), np.log(0.2 / 0.4)])
    np.testing.assert_allclose(odds[1], 0.0, atol=1e-12)
    assert np.isfinite(against_the_others(np.array([[0.0, -np.inf]]))).all()
    assert against_the_others(np.array([[0.0]])).tolist() == [[0.0]]


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 5))
    p = np.exp(log_softmax(scores, axis=1))
    labels = np.array([rng.choice(5, p=row) for row in p])
    assert calibration_temperature(scores, labels) == pytest.approx(1.0, abs=0.1)
    assert calibration_temperature(3 * scores, labels) == pytest.approx(3.0, abs=0.3)
    assert calibration_temperature(np.empty((0, 5)), np.empty(0, dtype=np.int64)) == 1.0


def test_stated_odds_are_kept() -> None:
    """Fresh samples of the teachers: among answers given odds near even, about half are the teacher's."""
    panel, prompts = generated(0, n_decoys=1, n_probes=400, share=1.0, seed=3)  # S answers as T would
    names = list(panel)
    odds = measured(panel, prompts)
    ours, theirs = odds[names.index("S"), 0], odds[names.index("D00"), 0]
    said = np.concatenate((ours, theirs))
    true = np.repeat((1.0, 0.0), (len(ours), len(theirs)))
    p = 1 / (1 + np.exp(-said))
    for low, high in ((0.0, 0.35), (0.35, 0.65), (0.65, 1.0)):
        band = (p > low) & (p <= high)
        if band.sum() > 40:
            assert abs(true[band].mean() - p[band].mean()) < 0.12


def test_shape_and_missing_answers() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=20)
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in panel.items()}
    holed["S"][3], holed["T"][5] = None, None
    row = list(panel).index("S")
    values = measured(holed, prompts)
    assert values.shape == (12, 5, 20) and values.dtype == np.float32
    assert np.isnan(values[row, :, 3]).all()
    assert np.isfinite(values[row, :, 5]).all()  # the teacher's own answer to the probe is not needed
    assert np.isnan(values).sum() == 2 * 5


def test_teacher_without_answers_is_not_measurable() -> None:
    panel, prompts = generated(2, n_decoys=3, n_probes=12)
    silent: dict[str, list[str | None]] = {**panel, "T": [None] * 12}
    values = measured(silent, prompts)
    assert np.isnan(values[:, 0]).all() and np.isfinite(values[1:, 1:]).all()


def test_one_column_has_nothing_to_be_told_from() -> None:
    panel, prompts = generated(2, n_decoys=2, n_probes=12)
    values = DETECTOR.measure(view(panel, prompts), (0,))[0].values
    assert (values == 0).all()


def test_answers_never_judge_themselves() -> None:
    """Changing a column's answers on one half must not change what the *same* half reads off."""
    panel, prompts = generated(4, n_decoys=3, n_probes=20)
    probes = view(panel, prompts).probes
    half = np.argsort(np.argsort([p.id for p in probes])) % 2
    changed = {n: list(a) for n, a in panel.items()}
    changed["T"] = [f"Well, indeed: {a}!" if half[j] else a for j, a in enumerate(panel["T"])]
    before, after = measured(panel, prompts), measured(changed, prompts)
    others = [i for i, n in enumerate(panel) if n != "T"]
    assert (
        before[np.ix_(others, range(4), np.flatnonzero(half == 1))]
        == after[np.ix_(others, range(4), np.flatnonzero(half == 1))]
    ).all()
    assert (before[others][:, :, half == 0] != after[others][:, :, half == 0]).any()


def test_grows_with_the_share_of_distilled_answers() -> None:
    def towards_teacher(share: float) -> float:
        panel, prompts = generated(6, n_decoys=6, n_probes=80, share=share)
        return float(contrast(measured(panel, prompts))[list(panel).index("S")])

    found = [towards_teacher(share) for share in (0.0, 0.5, 1.0)]
    assert found == sorted(found) and found[-1] > found[0] + 0.1


def test_independent_models_are_centred() -> None:
    z = []
    for seed in range(6):
        panel, prompts = generated(12, n_decoys=6, n_probes=40, share=0.0, seed=seed)
        towards = dict(zip(panel, contrast(measured(panel, prompts)), strict=True))
        references = np.array([v for n, v in towards.items() if n[0] == "R"])
        z.append((towards["S"] - references.mean()) / references.std(ddof=1))
    assert abs(np.mean(z)) < 1.2 and np.abs(z).max() < 4


@pytest.mark.parametrize(
    "text", ["", " ", "x", "\x00", "same " * 5000, "日本語だけ", "<script>alert(1)</script> " * 9]
)
def test_identical_models_are_told_from_nobody(text: str) -> None:
    values = measured({n: [text] * 12 for n in ("T", "D1", "D2", "S")}, [f"p{i}" for i in range(12)])
    assert not np.isinf(values).any()
    assert np.nanmax(np.abs(values), initial=0.0) < 1e-3


@pytest.mark.parametrize("n_probes", [1, 2, 3])
def test_few_probes(n_probes: int) -> None:
    values = measured(
        {n: [f"{n}, of the. {n}!"] * n_probes for n in "TDS"}, [f"p{i}" for i in range(n_probes)]
    )
    assert not np.isinf(values).any()
    assert np.isnan(values).all() if n_probes == 1 else np.isfinite(values).all()


def test_same_bits_and_any_order_of_probes() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=30)
    first = measured(panel, prompts)
    assert first.tobytes() == measured(panel, prompts).tobytes()
    order = np.random.default_rng(1).permutation(30)
    shuffled = measured({n: [a[j] for j in order] for n, a in panel.items()}, [prompts[j] for j in order])
    np.testing.assert_allclose(first[:, :, order], shuffled, rtol=1e-5, atol=1e-6)
