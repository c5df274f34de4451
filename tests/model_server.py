"""The test endpoint with real models behind it: tiny Llamas that answer greedily, with likely tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.sources.local import LocalModel
from tests.endpoint_server import Body, Server, about_abilities, prompt_of


def serve(server: Server, models: Mapping[str, LocalModel], tokens: int = 16) -> None:
    """Have the server answer for these models by name; a name may hand on to another's model (a proxy)."""
    words = server.choice
    server.models = tuple(models)

    def choice(body: Body, fault: str | None) -> Body:
        if about_abilities(body) or "messages" not in body:
            return words(body, fault)
        positions = answer(models[body["model"]], prompt_of(body), tokens, body.get("top_logprobs") or 0)
        text = "".join(p["token"] for p in positions)
        said: Body = {"message": {"role": "assistant", "content": text}, "finish_reason": "length"}
        return said | ({"logprobs": {"content": positions}} if body.get("logprobs") else {})

    server.choice = choice  # type: ignore[method-assign]


def answer(model: LocalModel, prompt: str, tokens: int, top: int) -> list[Body]:
    """Positions of a greedy answer among tokens that are plain characters, as chat completions give them.

    Log-probabilities are over the whole vocabulary; random weights would else say half characters.
    """
    import torch

    strings = [model.tokenizer.decode([i]) for i in range(model.n_vocabulary)]
    plain = torch.tensor([s.isascii() and s.isprintable() and i > 1 for i, s in enumerate(strings)])
    ids, found = model.prompt_ids(prompt), []
    for _ in range(tokens):
        with torch.inference_mode():
            logprobs = model.model(torch.tensor([ids])).logits[0, -1].float().log_softmax(-1)
        chosen = int(logprobs.masked_fill(~plain, -torch.inf).argmax())
        likely: list[Any] = logprobs.topk(max(top, 1)).indices.tolist()[:top]
        entries = [{"token": strings[i], "logprob": float(logprobs[i])} for i in likely]
        found.append({"token": strings[chosen], "logprob": float(logprobs[chosen]), "top_logprobs": entries})
        ids = [*ids, chosen]
    return found
