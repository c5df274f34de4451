"""Reductions of logits against float64, awkward rows, and means over probes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import log_softmax, logsumexp

from detectors.logit_ranks import rank_biased_overlap
from detectors.logit_tiles import TILE
from detectors.logits import Logits, PairReduction, joined, probe_values

LN2 = np.log(2)
FIELDS = ("log_normaliser_a", "log_normaliser_b", "entropy_a", "entropy_b", "kl_ab", "kl_ba", "js")
inf = np.inf


def exact(a, b, temperature_a=1.0, temperature_b=1.0):
    """The same in float64, two softmaxes as the definition says."""
    a, b = a.astype(np.float64) / temperature_a, b.astype(np.float64) / temperature_b
    p, q = log_softmax(a, axis=1), log_softmax(b, axis=1)
    m = np.logaddexp(p, q) - LN2
    js = (divergence(p, m) + divergence(q, m)) / 2
    zero = np.zeros_like(p)
    entropies = -divergence(p, zero), -divergence(q, zero)
    normalisers = logsumexp(a, axis=1), logsumexp(b, axis=1)
    return PairReduction(*normalisers, *entropies, divergence(p, q), divergence(q, p), js)


def divergence(p, q):
    """KL of log-probabilities; a token p masks adds nothing, one q alone masks makes it infinite."""
    kept = p > -inf
    return (np.exp(p) * (np.where(kept, p, 0) - np.where(kept, q, 0))).sum(axis=1)


def same_bits(one, other):
    return all(getattr(one, f).tobytes() == getattr(other, f).tobytes() for f in FIELDS)


def pair(n=5, width=3000, distance=1.0, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, width)) * scale
    return a.astype(np.float32), (a + distance * rng.standard_normal((n, width))).astype(np.float32)


def bfloat16(x):
    """Bits of the nearest bfloat16, and what they stand for as float32."""
    bits = x.view(np.uint32)
    bits = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return bits, (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("width", [1, 2, 17, TILE - 1, TILE, TILE + 1, 5000, 40_000])
@pytest.mark.parametrize("distance", [3.0, 0.3, 0.01])
def test_against_float64(width, distance):
    a, b = pair(3, width, distance)
    got, want = Logits().reduce_pair(a, b), exact(a, b)
    for field in FIELDS[:4]:
        np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=1e-6, atol=2e-6)
    for field in FIELDS[4:]:
        np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=1e-3, atol=1e-13)
        if distance > 0.1:
            np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=5e-6, atol=1e-13)


def test_small_divergences_keep_their_digits():
    """KL of about 5e-7 in 50,000 tokens: a difference of two sums of order 10 would lose it in float32."""
    a, b = pair(4, 50_000, 1e-3)
    got, want = Logits().reduce_pair(a, b), exact(a, b)
    assert (want.kl_ab < 1e-6).all()
    for field in FIELDS[4:]:
        np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=1e-3)


@pytest.mark.parametrize(("temperature_a", "temperature_b"), [(0.7, 0.7), (1.0, 2.5), (0.05, 30.0)])
def test_temperature_of_either_side(temperature_a, temperature_b):
    a, b = pair(4, 2500)
    got = Logits(temperature_a, temperature_b).reduce_pair(a, b)
    want = exact(a, b, temperature_a, temperature_b)
    for field in FIELDS:
        np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=2e-5, atol=2e-6)


def adversarial():
    rng = np.random.default_rng(3)
    n = 2 * TILE + 37
    flat, rising = np.zeros(n), np.linspace(-60, 60, n)
    spike = np.where(np.arange(n) == n - 1, 80.0, -80.0)
    some = np.where(rng.random(n) < 0.5, rng.standard_normal(n), -inf)
    first = np.where(np.arange(n) < TILE, rng.standard_normal(n), -inf)
    last = np.where(np.arange(n) >= 2 * TILE, rng.standard_normal(n), -inf)
    alone = np.where(np.arange(n) == 5, 3.0, -inf)
    noise = rng.standard_normal(n)
    yield "flat, rising", flat, rising
    yield "rising, falling", rising, -rising
    yield "opposite spikes", spike, spike[::-1]
    yield "a shift of all logits", noise * 3 + 1e4, noise * 3 - 1e4
    yield "huge range", noise * 1e4, noise[::-1] * 1e4
    yield "half masked, the same", some, np.where(some == -inf, -inf, -some)
    yield "masked in b alone", noise, some
    yield "masked in a alone", some, noise
    yield "nothing in common", first, last
    yield "one token left", alone, noise
    yield "one token left in both", alone, alone + 7


@pytest.mark.parametrize(("a", "b"), [pytest.param(a, b, id=name) for name, a, b in adversarial()])
def test_awkward_rows(a, b):
    a, b = a.astype(np.float32)[None], b.astype(np.float32)[None]
    got, want = Logits().reduce_pair(a, b), exact(a, b)
    for field in FIELDS:
        # Float64 itself has lost a divergence below 1e-12; logits of 1e4 are known to 1e-3 only.
        np.testing.assert_allclose(getattr(got, field), getattr(want, field), rtol=1e-5, atol=2e-6)
    assert 0 <= got.js[0] <= LN2 and min(got.kl_ab[0], got.kl_ba[0], got.entropy_a[0], got.entropy_b[0]) >= 0


def test_the_ends_of_float32():
    big = np.finfo(np.float32).max
    a = np.array([[big, -big, 0], [big, big, -big], [1e-45, 0, -1e-45]], dtype=np.float32)
    got = Logits().reduce_pair(a, np.ascontiguousarray(a[:, ::-1]))
    np.testing.assert_allclose(got.js, [LN2, LN2 / 2, 0], atol=1e-7)
    np.testing.assert_allclose(got.entropy_a, [0, LN2, np.log(3)], atol=1e-6)
    assert np.isfinite(got.kl_ab).all() and (got.kl_ab[:2] > 1e36).all()


def test_a_token_masked_on_one_side_makes_one_divergence_infinite():
    a, b = pair(3, 1500)
    b[1, 700] = -inf
    got = Logits().reduce_pair(a, b)
    np.testing.assert_array_equal(np.isinf(got.kl_ab), [False, True, False])
    assert np.isfinite(got.kl_ba).all() and np.isfinite(got.js).all()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_identical_logits_are_exactly_alike(dtype):
    a, _ = pair(4, 2100)
    a[0, 3] = -inf
    a = {"float32": a, "float16": a.astype(np.float16), "bfloat16": bfloat16(a)[0]}[dtype]
    got = Logits(0.7, 0.7).reduce_pair(a, a.copy())
    assert not got.kl_ab.any() and not got.kl_ba.any() and not got.js.any()
    assert (Logits().residual_correlation(a, a.copy()) == 1).all()
    ids = Logits(depth=20).ranked(a).ids
    np.testing.assert_allclose(rank_biased_overlap(ids, ids.copy()), 1, rtol=1e-12)


@pytest.mark.parametrize("width", [1, 31, 2500])
def test_half_precision_is_its_float32_value(width):
    a, b = pair(3, width)
    a[0, : width // 3], a[1, 0] = -inf, 3e-6  # masked, and a subnormal of float16
    a16, (b16, b32) = a.astype(np.float16), bfloat16(b)
    with_halves = Logits().reduce_pair(a16, b16)
    assert same_bits(with_halves, Logits().reduce_pair(a16.astype(np.float32), b32))
    for lowest in (False, True):
        for half, whole in ((a16, a16.astype(np.float32)), (b16, b32)):
            one, other = Logits().ranked(half, lowest), Logits().ranked(whole, lowest)
            np.testing.assert_array_equal(one.ids, other.ids)
            np.testing.assert_array_equal(one.logits, other.logits)


def test_every_float16_is_read_as_it_is():
    bits = np.arange(65536, dtype=np.uint16)
    halves = bits.view(np.float16)
    halves = halves[np.isfinite(halves)]
    got = Logits().ranked(halves[:, None])
    np.testing.assert_array_equal(got.logits[:, 0], halves.astype(np.float32))


def test_how_positions_are_shared_changes_no_bit():
    a, b = pair(23, 2300)
    a[5, ::3] = -inf
    whole = Logits(threads=1).reduce_pair(a, b)
    for threads in (2, 3, 16):
        assert same_bits(whole, Logits(threads=threads).reduce_pair(a, b))
    pieces = [Logits().reduce_pair(a[i : i + 4], b[i : i + 4]) for i in range(0, 23, 4)]
    assert same_bits(whole, joined(pieces))
    correlations = [Logits().residual_correlation(a[i : i + 4], b[i : i + 4]) for i in range(0, 23, 4)]
    assert np.concatenate(correlations).tobytes() == Logits(threads=1).residual_correlation(a, b).tobytes()


def test_views_are_read_in_place():
    """A padded vocabulary cut to size, every other position, one row for all, columns first."""
    a, b = pair(6, 2000)
    want = Logits().reduce_pair(np.ascontiguousarray(a[::2, :1300]), np.ascontiguousarray(b[::2, :1300]))
    assert same_bits(want, Logits().reduce_pair(a[::2, :1300], b[::2, :1300]))
    assert same_bits(want, Logits().reduce_pair(np.asfortranarray(a)[::2, :1300], b[::2, :1300]))
    row = np.broadcast_to(b[0], a.shape)
    assert same_bits(Logits().reduce_pair(a, row), Logits().reduce_pair(a, np.array(row)))
    a.setflags(write=False)
    back = Logits().reduce_pair(a[::-1], b[::-1])
    np.testing.assert_array_equal(back.js[::-1], Logits().reduce_pair(a, b).js)


@pytest.mark.parametrize("position", [0, 7])
@pytest.mark.parametrize("bad", [np.nan, np.copysign(np.nan, -1), inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_no_number_is_refused_by_position(position, bad, dtype):
    a, b = (x.astype(dtype) for x in pair(9, 1500))
    b[position, 1200] = bad
    what = rf"b has (NaN|\+inf) at position {position}, token 1200"
    with pytest.raises(ValueError, match=what):
        Logits().reduce_pair(a, b)
    with pytest.raises(ValueError, match=what):
        Logits().residual_correlation(a, b)
    with pytest.raises(ValueError, match=rf"logits has .* at position {position}, token 1200"):
        Logits().ranked(b)


def test_nan_of_either_sign_and_in_bfloat16():
    bits, _ = bfloat16(pair(2, 100)[0])
    for nan in (0x7FC0, 0xFFC0, 0x7F81, 0xFFFF):
        bits[1, 40] = nan
        with pytest.raises(ValueError, match="NaN at position 1, token 40"):
            Logits().reduce_pair(bits, bits)


def test_what_else_is_refused():
    a, b = pair(2, 50)
    for bad, match in (
        (a.astype(np.float64), "must be float32"),
        (a.astype(">f4"), "native byte order"),
        (a[0], "n_positions"),
        (a[:, :0], "at least one token"),
    ):
        with pytest.raises(ValueError, match=match):
            Logits().reduce_pair(bad, bad)
    with pytest.raises(ValueError, match="same vocabulary"):
        Logits().reduce_pair(a, b[:, :-1])
    with pytest.raises(ValueError, match="none at position 1"):
        Logits().reduce_pair(a, np.where([[False], [True]], np.float32(-inf), b))
    with pytest.raises(ValueError, match="prior must be"):
        Logits().residual_correlation(a, b, prior=a[0, :-1])
    for wrong in ({"temperature_a": 0.0}, {"temperature_b": np.nan}, {"depth": 101}, {"threads": -1}):
        with pytest.raises(ValueError, match="got"):
            Logits(**wrong)


def test_no_position_and_one_token():
    none = np.empty((0, 9), np.float32)
    assert Logits().reduce_pair(none, none).js.shape == (0,)
    assert Logits().residual_correlation(none, none).shape == (0,)
    assert Logits().ranked(none).ids.shape == (0, 10)
    one = Logits().reduce_pair(np.array([[3.0]], np.float32), np.array([[-50.0]], np.float32))
    assert one.log_normaliser_a[0] == 3 and one.log_normaliser_b[0] == -50
    assert not any(getattr(one, field)[0] for field in FIELDS[2:])


logits = arrays.arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 70)),
    elements=st.floats(-50, 50, width=32) | st.just(-inf),
)


@settings(max_examples=80, deadline=None)
@given(logits, st.integers(0, 99))
def test_bounds_and_symmetry(x, seed):
    x[:, 0] = 1.0
    a, b = x, x[:, np.random.default_rng(seed).permutation(x.shape[1])].copy()
    b[:, 0] = -1.0
    there, back = Logits().reduce_pair(a, b), Logits().reduce_pair(b, a)
    assert (there.js >= 0).all() and (there.js <= LN2).all()
    assert (there.kl_ab >= 0).all() and (there.entropy_a >= 0).all()
    assert (there.entropy_a <= np.log(x.shape[1]) + 1e-6).all()
    np.testing.assert_array_equal(there.js, back.js)
    np.testing.assert_array_equal(there.kl_ab, back.kl_ba)


# Correlation of residuals.


def correlation(x, y, common):
    keep = np.isfinite(x) & np.isfinite(y) & np.isfinite(common)
    return np.corrcoef(x[keep] - common[keep], y[keep] - common[keep])[0, 1]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("per_position", [False, True])
@pytest.mark.parametrize("offset", [0.0, 3000.0])
def test_residual_correlation_against_float64(masked, per_position, offset):
    rng = np.random.default_rng(5)
    a, b = pair(4, 2700, distance=2.0)
    a, b = a + np.float32(offset), b - np.float32(offset)
    prior = rng.standard_normal(2700).astype(np.float32) * 4
    reference = rng.standard_normal((4, 2700) if per_position else 2700).astype(np.float32)
    if masked:
        a[2, :1500], b[2, 1490:1600], prior[7] = -inf, -inf, -inf
    got = Logits().residual_correlation(a, b, prior, reference)
    common = np.broadcast_to(prior.astype(np.float64) + reference, a.shape)
    want = [correlation(*rows) for rows in zip(a.astype(np.float64), b, common, strict=True)]
    np.testing.assert_allclose(got, want, atol=1e-3 if offset else 2e-6)
    if not masked:
        np.testing.assert_allclose(
            Logits().residual_correlation(a, b)[0], np.corrcoef(a[0], b[0])[0, 1], atol=2e-6
        )


def test_residual_correlation_sees_past_what_is_common():
    a, b = pair(3, 4000, distance=3.0, scale=1.0)
    rng = np.random.default_rng(1)
    common = rng.standard_normal(4000).astype(np.float32) * 8
    plain = Logits().residual_correlation(a + common, b + common)
    left = Logits().residual_correlation(a + common, b + common, prior=common)
    assert (plain > 0.9).all()
    np.testing.assert_allclose(left, Logits().residual_correlation(a, b), atol=1e-5)
    assert (left < 0.5).all()


def test_residuals_that_do_not_vary():
    a, b = pair(2, 30)
    got = Logits().residual_correlation(np.ones_like(a), b)
    assert np.isnan(got).all()
    a[0, 1:] = -inf
    assert np.isnan(Logits().residual_correlation(a, b)).tolist() == [True, False]
    with pytest.raises(ValueError, match="reference has NaN at position 0"):
        Logits().residual_correlation(a, b, reference=np.full(30, np.nan, np.float32))


# Means over probes.


def test_means_over_the_positions_of_a_probe():
    probe_of = np.array([0, 2, 2, 0, 3, 3])
    values = {
        "js": np.array([-0.1, -0.2, np.nan, -0.3, np.nan, np.nan]),
        "kl": np.array([-1, -inf, -2, -3, -4, -5.0]),
    }
    got = probe_values(values, probe_of, 5)
    assert got["js"].dtype == np.float32
    np.testing.assert_allclose(got["js"], [-0.2, np.nan, -0.2, np.nan, np.nan])
    np.testing.assert_allclose(got["kl"], [-2, np.nan, np.nan, -4.5, np.nan])
    assert np.isnan(probe_values({"js": np.empty(0)}, np.empty(0, np.int64), 2)["js"]).all()
    with pytest.raises(ValueError, match="probes 0 to 2"):
        probe_values(values, probe_of, 3)
    with pytest.raises(ValueError, match="positions"):
        probe_values({"js": np.zeros(2)}, probe_of, 5)


def test_nearer_models_have_larger_values():
    a, near = pair(8, 2000, distance=0.2)
    _, far = pair(8, 2000, distance=2.0)
    probe_of = np.repeat([0, 1], 4)
    near, far = (probe_values(Logits().reduce_pair(a, b).similarities(), probe_of, 2) for b in (near, far))
    assert set(near) == {"kl_ab", "kl_ba", "jensen_shannon"}
    assert all((near[name] > far[name]).all() for name in near)
