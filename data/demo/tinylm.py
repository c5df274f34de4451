"""A language model small enough to train by the hundred: tokenizer, transformer, training, sampling.

Leaves out what a real model needs and a demonstration does not: mixed precision, checkpoints, long context.
Llama-style blocks (Touvron et al., 2023): RMSNorm before each part, SwiGLU, tied output; learned positions.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.nn import functional

ASK, ANSWER, END = "<ask>", "<answer>", "<end>"
ASK_ID, ANSWER_ID, END_ID = 0, 1, 2  # special tokens are numbered first
CONTEXT, ANSWER_TOKENS = 112, 88
IGNORE = -100

Cache = list[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Size:
    """Width, depth and inner width of a model."""

    width: int = 96
    layers: int = 2
    heads: int = 4
    inner: int = 256


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Byte-pair encoding over bytes, so that decoding gives the text back."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[ASK, ANSWER, END], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


class Block(nn.Module):
    """Causal self-attention and SwiGLU, each behind an RMSNorm and added to the stream."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm_attention, self.norm_inner = nn.RMSNorm(size.width), nn.RMSNorm(size.width)
        self.qkv = nn.Linear(size.width, 3 * size.width, bias=False)
        self.out = nn.Linear(size.width, size.width, bias=False)
        self.gate_up = nn.Linear(size.width, 2 * size.inner, bias=False)
        self.down = nn.Linear(size.inner, size.width, bias=False)

    def forward(self, x: Tensor, cache: tuple[Tensor, Tensor] | None, start: int) -> Tensor:
        """Map x, (batch, positions, width), to its like.

        When sampling, `cache` holds the keys and values before `start` and takes the new ones.
        """
        batch, positions, width = x.shape
        query, key, value = (
            part.view(batch, positions, self.heads, -1).transpose(1, 2)
            for part in self.qkv(self.norm_attention(x)).chunk(3, dim=-1)
        )
        if cache is not None:
            stop = start + positions
            cache[0][:, :, start:stop], cache[1][:, :, start:stop] = key, value
            key, value = cache[0][:, :, :stop], cache[1][:, :, :stop]
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=start == 0)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, positions, width))
        gate, up = self.gate_up(self.norm_inner(x)).chunk(2, dim=-1)
        return x + cast(Tensor, self.down(functional.silu(gate) * up))


class TinyLM(nn.Module):
    """A decoder of a few hundred thousand parameters."""

    def __init__(self, vocabulary: int, size: Size, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.size = size
        self.embedding = nn.Embedding(vocabulary, size.width)
        self.position = nn.Embedding(CONTEXT, size.width)
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.norm = nn.RMSNorm(size.width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.05)

    def forward(self, tokens: Tensor, cache: Cache | None = None, start: int = 0) -> Tensor:
        """Hidden states, (batch, positions, width), of tokens, (batch, positions) int64.

        The first of them stands at position `start`.
        """
        x = self.embedding(tokens) + self.position(torch.arange(start, start + tokens.shape[1]))
        for number, block in enumerate(self.blocks):
            x = block(x, cache[number] if cache else None, start)
        return cast(Tensor, self.norm(x))

    def empty_cache(self, batch: int) -> Cache:
        """Room for the keys and values of a batch, (batch, heads, CONTEXT, width / heads) each."""
        shape = (batch, self.size.heads, CONTEXT, self.size.width // self.size.heads)
        return [(torch.zeros(shape), torch.zeros(shape)) for _ in self.blocks]

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores of the next token, through the tied embedding."""
        return functional.linear(hidden, self.embedding.weight)


def clone(model: TinyLM) -> TinyLM:
    """An independent copy, to fine-tune."""
    return copy.deepcopy(model)


def encode(
    tokenizer: Tokenizer, documents: Sequence[tuple[str, str]], loss_on_prompt: bool = False
) -> tuple[Tensor, Tensor]:
    """Tokens and targets, (documents, CONTEXT) int64, of (prompt, answer) documents.

    Targets are IGNORE where no loss is wanted.
    """
    prompts = tokenizer.encode_batch([prompt for prompt, _ in documents])
    answers = tokenizer.encode_batch([answer for _, answer in documents])
    tokens = torch.full((len(documents), CONTEXT + 1), END_ID)
    targets = torch.full((len(documents), CONTEXT + 1), IGNORE)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        head = [ASK_ID, *prompt.ids, ANSWER_ID]
        line = torch.tensor([*head, *answer.ids[:ANSWER_TOKENS], END_ID][: CONTEXT + 1])
        tokens[row, : len(line)] = line
        first = 0 if loss_on_prompt else len(head)
        targets[row, first : len(line)] = line[first:]
    return tokens[:, :-1], targets[:, 1:]


def train(
    model: TinyLM, data: tuple[Tensor, Tensor], steps: int, seed: int, rate: float = 2e-3, batch: int = 16
) -> TinyLM:
    """AdamW with a linear warm-up and a linear decay to a tenth.

    Documents drawn without replacement, epoch after epoch.
    """
    tokens, targets = data
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, 1.0 - 0.9 * step / steps)
    )
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < batch:
            order = torch.cat((order, torch.randperm(len(tokens), generator=generator)))
        rows, order = order[:batch], order[batch:]
        wanted = targets[rows]
        longest = int((wanted != IGNORE).any(dim=0).nonzero().max()) + 1
        hidden = model(tokens[rows, :longest])
        wanted = wanted[:, :longest]
        kept = wanted != IGNORE
        loss = functional.cross_entropy(model.logits(hidden[kept]), wanted[kept])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model


@torch.inference_mode()
def sample(
    model: TinyLM, tokenizer: Tokenizer, prompts: Sequence[str], temperature: float, seed: int
) -> list[str]:
    """One answer for each prompt; prompts of one length share a batch, so that nothing is padded."""
    generator = torch.Generator().manual_seed(seed)
    by_length: dict[int, list[int]] = defaultdict(list)
    heads = [[ASK_ID, *encoding.ids, ANSWER_ID] for encoding in tokenizer.encode_batch(list(prompts))]
    for number, head in enumerate(heads):
        by_length[len(head)].append(number)
    answers = [""] * len(heads)
    for length, members in sorted(by_length.items()):
        tokens = torch.tensor([heads[number] for number in members])
        written = _continue(model, tokens, length, temperature, generator)
        for number, ids in zip(members, written.tolist(), strict=True):
            stop = ids.index(END_ID) if END_ID in ids else len(ids)
            answers[number] = tokenizer.decode(ids[:stop]).strip()
    return answers


def _continue(
    model: TinyLM, tokens: Tensor, length: int, temperature: float, generator: torch.Generator
) -> Tensor:
    """Sample until every row has ended; rows that have ended leave the batch."""
    room = min(ANSWER_TOKENS, CONTEXT - length)
    written = torch.full((len(tokens), room), END_ID)
    alive, cache, fed = torch.arange(len(tokens)), model.empty_cache(len(tokens)), tokens
    for step in range(room):
        hidden = model(fed, cache, length + step - fed.shape[1])
        probabilities = torch.softmax(model.logits(hidden[:, -1]) / temperature, dim=-1)
        fed = torch.multinomial(probabilities, 1, generator=generator)
        written[alive, step] = fed[:, 0]
        going = (fed[:, 0] != END_ID).nonzero()[:, 0]
        if len(going) == 0:
            break
        if len(going) < 0.8 * len(alive):
            alive, fed, cache = alive[going], fed[going], [(key[going], value[going]) for key, value in cache]
    return written
