"""Scorers side by side: common texts, common spans, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.scores import Scores, TextId, aligned, check, texts_by

A, B, C = TextId("T", "p1"), TextId("T", "p2"), TextId("D", "p1")


def scores(scorer, cut, logprobs=None):
    """`cut`: by text, the tokens as bytes; a logprob of -1 a byte unless given."""
    lengths = [len(tokens) for tokens in cut.values()]
    ends = [end for tokens in cut.values() for end in np.cumsum([len(t) for t in tokens])]
    given = [-float(len(t)) for tokens in cut.values() for t in tokens] if logprobs is None else logprobs
    return Scores(
        scorer,
        tuple(cut),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        np.array(ends, np.int64),
        np.array(given, np.float32),
    )


def spans(found):
    return [
        (found.texts[i], int(start), int(start + n))
        for i, start, n in zip(found.text, found.start, found.n_bytes, strict=True)
    ]


def test_two_tokenizers_by_hand():
    one = scores("S", {A: [b"dis", b"till", b"ation", b" is"]}, [-1, -2, -3, -4])
    two = scores("M", {A: [b"distill", b"at", b"ion", b" ", b"is"]}, [-5, -6, -7, -8, -9])
    found = aligned([one, two])
    assert found.scorers == ("S", "M") and found.texts == (A,)
    assert spans(found) == [(A, 0, 7), (A, 7, 12), (A, 12, 15)]
    assert found.logprobs.tolist() == [[-3, -3, -4], [-5, -13, -17]]
    assert found.row("M").tolist() == [-5, -13, -17]
    assert found.logprobs.dtype == np.float64 and found.n_bytes.dtype == np.int64


def test_a_character_of_several_tokens():
    """A source that only knows characters ends all bytes of one at the same place: they stay together."""
    whole = scores("S", {A: ["né".encode(), "日".encode(), b"!"]}, [-1, -2, -3])
    pieces = scores("M", {A: [b"n\xc3", b"\xa9", b"\xe6", b"\x97\xa5", b"!"]}, [-1, -2, -3, -4, -5])
    by_character = replace(pieces, scorer="R", ends=np.array([3, 3, 6, 6, 7]))
    found = aligned([whole, pieces, by_character])
    assert spans(found) == [(A, 0, 3), (A, 3, 6), (A, 6, 7)]
    assert found.logprobs.tolist() == [[-1, -2, -3], [-3, -7, -5], [-3, -7, -5]]


def test_a_token_before_the_text_and_one_of_no_bytes():
    begun = scores("S", {A: [b"", b"ab", b"c"]}, [np.nan, -2, -3])
    plain = scores("M", {A: [b"ab", b"c"]}, [-4, -5])
    assert aligned([begun, plain]).logprobs.tolist() == [[-2, -3], [-4, -5]]


def test_truncated_texts_and_unknown_tokens():
    whole = scores("S", {A: [b"a", b"b", b"c"], B: [b"d", b"e"]}, [np.nan, -2, -3, -4, -5])
    short = scores("M", {A: [b"a", b"b"], B: [b"de"]}, [-1, -2, -9])
    found = aligned([whole, short])
    assert spans(found) == [(A, 1, 2), (B, 0, 2)]
    assert found.logprobs.tolist() == [[-2, -9], [-2, -9]]
    nothing = scores("R", {A: [], B: [b"d"]})
    found = aligned([whole, short, nothing])
    assert found.texts == (A, B) and not len(found.text) and found.logprobs.shape == (3, 0)


def test_texts_that_one_scorer_lacks_and_their_order():
    one = scores("S", {B: [b"xy"], A: [b"a", b"b"], C: [b"c"]}, [-1, -2, -3, -4])
    two = scores("M", {C: [b"c"], A: [b"ab"]}, [-5, -6])
    found = aligned([one, two])
    assert found.texts == (C, A)
    assert found.logprobs.tolist() == [[-4, -5], [-5, -6]]
    again = aligned([two, one])
    assert spans(again) == spans(found) and (again.logprobs == found.logprobs[::-1]).all()


def test_sums_by_text():
    found = aligned([scores("S", {A: [b"a", b"b"], B: [], C: [b"cd"]}, [-1, -2, -4])])
    assert found.texts == (C, A, B)
    assert found.sums(found.logprobs).tolist() == [[-4, -3, 0]]
    assert found.sums(np.ones(3)).tolist() == [1, 2, 0]


def test_texts_of_one_author():
    both = scores("S", {A: [b"a", b"b"], C: [b"c"], B: [b"de"]}, [-1, -2, -3, -4])
    own = texts_by(both, "T")
    assert own.texts == (A, B) and own.starts.tolist() == [0, 2, 3]
    assert own.ends.tolist() == [1, 2, 2] and own.logprobs.tolist() == [-1, -2, -4]
    none = texts_by(both, "nobody")
    assert none.texts == () and none.starts.tolist() == [0] and not len(none.ends)
    check(none)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.binary(max_size=12), min_size=1, max_size=4), st.data())
def test_spans_are_where_all_cut_and_nothing_is_lost(texts, data):
    def cut(text):
        places = data.draw(st.sets(st.integers(0, len(text)), max_size=6))
        edges = sorted({0, *places, len(text)})
        return [text[i:j] for i, j in pairwise(edges)]

    ids = [TextId("T", f"p{i}") for i in range(len(texts))]
    cuts = [{i: cut(t) for i, t in zip(ids, texts, strict=True)} for _ in range(3)]
    found = aligned([scores(f"m{k}", c) for k, c in enumerate(cuts)])
    for k in range(3):
        assert found.logprobs[k].tolist() == (-found.n_bytes).tolist()  # -1 a byte, however it is cut
    assert found.sums(found.n_bytes.astype(float)).tolist() == [len(t) for t in texts]
    ends = [
        set.intersection(*({int(e) for e in np.cumsum([len(t) for t in c[i]])} for c in cuts)) for i in ids
    ]
    assert spans(found) == [
        (i, start, stop) for i, e in zip(ids, ends, strict=True) for start, stop in pairwise([0, *sorted(e)])
    ]


def test_what_is_refused():
    good = scores("S", {A: [b"a", b"b"], B: [b"c"]})
    with pytest.raises(ValueError, match="at least one scorer"):
        aligned([])
    with pytest.raises(ValueError, match="each given once"):
        aligned([good, good])
    with pytest.raises(ValueError, match="scored by all of S, M; M scored the fewest"):
        aligned([good, scores("M", {C: [b"a"]})])
    wrong = {
        "twice": {"texts": (A, A)},
        "`starts` must rise": {"starts": np.array([0, 2])},
        "starts": {"starts": np.array([0, 3, 2])},
        "from 0": {"starts": np.array([1, 2, 3])},
        "number of tokens": {"logprobs": np.zeros(2, np.float32)},
        "sample 0 of T for probe p1": {"ends": np.array([2, 1, 1])},
        "must not fall": {"ends": np.array([1, 2, -1])},
        "got -inf in sample 0 of T for probe p2": {"logprobs": np.array([-1, -1, -np.inf], np.float32)},
        "Negate losses": {"logprobs": np.array([0.5, -1, -1], np.float32)},
    }
    for message, change in wrong.items():
        with pytest.raises(ValueError, match=message):
            check(replace(good, **change))


def test_an_offset_may_fall_between_texts_only():
    check(scores("S", {A: [b"abc"], B: [], C: [b"d", b"e"]}))
