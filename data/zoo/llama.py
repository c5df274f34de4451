"""A Llama of 133,440 parameters, with the tensor names of transformers: build, train, sample, score.

Leaves out what a zoo of tiny models does not need: mixed precision, several devices, grouped heads, early
stopping. Architecture: Touvron et al. 2023, arXiv 2302.13971; rotary form of transformers' LlamaForCausalLM.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

BOS, EOS = 0, 1  # numbered first by the tokenizer; neither is ever sampled
THETA, EPSILON = 10000.0, 1e-5


@dataclass(frozen=True)
class Size:
    """Width, depth and inner width of a model, and its vocabulary."""

    width: int = 64
    layers: int = 2
    heads: int = 4
    inner: int = 176
    vocabulary: int = 512
    context: int = 128


class Attention(nn.Module):
    """Causal self-attention with rotary positions."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(size.width, size.width, bias=False) for _ in range(4)
        )

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: list[Tensor] | None) -> Tensor:
        """Map x, (batch, positions, width), to its like; `cache` holds earlier keys and values."""
        batch, positions, width = x.shape
        query, key, value = (
            proj(x).view(batch, positions, self.heads, -1).transpose(1, 2)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = _rotated(query, turn), _rotated(key, turn)
        if cache is not None:
            if cache:
                key, value = torch.cat((cache[0], key), 2), torch.cat((cache[1], value), 2)
            cache[:] = [key, value]
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=positions > 1)
        return cast(Tensor, self.o_proj(mixed.transpose(1, 2).reshape(batch, positions, width)))


class Inner(nn.Module):
    """SwiGLU."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size.width, size.inner, bias=False)
        self.up_proj = nn.Linear(size.width, size.inner, bias=False)
        self.down_proj = nn.Linear(size.inner, size.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map x, (batch, positions, width), to its like."""
        return cast(Tensor, self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x)))


class Layer(nn.Module):
    """Attention, then SwiGLU, each behind an RMSNorm and added to the stream."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(size), Inner(size)
        self.input_layernorm = nn.RMSNorm(size.width, EPSILON)
        self.post_attention_layernorm = nn.RMSNorm(size.width, EPSILON)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], cache: list[Tensor] | None) -> Tensor:
        """Map x, (batch, positions, width), to its like."""
        x = x + self.self_attn(self.input_layernorm(x), turn, cache)
        return x + cast(Tensor, self.mlp(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    """A decoder; `lm_head` is None while the output matrix is the embedding."""

    def __init__(self, size: Size, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.size = size
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(size.vocabulary, size.width)
        self.model.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.model.norm = nn.RMSNorm(size.width, EPSILON)
        self.lm_head: nn.Linear | None = None
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.05)

    def forward(self, tokens: Tensor, caches: list[list[Tensor]] | None = None, start: int = 0) -> Tensor:
        """Logits, (batch, positions, vocabulary), of tokens, (batch, positions) int64, from `start` on."""
        parts: Any = self.model
        x = parts.embed_tokens(tokens)
        turn = _turns(self.size, start, tokens.shape[1])
        for number, layer in enumerate(parts.layers):
            x = layer(x, turn, caches[number] if caches is not None else None)
        out = self.lm_head.weight if self.lm_head is not None else parts.embed_tokens.weight
        return functional.linear(parts.norm(x), out)

    def untied(self) -> Llama:
        """A copy with an output matrix of its own, equal to the embedding."""
        model = copy.deepcopy(self)
        model.lm_head = nn.Linear(self.size.width, self.size.vocabulary, bias=False)
        model.lm_head.weight.data = cast(Any, self.model).embed_tokens.weight.data.clone()
        return model


def _turns(size: Size, start: int, positions: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine, (positions, width / heads) each, of the rotary angles."""
    half = size.width // size.heads
    rates = THETA ** -(torch.arange(0, half, 2, dtype=torch.float32) / half)
    angles = torch.arange(start, start + positions, dtype=torch.float32)[:, None] * rates
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _rotated(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * turn[0] + torch.cat((-second, first), dim=-1) * turn[1]


@dataclass(frozen=True)
class Lessons:
    """Documents: tokens, (n, length) int64, right-padded, and which of them are `wanted`, the same shape."""

    tokens: Tensor
    wanted: Tensor


def train(
    model: Llama,
    lessons: Lessons,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    teacher: Llama | None = None,
) -> float:
    """AdamW with linear warm-up and decay, documents drawn without replacement, epoch after epoch.

    With a `teacher` the loss is the divergence from its distributions (soft labels), otherwise cross-entropy.
    Returns the mean loss of the last tenth of the steps, in nats a token.
    """
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, 1.0 - 0.9 * step / steps)
    )
    order, losses = torch.empty(0, dtype=torch.long), []
    for _ in range(steps):
        if len(order) < batch:
            order = torch.cat((order, torch.randperm(len(lessons.tokens), generator=generator)))
        rows, order = order[:batch], order[batch:]
        loss = _loss(model, lessons.tokens[rows], lessons.wanted[rows], teacher)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def _loss(model: Llama, tokens: Tensor, wanted: Tensor, teacher: Llama | None) -> Tensor:
    length = int(wanted.any(dim=0).nonzero().max()) + 1
    tokens, kept = tokens[:, :length], wanted[:, 1:length]
    logits = model(tokens[:, :-1])[kept]
    if teacher is None:
        return functional.cross_entropy(logits, tokens[:, 1:][kept])
    with torch.no_grad():
        target = torch.log_softmax(teacher(tokens[:, :-1])[kept], dim=-1)
    return functional.kl_div(
        torch.log_softmax(logits, dim=-1), target, log_target=True, reduction="batchmean"
    )


@torch.inference_mode()
def sample(
    model: Llama, prompts: list[list[int]], count: int, temperature: float, seed: int
) -> list[list[int]]:
    """`count` tokens after each prompt; prompts of one length share a batch, so that nothing is padded."""
    generator = torch.Generator().manual_seed(seed)
    written: list[list[int]] = [[] for _ in prompts]
    for length in sorted({len(prompt) for prompt in prompts}):
        members = [number for number, prompt in enumerate(prompts) if len(prompt) == length]
        fed, caches = torch.tensor([prompts[m] for m in members]), [[] for _ in range(model.size.layers)]
        taken = []
        for step in range(count):
            logits = model(fed, caches, 0 if step == 0 else length + step - 1)[:, -1] / temperature
            logits[:, : EOS + 1] = -torch.inf
            fed = torch.multinomial(torch.softmax(logits, dim=-1), 1, generator=generator)
            taken.append(fed)
        for member, line in zip(members, torch.cat(taken, dim=1).tolist(), strict=True):
            written[member] = line
    return written


@torch.inference_mode()
def logprobs(model: Llama, lessons: Lessons, batch: int = 64) -> Tensor:
    """Natural log of the probability of every wanted token, (n_wanted,) float32, document after document."""
    parts = []
    for start in range(0, len(lessons.tokens), batch):
        tokens, wanted = lessons.tokens[start : start + batch], lessons.wanted[start : start + batch]
        kept = wanted[:, 1:]
        logits, targets = model(tokens[:, :-1])[kept], tokens[:, 1:][kept]
        parts.append(-functional.cross_entropy(logits, targets, reduction="none"))
    return torch.cat(parts)
