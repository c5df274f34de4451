"""`completion` on generated samplers: models are categorical distributions over completions of each probe."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from detectors.completion import LACKS, Completion
from detectors.types import Measurement, PanelView, Probe

STOCK = [f"{a}{b} is the answer, {c}." for a in "ABCD" for b in ("yes", "no") for c in ("then", "so", "well")]
STATISTICS = ("nei", "mmd_hamming", "mmd_spectrum")


def model(seed: int, n_probes: int) -> np.ndarray:
    """(n_probes, n_completions) probabilities: half a taste common to all models, half its own."""
    common = np.random.default_rng(77).dirichlet(np.full(len(STOCK), 0.3), n_probes)
    own = np.random.default_rng([5, seed]).dirichlet(np.full(len(STOCK), 0.3), n_probes)
    return 0.5 * common + 0.5 * own


def panel(models: list[np.ndarray], n_samples: int, seed: int = 0) -> PanelView:
    draw = np.random.default_rng(seed)
    n_probes = len(models[0])
    samples = tuple(
        pa.array(
            [STOCK[draw.choice(len(STOCK), p=m[j])] for j in range(n_probes) for m in models],
            pa.large_string(),
        )
        for _ in range(n_samples)
    )
    return view_of(samples, len(models), n_probes)


def view_of(samples: tuple[pa.LargeStringArray, ...], n_subjects: int, n_probes: int) -> PanelView:
    names = tuple(f"m{i}" for i in range(n_subjects))
    probes = tuple(Probe(f"{j:016x}", f"prompt {j}") for j in range(n_probes))
    return PanelView(names, names, probes, samples[0], samples)


def texts_of(answers: list[list[str | None]], n_subjects: int) -> PanelView:
    samples = tuple(pa.array(a, pa.large_string()) for a in answers)
    return view_of(samples, n_subjects, len(answers[0]) // n_subjects)


def measured(view: PanelView, teachers: tuple[int, ...] = (0, 1)) -> dict[str, Measurement]:
    return {m.statistic: m for m in Completion().measure(view, teachers)}


def test_shape_type_and_same_bits() -> None:
    view = panel([model(i, 7) for i in range(4)], 5)
    first, again = measured(view), measured(view)
    assert tuple(first) == STATISTICS
    for name, m in first.items():
        assert m.values.shape == (4, 2, 7)
        assert m.values.dtype == np.float32
        assert np.isfinite(m.values).all()
        assert m.params == {"beginning": 4, "hamming": 50, "grams": 5, "spectrum": 200}
        np.testing.assert_array_equal(m.values, again[name].values)


def test_one_sample_is_said_and_measured_as_nothing() -> None:
    view = panel([model(i, 3) for i in range(3)], 1)
    assert Completion().lacks(view) == LACKS == "needs at least two samples per probe"
    assert Completion().lacks(view_of((view.texts,), 3, 3)) == LACKS
    assert Completion().lacks(PanelView(view.subjects, view.groups, view.probes, view.texts)) == LACKS
    assert all(np.isnan(m.values).all() for m in measured(view).values())
    assert Completion().lacks(panel([model(i, 3) for i in range(3)], 2)) == ""


def test_samples_of_different_models_are_not_two_samples() -> None:
    """Two samples somewhere, but never two of one subject on one probe."""
    view = texts_of([["a", None], [None, "a"]], 2)
    assert Completion().lacks(view) == LACKS


def test_missing_samples_are_not_measurable() -> None:
    full = panel([model(i, 4) for i in range(3)], 3)
    samples = [s.to_pylist() for s in full.samples]
    for s in samples[1:]:
        s[2 * 3 + 1] = None  # subject 1 keeps one sample of probe 2
    for m in measured(texts_of(samples, 3)).values():
        missing = np.isnan(m.values)
        assert missing[1, :, 2].all() and missing[:, 1, 2].all()
        assert not np.delete(missing[:, :1], 1, axis=0).any()
        assert missing.sum() == 4  # subject 1 towards both teachers, both others towards teacher 1


@pytest.mark.parametrize("n_samples", [2, 3, 8])
def test_mmd_of_equal_distributions_is_unbiased(n_samples: int) -> None:
    """600 probes of one distribution sampled twice: the mean is 0 within 4 standard errors."""
    same = np.tile(model(1, 1), (600, 1))
    for name, m in measured(panel([same, same], n_samples), (0,)).items():
        values = m.values[1, 0]
        if name == "nei":
            values = values - 1
        assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))
        if name != "nei":
            assert (values > 0).any() and (values < 0).any()


def test_a_biased_estimate_would_be_seen() -> None:
    """Same-sample pairs let in: the mean over equal distributions is many standard errors from 0."""
    same = np.tile(model(1, 1), (600, 1))
    view = panel([same, same], 3)
    codes = np.array([s.to_pylist() for s in view.samples]).reshape(3, 600, 2)
    equal = np.array([codes[i, :, 0] == codes[k, :, 0] for i, k in itertools.product(range(3), repeat=2)])
    across = np.array([codes[i, :, 0] == codes[k, :, 1] for i, k in itertools.product(range(3), repeat=2)])
    biased = equal.mean(axis=0) - across.mean(axis=0)
    assert biased.mean() > 8 * biased.std() / np.sqrt(600)


def test_against_the_definition() -> None:
    """Every statistic again, pair by pair, from the kernels as the papers write them."""
    view = panel([model(i, 2) for i in range(3)], 4)
    found = measured(view)
    texts = [[[s[j * 3 + i].as_py() for s in view.samples] for i in range(3)] for j in range(2)]

    def grams(text: str) -> dict[str, int]:
        cut = text[:200]
        every = [cut[i : i + n] for n in range(1, 6) for i in range(len(cut) - n + 1)]
        return {g: every.count(g) for g in set(every)}

    def hamming(a: str, b: str) -> float:
        pairs = zip(a[:50].ljust(50, "\0"), b[:50].ljust(50, "\0"), strict=True)
        return sum(x == y for x, y in pairs) / 50

    def spectrum(a: str, b: str) -> float:
        u, v = grams(a), grams(b)
        length = np.sqrt(sum(n * n for n in u.values()) * sum(n * n for n in v.values()))
        return sum(n * v.get(g, 0) for g, n in u.items()) / length

    def across(kernel, a: list[str], b: list[str]) -> float:
        return np.mean([kernel(x, y) for x in a for y in b])

    def within(kernel, a: list[str]) -> float:
        return np.mean([kernel(a[i], a[k]) for i in range(len(a)) for k in range(len(a)) if i != k])

    def same(a: str, b: str) -> float:
        return float(a[:4] == b[:4])

    for name, kernel in (("mmd_hamming", hamming), ("mmd_spectrum", spectrum)):
        for j in range(2):
            t, s = texts[j][0], texts[j][2]
            expected = 2 * across(kernel, s, t) - within(kernel, s) - within(kernel, t)
            assert found[name].values[2, 0, j] == pytest.approx(expected, abs=1e-6)
    own = [np.mean([within(same, texts[j][i]) for j in range(2)]) for i in (0, 2)]
    shared = np.mean([across(same, texts[j][2], texts[j][0]) for j in range(2)])
    assert found["nei"].values[2, 0].mean() == pytest.approx(shared / np.sqrt(own[0] * own[1]), abs=1e-6)


def test_a_model_is_itself() -> None:
    found = measured(panel([model(i, 20) for i in range(3)], 4), (2,))
    assert found["nei"].values[2, 0].mean() == pytest.approx(1, abs=1e-6)
    for name in STATISTICS[1:]:
        np.testing.assert_allclose(found[name].values[2, 0], 0, atol=1e-6)


def contrast(share: float, seed: int, n_probes: int = 40) -> np.ndarray:
    """Towards the teacher less towards six decoys, of a student with `share` of the teacher in it."""
    models = [model(10 * seed + i, n_probes) for i in range(8)]
    models[-1] = share * models[0] + (1 - share) * models[-1]
    found = measured(panel(models, 6, seed), tuple(range(7)))
    rows = [found[name].values[-1].mean(axis=1) for name in STATISTICS]
    return np.array([r[0] - r[1:].mean() for r in rows])


def test_grows_with_the_mix() -> None:
    none, half, every = (contrast(share, 1, n_probes=120) for share in (0.0, 0.5, 1.0))
    assert (half > none).all() and (every > half).all()


def test_independent_models_are_centred() -> None:
    values = np.array([contrast(0.0, seed) for seed in range(2, 18)])
    z = values.mean(axis=0) / (values.std(axis=0, ddof=1) / np.sqrt(len(values)))
    assert (np.abs(z) < 4).all()


def test_order_of_probes_and_of_samples_changes_nothing() -> None:
    view = panel([model(i, 6) for i in range(3)], 3)
    order = np.array([4, 0, 5, 2, 1, 3])
    rows = pa.array((order[:, None] * 3 + np.arange(3)).ravel())
    other = view_of(tuple(s.take(rows) for s in view.samples[::-1]), 3, 6)
    for name, m in measured(view).items():
        np.testing.assert_allclose(m.values[:, :, order], measured(other)[name].values, atol=1e-6)


HOSTILE = [
    "",
    " ",
    "x",
    "\x00",
    "\x00\x00\x00",
    "😀" * 500,
    "日本語だけ",
    "a\u0301\u202e",
    "z" * 100_000,
    "]]>\n\t",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_degenerate_texts_do_not_raise(text: str) -> None:
    for m in measured(texts_of([[text] * 6, [text] * 6], 3)).values():
        assert not np.isinf(m.values).any()
    for m in measured(texts_of([[text, "plain answer"] * 3, [text, "another one"] * 3], 2)).values():
        assert not np.isinf(m.values).any()


def test_a_model_that_never_repeats_itself_has_no_nei() -> None:
    view = texts_of([["aaaa", "same"], ["bbbb", "same"]], 2)
    found = measured(view)
    assert np.isnan(found["nei"].values[0]).all() and np.isnan(found["nei"].values[:, 0]).all()
    assert found["nei"].values[1, 1, 0] == 1
    assert np.isfinite(found["mmd_hamming"].values).all()


def test_nobody_answered() -> None:
    for m in measured(texts_of([[None, None], [None, None]], 2)).values():
        assert np.isnan(m.values).all()


def main() -> None:
    """Print the tables of docs/detectors/completion.md."""
    for n_samples in (2, 8):
        for share in (0.0, 0.25, 0.5, 1.0):
            print(n_samples, share, *power(share, n_samples), flush=True)


def power(share: float, n_samples: int, repeats: int = 12, n_references: int = 30) -> list[str]:
    """By statistic: mean z of a student among references, and the share of students above all of them."""
    rows = []
    for seed in range(repeats):
        models = [model(1000 * (seed + 1) + i, 40) for i in range(7 + n_references + 1)]
        models[-1] = share * models[0] + (1 - share) * models[-1]
        found = measured(panel(models, n_samples, seed), tuple(range(7)))
        means = np.array([found[name].values.mean(axis=2) for name in STATISTICS])[:, 7:]
        a = means[:, :, 0] - means[:, :, 1:].mean(axis=2)
        null = a[:, :-1]  # NaN: a model that never repeated itself has no Nei similarity
        z = (a[:, -1] - np.nanmean(null, axis=1)) / np.nanstd(null, axis=1, ddof=1)
        rows.append([z, a[:, -1] > np.nanmax(null, axis=1)])
    z, above = np.nanmean(rows, axis=0)
    return [f"{name} z {m:.1f} above {p:.2f}" for name, m, p in zip(STATISTICS, z, above, strict=True)]


if __name__ == "__main__":
    main()
