"""Shared mistakes: reading the option, and what identical wrong answers are worth."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from detectors.choices import LETTERS, chosen_option, key_of
from detectors.errors import Errors, kappa
from detectors.types import PanelView, Probe

OPTIONS = 6

PHRASINGS = [
    ("The answer is (D).", "D"),
    ("the answer is D", "D"),
    ("The answer is D because the pressure rises.", "D"),
    ("Answer: D", "D"),
    ("answer: d", "D"),
    ("**Answer:** D", "D"),
    ("**Answer: (D)**", "D"),
    ("The correct answer is **D**.", "D"),
    ("The correct answer is: **D. A longer text**", "D"),
    ("Therefore, the answer is option D.", "D"),
    ("The answer should be (D).", "D"),
    ("The best choice is D.", "D"),
    ("Option D is correct.", "D"),
    ("So (D) is the correct answer.", "D"),
    ("Thus \\[ \\boxed{D} \\]", "D"),
    ("$\\boxed{\\text{(D)}}$", "D"),
    ("The final answer is $\\boxed{D}$.", "D"),
    ("#### D", "D"),
    ("<answer>D</answer>", "D"),
    ("Of these I choose D.", "D"),
    ("答案是 D。", "D"),
    ("**D**", "D"),
    ("D", "D"),
    ("(D)", "D"),
    ("D. Because the pressure rises.", "D"),
    ("It all adds up to 1.10, or (D).", "D"),
    ("The answer is (B). No, wait: the answer is (D).", "D"),
    ("The incorrect answer is (B). The answer is (D).", "D"),
    ("The answer is (D).\n\nQuestion: what next?\nAnswer: the answer is (B).", "D"),
    ("The answer is (B)?\n</think>\nThe answer is (D).", "D"),
    ("The answer is a matter of taste.", None),
    ("Answer: I think that nobody knows.", None),
    ("The answer is (None of these).", None),
    ("The answer is either unknown or absent.", None),
    ("The answer is (B) or (D).", None),
    ("A. iron\nB. tin\nC. lead\nD. zinc", None),
    ("The answer is (Z).", None),
    ("answer: x + 1", None),
    ("", None),
    ("日本語だけ", None),
    ("\x00", None),
]


@pytest.mark.parametrize(("text", "letter"), PHRASINGS, ids=[repr(t)[:40] for t, _ in PHRASINGS])
def test_chosen_option(text, letter):
    found = chosen_option(text, OPTIONS)
    assert (None if found is None else LETTERS[found]) == letter


@pytest.mark.parametrize(
    "piece", ["answer is ", "(A) ", "**A", "\\boxed{", "answer to x ", " \n", "Question", "A"]
)
def test_hostile_text_is_not_slow(piece):
    start = time.perf_counter()
    chosen_option(piece * 20_000)
    assert time.perf_counter() - start < 2


def test_a_statement_is_found_far_from_the_end():
    assert chosen_option("The answer is (C). " + "More words on it. " * 1000) == 2


@pytest.mark.parametrize(
    ("tags", "key"),
    [
        (("answer:D", "options:10"), (3, 10)),
        (("maths", "answer: d "), (3, 0)),
        (("options:4",), (-1, 4)),
        (("answer:42",), (-1, 0)),
        (("answer:",), (-1, 0)),
        (("answer:F", "options:4"), (-1, 4)),
        (("answer:B", "options:many"), (1, 0)),
    ],
)
def test_key_of_tags(tags, key):
    assert key_of(Probe("x", "x", tags)) == key


def draws(n_models, n_probes, seed, accuracy=0.4):
    """Independent models: right at random, else an option of a skewed distribution that all share."""
    rng = np.random.default_rng(seed)
    keys = rng.integers(OPTIONS, size=n_probes)
    taste = rng.dirichlet(np.full(OPTIONS, 0.7), size=n_probes)
    taste[np.arange(n_probes), keys] = 0
    taste /= taste.sum(axis=1, keepdims=True)
    wrong = (rng.random((n_models, n_probes, 1)) > taste.cumsum(axis=1)).sum(axis=2).clip(max=OPTIONS - 1)
    return np.where(rng.random((n_models, n_probes)) < accuracy, keys, wrong), keys


def view(chosen, keys, groups=None, texts=None):
    n_models = len(chosen)
    names = tuple(f"m{i}" for i in range(n_models))
    probes = tuple(
        Probe(f"{j:016x}", f"q{j}", (f"answer:{LETTERS[k]}", f"options:{OPTIONS}"))
        for j, k in enumerate(keys)
    )
    texts = texts or [f"So the answer is ({LETTERS[o]})." for o in chosen.T.ravel()]
    return PanelView(names, groups or names, probes, pa.array(texts, pa.large_string()))


def copied(share, seed=0, n_models=16, n_probes=300):
    """Model 1 copies a share of the answers of model 0."""
    chosen, keys = draws(n_models, n_probes, seed)
    take = np.random.default_rng(seed + 1).random(n_probes) < share
    chosen[1, take] = chosen[0, take]
    return chosen, keys


def both(panel, teachers):
    wrong, agreement = Errors().measure(panel, teachers)
    return wrong.values, agreement.values


def test_shape_type_and_where_it_is_not_measurable():
    chosen, keys = copied(0.5)
    texts = [f"The answer is {LETTERS[o]}" for o in chosen.T.ravel()]
    texts[5 * 16 + 3], texts[6 * 16 + 3] = None, "No idea."
    panel = view(chosen, keys, texts=texts)
    wrong, agreement = both(panel, (0, 2, 4))
    assert wrong.shape == agreement.shape == (16, 3, 300)
    assert wrong.dtype == agreement.dtype == np.float32
    miss = chosen != keys
    expected = miss[:, None, :] & miss[[0, 2, 4]][None]
    expected[3, :, [5, 6]] = False
    np.testing.assert_array_equal(np.isfinite(wrong), expected)
    assert np.isnan(agreement[3, :, [5, 6]]).all()
    assert np.isfinite(agreement).sum() == agreement.size - 6
    assert (np.abs(wrong[np.isfinite(wrong)]) < 1).all()


def test_grows_with_the_share_of_copied_answers():
    means = []
    for share in (0.0, 0.25, 0.5, 1.0):
        means.append([np.nanmean(v[1, 0]) for v in both(view(*copied(share)), (0, 2, 3))])
    assert (np.diff(means, axis=0) > 0.04).all()


def test_independent_models_are_centred_at_zero_though_they_share_tempting_options():
    found = []
    for seed in range(6):
        chosen, keys = draws(30, 200, seed)
        wrong, _ = both(view(chosen, keys), tuple(range(30)))
        means = np.nanmean(wrong, axis=2)
        found.append(means[~np.eye(30, dtype=bool)])
        miss = chosen != keys
        same = [(chosen[0] == c)[miss[0] & m].mean() for c, m in zip(chosen[1:], miss[1:], strict=True)]
        assert np.mean(same) > 0.35  # raw agreement on mistakes is far from the 1 in 5 of chance
    assert abs(np.mean(found)) < 0.02


def test_ranks_of_an_independent_student_are_uniform():
    ranks = []
    for seed in range(60):
        chosen, keys = draws(20, 80, seed)
        means = np.nanmean(both(view(chosen, keys), (0,))[0][1:, 0], axis=1)
        ranks.append((means >= means[0]).mean())
    assert abs(np.mean(ranks) - 0.5) < 0.12
    assert np.mean(np.array(ranks) <= 0.1) < 0.25


def test_siblings_do_not_hide_a_shared_mistake():
    chosen, keys = copied(1.0)
    chosen[2:8] = chosen[0]  # six more checkpoints of the teacher
    alone = tuple(f"m{i}" for i in range(16))
    family = tuple("m0" if 2 <= i < 8 else n for i, n in enumerate(alone))
    value = {g: np.nanmean(both(view(chosen, keys, g), (0,))[0][1, 0]) for g in (alone, family)}
    assert value[family] > value[alone] + 0.1


def test_like_accuracy_is_what_is_expected():
    """Capable models that fall for one trap are not alike beyond their capability."""
    chosen, keys = draws(24, 300, 3)
    rng = np.random.default_rng(0)
    for strong in range(12):  # right on 80 %, and the same trap in the rest
        chosen[strong] = np.where(rng.random(300) < 0.8, keys, (keys + 1) % OPTIONS)
    panel = view(chosen, keys)
    near = np.nanmean(Errors().measure(panel, (0,))[0].values[1, 0])
    anyone = np.nanmean(Errors(nearness=100.0).measure(panel, (0,))[0].values[1, 0])
    assert near < anyone - 0.05


def test_kappa_is_one_for_the_same_and_zero_for_strangers():
    chosen, keys = draws(12, 400, 5)
    values = kappa(
        chosen.astype(np.int16), keys.astype(np.int16), np.full(400, OPTIONS, np.int16), np.arange(2)
    )
    means = values.mean(axis=2)
    assert means[0, 0] == pytest.approx(1, abs=1e-4)
    right = chosen == keys
    p, q = right[0].mean(), right[1].mean()
    expected = p * q + (1 - p) * (1 - q) / (OPTIONS - 1)
    by_hand = ((chosen[0] == chosen[1]).mean() - expected) / (1 - expected)
    assert means[1, 0] == pytest.approx(by_hand, abs=0.01)


def test_order_of_probes_changes_nothing():
    chosen, keys = copied(0.5)
    order = np.random.default_rng(1).permutation(300)
    for a, b in zip(
        both(view(chosen, keys), (0, 2)), both(view(chosen[:, order], keys[order]), (0, 2)), strict=True
    ):
        np.testing.assert_allclose(a[:, :, order], b, rtol=1e-3, atol=1e-4)


def test_what_a_panel_lacks():
    chosen, keys = draws(4, 30, 0)
    whole = view(chosen, keys)
    assert Errors().lacks(whole) == ""
    bare = tuple(Probe(p.id, p.prompt) for p in whole.probes)
    without = PanelView(whole.subjects, whole.groups, bare, whole.texts)
    assert "needs an answer key" in Errors().lacks(without)
    assert "at least 20" in Errors().lacks(view(chosen[:, :19], keys[:19]))
    assert "name an option" in Errors().lacks(view(chosen, keys, texts=["no idea"] * 120))
    for values in both(without, (0, 1)):
        assert values.shape == (4, 2, 30) and np.isnan(values).all()


@pytest.mark.parametrize("text", [None, "", " ", "\x00", "A", "The answer is (A)", "日本語だけ"])
def test_degenerate_answers_do_not_raise(text):
    chosen, keys = draws(4, 25, 0)
    for values in both(view(chosen, keys, texts=[text] * 100), (0, 1)):
        assert not np.isinf(values).any()
