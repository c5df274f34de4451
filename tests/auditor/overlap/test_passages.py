"""Passages to read: what is marked is in both texts, and long texts are cut around it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.overlap.passages import ALIGNED, KEPT, _around, shared
from tests.auditor.overlap.corpora import documents, edited

words = st.lists(
    st.sampled_from(["the", "cat", "sat", "on", "a", "mat", ".", "éß", "漢字"]), max_size=40
).map(" ".join)


@settings(max_examples=80, deadline=None)
@given(words, words)
def test_marks_are_in_both_texts_and_in_order(left, right):
    marks = shared(left, right)
    assert len(marks[0]) <= len(left) and len(marks[1]) <= len(right)
    for text, spans in zip((left, right), marks, strict=True):
        ends = [end for span in spans for end in span]
        assert ends == sorted(ends) and all(0 <= e <= len(text) for e in ends)
    assert bool(marks[0]) == bool(marks[1])


def test_an_edited_copy_is_marked_but_for_the_edits():
    text = documents(1, 1)[0]
    other = edited(text, 3)
    marks, _ = shared(other, text)
    unmarked = other
    for start, end in reversed(marks):
        unmarked = unmarked[:start] + unmarked[end:]
    assert all(
        f"changed0x{at}" in unmarked for at in (int(w.split("x")[1]) for w in other.split() if "changed" in w)
    )


def test_a_passage_deep_inside_a_long_text_is_shown():
    answer = documents(2, 1, words=60)[0]
    before = documents(3, 1, words=ALIGNED // 4)[0]
    long = f"{before} {answer} {before}"
    assert len(long) > ALIGNED
    spans, _ = shared(long, answer)
    text, cut, inside = _around(long, spans)
    assert len(text) <= KEPT and cut > 0
    assert any(text[a:b].startswith(answer[:200]) for a, b in inside)
