"""Answers of a local model to prompts.

Every (prompt, sample) has its own random numbers, drawn from the seed, so that an answer does not depend on
what else was asked in the same batch (but for rounding). Only temperature is applied: no nucleus, no
penalties, whatever the model's own settings say. Leaves out what is done with the answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from auditor.errors import AuditError
from auditor.sources.batches import LOGITS, TOKENS, batches, within_memory
from auditor.sources.scoring import not_a_number

if TYPE_CHECKING:
    from auditor.sources.local import LocalModel


@dataclass(frozen=True)
class Answer:
    """One answer.

    Attributes
    ----------
    text : without special tokens. finish : "stop" = the model ended it, "length" = it was cut off.
    tokens : their numbers, the one that ended it included.
    logprobs : of each token at temperature 1, natural log; empty where not asked for.
    """

    text: str
    finish: Literal["stop", "length"]
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """An answer that is wanted; its random numbers follow from all three."""

    prompt: str
    seed: int = 0
    sample: int = 0


@dataclass(frozen=True)
class _Asked:
    prompt: list[int]
    uniform: np.ndarray  # (max_tokens,) float64 in [0, 1), one for each token to come


def answers(
    model: LocalModel,
    prompts: Sequence[str],
    max_tokens: int = 256,
    temperature: float = 0.0,
    seed: int = 0,
    samples: int = 1,
    *,
    logprobs: bool = False,
) -> list[list[Answer]]:
    """Ask every prompt `samples` times: a list of `samples` answers for each prompt.

    Parameters and errors are those of `answer_batches`.
    """
    wanted = [Wanted(prompt, seed, sample) for prompt in prompts for sample in range(samples)]
    found: dict[int, Answer] = {}
    for batch, made in answer_batches(model, wanted, max_tokens, temperature, logprobs=logprobs):
        found.update(zip(batch, made, strict=True))
    return [[found[p * samples + s] for s in range(samples)] for p in range(len(prompts))]


def answer_batches(
    model: LocalModel,
    wanted: Sequence[Wanted],
    max_tokens: int,
    temperature: float,
    *,
    logprobs: bool = False,
) -> Iterator[tuple[list[int], list[Answer]]]:
    """Answer batch by batch, longest prompts first: (places in `wanted`, their answers).

    Parameters
    ----------
    max_tokens : at which an answer is cut off. temperature : 0 = the likeliest token each time.
    logprobs : keep the log-probability of each token.

    Raises
    ------
    AuditError : a prompt that fills the model's context, logits that are no numbers, an empty prompt where
        the model has no start token, a text too large for memory.
    """
    import torch

    asked = [
        _Asked(model.prompt_ids(one.prompt), _uniform(one.seed, one.prompt, one.sample, max_tokens))
        for one in wanted
    ]
    for one in asked:
        check(model, one.prompt, max_tokens)
    # 16: logits, and a distribution in float64
    most = max(1, LOGITS[model.device] // (model.n_vocabulary * 16))
    lengths = [len(one.prompt) + max_tokens for one in asked]

    def run(batch: list[int]) -> list[Answer]:
        return _batch(model, [asked[i] for i in batch], max_tokens, temperature, logprobs)

    # Logits of one position at a time, whatever the lengths.
    for batch in batches(lengths, [max(lengths, default=0)] * len(asked), most, TOKENS[model.device] * 4):
        yield batch, within_memory(run, batch, torch.OutOfMemoryError)


def check(model: LocalModel, prompt: Sequence[int], max_tokens: int) -> None:
    """Refuse a prompt, given as tokens, that cannot be answered with so many tokens."""
    if not prompt:
        raise AuditError("An empty prompt cannot be asked: the model has no start token to begin with.")
    if model.context is not None and len(prompt) + max_tokens > model.context:
        raise AuditError(
            f"A prompt of {len(prompt)} tokens and an answer of up to {max_tokens} are more than the"
            f" {model.context} tokens that {model.checkpoint.name} can see. Ask for fewer tokens, or leave"
            " the prompt out."
        )


def _uniform(seed: int, prompt: str, sample: int, n: int) -> np.ndarray:
    """Random numbers of one answer, the same in whatever batch it is asked."""
    digest = hashlib.sha256(f"{seed}\0{sample}\0{prompt}".encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32)).random(n)


def _batch(
    model: LocalModel, asked: Sequence[_Asked], max_tokens: int, temperature: float, logprobs: bool
) -> list[Answer]:
    """Ask prompts together; shorter ones are padded on the left, so that all go on from the same place."""
    import torch
    from transformers import GenerationConfig, LogitsProcessorList

    stops = list(model.stops)
    longest = max(len(one.prompt) for one in asked)
    ids = torch.full((len(asked), longest), stops[0] if stops else 0, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, one in enumerate(asked):
        ids[i, longest - len(one.prompt) :] = torch.tensor(one.prompt)
        mask[i, longest - len(one.prompt) :] = 1
    uniform = torch.from_numpy(np.stack([one.uniform for one in asked])).to(model.device, torch.float32)
    choice = _Choice(model, uniform, temperature)
    decoding = GenerationConfig(
        max_new_tokens=max_tokens,
        do_sample=False,
        num_beams=1,
        eos_token_id=stops or None,
        pad_token_id=stops[0] if stops else 0,
    )
    with torch.inference_mode():
        made = model.model.generate(
            ids.to(model.device),
            attention_mask=mask.to(model.device),
            generation_config=decoding,
            logits_processor=LogitsProcessorList([choice]),
        )
    new = made[:, longest:].tolist()
    given = torch.stack(choice.logprobs, dim=1).tolist() if logprobs else [[]] * len(new)
    return [_answer(model, tokens, values) for tokens, values in zip(new, given, strict=True)]


class _Choice:
    """Chooses the next token of each answer; takes the place of the choice that transformers would make.

    Called with `scores`, (n_answers, n_vocabulary) float32 logits; returns the like with all but one at minus
    infinity.
    """

    def __init__(self, model: LocalModel, uniform: Any, temperature: float) -> None:
        self._model, self._uniform, self._temperature = model, uniform, temperature
        self.logprobs: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        scores = scores.float()
        normal = scores.logsumexp(-1)
        if not bool(torch.isfinite(normal).all()):
            raise not_a_number(self._model)
        if self._temperature == 0:
            chosen = scores.argmax(-1)
        else:
            weights = (scores / self._temperature).softmax(-1)
            below = weights.cumsum(-1, dtype=torch.float32 if scores.device.type == "mps" else torch.float64)
            target = self._uniform[:, len(self.logprobs), None].to(below.dtype) * below[:, -1:]
            chosen = torch.searchsorted(below, target, right=True).squeeze(-1).clamp(max=scores.shape[-1] - 1)
        self.logprobs.append(scores.gather(-1, chosen[:, None]).squeeze(-1) - normal)
        return torch.full_like(scores, -torch.inf).scatter(-1, chosen[:, None], 0.0)


def _answer(model: LocalModel, tokens: list[int], logprobs: list[float]) -> Answer:
    """What one row of tokens says, up to the first that ends it."""
    end = next((i + 1 for i, token in enumerate(tokens) if token in model.stops), None)
    kept = tokens[:end]
    text = model.tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    finish: Literal["stop", "length"] = "length" if end is None else "stop"
    return Answer(text, finish, tuple(kept), tuple(logprobs[: len(kept)]))
