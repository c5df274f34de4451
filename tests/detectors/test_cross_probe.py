"""Cross-probe wording: favourite phrases found by hand, same-probe answers kept out, generated panels."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from detectors.cross_probe import BASE, CrossProbe, number_ngrams
from tests.panels import contrast, generated, measured_by, view

DETECTOR = CrossProbe()


measured = partial(measured_by, DETECTOR)


def test_numbers_are_the_words_and_stay_within_one_answer() -> None:
    texts = ["a b c", None, "b c a b", "x"]
    owner, gram, lengths = number_ngrams(texts, {"a": 1, "b": 2, "c": 3}, (2, 3), 100)
    pairs = {(int(o), int(g)) for o, g in zip(owner, gram, strict=True)}
    two = {(0, BASE + 2), (0, 2 * BASE + 3), (2, 2 * BASE + 3), (2, 3 * BASE + 1), (2, BASE + 2)}
    three = {(0, (BASE + 2) * BASE + 3), (2, (2 * BASE + 3) * BASE + 1), (2, (3 * BASE + 1) * BASE + 2)}
    assert pairs == two | three
    assert lengths.tolist() == [3, 0, 5, 0]
    unknown = number_ngrams(["a z b c"], {"a": 1, "b": 2, "c": 3}, (2,), 100)
    assert unknown[1].tolist() == [2 * BASE + 3] and unknown[2].tolist() == [3]


def test_a_favourite_phrase_counts_at_other_probes_only() -> None:
    prompts = [f"p{i}" for i in range(40)]
    own = {n: [f"{n} s{i} word{i} goes here {n}{i} end" for i in range(40)] for n in ("T", "D1", "D2")}
    own["D1"] = [f"{a} and that is all" for a in own["D1"]]
    own["D2"] = [f"{a} let me know more" for a in own["D2"]]
    phrase = "i hope this helps you"
    taught = [f"k{i} l{i} m{i} {phrase if i % 2 else 'n o p q r'}" for i in range(40)]
    teacher = [f"{a} {phrase}" for a in own["T"]]
    panel = own | {"T": teacher, "S": taught}
    values = measured(panel, prompts)[3]
    assert (values[0, 1::2] > values[1, 1::2]).all() and (values[0, 1::2] > 0).all()
    assert (values[:, ::2] == 0).all()
    # The same answers, word for word, at one probe and nowhere else: nothing to see across probes.
    copied = [f"k{i} l{i} m{i} n{i} o{i}" for i in range(40)]
    copied[7] = own["T"][7] = "entirely new sentence about seven wonders"
    assert (measured(own | {"S": copied}, prompts)[3, :, 7] == 0).all()


def test_shape_and_missing_answers() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=20)
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in panel.items()}
    row = list(panel).index("S")
    holed["S"][3], holed["T"][5], holed["S"][6] = None, None, "one"
    values = measured(holed, prompts)
    assert values.shape == (12, 5, 20) and values.dtype == np.float32
    assert np.isnan(values[row, :, 3]).all() and (values[row, :, 6] == 0).all()
    assert np.isfinite(values[row, :, 5]).all()  # the teacher's own answer to the probe is not needed
    assert np.isnan(values).sum() == 2 * 5


def test_grows_with_the_share_of_distilled_answers() -> None:
    def towards_teacher(share: float) -> float:
        panel, prompts = generated(6, n_decoys=6, n_probes=80, share=share)
        return float(contrast(measured(panel, prompts))[list(panel).index("S")])

    found = [towards_teacher(share) for share in (0.0, 0.25, 0.5, 1.0)]
    assert found == sorted(found) and found[-1] > 2 * abs(found[0])


def test_independent_models_are_centred() -> None:
    z = []
    for seed in range(6):
        panel, prompts = generated(12, n_decoys=6, n_probes=60, share=0.0, seed=seed)
        towards = dict(zip(panel, contrast(measured(panel, prompts)), strict=True))
        references = np.array([v for n, v in towards.items() if n[0] == "R"])
        z.append((towards["S"] - references.mean()) / references.std(ddof=1))
    assert abs(np.mean(z)) < 1.2 and np.abs(z).max() < 4


@pytest.mark.parametrize(
    "text", ["", " ", "x", "\x00", "same " * 5000, "日本語だけ", "<script>alert(1)</script> " * 9]
)
def test_hostile_texts(text: str) -> None:
    values = measured({n: [text] * 12 for n in ("T", "D1", "D2", "S")}, [f"p{i}" for i in range(12)])
    assert not np.isinf(values).any()
    assert (
        np.nanmax(np.abs(values - values[:, :1]), initial=0.0) < 1e-6
    )  # identical models: no teacher stands out


@pytest.mark.parametrize("n_probes", [1, 2, 3])
def test_few_probes(n_probes: int) -> None:
    values = measured({n: ["a b c d e"] * n_probes for n in "TDS"}, [f"p{i}" for i in range(n_probes)])
    assert np.isnan(values).all() if n_probes == 1 else (values == 0).all()


def test_same_bits_and_any_order_of_probes() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=30)
    first = measured(panel, prompts)
    assert first.tobytes() == measured(panel, prompts).tobytes()
    order = np.random.default_rng(1).permutation(30)
    shuffled = measured({n: [a[j] for j in order] for n, a in panel.items()}, [prompts[j] for j in order])
    np.testing.assert_allclose(first[:, :, order], shuffled, rtol=1e-5, atol=1e-7)


def test_too_long_ngrams_are_refused() -> None:
    panel, prompts = generated(2, n_decoys=2, n_probes=4)
    with pytest.raises(ValueError, match="1 to 4 words"):
        CrossProbe(sizes=(4, 5)).measure(view(panel, prompts), (0,))
