"""A checkpoint as `descent` needs it: MLP layers one at a time, and embeddings of tokens two models share.

Two 7B models fit into 4 GiB, because a layer is read when it is compared and not kept. Leaves out mixtures of
experts, quantised checkpoints, adapters, attention, and how files are read (`tensors.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, overload

import numpy as np

from auditor.errors import AuditError
from auditor.tensors import AGAIN, Tensor, found, read_json
from detectors.descent_units import Mlp, SharedTokens
from detectors.types import Float32

TOKENS, FEWEST_TOKENS = 2048, 256  # shared tokens whose embeddings are compared; fewer say too little
# Norm weights that these families store less one.
GAIN_PLUS_ONE = ("gemma", "gemma2", "gemma3", "gemma3_text")
WIDTHS = ("hidden_size", "n_embd", "d_model", "dim")
EMBEDDINGS = re.compile(r"(^|\.)(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in|shared)\.weight$")


@dataclass(frozen=True)
class Layout:
    """Names of an MLP below the number of its layer.

    `gate` is None where there is none; `fused` says that `up` holds the gate's rows, then up's. `norms` are
    the candidates for the norm before it, the first that exists counts.
    """

    up: str
    gate: str | None = None
    norms: tuple[str, ...] = ()
    fused: bool = False


LLAMA_NORMS = ("pre_feedforward_layernorm", "post_attention_layernorm")
LAYOUTS = (
    Layout("mlp.up_proj", "mlp.gate_proj", LLAMA_NORMS),  # Llama, Mistral, Qwen 2 and 3, Gemma, OLMo
    Layout("mlp.gate_up_proj", None, LLAMA_NORMS, fused=True),  # Phi-3, GLM-4
    Layout("feed_forward.w3", "feed_forward.w1", ("ffn_norm",)),  # Llama's own files, InternLM 2
    Layout("mlp.w1", "mlp.w2", ("ln_2",)),  # Qwen 1
    Layout("layer.1.DenseReluDense.wi_1", "layer.1.DenseReluDense.wi_0", ("layer.1.layer_norm",)),  # T5 1.1
    Layout("layer.2.DenseReluDense.wi_1", "layer.2.DenseReluDense.wi_0", ("layer.2.layer_norm",)),
    Layout("mlp.c_fc", None, ("ln_2",)),  # GPT-2, StarCoder
    Layout("mlp.dense_h_to_4h", None, ("ln_mlp", "post_attention_layernorm", "input_layernorm")),  # Pythia
    Layout("mlp.fc_in", None, ("ln_1",)),  # GPT-J
    Layout("mlp.fc1", None, ("post_attention_layernorm", "input_layernorm")),  # Phi-1, Phi-2
    Layout("fc1", None, ("final_layer_norm",)),  # OPT
    Layout("intermediate.dense", None, ("attention.output.LayerNorm",)),  # BERT
    Layout("ffn.lin1", None, ("sa_layer_norm",)),  # DistilBERT
)


@dataclass(frozen=True)
class Checkpoint:
    """A model on disk; opening it reads headers only."""

    path: Path
    tensors: dict[str, Tensor] = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    stack: str
    layout: Layout
    depth: int

    @property
    def layers(self) -> Sequence[Mlp]:
        """MLP layers, each read when it is asked for and not kept."""
        return Layers(self)

    @cached_property
    def embedding(self) -> Tensor | None:
        """Token embeddings as wide as the layers' input; None where there are none."""
        tables = [t for n, t in self.tensors.items() if EMBEDDINGS.search(n) and len(t.shape) == 2]
        fitting = [t for t in tables if self.width in (None, t.shape[1])]
        return max(fitting, key=lambda t: t.shape[0], default=None)

    @property
    def centred(self) -> bool:
        """Whether the norm before the MLP is a LayerNorm, which has a bias and takes the mean off."""
        norm = self._norm(0)
        return norm is not None and norm.name.removesuffix("weight") + "bias" in self.tensors

    def layer(self, number: int) -> Mlp:
        """One MLP with the gain of its norm multiplied in."""
        gain = self._gain(number)
        up = self._weights(number, self.layout.up)
        gate = None if self.layout.gate is None else self._weights(number, self.layout.gate)
        if self.layout.fused:
            half = len(up) // 2
            gate, up = up[:half].copy(), up[half:].copy()
        for weights in (up, gate):
            if weights is not None and gain is not None:
                if weights.shape[1:] != gain.shape:
                    raise AuditError(
                        f"{self.path}: layer {number} reads a width of {weights.shape[1]}, its norm has "
                        f"{len(gain)}. {AGAIN}"
                    )
                weights *= gain
        if gate is not None and gate.shape != up.shape:
            raise AuditError(f"{self.path}: layer {number} has gate {gate.shape}, up {up.shape}. {AGAIN}")
        return Mlp(up, gate)

    def _weights(self, number: int, name: str) -> Float32:
        """(n_units, width) float32; GPT-2 stores it the other way round, the width tells."""
        tensor = self.tensors.get(f"{self.stack}{number}.{name}.weight")
        if tensor is None or len(tensor.shape) != 2:
            came = "is missing" if tensor is None else f"has shape {tensor.shape}, not two dimensions"
            raise AuditError(f"{self.path}: {self.stack}{number}.{name}.weight {came}. {AGAIN}")
        turned = tensor.shape[0] == self.width
        if turned and tensor.shape[1] == self.width:
            turned = self.config.get("model_type") == "gpt2"
        return np.ascontiguousarray(tensor.read().T) if turned else tensor.read()

    def _gain(self, number: int) -> Float32 | None:
        """(width,) float32 of the norm before the MLP; None where there is none."""
        norm = self._norm(number)
        if norm is None:
            return None
        return norm.read() + np.float32(self._text_config.get("model_type") in GAIN_PLUS_ONE)

    def _norm(self, number: int) -> Tensor | None:
        """The norm before the MLP. A norm after it alone (OLMo 2) means that there is none before."""
        at = f"{self.stack}{number}."
        names = [f"{at}{norm}.weight" for norm in self.layout.norms]
        if f"{at}post_feedforward_layernorm.weight" in self.tensors and names[0] not in self.tensors:
            return None
        norms = (self.tensors[n] for n in names if n in self.tensors)
        return next((norm for norm in norms if len(norm.shape) == 1), None)

    @cached_property
    def width(self) -> int | None:
        """Width of the residual stream, where a norm or the configuration says it."""
        if norm := self._norm(0):
            return norm.shape[0]
        return next((self._text_config[k] for k in WIDTHS if k in self._text_config), None)

    @property
    def _text_config(self) -> dict[str, Any]:
        """Of a model that also sees or hears, the part about text."""
        inner = self.config.get("text_config")
        return inner if isinstance(inner, dict) else self.config


