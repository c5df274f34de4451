"""`Responder`: something that answers prompts, be it behind an endpoint or in local memory.

What `audit collect` and `audit compare` need of it and no more; `live.py` says which there are. Leaves out
recorded files (`load.py`), and how anything is answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from auditor.sources.replies import Choice


@dataclass(frozen=True)
class Decoding:
    """How a model is asked; two answers under different ones are not the same evidence.

    Attributes
    ----------
    temperature : 0 = the likeliest token each time.
    max_tokens : where an answer is cut off.
    logprobs : number of likeliest tokens to report at each position (0 = the chosen one's log probability
        alone); None = no log probabilities.
    seed : sample k is asked for with seed + k; None = none is sent.
    system : system message; None = none is sent.
    """

    temperature: float = 0.0
    max_tokens: int = 1024
    logprobs: int | None = None
    seed: int | None = None
    system: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON-able data."""
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """One answer that is wanted: `probe` is the id of the prompt, `seed` is None where none is to be used."""

    probe: str
    prompt: str
    sample: int
    seed: int | None


@dataclass(frozen=True)
class Answer:
    """One answer and its circumstances.

    Attributes
    ----------
    choice : text, why it ends, log probabilities.
    model, fingerprint : what the responder calls the model and its own state, where it says.
    tokens : numbers of tokens, "prompt" and "completion", where they are known for this answer alone.
    seconds : how long the request took.
    """

    choice: Choice
    model: str | None = None
    fingerprint: str | None = None
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Abilities:
    """What a responder was found to do.

    Attributes
    ----------
    top_logprobs : most log probabilities it gave at every position; None = it gives none that can be used.
    seed : the same seed gave the same answer, and another seed another.
    several : it gives as many answers to one request as were asked for ("n").
    missing : "logprobs", "seed", "n", "sampling" or "prompt_logprobs" -> why it is missing, or cannot be
        told.
    prompt_logprobs : it gives log probabilities of a text that it is given, not only of its own answers.
    """

    top_logprobs: int | None
    seed: bool
    several: bool
    missing: Mapping[str, str] = field(default_factory=dict)
    prompt_logprobs: bool = False


class Target(Protocol):
    """A `MODEL` string that can be asked, taken apart.

    Attributes
    ----------
    name : what the model is called among the answers.
    at : where it is, such as a URL, for as long as it is the same model; answers from two places are never
        taken for one model's.
    trials : about how many requests it takes to find out what it can do; 0 = nothing is sent anywhere.
    """

    @property
    def name(self) -> str:
        """Name."""

    @property
    def at(self) -> str:
        """Place."""

    @property
    def trials(self) -> int:
        """Requests to find out."""


Keep = Callable[[Sequence[tuple[Question, Answer]]], None]


class Responder(Protocol):
    """Answers prompts. An `UnansweredError` from it ends the job; what was kept before stays kept."""

    def abilities(self, decoding: Decoding) -> Abilities:
        """Find out what it can do, when asked this way."""

    def answer(self, questions: Sequence[Question], decoding: Decoding, keep: Keep) -> Counter[str]:
        """Answer every question, in any order, and hand answers to `keep` as soon as there are some.

        Returns why questions were given up -> how many; an empty counter where all were answered.
        """

    def about(self) -> Mapping[str, Any]:
        """What every answer is to carry besides (revision, dtype, chat template), as JSON-able data."""
