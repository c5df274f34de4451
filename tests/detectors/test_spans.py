"""Spans that two tokenizers share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.spans import aligned_spans, token_offsets


def cut(text, places):
    edges = [0, *sorted(places), len(text)]
    return [text[i:j] for i, j in pairwise(edges)]


def test_spans_by_hand():
    a, b = [b"dis", b"till", b"ation", b" is"], [b"distill", b"at", b"ion", b" ", b"is"]
    spans = aligned_spans(token_offsets(a), token_offsets(b))
    assert spans.offsets.tolist() == [0, 7, 12, 15]
    assert spans.a.tolist() == [0, 2, 3, 4] and spans.b.tolist() == [0, 1, 3, 5]
    assert spans.n_bytes.tolist() == [7, 5, 3]


@settings(max_examples=150, deadline=None)
@given(st.binary(min_size=1, max_size=30), st.data())
def test_both_sides_of_a_span_are_the_same_bytes(text, data):
    places = st.sets(st.integers(0, len(text)), max_size=12)
    a, b = (cut(text, data.draw(places)) for _ in "ab")
    spans = aligned_spans(token_offsets(a), token_offsets(b))
    for i, (start, end) in enumerate(pairwise(spans.offsets)):
        for tokens, edges in ((a, spans.a), (b, spans.b)):
            assert b"".join(tokens[edges[i] : edges[i + 1]]) == text[start:end] != b""
    assert spans.offsets[0] == 0 and spans.offsets[-1] == len(text)
    ends = {sum(map(len, a[:i])) for i in range(len(a) + 1)} & {
        sum(map(len, b[:i])) for i in range(len(b) + 1)
    }
    assert set(spans.offsets) == ends


def test_special_tokens_and_a_cut_answer():
    begun, cut_short = [b"", b"ab", b"", b"c", b"d", b""], [b"a", b"b", b"c"]
    spans = aligned_spans(token_offsets(begun), token_offsets(cut_short))
    assert spans.offsets.tolist() == [0, 2, 3]
    assert spans.a.tolist() == [0, 2, 4] and spans.b.tolist() == [0, 2, 3]


def test_nothing_in_common():
    for a, b in (([0], [0]), ([1, 2], [3, 4]), ([], [0, 1])):
        spans = aligned_spans(np.array(a, np.int64), np.array(b, np.int64))
        assert not len(spans.n_bytes)


def test_what_is_refused():
    good = np.array([0, 2, 4])
    for bad in (np.array([0, 3, 2]), np.array([0.0, 1.0]), good[None]):
        with pytest.raises(ValueError, match="byte offsets"):
            aligned_spans(good, bad)