@dataclass(frozen=True)
class Layers(Sequence[Mlp]):
    """The MLP layers of a checkpoint, loaded on demand."""

    of: Checkpoint

    def __len__(self) -> int:
        return self.of.depth

    @overload
    def __getitem__(self, number: int) -> Mlp: ...
    @overload
    def __getitem__(self, number: slice) -> list[Mlp]: ...
    def __getitem__(self, number: int | slice) -> Mlp | list[Mlp]:
        if isinstance(number, slice):
            return [self.of.layer(n) for n in range(*number.indices(self.of.depth))]
        return self.of.layer(range(self.of.depth)[number])


def opened(path: Path) -> Checkpoint:
    """Open a checkpoint: a folder as on the Hugging Face hub, or one safetensors file."""
    tensors = found(path)
    stack, layout, depth = _stack(path, tensors)
    folder = path if path.is_dir() else path.parent
    return Checkpoint(path, tensors, read_json(folder / "config.json"), stack, layout, depth)


def _stack(path: Path, tensors: dict[str, Tensor]) -> tuple[str, Layout, int]:
    """Where the MLPs are: what stands before the number of a layer, names below it, number of layers.

    Of several stacks (encoder and decoder, an eye beside the language model) the one with most weights.
    """
    sizes: dict[tuple[str, Layout], dict[int, int]] = {}
    for name, tensor in tensors.items():
        for layout in LAYOUTS:
            if match := re.fullmatch(rf"((?:.*\.)?)(\d+)\.{re.escape(layout.up)}\.weight", name):
                size = int(np.prod(tensor.shape))
                sizes.setdefault((match[1], layout), {})[int(match[2])] = size
    if experts := next((n for n in tensors if "expert" in n), ""):
        raise AuditError(f"{path}: a mixture of experts ({experts}); only dense models can be compared yet.")
    if not sizes:
        known = ", ".join(sorted({layout.up for layout in LAYOUTS}))
        if "auto_map" in read_json((path if path.is_dir() else path.parent) / "config.json"):
            raise AuditError(
                f"{path}: a model with code of its own (auto_map), which is never run, and its tensors have "
                f"no known name ({known}). Only models of known layout can be compared."
            )
        raise AuditError(
            f"{path}: no MLP layers under a known name ({known}); the first of its {len(tensors)} tensors is "
            f"{min(tensors)}. Adapters have to be merged, quantised weights dequantised first."
        )
    (stack, layout), layers = max(sizes.items(), key=lambda item: sum(item[1].values()))
    if absent := max(layers) + 1 - len(layers):
        first = next(n for n in count() if n not in layers)
        raise AuditError(
            f"{path}: {absent} of {max(layers) + 1} layers are missing, the first is {stack}{first}. "
            "Get all files of the checkpoint."
        )
    return stack, layout, len(layers)


def shared_tokens(student: Checkpoint, teacher: Checkpoint, seed: int = 0) -> SharedTokens | None:
    """Embeddings of up to `TOKENS` tokens that both know, drawn at random; None where there are too few.

    Tokens are the same where both tokenizer.json spell them alike; without both files, where both models have
    the same number of embeddings.
    """
    ours, theirs = student.embedding, teacher.embedding
    if ours is None or theirs is None:
        return None
    first, second = _vocabulary(student), _vocabulary(teacher)
    if first and second:
        both = [(first[token], second[token]) for token in sorted(first.keys() & second.keys())]
        pairs = np.array([p for p in both if p[0] < ours.shape[0] and p[1] < theirs.shape[0]], dtype=np.int64)
    elif ours.shape[0] == theirs.shape[0]:
        pairs = np.repeat(np.arange(ours.shape[0])[:, None], 2, axis=1)
    else:
        return None
    if len(pairs) < FEWEST_TOKENS:
        return None
    chosen = pairs[np.sort(np.random.default_rng(seed).permutation(len(pairs))[:TOKENS])]
    return SharedTokens(ours.read(chosen[:, 0]), theirs.read(chosen[:, 1]), student.centred, teacher.centred)


def _vocabulary(checkpoint: Checkpoint) -> dict[str, int]:
    """Token -> its number, a leading space written one way; empty where the tokenizer is not beside it."""
    folder = checkpoint.path if checkpoint.path.is_dir() else checkpoint.path.parent
    model = read_json(folder / "tokenizer.json").get("model")
    entries = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(entries, list):  # SentencePiece's unigram: [token, score]
        entries = {e[0]: n for n, e in enumerate(entries) if isinstance(e, list) and e}
    if not isinstance(entries, dict):
        return {}
    return {
        str(token).replace("\u2581", "\u0120"): number
        for token, number in entries.items()
        if isinstance(number, int) and number >= 0
    }
