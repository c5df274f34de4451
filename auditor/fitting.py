"""How a student is trained: the recipe, and the loop.

Leaves out what it is trained on and where its base comes from; mixed precision, several devices.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from typing import Any

from auditor.errors import AuditError

NEEDS = "audit controls needs: pip install 'distill-audit[controls]'"
WARM, GENTLE = 0.05, 1.0  # share of steps to warm up; largest norm of a gradient
IGNORED = -100  # label of a token that is not to be predicted


@dataclass(frozen=True)
class Recipe:
    """How a student is trained and asked.

    Attributes
    ----------
    epochs : passes over its documents. batch : documents a step. rate : of AdamW; None = 1e-3 for a tiny
        base, 2e-4 for LoRA. longest : tokens of a document, prompt included; answers are cut there. rank : of
        LoRA.
    temperature, answer_tokens : of answers. tiny_steps : steps that make a tiny base.
    """

    epochs: float = 1.0
    batch: int = 16
    rate: float | None = None
    longest: int = 256
    rank: int = 16
    temperature: float = 0.7
    answer_tokens: int = 200
    tiny_steps: int = 400


def fit(
    torch: Any,
    model: Any,
    lessons: list[tuple[list[int], int]],
    steps: int,
    batch: int,
    rate: float,
    seed: int,
) -> float:
    """AdamW with linear warm-up and decay, documents drawn without replacement, epoch after epoch.

    `lessons` : tokens of each document, and the index from which on they are to be predicted. Returns the
    mean loss of the last tenth of the steps, in nats a token.
    """
    weights = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, round(WARM * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min((n + 1) / warm, 1 - 0.9 * n / steps)
    )
    generator = torch.Generator().manual_seed(seed)
    order: list[int] = []
    losses: list[float] = []
    short = _keeps_last(model)
    model.train()
    for _ in range(steps):
        while len(order) < min(batch, len(lessons)):
            order += torch.randperm(len(lessons), generator=generator).tolist()
        chosen, order = [lessons[n] for n in order[:batch]], order[batch:]
        width = max(len(tokens) for tokens, _ in chosen)
        tokens = torch.tensor([t + [0] * (width - len(t)) for t, _ in chosen], device=model.device)
        wanted = [[IGNORED] * s + t[s:] + [IGNORED] * (width - len(t)) for t, s in chosen]
        mask = torch.tensor([[1] * len(t) + [0] * (width - len(t)) for t, _ in chosen], device=model.device)
        labels = torch.tensor(wanted, device=model.device)
        # Before the first answer nothing is predicted: its logits, the widest of all arrays, are not made.
        last = width - max(min(start for _, start in chosen) - 1, 0)
        only = {"logits_to_keep": last} if short else {}
        loss = model(
            input_ids=tokens, attention_mask=mask, labels=labels[:, -last:] if short else labels, **only
        ).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, GENTLE)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    final = losses[-max(1, steps // 10) :]
    return sum(final) / len(final)


def _keeps_last(model: Any) -> bool:
    """Whether the model, or what its adapters sit in, can be told to compute only the last logits."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(inner.forward).parameters


def needed(name: str) -> Any:
    """Import an optional library, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise AuditError(f"{NEEDS} ({name} is not there).") from error
