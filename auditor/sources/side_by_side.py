"""Two models on this machine on the same tokens: how far their next-token distributions are apart.

Both run over a batch, their logits are reduced (`detectors/logits.py`, `subspace.py`) and let go: only sums
are kept. The teacher's tokens, template included, are put to both, so that only the models differ. Leaves out
models of different vocabularies, whose tokens are other events, and what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.sources.batches import LOGITS, TOKENS, batches, within_memory
from detectors.logits import DEEPEST, Logits
from detectors.subspace import overlap, share_within
from detectors.types import Float32, Float64

if TYPE_CHECKING:
    from auditor.sources.local import LocalModel

# The lowest tokens that are compared: one in twenty of the vocabulary, at most 100.
LOWEST_SHARE = 20
# A wider output matrix costs too much to project on; positions that are projected.
WIDEST, PROJECTED = 2048, 256


@dataclass(frozen=True)
class Distance:
    """Means over positions.

    Attributes
    ----------
    jensen_shannon : nats, 0 to ln 2. bottom_overlap : share of the lowest tokens in common, 0 to 1.
    subspace_residual : share of the one's logits outside the span of the other's output matrix; NaN = not
        measured. positions, texts : how many.
    """

    jensen_shannon: float
    bottom_overlap: float
    subspace_residual: float
    positions: int
    texts: int


def unlike(model: LocalModel, teacher: LocalModel) -> str:
    """Why two models cannot be laid side by side; "" = they can."""
    if model.tokenizer.get_vocab() != teacher.tokenizer.get_vocab():
        return (
            f"{model.checkpoint.name} and {teacher.checkpoint.name} have different vocabularies, so their "
            "distributions are over other tokens; scores of given texts ('audit score') compare them"
        )
    return ""


def distance(
    model: LocalModel, teacher: LocalModel, prompts: Sequence[str], texts: Sequence[str]
) -> Distance | None:
    """Distance of a model from the teacher over the tokens of texts, each after its prompt; None = no token.

    Both must have one vocabulary (`unlike`).
    """
    import torch

    rows = _rows(model, teacher, prompts, texts)
    if not rows:
        return None
    kept = Kept(teacher, len(teacher.tokenizer))
    size = 2 * 4 * teacher.n_vocabulary
    most = max(1, LOGITS[teacher.device] // size)

    def run(batch: list[int]) -> list[None]:
        chosen = [rows[i] for i in batch]
        pair = [_logits(one, chosen) for one in (model, teacher)]
        for i, (ids, first) in enumerate(chosen):
            kept.add(*(_of_text(logits[i], first, len(ids), kept.width) for logits in pair))
        return [None] * len(batch)

    lengths, before = [len(ids) for ids, _ in rows], [0] * len(rows)
    for batch in batches(lengths, before, most, TOKENS[teacher.device]):
        within_memory(run, batch, torch.OutOfMemoryError)
    return kept.distance(len(rows))


class Kept:
    """Sums over positions, and a few rows of logits for the projection."""

    def __init__(self, teacher: LocalModel, width: int) -> None:
        matrix = teacher.model.get_output_embeddings().weight.detach()[:width].float().cpu().numpy()
        bent = getattr(teacher.model.config.get_text_config(), "final_logit_softcapping", None)
        fits = matrix.shape[1] + 1 < width and matrix.shape[1] <= WIDEST and not bent
        self._matrix = matrix if fits else None
        self.width = len(matrix)
        self._logits = Logits(depth=min(DEEPEST, max(1, self.width // LOWEST_SHARE)))
        self._apart: list[Float64] = []
        self._common: list[Float64] = []
        self._projected: list[Float32] = []

    def add(self, a: Float32, b: Float32) -> None:
        """Reduce two models' logits, (n_positions, n_vocabulary) float32, of one text."""
        self._apart.append(self._logits.reduce_pair(a, b).js)
        lowest = [self._logits.ranked(logits, lowest=True).ids for logits in (a, b)]
        self._common.append(overlap(*lowest))
        room = PROJECTED - sum(len(rows) for rows in self._projected)
        if self._matrix is not None and room > 0:
            self._projected.append(a[:: max(1, len(a) // 8)][:room].copy())

    def distance(self, texts: int) -> Distance:
        """The means."""
        apart, common = np.concatenate(self._apart), np.concatenate(self._common)
        residual = np.nan
        if self._matrix is not None:
            residual = 1 - float(np.nanmean(share_within(np.concatenate(self._projected), self._matrix)))
        return Distance(float(apart.mean()), float(np.nanmean(common)), residual, len(apart), texts)


def _rows(
    model: LocalModel, teacher: LocalModel, prompts: Sequence[str], texts: Sequence[str]
) -> list[tuple[list[int], int]]:
    """Tokens of each prompt with its text, and the first position whose logits are about the text."""
    room = min(one.context or 1 << 30 for one in (model, teacher))
    rows = []
    for prompt, text in zip(prompts, texts, strict=True):
        before = teacher.prompt_ids(prompt)
        ids = (before + teacher.ids(text))[:room]
        first = max(len(before) - 1, 0)
        if len(ids) > first + 1:
            rows.append((ids, first))
    return rows


def _logits(model: LocalModel, rows: Sequence[tuple[list[int], int]]) -> Any:
    """(n_texts, longest, n_vocabulary) logits, padded at the ends, which a causal model does not see."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, (row, _) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    with torch.inference_mode():
        return model.model(
            input_ids=ids.to(model.device), attention_mask=mask.to(model.device), use_cache=False
        ).logits


def _of_text(logits: Any, first: int, length: int, width: int) -> Float32:
    """(n_positions, width) float32 of the positions that say the text's tokens."""
    found: Float32 = logits[first : length - 1, :width].float().cpu().numpy()
    return found
