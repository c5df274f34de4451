"""The gap between two models' log-probabilities, and how small it is among those of references."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.equality import closeness, gap
from detectors.scores import Scores, TextId, joined, taken

TEXTS = tuple(TextId("T", str(i)) for i in range(4))


def scores(name: str, logprobs: list[list[float]], ends: list[list[int]] | None = None) -> Scores:
    ends = ends or [list(range(2, 2 * len(row) + 2, 2)) for row in logprobs]
    starts = np.cumsum([0, *map(len, logprobs)], dtype=np.int64)
    flat = np.array([v for row in logprobs for v in row], np.float32)
    return Scores(
        name, TEXTS[: len(logprobs)], starts, np.array([e for r in ends for e in r], np.int64), flat
    )


def test_the_mean_difference_without_its_sign():
    one, other = scores("a", [[-1, -2], [-3]]), scores("b", [[-1.5, -1], [-3]])
    found = gap(one, other, TEXTS)
    assert found is not None
    assert (found.value, found.spans, found.texts) == (pytest.approx(0.5), 3, 2)
    assert gap(one, other, TEXTS[1:]).value == 0  # type: ignore[union-attr]


def test_no_common_text_and_a_model_beside_itself_have_no_gap():
    one, other = scores("a", [[-1.0]]), scores("b", [[-1.0]])
    assert gap(one, other, ()) is None and gap(one, one, TEXTS) is None


def test_a_beginning_is_compared_as_far_as_it_goes():
    whole, beginning = scores("a", [[-1, -2, -3]]), scores("b", [[-1, -4]])
    found = gap(whole, beginning, TEXTS)
    assert found is not None and (found.value, found.spans) == (1.0, 2)


def test_texts_spelled_in_other_tokens_are_left_out_where_most_are_cut_alike():
    """What stands before a token is then not the same tokens, though it is the same text."""
    same = [[-1.0, -1.0]] * 3
    one = scores("a", [*same, [-9.0]], [[2, 4]] * 3 + [[4]])
    other = scores("b", [*same, [-1.0, -1.0]], [[2, 4]] * 4)
    assert gap(one, other, TEXTS).value == 0  # type: ignore[union-attr]
    only = gap(taken(one, TEXTS[3:]), taken(other, TEXTS[3:]), TEXTS)
    assert only is not None and only.value == 7, "of another tokenizer, whole spans are compared"


def test_small_is_small_among_references_and_the_floor_is_said():
    references = [0.4, 0.5, 0.6, 0.45, 0.55, 0.5, 0.52, 0.48, 0.61]
    far, near = closeness(0.5, references), closeness(0.001, references)
    assert far.p_t > 0.2 and far.p_rank == 0.6
    assert near.p_t == 0.001 and near.p_rank == near.p_floor == 0.1
    assert closeness(0.0, references).p_t == 0.001


def test_p_is_uniform_where_the_student_is_one_of_the_references():
    draw = np.random.default_rng(0)
    p = [closeness(v[0], v[1:]).p_t for v in np.exp(draw.normal(-1, 0.2, (2000, 21)))]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.035)


def test_of_a_text_that_is_scored_twice_the_first_counts():
    found = joined(scores("a", [[-1.0]]), scores("a", [[-5.0], [-2.0, -3.0]]))
    assert found.texts == TEXTS[:2] and found.logprobs.tolist() == [-1, -2, -3]
    assert found.starts.tolist() == [0, 1, 3]
