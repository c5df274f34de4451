"""Logits and the span of an output matrix; overlap of lists."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import subspace
from detectors.subspace import overlap, share_within

VOCABULARY, HIDDEN = 500, 20


def model(seed, n=30):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((VOCABULARY, HIDDEN)), rng.standard_normal((n, HIDDEN))


def test_a_models_own_logits_lie_within_and_strangers_do_not():
    matrix, hidden = model(0)
    logits = hidden @ matrix.T + 7.0
    np.testing.assert_allclose(share_within(logits, matrix), 1, atol=1e-12)
    np.testing.assert_allclose(
        share_within(logits.astype(np.float32), matrix.astype(np.float32)), 1, atol=1e-9
    )
    strangers = share_within(hidden @ model(1)[0].T, matrix)
    assert np.mean(strangers) == pytest.approx(HIDDEN / VOCABULARY, abs=0.01)
    moved = share_within(hidden @ (matrix + 0.1 * model(2)[0]).T, matrix)
    assert (moved > 0.97).all() and (moved < 0.999).all()


def test_against_least_squares():
    matrix, hidden = model(0)
    logits = hidden @ model(1)[0].T + hidden @ matrix.T
    x = np.column_stack([matrix, np.ones(VOCABULARY)])
    left = logits.T - x @ np.linalg.lstsq(x, logits.T, rcond=None)[0]
    centred = logits - logits.mean(axis=1, keepdims=True)
    expected = 1 - (left**2).sum(axis=0) / (centred**2).sum(axis=1)
    np.testing.assert_allclose(share_within(logits, matrix), expected, atol=1e-10)


def test_a_teacher_that_shows_logits_alone(monkeypatch):
    """Its logit vectors span the same space, however many there are; tiles change nothing."""
    matrix, hidden = model(0, n=60)
    shown = (hidden[:40] @ matrix.T).T
    mine = hidden[40:] @ matrix.T
    np.testing.assert_allclose(share_within(mine, shown), 1, atol=1e-9)
    other = share_within(model(3)[1] @ model(4)[0].T, shown)
    monkeypatch.setattr(subspace, "TOKENS", 7)
    np.testing.assert_allclose(share_within(model(3)[1] @ model(4)[0].T, shown), other, atol=1e-10)


def test_flat_logits():
    matrix, _ = model(0)
    assert np.isnan(share_within(np.ones((2, VOCABULARY)), matrix)).all()
    assert (share_within(model(0)[1] @ matrix.T, np.ones((VOCABULARY, 3))) == 0).all()


def test_what_is_refused():
    matrix, hidden = model(0)
    logits = hidden @ matrix.T
    with pytest.raises(ValueError, match="same vocabulary"):
        share_within(logits[:, :-1], matrix)
    with pytest.raises(ValueError, match="spans everything"):
        share_within(logits[:, :20], matrix[:20])
    bad = logits.copy()
    bad[3, 4] = -np.inf
    with pytest.raises(ValueError, match="logits must be finite"):
        share_within(bad, matrix)
    with pytest.raises(ValueError, match="output_matrix must be finite"):
        share_within(logits, np.where(matrix > 3, np.nan, matrix))


def test_overlap():
    a = np.array([[1, 2, 3, 4], [5, 6, -1, -1], [-1, -1, -1, -1], [1, -1, -1, -1]], np.int32)
    b = np.array([[4, 9, 1], [6, 5, 7], [-1, -1, -1], [-1, -1, -1]], np.int32)
    np.testing.assert_array_equal(overlap(a, b), [0.5, 2 / 3, np.nan, 0])
    rng = np.random.default_rng(0)
    many = np.argsort(rng.random((600, 50)), axis=1)[:, :10].astype(np.int32)
    other = np.argsort(rng.random((600, 50)), axis=1)[:, :10].astype(np.int32)
    expected = [len(set(x) & set(y)) / 10 for x, y in zip(many.tolist(), other.tolist(), strict=True)]
    np.testing.assert_allclose(overlap(many, other), expected)
    with pytest.raises(ValueError, match="as many positions"):
        overlap(a, b[:2])
