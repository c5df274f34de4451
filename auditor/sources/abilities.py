"""What an endpoint can do, found out by asking it: log probabilities, seeds, several answers at once.

A server may refuse what it cannot do, or ignore it without a word: only the answers tell. Leaves out what
would take many requests, such as whether a seed holds under load.
"""

from __future__ import annotations

import math
from dataclasses import replace

from auditor.sources.endpoint import Endpoint
from auditor.sources.replies import Choice, Logprobs, Reply
from auditor.sources.responder import Abilities, Decoding
from auditor.sources.unanswered import UnansweredError

MOST = 20  # top log probabilities that are tried first: what OpenAI allows, and vLLM unless told otherwise
_SAY = "Name a colour and an animal."
_INVENT = "Write thirty English words that have nothing to do with each other."
_SHORT, _LONG = 8, 32  # tokens
_SUM = 1.02  # probabilities of different tokens cannot sum to more than 1; the rest is for rounding


async def find_out(endpoint: Endpoint, decoding: Decoding) -> Abilities:
    """Ask a few short questions; `UnansweredError` where the endpoint does not even answer a plain one."""
    plain = replace(decoding, logprobs=None, max_tokens=_SHORT)
    await endpoint.ask(_SAY, plain, seed=decoding.seed)
    missing: dict[str, str] = {}
    top = await _logprobs(endpoint, plain, decoding.logprobs, missing)
    free = Decoding(temperature=1.0, max_tokens=_LONG)
    seed = await _seed(endpoint, free, missing)
    several = await _several(endpoint, free, missing)
    return Abilities(top, seed, several, missing, await _echo(endpoint, missing))


async def _logprobs(
    endpoint: Endpoint, decoding: Decoding, wanted: int | None, missing: dict[str, str]
) -> int | None:
    """Ask for many, and for fewer where that is refused."""
    reason = ""
    for n in sorted({MOST, wanted or 0, 5, 0}, reverse=True):
        reply, refusal = await _tried(endpoint, replace(decoding, logprobs=n))
        if reply is None:
            reason = reason or refusal
            continue
        found = reply.choices[0].logprobs
        reason = unusable(found)
        if found is not None and not reason:
            return min((len(top) for top in found.top), default=0) if n else 0
        break
    missing["logprobs"] = reason
    return None


def unusable(found: Logprobs | None) -> str:
    """Why these are no log probabilities to rely on; "" = nothing speaks against them."""
    if found is None:
        return "asked for, and the answer came without any: the server ignores 'logprobs'"
    if not found.tokens:
        return "asked for, and the answer came with an empty list"
    if found.n_bad:
        return f"no numbers at {found.n_bad} of {len(found.tokens)} positions (NaN, infinite or missing)"
    if any(value is not None and value > 0 for value in found.values):
        return "some are above 0: they are no log probabilities"
    if any(_mass(top) > _SUM for top in found.top):
        return "the probabilities at a position sum to more than 1: they are no natural logarithms"
    tops = [value for top in found.top for _, value in top]
    if len(tops) > len(found.tokens) and not any(tops):
        return "all are 0: they are made up"
    return ""


def _mass(top: tuple[tuple[str, float | None], ...]) -> float:
    return sum(math.exp(min(value, 1.0)) for value in dict(top).values() if value is not None)


async def _seed(endpoint: Endpoint, decoding: Decoding, missing: dict[str, str]) -> bool:
    """Ask twice with one seed and once with another, at a temperature at which answers differ."""
    said: list[str] = []
    for seed in (1, 1, 2):
        reply, refusal = await _tried(endpoint, decoding, seed=seed)
        if reply is None:
            missing["seed"] = refusal
            return False
        said.append(_words(reply.choices[0]))
    if not all(said):
        missing["seed"] = "cannot be told: the answers were empty"
    elif said[0] != said[1]:
        missing["seed"] = "ignored: one seed gave two different answers"
    elif said[0] == said[2]:
        missing["seed"] = "cannot be told: two seeds gave the same answer at temperature 1"
        missing["sampling"] = "three requests at temperature 1 gave one and the same answer"
    return "seed" not in missing


async def _several(endpoint: Endpoint, decoding: Decoding, missing: dict[str, str]) -> bool:
    """Ask for two answers at once."""
    reply, refusal = await _tried(endpoint, decoding, n=2)
    if reply is None:
        missing["n"] = refusal
    elif len(reply.choices) < 2:
        missing["n"] = f"ignored: asked for 2 answers at once, got {len(reply.choices)}"
    return "n" not in missing


async def _echo(endpoint: Endpoint, missing: dict[str, str]) -> bool:
    """Ask for the log probabilities of a text that is given: what scoring another model's answers needs.

    Whatever goes wrong here stops nothing: /completions is another door than the one that answers come from.
    """
    try:
        reason = await endpoint.echo(_INVENT)
    except UnansweredError as trouble:
        known = trouble.refused or trouble.stops or trouble.status == 501
        reason = f"refused: {trouble.what}" if known else f"cannot be told: {trouble.what}"
    if reason:
        missing["prompt_logprobs"] = reason
    return not reason


def _words(choice: Choice) -> str:
    return choice.text or choice.reasoning


async def _tried(
    endpoint: Endpoint, decoding: Decoding, *, seed: int | None = None, n: int = 1
) -> tuple[Reply | None, str]:
    """The reply, or why there is none; trouble that would meet every request is raised."""
    try:
        return await endpoint.ask(
            _SAY if decoding.max_tokens == _SHORT else _INVENT, decoding, seed=seed, n=n
        ), ""
    except UnansweredError as trouble:
        if trouble.stops:
            raise
        return None, f"refused: {trouble.what}" if trouble.refused else f"cannot be told: {trouble.what}"
