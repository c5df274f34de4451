"""Reasoning markers and length profile."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from detectors.markers import MARKERS
from detectors.traces import Traces, count_markers, trace_length
from tests.panels import view

PROMPTS = [f"q{j}" for j in range(60)]
NAMES = list(MARKERS)

SHOWN = [
    ("wait", "Wait, that is odd. wait no. Please wait for the bus.", 2),
    ("hmm", "Hmm, hmmmm. hm", 2),
    ("verify", "Let me double-check. I will recheck. Let me just verify that.", 3),
    ("mistake", "I made a mistake. That can't be right. Oops!", 3),
    ("numbered step", "Step 1: a\n## Step 2\n**Step 3**\nIn step 4", 3),
    ("okay", "Okay, so here.\nAlright then. It is okay", 2),
    ("think tag", "<think>a</think> <Thinking> </reasoning>", 4),
    ("final answer", "The final answer is \\boxed{4}", 2),
    ("question", "Right? Is that correct? What if it rains?", 3),
    ("sequence", "First, this. Then, that. firstly, no", 2),
]


@pytest.mark.parametrize(("name", "text", "times"), SHOWN, ids=[s[0] for s in SHOWN])
def test_marker_counts(name, text, times):
    counts = count_markers(pa.array([text, None], pa.large_string()))
    assert counts[NAMES.index(name)].tolist() == [times, 0]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("<think>abcde</think>out", 5),
        ("abcde</think>out", 5),
        ("<think>abcde", 5),
        ("no trace", 0),
        ("", 0),
        ("</think>out", 0),
        ("</think><think>", 0),
        ("<think>a</think><think>b</think>c", 17),
        ("<|begin_of_thought|>abc<|end_of_thought|>d", 3),
    ],
)
def test_trace_length(text, length):
    assert trace_length(text) == length


def model(habits, draw, hardness, reasons):
    """Answers whose length follows the model's own view of each question, with or without reasoning aloud."""
    own_view = habits.normal(0, 0.5, len(PROMPTS))
    texts = []
    for hard, own in zip(hardness, own_view, strict=True):
        n = int(np.exp(3.5 + hard + own + draw.normal(0, 0.2)))
        words = ["word" + str(w) for w in draw.integers(50, size=n)]
        if reasons:
            for _ in range(1 + n // 20):
                words.insert(
                    int(draw.integers(n)),
                    str(draw.choice(["Wait,", "Hmm,", "Let me verify.", "Alternatively"])),
                )
            words = ["<think>Okay,", *words, "</think>", "The final answer follows."]
        elif draw.random() < 0.3:
            words.insert(0, "First,")
        texts.append(" ".join(words))
    return texts


def panel(share, seed=0, n_models=14):
    """S copies a share of T's answers (other samples of them); T and half of the others reason aloud."""
    draw = np.random.default_rng(seed)
    hardness = draw.normal(0, 0.5, len(PROMPTS))

    def answers(number, again, reasons):
        return model(
            np.random.default_rng([seed, number]),
            np.random.default_rng([seed, number, again]),
            hardness,
            reasons,
        )

    given = {"T": answers(0, 0, True)}
    other, own = answers(0, 1, True), answers(1, 0, False)
    given["S"] = [t if draw.random() < share else o for t, o in zip(other, own, strict=True)]
    return given | {f"R{i:02d}": answers(10 + i, 0, i % 2 == 0) for i in range(n_models)}


def measured(given, teachers=(0, 2, 3), prompts=PROMPTS):
    return [m.values for m in Traces().measure(view(given, prompts), teachers)]


def test_shape_type_and_missing_answer():
    given = panel(0.5)
    given["S"][3] = None
    for values in measured(given):
        assert values.shape == (16, 3, 60) and values.dtype == np.float32
        assert np.isnan(values[1, :, 3]).all()
        assert np.isfinite(values).sum() == values.size - 3


def test_both_grow_with_the_share():
    means = [[np.nanmean(v[1, 0]) for v in measured(panel(s))] for s in (0.0, 0.5, 1.0)]
    assert (np.diff(means, axis=0) > 0.1).all()


def test_markers_tell_who_reasons_aloud():
    markers = np.nanmean(measured(panel(0.0))[0][:, 0], axis=1)
    assert markers[2::2].min() > markers[3::2].max()  # reasoning references are nearer to T, which reasons


def test_unrelated_length_profiles_are_centred_at_the_known_bias():
    found = []
    for seed in range(8):
        given = panel(0.0, seed)
        n = len(given)
        means = measured(given, tuple(range(n)))[1].mean(axis=2)
        found.append(means[~np.eye(n, dtype=bool)].mean())
    assert np.mean(found) == pytest.approx(-1 / 15, abs=0.02)


def test_a_longer_model_is_not_alike_for_being_longer():
    given = panel(0.0)
    before = measured(given)[1]
    given["S"] = [t + t for t in given["S"]]
    np.testing.assert_allclose(measured(given)[1][1].mean(), before[1].mean(), atol=0.01)


def test_without_markers_lengths_are_still_measured():
    given = {
        n: ["plain " * int(k) for k in np.random.default_rng(i).integers(1, 90, 60)]
        for i, n in enumerate("TSRQ")
    }
    markers, profile = measured(given, (0,))
    assert Traces().lacks(view(given, PROMPTS)) == ""
    assert np.isnan(markers).all()
    assert np.isfinite(profile).all()


def test_order_of_probes_changes_nothing():
    given, order = panel(0.5), np.random.default_rng(1).permutation(60)
    shuffled = {n: [a[j] for j in order] for n, a in given.items()}
    after = measured(shuffled, prompts=[PROMPTS[j] for j in order])
    for a, b in zip(measured(given), after, strict=True):
        np.testing.assert_allclose(a[:, :, order], b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("text", [None, "", " ", "\x00", "</think>", "<think>", "wait, " * 3, "日本語だけ"])
def test_degenerate_texts_do_not_raise(text):
    for values in measured({n: [text] * 60 for n in "TSRQ"}, (0, 1)):
        assert not np.isinf(values).any()


def test_one_probe_is_enough_not_to_raise():
    for values in measured({n: ["Wait, no" + n] for n in "TSRQ"}, (0, 1), ["q"]):
        assert values.shape == (4, 2, 1)


@pytest.mark.parametrize("piece", ["<think>", "</think>", "wait ", "what if ", "<", "\n#", "h", "let me "])
def test_hostile_text_is_not_slow(piece):
    start = time.perf_counter()
    measured({n: [piece * 10_000] * 5 for n in "TSRQ"}, (0, 1), PROMPTS[:5])
    assert time.perf_counter() - start < 5
