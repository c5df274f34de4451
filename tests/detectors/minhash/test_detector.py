"""The detector `minhash`: estimates beside exact counts, and the look across probes beside plain loops."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from auditor import measure
from detectors.minhash.detector import BLOCK, MinHashOverlap, across_probes
from detectors.minhash.exact import overlaps, shingle_sets
from detectors.registry import DETECTORS
from detectors.types import Channel
from tests.panels import contrast, generated, measured_by, view

DETECTOR = MinHashOverlap()
measured = partial(measured_by, DETECTOR)


def by_name(detector, panel, prompts, teachers):
    return {m.statistic: m.values for m in detector.measure(view(panel, prompts), teachers)}


def test_estimates_beside_exact_counts() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=BLOCK + 5)
    names = list(panel)
    teachers = tuple(i for i, n in enumerate(names) if n[0] in "TD")
    found = by_name(MinHashOverlap(k=1024), panel, prompts, teachers)
    for probe in range(len(prompts)):
        sets = shingle_sets([panel[n][probe] for n in names], "words", 3)
        rows, columns = np.repeat(np.arange(len(names)), len(teachers)), np.tile(teachers, len(names))
        exact = overlaps(sets, sets, (rows, columns))
        shape = len(names), len(teachers)
        jaccard, held = exact.jaccard.reshape(shape), exact.right_in_left.reshape(shape)
        error = np.sqrt(jaccard * (1 - jaccard) / 1024)
        assert (np.abs(found["jaccard"][:, :, probe] - jaccard) <= 5 * error + 1e-6).all()
        # The derivative of J (a + b) / (1 + J) / b by J is at most (a + b) / b.
        sizes = sets.sizes
        slope = (sizes[:, None] + sizes[list(teachers)][None]) / sizes[list(teachers)][None]
        assert (np.abs(found["containment"][:, :, probe] - held) <= 5 * error * slope + 1e-6).all()


def test_containment_is_the_teachers_share() -> None:
    """A teacher's short answer inside a student's long one: contained whole, though little alike."""
    short = "one two three four five six seven"
    panel = {
        "T": [short],
        "D": ["other words of another model entirely"],
        "S": [f"{short} " + "w x y z " * 9],
    }
    found = by_name(MinHashOverlap(k=2048), panel, ["p"], (0, 1))
    assert found["containment"][2, 0, 0] > 0.9 and found["jaccard"][2, 0, 0] < 0.6
    assert found["containment"][2, 1, 0] == found["jaccard"][2, 1, 0] == 0


def test_nothing_said_and_too_little() -> None:
    panel, prompts = generated(6, n_decoys=4, n_probes=20)
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in panel.items()}
    row = list(panel).index("S")
    holed["S"][3], holed["T"][5], holed["S"][6] = None, None, "two words"
    teachers = tuple(i for i, n in enumerate(panel) if n[0] in "TD")
    found = by_name(DETECTOR, holed, prompts, teachers)
    for statistic in ("jaccard", "containment"):
        values = found[statistic]
        assert np.isnan(values[row, :, 3]).all() and np.isnan(values[:, 0, 5]).all()
        assert (values[row, :, 6] == 0).all()
        assert np.isnan(values).sum() == 5 + (12 + 5 - 1)
    across = found["across"]
    assert np.isnan(across[row, :, 3]).all() and (across[row, :, 6] == 0).all()
    assert np.isfinite(across[row, :, 5]).all()  # the teacher's own answer to the probe is not needed


def test_across_beside_loops() -> None:
    draw = np.random.default_rng(0)
    minima = draw.integers(0, 6, (7, 5, 3)).astype(np.uint32)
    minima[2, 1] = 0xFFFFFFFF  # an answer without a shingle, of a subject that is a teacher
    answered = draw.random((7, 5)) < 0.8
    answered[2, 1] = True
    minima[~answered] = 0xFFFFFFFF
    teachers = np.array([1, 3, 4])
    found = across_probes(minima, answered, teachers)
    for probe, subject, column in np.ndindex(7, 5, 3):
        teacher = teachers[column]
        others = [p for p in range(7) if p != probe and answered[p, teacher]]
        expected = 0.0
        for place in range(3):
            value = minima[probe, subject, place]
            if value == 0xFFFFFFFF:
                continue
            holders = sum((minima[:, t, place] == value).any() for t in teachers)
            uses = sum(minima[p, teacher, place] == value for p in others)
            expected += uses * np.log((1 + 3) / (1 + holders))
        if answered[probe, subject] and others:
            assert found[probe, subject, column] == pytest.approx(expected / 3 / len(others), abs=1e-6)
        else:
            assert np.isnan(found[probe, subject, column])


def test_across_never_looks_at_the_same_probe() -> None:
    prompts = [f"p{i}" for i in range(30)]
    words = {n: [f"{n}{i} {n}a{i} {n}b{i} {n}c{i} {n}d{i}" for i in range(30)] for n in ("T", "D", "S")}
    words["S"][7] = words["T"][7]
    teachers = (0, 1)
    found = by_name(DETECTOR, words, prompts, teachers)
    assert found["jaccard"][2, 0, 7] == 1 and (found["across"][2] == 0).all()
    for i in range(30):
        words["T"][i] += " let me know what else you need"
    words["S"][3] += " let me know what else you need"
    found = by_name(DETECTOR, words, prompts, teachers)
    assert found["across"][2, 0, 3] > 0 and (found["across"][2, 1] == 0).all()


@pytest.mark.parametrize("n_probes", [1, 2])
def test_few_probes(n_probes: int) -> None:
    panel = {n: ["a b c d e"] * n_probes for n in "TDS"}
    found = by_name(DETECTOR, panel, [f"p{i}" for i in range(n_probes)], (0, 1))
    assert (found["jaccard"] == 1).all() and (found["containment"] == 1).all()
    assert np.isnan(found["across"]).all() if n_probes == 1 else (found["across"] == 0).all()


def test_independent_models_are_centred() -> None:
    z = []
    for seed in range(6):
        panel, prompts = generated(12, n_decoys=6, n_probes=60, share=0.0, seed=seed)
        towards = dict(zip(panel, contrast(measured(panel, prompts)), strict=True))
        references = np.array([v for n, v in towards.items() if n[0] == "R"])
        z.append((towards["S"] - references.mean()) / references.std(ddof=1))
    assert abs(np.mean(z)) < 1.2 and np.abs(z).max() < 4


def test_registered_and_light() -> None:
    assert DETECTORS["minhash"].channel == DETECTORS["wording"].channel == Channel.WORDING
    assert [d.name for d in measure.choose(("minhash",))[0]] == ["minhash"]
    code = "import sys, detectors.registry; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_more_minima_than_there_are() -> None:
    with pytest.raises(ValueError, match="across must be 1 to k = 16, got 32"):
        MinHashOverlap(k=16).measure(view({"T": ["a"], "S": ["b"]}, ["p"]), (0,))
