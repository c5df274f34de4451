"""Texts of like length, put together so that one pass of the model holds no more than memory allows.

The longest come first: what does not fit shows at once, and the time left is never understated. Leaves out
running the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from auditor.errors import AuditError

LOGITS = {"cpu": 256 << 20, "mps": 256 << 20, "cuda": 2 << 30}  # bytes of logits in one pass
TOKENS = {"cpu": 2048, "mps": 4096, "cuda": 32768}  # tokens, padding included, in one pass


def batches(lengths: Sequence[int], before: Sequence[int], logits: int, tokens: int) -> Iterator[list[int]]:
    """Indices of the texts of each pass, longest first; a text that alone is too large has a pass of its own.

    Parameters
    ----------
    lengths : (n,) tokens of each text with its prompt. before : (n,) first of them that need no logits.
    logits : most positions with logits in one pass. tokens : most tokens in one pass; both count padding, and
        logits are kept from the same place on for all texts of a pass.
    """
    batch: list[int] = []
    longest, first = 0, 0
    for i in np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist():
        longest, first = max(longest, lengths[i]), min(first, before[i]) if batch else before[i]
        size = len(batch) + 1
        if batch and (size * max(longest - first, 1) > logits or size * longest > tokens):
            yield batch
            batch, longest, first = [], lengths[i], before[i]
        batch.append(i)
    if batch:
        yield batch


def within_memory(run: Callable[[list[int]], list[Any]], batch: list[int], oom: type[Exception]) -> list[Any]:
    """Run a batch; where memory runs out, its halves one after the other."""
    try:
        return run(batch)
    except oom as error:
        if len(batch) == 1:
            raise AuditError(
                f"The device's memory does not hold one text of this length ({str(error).splitlines()[0]}). "
                "Shorten the texts (--max-chars), free memory, or use another device."
            ) from error
    half = len(batch) // 2
    return within_memory(run, batch[:half], oom) + within_memory(run, batch[half:], oom)
