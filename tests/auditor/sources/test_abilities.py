"""What an endpoint is found to do: what it refuses, what it ignores without a word, what cannot be told."""

from __future__ import annotations

import asyncio
import re

import pytest

from auditor.sources import parse_endpoint
from auditor.sources.abilities import find_out
from auditor.sources.endpoint import Endpoint
from auditor.sources.pacing import Patience
from auditor.sources.responder import Decoding
from tests.endpoint_server import about_abilities, serving


@pytest.fixture
def server(monkeypatch):
    for name in ("AUDIT_API_KEY", "OPENAI_API_KEY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


def abilities(server, decoding=None):
    async def run():
        target = parse_endpoint(f"openai:m@{server.url}")
        async with Endpoint(target, patience=Patience(tries=3, first=0.01, longest=0.02)) as it:
            return await find_out(it, decoding or Decoding())

    return asyncio.run(run())


def test_a_server_that_does_everything(server):
    found = abilities(server)
    assert (found.top_logprobs, found.seed, found.several, found.missing) == (20, True, True, {})
    assert all(about_abilities(body) for body in server.requests)
    assert found.prompt_logprobs
    assert len(server.requests) <= parse_endpoint(f"openai:m@{server.url}").trials


@pytest.mark.parametrize(
    ("ability", "ignored", "refused"),
    [
        ("logprobs", "ignores 'logprobs'", "refused: .*unsupported: logprobs"),
        ("seed", "ignored: one seed gave two different answers", "refused: .*unsupported: seed"),
        ("n", "ignored: asked for 2 answers at once, got 1", "refused: .*unsupported: n"),
    ],
)
def test_what_is_ignored_without_a_word_and_what_is_refused(server, ability, ignored, refused):
    server.ignores = {ability}
    found = abilities(server).missing
    assert list(found) == [ability]
    assert ignored in found[ability]
    server.ignores, server.refuses = set(), {ability}
    (reason,) = abilities(server).missing.values()
    assert re.search(refused, reason)


@pytest.mark.parametrize(
    ("ignores", "refuses", "value", "words"),
    [
        ({"echo"}, set(), -1.5, "ignored: the answer does not begin with the prompt"),
        ({"echo_logprobs"}, set(), -1.5, "ignored: the prompt came back without log probabilities"),
        (set(), {"completions"}, -1.5, "refused: .*404"),
        (set(), set(), 0.5, "no log probabilities"),
        (set(), set(), float("nan"), "no log probabilities"),
    ],
)
def test_log_probabilities_of_a_text_that_is_given(server, ignores, refuses, value, words):
    server.ignores, server.refuses, server.echoed = ignores, refuses, value
    found = abilities(server)
    assert not found.prompt_logprobs
    assert list(found.missing) == ["prompt_logprobs"]
    assert re.search(words, found.missing["prompt_logprobs"])


@pytest.mark.parametrize(
    ("status", "word"), [("403", "refused"), ("500", "cannot be told"), ("501", "refused")]
)
def test_trouble_at_the_other_door_stops_nothing(server, status, word):
    server.closed = status
    assert abilities(server).missing["prompt_logprobs"].startswith(f"{word}: ")
    assert sum("echo" in body for body in server.requests) == 1


def test_how_many_log_probabilities(server):
    server.most_top = 5
    assert abilities(server).top_logprobs == 5
    server.most_top = 0
    assert abilities(server).top_logprobs == 0


def test_fewer_are_asked_for_where_many_are_refused(server):
    server.fault = lambda body: "400" if body.get("top_logprobs", 0) > 5 else None
    assert abilities(server).top_logprobs == 5


def test_log_probabilities_that_are_no_numbers(server):
    server.fault = lambda body: "nan"
    found = abilities(server)
    assert found.top_logprobs is None
    assert "NaN" in found.missing["logprobs"]


def test_a_server_that_always_says_the_same(server):
    server.greedy = True
    found = abilities(server).missing
    assert "cannot be told" in found["seed"]
    assert "one and the same answer" in found["sampling"]


def test_a_server_that_says_nothing(server):
    server.fault = lambda body: "empty"
    assert abilities(server).missing["seed"] == "cannot be told: the answers were empty"
