"""Part-of-speech templates: with a stand-in tagger wherever the tags do not matter, and with the real one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from functools import partial

import numpy as np
import pytest

from detectors import templates
from detectors.templates import Templates, first_tokens
from tests.panels import contrast, generated, measured_by, view

DETECTOR = Templates()
LACKING = DETECTOR.lacks(view({"T": ["x"], "S": ["x"]}, ["p"]))
tagged = pytest.mark.skipif(bool(LACKING), reason=LACKING)


def spelled(beginnings: Iterable[str]) -> templates.Tags:
    """A stand-in tagger: words of the same letters but for their last are of one part of speech."""
    return {b: [t.lower()[:-1] for t in b.split(" ")] if b else [] for b in beginnings}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "tag", spelled)


measured = partial(measured_by, DETECTOR)


def test_first_tokens_are_words_and_marks() -> None:
    assert first_tokens("Sure!  Here's\n a list: one", 6, 100) == "Sure ! Here ' s a"
    assert first_tokens("Sure! Here", 6, 4) == "Sure"
    assert first_tokens(" \n ", 6, 100) == ""


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "find_spec", lambda name: None)
    assert DETECTOR.lacks(view({"S": ["x"]}, ["p"])) == "needs: pip install 'distill-audit[style]'"
    monkeypatch.setattr(templates, "find_spec", lambda name: object())
    assert DETECTOR.lacks(view({"S": ["x"]}, ["p"])) == ""


def test_importing_it_does_not_import_spacy() -> None:
    code = "import sys, detectors.templates; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("stand_in")
def test_shape_and_missing_answers() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=20)
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in panel.items()}
    row = list(panel).index("S")
    holed["S"][3], holed["T"][5] = None, None
    values = measured(holed, prompts)
    assert values.shape == (12, 5, 20) and values.dtype == np.float32
    assert np.isnan(values[row, :, 3]).all()
    assert np.isnan(values[:, 0, 5]).all() and np.isnan(values[0, :, 5]).all()
    assert np.isnan(values).sum() == 5 + 12 + 4
    np.testing.assert_allclose(values[0, 0, :3], 1.0, rtol=1e-6)  # the teacher is like itself


@pytest.mark.usefixtures("stand_in")
def test_grows_with_the_share_of_distilled_answers() -> None:
    def towards_teacher(share: float) -> float:
        panel, prompts = generated(6, n_decoys=6, n_probes=120, share=share)
        return float(contrast(measured(panel, prompts))[list(panel).index("S")])

    found = [towards_teacher(share) for share in (0.0, 0.5, 1.0)]
    assert found == sorted(found) and found[-1] > 3 * abs(found[0])


@pytest.mark.usefixtures("stand_in")
def test_independent_models_are_centred() -> None:
    z = []
    for seed in range(6):
        panel, prompts = generated(12, n_decoys=6, n_probes=60, share=0.0, seed=seed)
        towards = dict(zip(panel, contrast(measured(panel, prompts)), strict=True))
        references = np.array([v for n, v in towards.items() if n[0] == "R"])
        z.append((towards["S"] - references.mean()) / references.std(ddof=1))
    assert abs(np.mean(z)) < 1.2 and np.abs(z).max() < 4


@tagged
def test_same_build_other_words_are_alike() -> None:
    """A student that fills the teacher's sentence with other words is nearer to it than a decoy."""
    panel = {
        "T": ["The cat quickly chased a small mouse across the old garden."],
        "D": ["Yes! Cats do that, and nobody knows exactly why they would."],
        "S": ["The boy slowly opened a large door behind the red house."],
    }
    values = measured(panel, ["p"])
    assert values[2, 0, 0] > 0.3 > 0.1 > values[2, 1, 0]


@tagged
def test_tags_keep_to_their_tokens() -> None:
    tags = templates.tag({"Sure ! Here is a list :", "", "\x00", "日本語だけ"})
    assert tags[""] == [] and len(tags["\x00"]) == 1 and len(tags["日本語だけ"]) == 1
    assert tags["Sure ! Here is a list :"][1:] == [".", "RB", "VBZ", "DT", "NN", ":"]


@tagged
@pytest.mark.parametrize(
    "text", ["", " ", "x", "\x00", "same " * 5000, "日本語だけ", "<script>alert(1)</script> " * 9]
)
def test_hostile_texts(text: str) -> None:
    values = measured({n: [text] * 3 for n in ("T", "D1", "D2", "S")}, [f"p{i}" for i in range(3)])
    assert not np.isinf(values).any()
    assert np.nanmax(np.abs(values - values[:, :1]), initial=0.0) < 1e-6


@tagged
def test_same_bits_and_any_order_of_probes() -> None:
    panel, prompts = generated(4, n_decoys=3, n_probes=12)
    first = measured(panel, prompts)
    assert first.tobytes() == measured(panel, prompts).tobytes()
    order = np.random.default_rng(1).permutation(12)
    shuffled = measured({n: [a[j] for j in order] for n, a in panel.items()}, [prompts[j] for j in order])
    assert first[:, :, order].tobytes() == np.ascontiguousarray(shuffled).tobytes()
