"""Descent: uniform on strangers, small on copies however disguised, and silent where there is no null."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats

from detectors.descent import Descent
from detectors.descent_units import Mlp, SharedTokens, assigned, described
from detectors.types import ExactTest, Skipped

WIDTH, UNITS, TOKENS = 48, 128, 200


def stranger(seed, layers=2, units=UNITS, width=WIDTH, gate=True):
    draw = np.random.default_rng(seed)

    def weights():
        return draw.normal(size=(units, width)).astype(np.float32)

    return [Mlp(weights(), weights() if gate else None) for _ in range(layers)]


def embedding(seed, width=WIDTH):
    return np.random.default_rng([seed, 1]).normal(size=(TOKENS, width)).astype(np.float32)


def mapped(network, change):
    """Another network, `change(weights, number)` applied to gate and up alike."""
    return [
        Mlp(change(layer.up, n), None if layer.gate is None else change(layer.gate, n))
        for n, layer in enumerate(network)
    ]


def noisy(network, size, seed=7):
    draw = np.random.default_rng(seed)
    return mapped(network, lambda w, _: (w + size * draw.normal(size=w.shape)).astype(np.float32))


def permuted(network, seed=3):
    return mapped(network, lambda w, n: w[np.random.default_rng([seed, n]).permutation(len(w))])


def flipped(network, seed=4):
    """Up negated at random, as down would be: the function stays the same."""
    draw = np.random.default_rng(seed)
    return [Mlp(x.up * draw.choice([-1, 1], (len(x.up), 1)).astype(np.float32), x.gate) for x in network]


def rotation(seed=5, width=WIDTH):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0].astype(np.float32)


def four_bits(weights, _=0):
    """Rounded to 16 levels a row, as a 4-bit quantisation with one scale a row does."""
    scale = np.abs(weights).max(axis=1, keepdims=True) / 7
    return (np.clip(np.rint(weights / scale), -8, 7) * scale).astype(np.float32)


def smallest(results, statistic, inputs=None):
    found = [
        r.p
        for r in results
        if isinstance(r, ExactTest) and r.statistic == statistic and inputs in (None, r.params.get("inputs"))
    ]
    return min(found)


def combined(student, teacher, tokens=None, **options):
    last = Descent(**options).test(student, teacher, tokens)[-1]
    assert last.statistic == "combined"
    return last.p


# Strangers


@cache
def p_of_strangers(margin):
    """{(form, description): p of 200 pairs of independent layers}."""
    found = {}
    for seed in range(100):
        tokens = SharedTokens(embedding(seed), embedding(seed + 1000))
        options = Descent(margin=margin, seed=seed)
        for r in options.test(stranger(seed), stranger(seed + 1000), tokens)[:-1]:
            found.setdefault((r.statistic, r.params["inputs"]), []).append(r.p)
    return found


@pytest.mark.parametrize("inputs", ["rows", "tokens"])
@pytest.mark.parametrize("form", ["csu", "sign", "match"])
def test_uniform_on_strangers(form, inputs):
    p = p_of_strangers(0.0)[form, inputs]
    assert len(p) == 200
    assert stats.kstest(p, "uniform").pvalue > 0.01


@pytest.mark.parametrize("inputs", ["rows", "tokens"])
def test_margin_makes_match_conservative(inputs):
    assert min(p_of_strangers(0.25)["match", inputs]) > 0.3


@cache
def trained(what, seed):
    """80 pairs of gated layers trained on the same data in the same order, from different beginnings.

    "same data": both learn one function; "distilled": the student learns the teacher's outputs. Without a
    language model, but all of the teacher's outputs are learned, which is harder to tell apart than text.
    """
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(64, 12)).astype(np.float32) * np.geomspace(3, 0.3, 12, dtype=np.float32)
    target = np.tanh(inputs @ draw.normal(size=(12, 6))) + 0.3 * inputs[:, :6] * inputs[:, 6:]
    teacher, said = learn(inputs, np.broadcast_to(target, (80, 64, 6)), draw)
    student, _ = learn(inputs, said if what == "distilled" else np.broadcast_to(target, said.shape), draw)
    return student, teacher, inputs


def learn(inputs, target, draw, steps=120, units=32, rate=0.02, start=None):
    """Adam on (gate, up, down) of all models at once; (gates and ups), and what they say."""
    n, _, out = target.shape
    shapes = [(n, units, inputs.shape[1]), (n, units, inputs.shape[1]), (n, out, units)]
    weights = start or [draw.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    for step in range(1, steps + 1):
        gate, up, down = weights
        a, b = inputs @ gate.transpose(0, 2, 1), inputs @ up.transpose(0, 2, 1)
        s = 1 / (1 + np.exp(-a))
        hidden = a * s * b
        error = (hidden @ down.transpose(0, 2, 1) - target) / len(inputs)
        back = error @ down
        slopes = [
            (back * b * (s + a * s * (1 - s))).transpose(0, 2, 1) @ inputs,
            (back * a * s).transpose(0, 2, 1) @ inputs,
            error.transpose(0, 2, 1) @ hidden,
        ]
        for w, g, (m, v) in zip(weights, slopes, moments, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g**2 - v)
            w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
    return weights, (error * len(inputs) + target).astype(np.float32)


def layers_of(weights):
    return [Mlp(up, gate) for gate, up in zip(*weights[:2], strict=True)]


@pytest.mark.parametrize("what", ["same data", "distilled"])
@pytest.mark.parametrize("form", ["csu", "sign"])
def test_uniform_on_strangers_that_learned_the_same(what, form):
    student, teacher, inputs = trained(what, 11)
    tokens = SharedTokens(inputs, inputs)  # both models see the very same inputs: the hardest case
    results = Descent().test(layers_of(student), layers_of(teacher), tokens)[:-1]
    for inputs_name in ("rows", "tokens"):
        p = [r.p for r in results if r.statistic == form and r.params["inputs"] == inputs_name]
        assert len(p) == 80 and stats.kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("what", ["same data", "distilled"])
def test_all_together_do_not_accuse_strangers_that_learned_the_same(what):
    student, teacher, inputs = trained(what, 11)
    assert combined(layers_of(student), layers_of(teacher), SharedTokens(inputs, inputs)) > 0.05


def test_training_on_from_the_teacher_is_seen():
    _, teacher, inputs = trained("same data", 11)
    other = np.sin(2 * inputs @ np.random.default_rng(0).normal(size=(12, 6)))
    start = [w.copy() for w in teacher]
    student, _ = learn(inputs, np.broadcast_to(other, (80, 64, 6)), None, steps=50, start=start)
    results = Descent().test(layers_of(student), layers_of(teacher))
    assert np.median([r.p for r in results if r.statistic == "csu"]) < 1e-6
    assert results[-1].p < 1e-6


# Copies


@pytest.mark.parametrize("size", [0.01, 0.1, 0.5, 1.0])
def test_fine_tune_is_seen(size):
    teacher = stranger(1)
    results = Descent().test(noisy(teacher, size), teacher)
    assert smallest(results, "csu") < 1e-6 and smallest(results, "sign") < 1e-6
    assert results[-1].p < 1e-6


@pytest.mark.parametrize("change", [lambda w, _: w.astype(np.float16).astype(np.float32), four_bits])
def test_rounded_copy_is_seen(change):
    teacher = stranger(1)
    results = Descent().test(mapped(teacher, change), teacher)
    assert all(smallest(results, form) < 1e-6 for form in ("csu", "sign", "match"))


def test_permuted_copy_blinds_csu_only():
    teacher = stranger(1)
    results = Descent().test(permuted(noisy(teacher, 0.3)), teacher)
    assert smallest(results, "csu") > 0.01
    assert smallest(results, "sign") < 1e-6 and smallest(results, "match") < 1e-6
    assert results[-1].p < 1e-6


def test_permuted_and_negated_copy_leaves_match_only():
    teacher = stranger(1)
    results = Descent().test(permuted(flipped(noisy(teacher, 0.3))), teacher)
    assert smallest(results, "csu") > 0.01 and smallest(results, "sign") > 0.01
    assert smallest(results, "match") < 1e-6
    assert results[-1].params["rests_on"].startswith("not exact")
    assert results[-1].params["log10_p_exact_forms"] > -2


@pytest.mark.parametrize("disguise", [lambda x: x, permuted, lambda x: permuted(flipped(x))])
def test_rotated_copy_is_seen_through_its_embeddings(disguise):
    teacher, turn = stranger(1), rotation()
    student = mapped(disguise(noisy(teacher, 0.2)), lambda w, _: w @ turn)
    tokens = SharedTokens(embedding(1) @ turn, embedding(1))
    results = Descent().test(student, teacher, tokens)
    assert all(smallest(results, form, "rows") > 1e-3 for form in ("csu", "sign", "match"))
    assert smallest(results, "match", "tokens") < 1e-6
    assert results[-1].p < 1e-6


def test_layer_norm_takes_the_mean_off():
    teacher = stranger(1)
    shifted = SharedTokens(embedding(1) + 50, embedding(1), student_centred=True, teacher_centred=True)
    plain_pair = SharedTokens(embedding(1), embedding(1), student_centred=True, teacher_centred=True)
    given = [x.inputs() for x in (shifted, plain_pair)]
    np.testing.assert_allclose(given[0][0], given[1][0], atol=1e-4)
    assert combined(permuted(teacher), teacher, shifted) < 1e-6


# Other shapes


@pytest.mark.parametrize("swap", [False, True])
def test_pruned_units_are_seen(swap):
    teacher = stranger(1)
    kept = np.sort(np.random.default_rng(0).permutation(UNITS)[:80])
    pair = mapped(noisy(teacher, 0.3), lambda w, _: w[kept]), teacher
    results = Descent().test(*(reversed(pair) if swap else pair))
    assert smallest(results, "csu") < 1e-6 and smallest(results, "sign") < 1e-6


def test_pruned_width_is_seen_through_the_embeddings_only():
    teacher = stranger(1)
    kept = np.arange(0, WIDTH, 2)
    student = mapped(teacher, lambda w, _: w[:, kept])
    tokens = SharedTokens(embedding(1)[:, kept], embedding(1))
    results = Descent().test(student, teacher, tokens)
    assert {r.params["inputs"] for r in results[:-1]} == {"tokens"}
    assert smallest(results, "csu") < 1e-6 and results[-1].p < 1e-6


def test_other_width_without_tokens_is_skipped():
    (result,) = Descent().test(stranger(1, width=24), stranger(2))
    assert isinstance(result, Skipped) and "tokenizer.json" in result.reason


@pytest.mark.parametrize("swap", [False, True])
def test_dropped_layers_are_found_among_all_pairs(swap):
    teacher = stranger(1, layers=5)
    pair = permuted([noisy(teacher, 0.3)[n] for n in (0, 1, 4)]), teacher
    results = Descent().test(*(reversed(pair) if swap else pair))
    names = ("teacher_layer", "student_layer") if swap else ("student_layer", "teacher_layer")
    hits = {tuple(r.params[n] for n in names) for r in results[:-1] if r.p < 1e-6}
    assert hits == {(0, 0), (1, 1), (2, 4)}
    assert results[-1].params["tests"] == 15 * 3 and results[-1].p < 1e-6


def test_all_pairs_of_strangers_stay_silent():
    assert combined(stranger(1, layers=3), stranger(2, layers=5)) > 0.05


@pytest.mark.parametrize("permute", [False, True])
def test_without_a_gate_only_csu_and_a_reason(permute):
    teacher = stranger(1, gate=False)
    student = permuted(teacher) if permute else noisy(teacher, 0.5)
    skipped, *results = Descent().test(student, teacher)
    assert isinstance(skipped, Skipped) and "gate" in skipped.reason
    assert {r.statistic for r in results} == {"csu", "combined"}
    assert (results[-1].p < 1e-6) != permute


def test_one_gate_missing_is_as_no_gate():
    results = Descent().test(stranger(1), stranger(2, gate=False))
    assert isinstance(results[0], Skipped)
    assert {r.statistic for r in results[1:]} == {"csu", "combined"}


# What could fool it


def test_units_in_an_order_that_means_something_do_not_accuse_strangers():
    """Hidden units numbered by how much they read of what both models share, as after sorting by use."""

    def sorted_model(seed):
        draw = np.random.default_rng(seed)
        up = draw.normal(size=(512, WIDTH)) + np.linspace(0, 12, 512)[:, None] * (np.arange(WIDTH) == 0)
        return [Mlp(up.astype("f4"))]

    whole, p = [], []
    for seed in range(60):
        student, teacher = sorted_model(seed), sorted_model(seed + 500)
        partners = assigned(described(student[0].up, None) @ described(teacher[0].up, None).T, np.random)
        whole.append(stats.spearmanr(np.arange(512), partners).pvalue)
        p.append(smallest(Descent().test(student, teacher), "csu"))
    assert np.median(whole) < 1e-6
    assert min(p) > 1e-4 and stats.kstest(p, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("filling", [0, 1])
def test_dead_and_equal_units_are_not_matched_by_their_place(filling):
    """A matching that breaks ties by position would give units that are alike one order in both models."""
    if filling:  # multiples of one another are described alike
        scale = np.repeat(np.arange(1, 5, dtype=np.float32), UNITS // 4)[:, None]
        pair = [mapped(stranger(s), lambda w, _: scale * np.tile(w[:32], (4, 1))) for s in (1, 2)]
    else:
        padding = np.zeros((UNITS, WIDTH), np.float32)
        pair = [mapped(stranger(s), lambda w, _: np.concatenate((w, padding))) for s in (1, 2)]
    assert combined(*pair) > 0.01


def test_all_dead_is_silent():
    dead = [Mlp(np.zeros((16, 8), np.float32), np.zeros((16, 8), np.float32))]
    assert combined(dead, stranger(1, layers=1, width=8)) == 1.0


def test_gates_that_copy_their_ups_do_not_accuse_strangers():
    """Where gate and up of a hidden unit are alike in both models, strangers' matchings agree."""

    def coupled(seed):
        draw = np.random.default_rng(seed)
        gate = draw.normal(size=(UNITS, WIDTH))
        sign = draw.choice([-1, 1], (UNITS, 1))
        return [Mlp((sign * gate + 0.5 * draw.normal(size=gate.shape)).astype("f4"), gate.astype("f4"))]

    p = {"sign": [], "match": []}
    for seed in range(60):
        for r in Descent(margin=0.0).test(coupled(seed), coupled(seed + 1000))[:-1]:
            if r.statistic in p:
                p[r.statistic].append(r.p)
    assert stats.kstest(p["sign"], "uniform").pvalue > 0.01
    assert np.mean(np.array(p["match"]) <= 0.05) > 0.3


