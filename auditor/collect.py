"""`audit collect`: ask an endpoint what it has not answered yet, and keep every answer as it comes.

What the file holds is never asked again, so a run that was interrupted is finished by the same command.
Leaves out judging the answers: `audit compare` reads the file.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from auditor.collected import FORMAT, MARK, Collected, Held, opened
from auditor.due import CollectConfig, Plan, plan, planned
from auditor.errors import IncompleteError
from auditor.probe_sets import TARGET, Asked, load_set
from auditor.sources import parse_endpoint
from auditor.sources.abilities import Abilities, find_out
from auditor.sources.endpoint import Endpoint
from auditor.sources.replies import Choice, Reply
from auditor.sources.unanswered import UnansweredError

__all__ = ["CollectConfig", "Outcome", "Plan", "Progress", "plan", "run"]

IN_A_ROW = 5  # failed requests with none answered in between, after which asking on is of no use


class Progress(Protocol):
    """What the job reports of itself to whoever waits for it."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a stage of `total` answers; None = unknown."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Count answers as kept."""
        ...

    def warn(self, text: str) -> None:
        """Say what the user should know but which stops nothing."""
        ...


@dataclass
class Outcome:
    """What a run came to.

    Attributes
    ----------
    asked, kept : answers asked for, and received and kept.
    failures : why a request was given up -> how often.
    held : everything the file holds of the model at the end.
    missing : abilities the endpoint lacks, with the reason.
    """

    asked: int
    kept: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    held: Held = field(default_factory=Held)
    missing: dict[str, str] = field(default_factory=dict)


def run(config: CollectConfig, progress: Progress) -> Outcome:
    """Ask for everything that is missing; `IncompleteError` unless all of it is there in the end."""
    spec, chosen = parse_endpoint(config.model), load_set(config.probes)
    for note in chosen.notes:
        progress.warn(note)
    with opened(Path(config.output)) as file:
        held = file.held(spec.name, config.decoding.as_dict())
        made = planned(config, spec, chosen, held)
        if note := file.mend():
            progress.warn(note)
        outcome = Outcome(len(made.missing), held=held)
        if made.missing:
            try:
                asyncio.run(Job(made, file, outcome, progress).run())
            except KeyboardInterrupt:
                progress.warn(_kept(outcome, config))
                raise
            except UnansweredError as trouble:
                raise IncompleteError(f"{trouble.what} {_kept(outcome, config)}") from trouble
    _check(outcome, config, progress)
    return outcome


def _check(outcome: Outcome, config: CollectConfig, progress: Progress) -> None:
    """Raise unless every answer is there and whole."""
    names = outcome.held.server_models
    if len(names) > 1:
        progress.warn(
            f"The server called the model {' and '.join(sorted(names))}: these may be different models. "
            "'server_model' says which gave each answer."
        )
    if outcome.failures:
        what, times = outcome.failures.most_common(1)[0]
        raise IncompleteError(
            f"{sum(outcome.failures.values())} of {outcome.asked} requests were given up; {times} times: "
            f"{what} {_kept(outcome, config)}"
        )
    if faulty := outcome.held.counts["faulty"]:
        raise IncompleteError(
            f"{faulty} answers came without usable log probabilities, though --logprobs asked for them: the "
            f"server leaves them out now and then, or gives NaN. Their texts are kept in {config.output}, "
            "marked 'faults', and 'audit compare' reads them. For log probabilities mend the server, and "
            "collect into another file."
        )


def _kept(outcome: Outcome, config: CollectConfig) -> str:
    """Say what there is, and how to go on."""
    n = len(outcome.held.keys)
    if not n:
        return "No answer was collected."
    return f"{n} answers are kept in {config.output}; the same command goes on from there."


class Job:
    """One run: workers that take from one queue, and one file they add to."""

    def __init__(self, made: Plan, file: Collected, outcome: Outcome, progress: Progress) -> None:
        config = made.config
        self._plan, self._file, self._outcome, self._progress = made, file, outcome, progress
        self._endpoint = Endpoint(
            made.spec, rate=config.rate, timeout=config.timeout, patience=config.patience
        )
        self._abilities = Abilities(None, False, False)
        self._queue: deque[tuple[Asked, tuple[int, ...]]] = deque()
        self._failed_in_a_row = 0
        self._version = metadata.version("distill-audit")

    async def run(self) -> None:
        """Find out what the endpoint can do, then ask."""
        async with self._endpoint:
            if self._endpoint.exposes_key:
                self._progress.warn(f"The key is sent to {self._plan.spec.url} in the clear; use https.")
            self._progress.stage("Finding out what the endpoint can do")
            try:
                self._abilities = await find_out(self._endpoint, self._plan.config.decoding)
            except UnansweredError as trouble:
                raise await self._named(trouble) from trouble
            self._outcome.missing = dict(self._abilities.missing)
            self._check_abilities()
            self._progress.stage("Asking", len(self._plan.missing))
            self._queue.extend(self._requests())
            await self._work()

    async def _named(self, trouble: UnansweredError) -> UnansweredError:
        """Add the names of the models there are, where the one asked for may be none of them."""
        if trouble.status not in (400, 404):
            return trouble
        offered = await self._endpoint.offered()
        name = self._plan.spec.name
        if offered and name not in offered:
            listed = ", ".join(offered[:10]) + (" and more" if len(offered) > 10 else "")
            what = f"{trouble.what} The server has no model {name!r}; it has {listed}."
        elif trouble.status == 404:
            what = f"{trouble.what} The URL should be that of the interface, which mostly ends in /v1."
        else:
            what = trouble.what
        return UnansweredError(what, status=trouble.status, stops=True)

    def _check_abilities(self) -> None:
        """Stop before anything is asked in vain; warn of what is only a pity."""
        config, found = self._plan.config, self._abilities
        wanted = config.decoding.logprobs
        if wanted is not None and found.top_logprobs is None:
            raise UnansweredError(
                f"{self._plan.spec.url} gives no usable log probabilities: {found.missing['logprobs']}. Ask "
                "without --logprobs, or have the server return them."
            )
        if wanted is not None and found.top_logprobs is not None and found.top_logprobs < wanted:
            raise UnansweredError(
                f"--logprobs {wanted}: {self._plan.spec.url} gives at most {found.top_logprobs} log "
                f"probabilities at a position. Ask with --logprobs {found.top_logprobs}."
            )
        if config.decoding.seed is not None and "seed" in found.missing:
            self._progress.warn(f"--seed will not repeat the answers: {found.missing['seed']}.")
        if config.samples > 1 and "sampling" in found.missing:
            self._progress.warn(f"All samples may be the same: {found.missing['sampling']}.")

    def _requests(self) -> list[tuple[Asked, tuple[int, ...]]]:
        """All samples of a probe in one request where the server does that and no seed sets them apart."""
        if not self._abilities.several or self._plan.config.decoding.seed is not None:
            return [(asked, (sample,)) for asked, sample in self._plan.missing]
        together: dict[str, tuple[Asked, list[int]]] = {}
        for asked, sample in self._plan.missing:
            together.setdefault(asked.probe.id, (asked, []))[1].append(sample)
        return [(asked, tuple(samples)) for asked, samples in together.values()]

    async def _work(self) -> None:
        """Let workers empty the queue; the first that finds asking useless ends all."""
        workers = [asyncio.create_task(self._worker()) for _ in range(self._plan.config.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _worker(self) -> None:
        while self._queue:
            asked, samples = self._queue.popleft()
            try:
                await self._ask(asked, samples)
                self._failed_in_a_row = 0
            except UnansweredError as trouble:
                if trouble.stops:
                    raise
                self._failed(trouble)

    async def _ask(self, asked: Asked, samples: Sequence[int]) -> None:
        """Ask one request, and keep what it brought; what a server leaves out of several is asked singly."""
        decoding = self._plan.config.decoding
        seed = None if decoding.seed is None else decoding.seed + samples[0]
        reply = await self._endpoint.ask(asked.probe.prompt, decoding, seed=seed, n=len(samples))
        answered = list(zip(samples, reply.choices, strict=False))
        rows = [self._row(asked, sample, seed, reply, choice) for sample, choice in answered]
        self._file.append(rows)
        for row in rows:
            self._outcome.held.add(row)
        self._outcome.kept += len(rows)
        self._progress.advance(len(rows))
        self._queue.extend((asked, (sample,)) for sample in samples[len(rows) :])

    def _failed(self, trouble: UnansweredError) -> None:
        """Count a request that was given up; too many in a row, and the endpoint is taken to be broken."""
        self._outcome.failures[trouble.what] += 1
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= IN_A_ROW:
            what = f"{trouble.what} {self._failed_in_a_row} requests in a row were given up."
            raise UnansweredError(what, status=trouble.status, stops=True)

    def _row(
        self, asked: Asked, sample: int, seed: int | None, reply: Reply, choice: Choice
    ) -> dict[str, Any]:
        """One answer as it is kept; the columns that readers look for come first."""
        decoding = self._plan.config.decoding
        alone = len(reply.choices) == 1
        row: dict[str, Any] = {
            MARK: FORMAT,
            "model": self._plan.spec.name,
            "prompt_id": asked.own_id or asked.probe.id,
            "prompt": asked.probe.prompt,
            "sample": sample,
            "output": choice.text,
            "probe": asked.probe.id,
            "set": self._plan.set.name,
            "tags": asked.probe.tags,
            TARGET: asked.letter,
            "decoding": decoding.as_dict(),
            "seed": seed,
            "finish_reason": choice.finish,
            "truncated": choice.finish == "length",
            "refusal": choice.refusal,
            "reasoning": choice.reasoning or None,
            "faults": choice.faults(decoding.logprobs is not None),
            "logprobs": choice.logprobs.as_dict()
            if choice.logprobs and decoding.logprobs is not None
            else None,
            "server_model": reply.model,
            "fingerprint": reply.fingerprint,
            "url": self._plan.spec.url,
            "missing": dict(self._abilities.missing),
            "tokens": reply.tokens if alone else {k: v for k, v in reply.tokens.items() if k == "prompt"},
            "seconds": round(reply.seconds, 3),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": self._version,
        }
        return {key: value for key, value in row.items() if value not in (None, (), [], {})}
