"""One endpoint: the key, what is tried again and what is not, the pace, and what it is found to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest

from auditor.errors import AuditError
from auditor.sources import parse_endpoint
from auditor.sources.abilities import find_out, unusable
from auditor.sources.endpoint import Endpoint, key_from
from auditor.sources.pacing import Pacer, Patience
from auditor.sources.replies import Logprobs, read_reply
from auditor.sources.responder import Decoding
from auditor.sources.unanswered import UnansweredError, message_in, of_status, told_to_wait
from tests.endpoint_server import about_abilities, serving

FAST = Patience(tries=3, first=0.01, longest=0.02)


@pytest.fixture
def server(monkeypatch):
    for name in ("AUDIT_API_KEY", "OPENAI_API_KEY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


def with_endpoint(server, use, *, name="m", patience=FAST, **options):
    async def run():
        async with Endpoint(
            parse_endpoint(f"openai:{name}@{server.url}"), patience=patience, **options
        ) as it:
            return await use(it)

    return asyncio.run(run())


def ask(server, decoding=None, **options):
    seed, n = options.pop("seed", None), options.pop("n", 1)
    return with_endpoint(server, lambda e: e.ask("Hello?", decoding or Decoding(), seed=seed, n=n), **options)


def faults(*names):
    """A server's behaviour: these faults one after the other, then none."""
    queue = list(names)
    return lambda body: queue.pop(0) if queue else None


def test_only_what_was_asked_for_is_sent(server):
    reply = ask(server)
    assert server.requests == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Hello?"}],
            "temperature": 0.0,
            "max_tokens": 1024,
        }
    ]
    assert reply.choices[0].text == server.text(server.requests[0])
    assert (reply.model, reply.tokens) == ("m-0613", {"prompt": 7, "completion": 12})


def test_everything_that_was_asked_for_is_sent(server):
    ask(server, Decoding(0.7, 5, 2, 3, "Be brief."), seed=9, n=2)
    body = server.requests[0]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert [body[k] for k in ("temperature", "max_tokens", "seed", "n")] == [0.7, 5, 9, 2]
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, None),
        ({"OPENAI_API_KEY": "open"}, "Bearer open"),
        ({"OPENAI_API_KEY": "open", "AUDIT_API_KEY": " ours\n"}, "Bearer ours"),
    ],
)
def test_the_key_comes_from_the_environment(server, monkeypatch, given, sent):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    ask(server)
    assert server.headers[0].get("authorization") == sent


def test_a_key_that_cannot_be_sent_is_not_shown():
    with pytest.raises(AuditError, match="AUDIT_API_KEY must be plain") as caught:
        key_from({"AUDIT_API_KEY": "schlüssel"})
    assert "schlüssel" not in str(caught.value)


def test_a_key_that_the_server_repeats_is_not_shown(server, monkeypatch):
    server.key = "right"
    monkeypatch.setenv("AUDIT_API_KEY", "wrong-secret")
    with pytest.raises(UnansweredError, match=r"401.*Set OPENAI_API_KEY or AUDIT_API_KEY") as caught:
        ask(server)
    assert "wrong-secret" not in caught.value.what
    assert caught.value.stops


@pytest.mark.parametrize(
    "fault", ["429", "500", "503", "malformed", "no_choices", "cut", "chunks", "stream", "408"]
)
def test_what_passes_is_tried_again(server, fault):
    server.fault = faults(fault, fault)
    assert ask(server).choices[0].text
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "words", "stops"),
    [
        ("429", r"429 \(fault 429\)\. Tried 3 times\. Ask less: --rate", True),
        ("500", r"500 \(fault 500\)\. Tried 3 times", False),
        ("malformed", "not valid JSON .* it begins", False),
        ("no_choices", "no 'choices'.* the server says 'out of memory'", False),
        ("cut", "No whole answer", False),
        ("chunks", "No whole answer", False),
        ("stream", "It is a stream, and none was asked for", False),
    ],
)
def test_what_does_not_pass_is_given_up(server, fault, words, stops):
    server.fault = lambda body: fault
    with pytest.raises(UnansweredError, match=words) as caught:
        ask(server)
    assert len(server.requests) == 3
    assert caught.value.stops == stops


@pytest.mark.parametrize(("fault", "stops"), [("400", False), ("403", True), ("404", True), ("402", True)])
def test_what_cannot_pass_is_not_tried_again(server, fault, stops):
    server.fault = lambda body: fault
    with pytest.raises(UnansweredError, match=fault) as caught:
        ask(server)
    assert len(server.requests) == 1
    assert caught.value.stops == stops


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ({"message": "Top up.", "code": "insufficient_quota"}, False),
        ({"message": "Quota exceeded for requests per minute", "code": 429}, True),
    ],
)
def test_an_empty_account_is_not_a_busy_server(said, again):
    trouble = of_status(429, message_in({"error": said}), {}, "http://host/v1", has_key=True)
    assert (trouble.again, trouble.stops) == (again, not again)