def test_a_draw_of_units_is_enough_and_stays_exact():
    teacher = stranger(1, units=600)
    assert combined(permuted(noisy(teacher, 0.3)), teacher, units=64) < 1e-6
    p = [Descent(units=40).test(stranger(s, 1), stranger(s + 500, 1))[0].p for s in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


# Results


def test_results_say_what_was_done():
    results = Descent(seed=3).test(stranger(1), stranger(2), proposition="H_a")
    assert len(results) == 2 * 3 + 1
    for r in results:
        assert (r.detector, r.proposition) == ("descent", "H_a")
        assert 0 < r.p <= 1 and r.p == pytest.approx(10 ** r.params["log10_p"])
        assert r.params["seed"] == 3 and r.params["rests_on"]
    log10_p = [r.params["log10_p"] for r in results[:-1]]
    assert results[-1].params["log10_p"] == pytest.approx(min(0, min(log10_p) + np.log10(6)))


def test_same_seed_same_bits():
    first, again = (Descent().test(stranger(1), stranger(2)) for _ in range(2))
    assert first == again


def test_layers_are_read_one_at_a_time():
    class Counting(list):
        taken = 0

        def __getitem__(self, number):
            Counting.taken += 1
            return super().__getitem__(number)

    Descent().test(Counting(stranger(1, 4)), Counting(stranger(2, 4)))
    assert Counting.taken <= 2 * (4 + 2)
