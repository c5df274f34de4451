"""A server's answer taken apart: what can be used, and what cannot."""

from __future__ import annotations

import json

import pytest

from auditor.sources.abilities import unusable
from auditor.sources.replies import Logprobs, read_reply
from auditor.sources.unanswered import UnansweredError


@pytest.mark.parametrize(
    ("values", "top", "words"),
    [
        ((-0.1,), ((("a", -0.1), ("b", -3.0)),), ""),
        ((), (), "empty list"),
        ((0.5,), ((),), "above 0"),
        ((-0.1,), ((("a", -0.1), ("b", -0.2)),), "sum to more than 1"),
        ((0.0, 0.0), ((("a", 0.0),), (("a", 0.0),)), ""),
        ((-0.1, None), ((), ()), "1 of 2 positions"),
    ],
)
def test_log_probabilities_that_cannot_be_any(values, top, words):
    reason = unusable(Logprobs(("x",) * len(values), values, top))
    assert (words in reason) if words else not reason


def reply(message, **more):
    body = {"choices": [{"message": message, "finish_reason": "stop", **more}]}
    return read_reply(json.dumps(body).encode(), 0.1).choices[0]


def test_forms_of_an_answer():
    assert reply({"content": None}).text == ""
    assert reply({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}).text == "ab"
    refused = reply({"content": None, "refusal": "No."})
    assert (refused.text, refused.refusal) == ("No.", True)
    assert reply({"content": "a", "reasoning_content": "hm"}).reasoning == "hm"
    assert reply({"content": "a"}, finish_reason=None).finish is None


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"choices": []}', b'{"choices": [1]}', b'{"choices": [{}]}', b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_no_answer_is_said_and_tried_again(content):
    with pytest.raises(UnansweredError) as caught:
        read_reply(content, 0.1)
    assert caught.value.again


@pytest.mark.parametrize(
    "found",
    [None, [], {"content": None}, {"content": [{"logprob": -1}]}, {"tokens": ["a"]}, {"content": [1]}],
)
def test_log_probabilities_in_another_form_are_none(found):
    choice = reply({"content": "a"}, logprobs=found)
    assert choice.logprobs is None
    assert choice.faults(True) == ["no logprobs"]
    assert choice.faults(False) == []
