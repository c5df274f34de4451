"""`Endpoint`: one model behind an OpenAI-compatible server, asked with patience.

The `openai` client does the talking; when to try again is decided here, because all workers must keep still
when one of them is told to. Leaves out streaming, tools, images, and /completions for models without a chat
template. The key comes from the environment, and goes nowhere but into the request.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from auditor.errors import AuditError
from auditor.sources import EndpointSpec
from auditor.sources.pacing import Pacer, Patience
from auditor.sources.replies import Reply, read_reply, unusable_echo
from auditor.sources.responder import Decoding
from auditor.sources.unanswered import UnansweredError, cleaned, message_in, of_status

if TYPE_CHECKING:
    from openai import AsyncOpenAI

T = TypeVar("T")
KEYS = ("AUDIT_API_KEY", "OPENAI_API_KEY")  # the first that is set
NEEDS = "Asking an endpoint needs: pip install 'distill-audit[api]'."
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Endpoint:
    """A model that can be asked; `close` it in the end, or use it as an async context manager."""

    def __init__(
        self, spec: EndpointSpec, *, rate: float | None = None, timeout: float = 120.0, patience: Patience
    ) -> None:
        self.spec = spec
        self.patience = patience
        self.limit = "max_tokens"  # what the server calls the most tokens of an answer
        self.requests = 0
        self._answered = 0
        self._timeout = timeout
        self._key = key_from(os.environ)
        self._pacer = Pacer(rate)
        self._client = _client(spec.url, self._key, timeout)

    async def __aenter__(self) -> Self:
        """Begin; connections are made when they are needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @property
    def exposes_key(self) -> bool:
        """Whether the key is sent to another machine in the clear."""
        parts = urlsplit(self.spec.url)
        return bool(self._key) and parts.scheme == "http" and parts.hostname not in _LOCAL

    async def ask(self, prompt: str, decoding: Decoding, *, seed: int | None = None, n: int = 1) -> Reply:
        """Ask until there is an answer, as often as patience allows; else say what went wrong (an error).

        A server that is merely busy (429) uses up no patience as long as it answers others meanwhile.
        """
        chat = self._client.chat.completions.with_raw_response
        return await self._patiently(
            lambda: chat.create(**self._body(prompt, decoding, seed, n), extra_headers=_headers(self._key)),
            lambda content, seconds: read_reply(content, seconds, self._key),
        )

    async def echo(self, prompt: str) -> str:
        """Why /completions, asked once to repeat a prompt with logprobs, is of no use; "" = it is of use."""
        plain = self._client.completions.with_raw_response
        body: dict[str, Any] = {"model": self.spec.name, "prompt": prompt, "max_tokens": 1, "temperature": 0}
        body |= {"echo": True, "logprobs": 1}
        return await self._patiently(
            lambda: plain.create(**body, extra_headers=_headers(self._key)),
            lambda content, _: unusable_echo(content, prompt),
            tries=1,
        )

    async def _patiently(
        self,
        send: Callable[[], Awaitable[Any]],
        read: Callable[[bytes, float], T],
        tries: int | None = None,
    ) -> T:
        """Send until what comes can be read, as often as patience (or `tries`) allows."""
        tried, answered = 0, self._answered
        while True:
            try:
                found = read(*await self._once(send))
                self._answered += 1
                return found
            except UnansweredError as trouble:
                if trouble.refused and self._learns(trouble):
                    continue
                if trouble.status == 429 and self._answered > answered:
                    tried, answered = 0, self._answered
                tried += 1
                self._give_up(trouble, tried, tries or self.patience.tries)
                await self._rest(trouble, tried)

    async def offered(self) -> list[str]:
        """Names of the models the server says it has; empty where it does not say."""
        import openai

        try:
            raw = await self._client.models.with_raw_response.list(extra_headers=_headers(self._key))
            listed = raw.http_response.json()["data"]
            return [str(m["id"]) for m in listed]
        except (openai.OpenAIError, ValueError, LookupError, TypeError):
            return []

    def _body(self, prompt: str, decoding: Decoding, seed: int | None, n: int) -> dict[str, Any]:
        """Fields of the request; what was not asked for is not sent."""
        system = [] if decoding.system is None else [{"role": "system", "content": decoding.system}]
        body: dict[str, Any] = {
            "model": self.spec.name,
            "messages": [*system, {"role": "user", "content": prompt}],
            "temperature": decoding.temperature,
            self.limit: decoding.max_tokens,
        }
        if decoding.logprobs is not None:
            body |= {"logprobs": True, "top_logprobs": decoding.logprobs}
        if seed is not None:
            body["seed"] = seed
        if n > 1:
            body["n"] = n
        return body

    async def _once(self, send: Callable[[], Awaitable[Any]]) -> tuple[bytes, float]:
        """Send one request when its turn has come: what came, and the seconds it took."""
        import openai

        await self._pacer.turn()
        self.requests += 1
        started = monotonic()
        try:
            # The client's own limit is for each piece of an answer; one that drips would never reach it.
            async with asyncio.timeout(self._timeout):
                raw = await send()
                content: bytes = raw.http_response.content
        except (openai.APITimeoutError, TimeoutError):
            raise UnansweredError(
                f"{self.spec.url} gave no whole answer within {self._timeout:g} s. Allow more with "
                "--timeout, or ask less at once with --concurrency.",
                again=True,
            ) from None
        except openai.APIConnectionError as error:
            # A server that is not there answers nobody; one that breaks off may do so over one prompt only.
            absent = type(error.__cause__).__name__.startswith("Connect")
            raise UnansweredError(self._unreached(error), again=True, stops=absent) from None
        except openai.APIStatusError as error:
            said = cleaned(message_in(error.body), self._key)
            raise of_status(
                error.status_code, said, error.response.headers, self.spec.url, has_key=bool(self._key)
            ) from None
        except openai.OpenAIError as error:
            raise UnansweredError(cleaned(f"{self.spec.url}: {error}", self._key), again=True) from None
        return content, monotonic() - started

    def _unreached(self, error: Exception) -> str:
        """Say why there was no whole answer: no connection, or one that broke off."""
        causes = [str(error)]
        while (cause := error.__cause__ or error.__context__) is not None and len(causes) < 6:
            error = cause if isinstance(cause, Exception) else Exception(cause)
            causes.append(f"{type(error).__name__}: {error}" if not str(error) else str(error))
        return (
            f"No whole answer from {self.spec.url} ({cleaned(causes[-1], self._key)}). Check that the server "
            "runs and that the URL is right."
        )

    def _learns(self, trouble: UnansweredError) -> bool:
        """Take up the newer name of the limit where the server asks for it."""
        if self.limit == "max_tokens" and "max_completion_tokens" in trouble.what:
            self.limit = "max_completion_tokens"
            return True
        return False

    def _give_up(self, trouble: UnansweredError, tried: int, tries: int) -> None:
        """Raise the trouble if another try is of no use."""
        if not trouble.again:
            raise trouble
        if trouble.wait is not None and trouble.wait > self.patience.told:
            what = f"{trouble.what} It asks to wait {trouble.wait:.0f} s. Run the same command after that."
            raise UnansweredError(what, status=trouble.status, stops=True)
        if tried >= tries:
            busy = trouble.status == 429
            advice = " Ask less: --rate (requests a minute) and --concurrency." if busy else ""
            raise UnansweredError(
                f"{trouble.what} Tried {tried} times.{advice}",
                status=trouble.status,
                stops=trouble.stops or busy,
            )

    async def _rest(self, trouble: UnansweredError, tried: int) -> None:
        """Wait before the next try; everybody waits when the server is busy."""
        wait = trouble.wait or self.patience.wait(tried)
        if trouble.status in (429, 503):
            self._pacer.hold(wait)
        else:
            await asyncio.sleep(wait)


def key_from(environment: Mapping[str, str]) -> str:
    """The key, from the first variable of `KEYS` that is set; "" = none, as local servers want it."""
    for name in KEYS:
        key = environment.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable()):
            raise AuditError(f"{name} must be plain printable characters; it holds others. Set it again.")
        if key:
            return key
    return ""


def _client(url: str, key: str, timeout: float) -> AsyncOpenAI:
    """Return the client; its own retries are off."""
    try:
        import openai
    except ImportError as error:
        raise AuditError(NEEDS) from error
    return openai.AsyncOpenAI(api_key=key or "none", base_url=url, timeout=timeout, max_retries=0)


def _headers(key: str) -> dict[str, Any]:
    """Headers of every request: without a key none is sent, not even an empty one."""
    import openai

    return {} if key else {"Authorization": openai.Omit()}
