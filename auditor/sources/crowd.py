"""`EndpointResponder`: many questions to one endpoint at once, and giving up where asking on is of no use.

Leaves out a single request (`endpoint.py`), and what becomes of the answers.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from auditor.sources import EndpointSpec
from auditor.sources.abilities import find_out
from auditor.sources.endpoint import Endpoint
from auditor.sources.pacing import Patience
from auditor.sources.replies import Reply
from auditor.sources.responder import Abilities, Answer, Decoding, Keep, Question
from auditor.sources.unanswered import UnansweredError

IN_A_ROW = 5  # failed requests with none answered in between, after which asking on is of no use
REFUSED_IN_A_ROW = 50  # more, where each was refused: a server may refuse what is asked in this prompt only


class EndpointResponder:
    """A `Responder`; a context manager, for the connections and the event loop it keeps.

    Parameters
    ----------
    concurrency : requests under way at once. rate : requests a minute, or None. timeout : seconds a request.
    warn : told what the user should know.
    """

    def __init__(
        self,
        spec: EndpointSpec,
        *,
        concurrency: int,
        rate: int | None,
        timeout: float,
        patience: Patience,
        warn: Callable[[str], None],
    ) -> None:
        self._spec = spec
        self._endpoint = Endpoint(spec, rate=rate, timeout=timeout, patience=patience)
        self._concurrency = concurrency
        self._several = False
        self._loop = asyncio.Runner()
        if self._endpoint.exposes_key:
            warn(f"The key is sent to {spec.url} in the clear; use https.")

    def __enter__(self) -> Self:
        """Begin; connections are made when they are needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        try:
            self._loop.run(self._endpoint.close())
        finally:
            self._loop.close()

    def abilities(self, decoding: Decoding) -> Abilities:
        """Ask a few short questions."""
        found = self._loop.run(self._find_out(decoding))
        self._several = found.several
        return found

    def answer(self, questions: Sequence[Question], decoding: Decoding, keep: Keep) -> Counter[str]:
        """Ask every question; the first trouble that would meet every request ends all."""
        return self._loop.run(
            _Crowd(self._endpoint, decoding, keep).run(self._requests(questions), self._concurrency)
        )

    def about(self) -> Mapping[str, Any]:
        """Nothing besides: each answer says what the server said of itself."""
        return {}

    def _requests(self, questions: Sequence[Question]) -> list[tuple[Question, ...]]:
        """All samples of a probe in one request where the server does that and no seed sets them apart."""
        if not self._several:
            return [(question,) for question in questions]
        together: dict[tuple[str, int | None], list[Question]] = {}
        for one in questions:
            key = (one.probe, None if one.seed is None else one.sample)
            together.setdefault(key, []).append(one)
        return [tuple(asked) for asked in together.values()]

    async def _find_out(self, decoding: Decoding) -> Abilities:
        try:
            return await find_out(self._endpoint, decoding)
        except UnansweredError as trouble:
            raise await self._named(trouble) from trouble

    async def _named(self, trouble: UnansweredError) -> UnansweredError:
        """Add the names of the models there are, where the one asked for may be none of them."""
        if trouble.status not in (400, 404):
            return trouble
        offered = await self._endpoint.offered()
        name = self._spec.name
        if offered and name not in offered:
            listed = ", ".join(offered[:10]) + (" and more" if len(offered) > 10 else "")
            what = f"{trouble.what} The server has no model {name!r}; it has {listed}."
        elif trouble.status == 404:
            what = f"{trouble.what} The URL should be that of the interface, which mostly ends in /v1."
        else:
            what = trouble.what
        return UnansweredError(what, status=trouble.status, stops=True)


class _Crowd:
    """Workers that take from one queue."""

    def __init__(self, endpoint: Endpoint, decoding: Decoding, keep: Keep) -> None:
        self._endpoint, self._decoding, self._keep = endpoint, decoding, keep
        self._queue: deque[tuple[Question, ...]] = deque()
        self._failures: Counter[str] = Counter()
        self._failed_in_a_row = 0

    async def run(self, requests: Sequence[tuple[Question, ...]], workers: int) -> Counter[str]:
        """Empty the queue."""
        self._queue.extend(requests)
        tasks = [asyncio.create_task(self._work()) for _ in range(min(workers, len(requests)))]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._failures

    async def _work(self) -> None:
        while self._queue:
            asked = self._queue.popleft()
            try:
                await self._ask(asked)
                self._failed_in_a_row = 0
            except UnansweredError as trouble:
                if trouble.stops:
                    raise
                self._failed(trouble)

    async def _ask(self, asked: tuple[Question, ...]) -> None:
        """Send one request, and hand on what it brought; what is left out of several is asked singly."""
        first = asked[0]
        reply = await self._endpoint.ask(first.prompt, self._decoding, seed=first.seed, n=len(asked))
        answers = _answers(reply)
        self._keep(list(zip(asked, answers, strict=False)))
        self._queue.extend((one,) for one in asked[len(answers) :])

    def _failed(self, trouble: UnansweredError) -> None:
        """Count a request that was given up; too many in a row, and the endpoint is taken to be broken."""
        self._failures[trouble.what] += 1
        self._failed_in_a_row += 1 if trouble.refused else REFUSED_IN_A_ROW // IN_A_ROW
        if self._failed_in_a_row >= REFUSED_IN_A_ROW:
            n = REFUSED_IN_A_ROW if trouble.refused else IN_A_ROW
            what = f"{trouble.what} {n} requests in a row were given up."
            raise UnansweredError(what, status=trouble.status, stops=True)


def _answers(reply: Reply) -> list[Answer]:
    """The answers of one reply; the tokens that several have together are no one's."""
    alone = len(reply.choices) == 1
    tokens = reply.tokens if alone else {k: v for k, v in reply.tokens.items() if k == "prompt"}
    return [Answer(c, reply.model, reply.fingerprint, tokens, reply.seconds) for c in reply.choices]
