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


def batches(lengths: Sequence[int], kept: Sequence[int], logits: int, tokens: int) -> Iterator[list[int]]:
    """Indices of the texts of each pass, longest first; a text that alone is too large has a pass of its own.

    Parameters
    ----------
    lengths : (n,) tokens of each text with its prompt. kept : (n,) positions whose logits are needed.
    logits : most positions with logits in one pass. tokens : most tokens in one pass; both count padding.
    """
    batch: list[int] = []
    longest = most = 0
    for i in np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist():
        longest, most = max(longest, lengths[i]), max(most, kept[i])
        if batch and ((len(batch) + 1) * most > logits or (len(batch) + 1) * longest > tokens):
            yield batch
            batch, longest, most = [], lengths[i], kept[i]
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
