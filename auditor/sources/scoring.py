"""Log-probabilities a local model gives to the tokens of given texts, each after its prompt.

Texts are run in batches, padded at their ends, which a causal model does not see. Logits are turned into
log-probabilities in float32, a few positions at a time, and only those of the tokens that came are kept.
Leaves out how texts are put into files (`auditor/scored.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auditor.errors import AuditError
from auditor.sources.batches import LOGITS, TOKENS, batches, within_memory
from auditor.sources.token_bytes import Int64, ends
from detectors.scores import Scores, TextId
from detectors.types import Float32

if TYPE_CHECKING:
    from auditor.sources.local import LocalModel

_AT_ONCE = 64  # positions turned into log-probabilities at once


@dataclass(frozen=True)
class TextScore:
    """One text, scored.

    Attributes
    ----------
    ends : (n_tokens,) int64, byte of the text at which each token ends, never falling.
    logprobs : (n_tokens,) float32, natural log; NaN = unknown (a first token that nothing stands before).
    n_bytes : length of the text. skipped : why it has no tokens, "" = it was scored.
        Where the model's context is too short for the whole text, the last of `ends` is less than `n_bytes`.
    """

    ends: Int64
    logprobs: Float32
    n_bytes: int
    skipped: str = ""


@dataclass(frozen=True)
class _Row:
    prompt: list[int]
    text: NDArray[np.int32]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.text)

    @property
    def first(self) -> int:
        """The first position whose logits are needed: that of the last token before the text."""
        return max(len(self.prompt) - 1, 0)

    @property
    def unseen(self) -> int:
        """Tokens of the text that nothing stands before."""
        return 0 if self.prompt else 1


def scores(model: LocalModel, prompts: Sequence[str], texts: Sequence[str], ids: Sequence[TextId]) -> Scores:
    """Score all texts.

    Parameters
    ----------
    prompts, texts, ids : of the same length n; an empty prompt = the text answers nothing.

    Returns
    -------
    `Scores` of the texts in the order given, without those that could not be scored at all.

    Raises
    ------
    AuditError : logits that are no numbers, tokens the model does not know, a text too large for memory.
    """
    found: dict[int, TextScore] = {}
    for batch, scored in score_batches(model, prompts, texts):
        found.update(zip(batch, scored, strict=True))
    kept = [i for i in range(len(texts)) if not found[i].skipped]
    starts = np.cumsum([0, *(len(found[i].ends) for i in kept)], dtype=np.int64)
    return Scores(
        scorer=model.checkpoint.name,
        texts=tuple(ids[i] for i in kept),
        starts=starts,
        ends=np.concatenate([np.zeros(0, np.int64), *(found[i].ends for i in kept)]),
        logprobs=np.concatenate([np.zeros(0, np.float32), *(found[i].logprobs for i in kept)]),
    )


def score_batches(
    model: LocalModel, prompts: Sequence[str], texts: Sequence[str]
) -> Iterator[tuple[list[int], list[TextScore]]]:
    """Score texts batch by batch, longest first: (indices, their scores). Empty texts come first of all."""
    import torch

    if len(prompts) != len(texts):
        raise ValueError(
            f"Each text needs its prompt, if only an empty one: {len(prompts)} for {len(texts)}."
        )
    rows, byte_ends, skipped = _rows(model, prompts, texts)
    if skipped:
        yield list(skipped), list(skipped.values())
    order = list(rows)
    lengths, before = [rows[i].length for i in order], [rows[i].first for i in order]
    size = model.n_vocabulary * model.model.dtype.itemsize
    most = max(1, LOGITS[model.device] // size)

    def run(batch: list[int]) -> list[Float32]:
        return _batch(model, [rows[i] for i in batch])

    for places in batches(lengths, before, most, TOKENS[model.device]):
        batch = [order[p] for p in places]
        found = within_memory(run, batch, torch.OutOfMemoryError)
        yield (
            batch,
            [
                TextScore(byte_ends[i][: len(logprobs)], logprobs, len(texts[i].encode()))
                for i, logprobs in zip(batch, found, strict=True)
            ],
        )


def _rows(
    model: LocalModel, prompts: Sequence[str], texts: Sequence[str]
) -> tuple[dict[int, _Row], dict[int, Int64], dict[int, TextScore]]:
    """Tokens and byte ends of every text, and the texts that cannot be scored."""
    rows: dict[int, _Row] = {}
    byte_ends: dict[int, Int64] = {}
    skipped: dict[int, TextScore] = {}
    before = {prompt: model.prompt_ids(prompt) for prompt in dict.fromkeys(prompts)}
    for i, (prompt, text) in enumerate(zip(prompts, texts, strict=True)):
        ids, byte_ends[i] = _tokens(model, text)
        room = len(ids) if model.context is None else model.context - len(before[prompt])
        if not ids or room <= 0:
            why = "the text is empty" if not ids else "the prompt alone fills the model's context"
            skipped[i] = TextScore(np.zeros(0, np.int64), np.zeros(0, np.float32), len(text.encode()), why)
        else:
            rows[i] = _Row(before[prompt], np.array(ids[:room], np.int32))
    return rows, byte_ends, skipped


def _tokens(model: LocalModel, text: str) -> tuple[list[int], Int64]:
    """Tokens of a text, and the byte at which each ends."""
    encoded = model.tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True
    )
    ids = model.checked(encoded["input_ids"])
    pieces = model.tokenizer.convert_ids_to_tokens(ids)
    return ids, ends(pieces, encoded["offset_mapping"], text)


def _batch(model: LocalModel, rows: Sequence[_Row]) -> list[Float32]:
    """Log-probabilities of the tokens of each text: (n_tokens,) float32 each."""
    import torch

    longest = max(row.length for row in rows)
    first = min(row.first for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : row.length] = torch.tensor([*row.prompt, *row.text.tolist()])
        mask[i, : row.length] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    only: dict[str, Any] = {"logits_to_keep": longest - first} if _can_leave_out(model.model) else {}
    with torch.inference_mode():
        logits = model.model(input_ids=ids, attention_mask=mask, use_cache=False, **only).logits
        logits = logits[:, -(longest - first) :]
        return [_read_off(logits[i], row, first, model) for i, row in enumerate(rows)]


def _read_off(logits: Any, row: _Row, first: int, model: LocalModel) -> Float32:
    """Log-probabilities of one text from `logits`, (n_positions, n_vocabulary), the first at `first`."""
    import torch

    tokens = torch.from_numpy(row.text[row.unseen :].astype(np.int64)).to(logits.device)
    begin = row.first - first
    found = [torch.full((row.unseen,), torch.nan, device=logits.device)]
    for at in range(0, len(tokens), _AT_ONCE):
        part = logits[begin + at : begin + at + _AT_ONCE][: len(tokens) - at].float()
        chosen = part.gather(-1, tokens[at : at + _AT_ONCE, None]).squeeze(-1)
        found.append(chosen - part.logsumexp(-1))
    logprobs = torch.cat(found)
    if not bool(torch.isfinite(logprobs[row.unseen :]).all()):
        raise not_a_number(model)
    values: Float32 = logprobs.clamp(max=0.0).cpu().numpy()
    return values


def not_a_number(model: LocalModel) -> AuditError:
    """The error for logits that are NaN or infinite."""
    return AuditError(
        f"{model.checkpoint.name} gives logits that are no numbers (NaN or infinite), computing in"
        f" {model.dtype} on {model.device}. Its weights are damaged, or too large for this kind of number:"
        " get the files again, or use a device and files that allow float32."
    )


def _can_leave_out(model: Any) -> bool:
    """Whether the model can be told to compute only the last logits."""
    return "logits_to_keep" in inspect.signature(model.forward).parameters
