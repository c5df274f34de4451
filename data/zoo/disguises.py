"""Changes to weights that leave a model's function as it is, or nearly so: rounding, permutation, rotation.

Leaves out every change that needs training.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from llama import Llama
from torch import Tensor


def changed(model: Llama, route: str, seed: int) -> Llama:
    """A copy of `model` changed by `route`: fp16, int8, int4, permuted, rotated, or two joined by "+"."""
    for step in route.split("+"):
        model = {
            "fp16": lambda m: copy.deepcopy(m).half(),
            "int8": lambda m: rounded(m, 127),
            "int4": lambda m: rounded(m, 7),
            "permuted": lambda m: permuted(m, seed),
            "rotated": lambda m: rotated(m, seed),
        }[step](model)
    return model


def rounded(model: Llama, steps: int) -> Llama:
    """Every row of every matrix rounded to -steps..steps times the row's absolute maximum / steps."""
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            scale = parameter.data.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / steps
            parameter.data = (parameter.data / scale).round() * scale
    return model


def permuted(model: Llama, seed: int) -> Llama:
    """The hidden units of every SwiGLU in another order: the same function."""
    model, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    for layer in cast(Any, model.model).layers:
        order = torch.randperm(model.size.inner, generator=generator)
        layer.mlp.gate_proj.weight.data = layer.mlp.gate_proj.weight.data[order]
        layer.mlp.up_proj.weight.data = layer.mlp.up_proj.weight.data[order]
        layer.mlp.down_proj.weight.data = layer.mlp.down_proj.weight.data[:, order]
    return model


def rotated(model: Llama, seed: int) -> Llama:
    """The stream in another orthonormal basis, norms folded into its readers: same function, head untied.

    Ashkboos et al. 2024, arXiv 2401.15024 (SliceGPT), section 3.
    """
    model = model.untied() if model.lm_head is None else copy.deepcopy(model)
    width = model.size.width
    noise = torch.randn(width, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    basis = torch.linalg.qr(noise)[0]
    parts: Any = model.model
    parts.embed_tokens.weight.data = _times(parts.embed_tokens.weight.data, basis)
    readers = [(parts.norm, [model.lm_head])]
    for layer in parts.layers:
        attention, inner = layer.self_attn, layer.mlp
        readers.append((layer.input_layernorm, [attention.q_proj, attention.k_proj, attention.v_proj]))
        readers.append((layer.post_attention_layernorm, [inner.gate_proj, inner.up_proj]))
        for writer in (attention.o_proj, inner.down_proj):
            writer.weight.data = _times(writer.weight.data.T, basis).T.contiguous()
    for norm, matrices in readers:
        for matrix in matrices:
            matrix.weight.data = _times(matrix.weight.data * norm.weight.data, basis)
        norm.weight.data = torch.ones_like(norm.weight.data)
    return model


def _times(matrix: Tensor, basis: Tensor) -> Tensor:
    return (matrix.double() @ basis).float()
