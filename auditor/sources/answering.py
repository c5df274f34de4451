"""`LocalTarget` and `LocalResponder`: a model on this machine that is asked, batch by batch.

What the model is, is told by its files: answers of other weights, or with another chat template, are another
model's wherever they lie. Leaves out how answers are made (`generating.py`), and system messages.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, ClassVar, Self

from auditor.errors import AuditError
from auditor.sources.checkpoint import Checkpoint, find
from auditor.sources.generating import Answer as Made
from auditor.sources.generating import Wanted, answer_batches, check
from auditor.sources.local import LocalModel, opened
from auditor.sources.replies import Choice, Logprobs
from auditor.sources.responder import Abilities, Answer, Decoding, Keep, Question
from auditor.sources.unanswered import UnansweredError


@dataclass(frozen=True)
class LocalTarget:
    """`hf:DIR_OR_ID`, found on this disk; `text` : the string as the user wrote it."""

    text: str
    checkpoint: Checkpoint
    trials: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """Name."""
        return self.checkpoint.name

    @cached_property
    def at(self) -> str:
        """Hash of weights, settings, tokenizer and chat template: the same files are the same model."""
        files = sorted(self.checkpoint.hashes().items())
        return f"hf:sha256:{hashlib.sha256(repr(files).encode()).hexdigest()[:16]}"


def local_target(text: str) -> LocalTarget:
    """Find `hf:DIR_OR_ID`; `AuditError` where there is none, or where it is refused."""
    return LocalTarget(text, find(text))


class LocalResponder:
    """A `Responder`; a context manager, for the model is in memory only meanwhile.

    Parameters
    ----------
    warn : told what the user should know.
    """

    def __init__(self, target: LocalTarget, warn: Callable[[str], None]) -> None:
        self._target, self._warn = target, warn
        self._opened: LocalModel | None = None

    def __enter__(self) -> Self:
        """Open the model."""
        self._opened = opened(self._target.text)
        for note in self._opened.notes:
            self._warn(note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it."""
        self._opened = None

    @property
    def _model(self) -> LocalModel:
        if self._opened is None:
            raise ValueError("A local model is asked inside its `with` block.")
        return self._opened

    def abilities(self, decoding: Decoding) -> Abilities:
        """Nothing has to be tried: the log probability of each token, seeds, any number of samples."""
        if decoding.system is not None:
            raise UnansweredError(
                "--system: a system message is not put to a local model. Leave it out, or serve the model "
                "(openai:NAME@URL).",
                stops=True,
            )
        return Abilities(0, seed=True, several=True, prompt_logprobs=True)

    def answer(self, questions: Sequence[Question], decoding: Decoding, keep: Keep) -> Counter[str]:
        """Answer in batches; a question that does not fit into the model's context is given up."""
        failures: Counter[str] = Counter()
        fitting = []
        for question in questions:
            try:
                check(self._model, self._model.prompt_ids(question.prompt), decoding.max_tokens)
                fitting.append(question)
            except AuditError as trouble:
                failures[str(trouble)] += 1
        begun = time.perf_counter()
        for batch, made in answer_batches(
            self._model,
            [_wanted(question) for question in fitting],
            decoding.max_tokens,
            decoding.temperature,
            logprobs=decoding.logprobs is not None,
        ):
            seconds, begun = (time.perf_counter() - begun) / len(batch), time.perf_counter()
            keep([(fitting[i], self._answer(one, seconds)) for i, one in zip(batch, made, strict=True)])
        return failures

    def about(self) -> Mapping[str, Any]:
        """What made every answer: files and their hashes, chat template, kind of number, versions."""
        return {"local": self._model.about()}

    def _answer(self, made: Made, seconds: float) -> Answer:
        logprobs = None
        if made.logprobs:
            texts = tuple(self._model.tokenizer.decode([token]) for token in made.tokens)
            logprobs = Logprobs(texts, made.logprobs, ((),) * len(texts))
        choice = Choice(made.text, made.finish, logprobs=logprobs)
        return Answer(choice, tokens={"completion": len(made.tokens)}, seconds=seconds)


def _wanted(question: Question) -> Wanted:
    """Without a seed, samples are drawn with seed 0, each in its own way: they can be repeated."""
    seeded = question.seed is not None
    return Wanted(question.prompt, question.seed or 0, 0 if seeded else question.sample)
