"""A server's answer to a chat request, checked: texts, why they end, log probabilities.

The form is that of OpenAI's /chat/completions, which vLLM, llama.cpp, Ollama and `transformers serve` follow
more or less: what lacks or is of the wrong kind is said, not guessed. Leaves out tool calls, audio and
images. Tokens are kept as text, so two that are no whole character may look the same.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from auditor.readers.messages import content_text
from auditor.sources.unanswered import UnansweredError, cleaned, message_in

NO_LOGPROBS = "no logprobs"
BAD_LOGPROBS = "logprobs that are no numbers"


@dataclass(frozen=True)
class Logprobs:
    """Log probabilities of the tokens of an answer, natural logarithm.

    Attributes
    ----------
    tokens : the n tokens, as text.
    values : n log probabilities; None where the server gave no number (NaN, infinite, missing).
    top : n lists of (token, log probability), the most probable first; as many as the server gave.
    """

    tokens: tuple[str, ...]
    values: tuple[float | None, ...]
    top: tuple[tuple[tuple[str, float | None], ...], ...]

    @property
    def n_bad(self) -> int:
        """Positions at which some log probability is no number."""
        pairs = zip(self.values, self.top, strict=True)
        return sum(value is None or any(v is None for _, v in top) for value, top in pairs)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"tokens": self.tokens, "values": self.values, "top": self.top}


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes
    ----------
    text : what the model said; "" = nothing.
    finish : why it ends, in the server's word ("stop", "length"), or None.
    refusal : the text came as a refusal, in its own field.
    reasoning : what came as reasoning, apart from the answer; "" = nothing.
    logprobs : None = the server gave none.
    """

    text: str
    finish: str | None
    refusal: bool = False
    reasoning: str = ""
    logprobs: Logprobs | None = None

    def faults(self, wants_logprobs: bool) -> list[str]:
        """What the answer lacks that was asked for."""
        if not wants_logprobs:
            return []
        if self.logprobs is None:
            return [NO_LOGPROBS]
        bad = self.logprobs.n_bad
        return [f"{BAD_LOGPROBS}: {bad} of {len(self.logprobs.tokens)} positions"] if bad else []


@dataclass(frozen=True)
class Reply:
    """Everything a server said to one request.

    Attributes
    ----------
    model, fingerprint : what the server calls the model and its own state, where it does.
    tokens : numbers of tokens it counted, "prompt" and "completion".
    seconds : from sending the request to the last byte.
    """

    choices: tuple[Choice, ...]
    model: str | None = None
    fingerprint: str | None = None
    tokens: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def read_reply(content: bytes, seconds: float, secret: str = "") -> Reply:
    """Take the body of a successful answer apart; `UnansweredError` where it cannot be used."""
    body = _parsed(content, secret)
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices:
        said = cleaned(message_in(body), secret) if isinstance(body, dict) else ""
        raise UnansweredError(
            "The answer holds no 'choices', as a chat completion must"
            + (f"; the server says {said!r}." if said else f"; it is {type(body).__name__}."),
            again=True,
        )
    usage = body.get("usage") if isinstance(body.get("usage"), dict) else {}
    counted = {name: usage.get(f"{name}_tokens") for name in ("prompt", "completion")}
    return Reply(
        tuple(_choice(c) for c in choices),
        _text(body.get("model")),
        _text(body.get("system_fingerprint")),
        {name: n for name, n in counted.items() if type(n) is int},
        seconds,
    )


def _parsed(content: bytes, secret: str = "") -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        start = cleaned(content[:80].decode("utf-8", "replace"), secret)
        stream = " It is a stream, and none was asked for." if content.startswith(b"data:") else ""
        raise UnansweredError(
            f"The answer is not valid JSON ({error}); it begins {start!r}.{stream}",
            again=True,
        ) from None


def unusable_echo(content: bytes, prompt: str) -> str:
    """Why a completion holds no log probabilities of the prompt that it was to repeat; "" = it holds them."""
    body = _parsed(content)
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    if not str(choice.get("text") or "").startswith(prompt):
        return "ignored: the answer does not begin with the prompt that it was to repeat"
    found = choice.get("logprobs")
    values = found.get("token_logprobs") if isinstance(found, dict) else None
    # The first token has nothing before it; the last was generated.
    if not isinstance(values, list) or len(values) < 3:
        return "ignored: the prompt came back without log probabilities"
    numbers = [_number(value) for value in values[1:-1]]
    if any(n is None or n > 0 for n in numbers):
        return "those of the prompt are no log probabilities (NaN, missing or above 0)"
    return ""


def _choice(choice: Any) -> Choice:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise UnansweredError(
            "The answer's choice holds no 'message', as one of a chat completion must.", again=True
        )
    text, refusal = content_text(message.get("content")), _text(message.get("refusal"))
    return Choice(
        text or refusal or "",
        _text(choice.get("finish_reason")),
        not text and bool(refusal),
        _text(message.get("reasoning_content")) or _text(message.get("reasoning")) or "",
        _logprobs(choice.get("logprobs")),
    )


def _logprobs(found: Any) -> Logprobs | None:
    """Log probabilities in the form of chat completions; None where there are none, or in another form."""
    positions = found.get("content") if isinstance(found, dict) else None
    if not isinstance(positions, list) or not all(isinstance(p, dict) and "token" in p for p in positions):
        return None
    return Logprobs(
        tuple(str(p["token"]) for p in positions),
        tuple(_number(p.get("logprob")) for p in positions),
        tuple(_top(p.get("top_logprobs")) for p in positions),
    )


def _top(found: Any) -> tuple[tuple[str, float | None], ...]:
    entries = [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []
    return tuple((str(e.get("token")), _number(e.get("logprob"))) for e in entries)


def _number(value: Any) -> float | None:
    """A finite number, to six decimals; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(float(value), 6)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