def test_nobody_there(server):
    server.url = "http://127.0.0.1:9/v1"
    with pytest.raises(UnansweredError, match="Check that the server runs") as caught:
        ask(server)
    assert caught.value.stops


def test_a_redirect_does_not_take_the_key_elsewhere(server, monkeypatch):
    """The client follows redirects; another host must not get the key."""
    monkeypatch.setenv("AUDIT_API_KEY", "ours")
    with serving() as other:
        other.url = other.url.replace("127.0.0.1", "localhost")
        server.moved = f"{other.url}/chat/completions"
        with contextlib.suppress(UnansweredError):
            ask(server, patience=Patience(tries=1))
        (headers,) = other.headers
        assert "ours" not in str(headers)
        assert server.headers[0]["authorization"] == "Bearer ours"


def test_a_server_that_hangs(server):
    server.fault = lambda body: "hang"
    with pytest.raises(UnansweredError, match=r"no whole answer within 0\.2 s.*--timeout") as caught:
        ask(server, timeout=0.2, patience=Patience(tries=1))
    assert not caught.value.stops


def test_a_server_that_drips(server):
    """Each piece comes in time, the whole never does."""
    server.fault = lambda body: "drip"
    started = monotonic()
    with pytest.raises(UnansweredError, match=r"no whole answer within 0\.3 s"):
        ask(server, timeout=0.3, patience=Patience(tries=1))
    assert monotonic() - started < 2


def test_retry_after_is_obeyed_by_all(server):
    server.retry_after = "0.3"
    server.fault = faults("429")

    async def several(endpoint):
        await asyncio.gather(*(endpoint.ask(f"Ask {i}?", Decoding()) for i in range(6)))
        return [await endpoint.ask("Last?", Decoding())]

    with_endpoint(server, several)
    refused = server.times[0]
    assert len(server.requests) == 8
    assert max(server.times) - refused >= 0.3


def test_a_busy_server_that_answers_others_uses_up_no_patience(server):
    turns = iter(range(1000))
    server.fault = lambda body: (
        "429" if body["messages"][-1]["content"] == "Slow?" and next(turns) < 9 else None
    )

    async def use(endpoint):
        slow = asyncio.create_task(endpoint.ask("Slow?", Decoding()))
        for i in range(200):
            if slow.done():
                break
            await endpoint.ask(f"Ask {i}?", Decoding())
        return await slow

    assert with_endpoint(server, use).choices[0].text
    assert server.times_of("Slow?") == 10


def test_a_server_that_asks_for_an_hour_is_not_waited_for(server):
    server.retry_after = "3600"
    server.fault = lambda body: "429"
    with pytest.raises(UnansweredError, match=r"wait 3600 s\. Run the same command after that") as caught:
        ask(server)
    assert caught.value.stops
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "-7"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, seconds):
    assert told_to_wait(headers) == seconds


def test_a_server_may_name_a_date():
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < told_to_wait({"retry-after": when}) <= 60


def test_the_rate_spaces_requests_out(server):
    async def several(endpoint):
        await asyncio.gather(*(endpoint.ask(f"Ask {i}?", Decoding()) for i in range(5)))

    with_endpoint(server, several, rate=1200)  # one every 50 ms
    gaps = [b - a for a, b in zip(server.times, server.times[1:], strict=False)]
    assert server.times[-1] - server.times[0] >= 0.18
    assert min(gaps) > 0.01


def test_a_pacer_without_a_rate_waits_for_nothing():
    async def turns():
        pacer = Pacer(None)
        for _ in range(1000):
            await pacer.turn()

    asyncio.run(asyncio.wait_for(turns(), 1))


def test_waits_grow_and_are_bounded():
    patience = Patience(first=1, longest=8)
    assert [round(patience.wait(n) + 0.499) for n in (1, 2, 3)] == [1, 2, 4]
    assert patience.wait(50) <= 8


def test_the_newer_name_of_the_limit_is_taken_up(server):
    server.refuses = {"max_tokens"}
    assert ask(server, Decoding(max_tokens=5)).choices[0].text
    assert server.requests[1]["max_completion_tokens"] == 5


def abilities(server, decoding=None):
    return with_endpoint(server, lambda e: find_out(e, decoding or Decoding()))


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
