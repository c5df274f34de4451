"""One endpoint: the key, what is tried again and what is not, the pace, and what it is found to do."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest

from auditor.errors import AuditError
from auditor.sources import parse_endpoint
from auditor.sources.endpoint import Endpoint, key_from
from auditor.sources.pacing import Pacer, Patience
from auditor.sources.responder import Decoding
from auditor.sources.unanswered import UnansweredError, message_in, of_status, told_to_wait
from tests.endpoint_server import serving

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
