"""Checkpoints of the zoo in the form of transformers: config.json, model.safetensors, tokenizer.json.

Leaves out sharded and pickled weights: they are neither written nor read.
"""

from __future__ import annotations

import json
from pathlib import Path

from llama import BOS, EOS, EPSILON, THETA, Llama, Size
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def save(model: Llama, folder: Path, tokenizer_json: str, about: dict[str, str]) -> None:
    """Write what `LlamaForCausalLM.from_pretrained(folder)` reads, with notes `about` it in the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    dtype = next(iter(tensors.values())).dtype
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": model.size.width,
        "num_hidden_layers": model.size.layers,
        "num_attention_heads": model.size.heads,
        "num_key_value_heads": model.size.heads,
        "intermediate_size": model.size.inner,
        "vocab_size": model.size.vocabulary,
        "max_position_embeddings": model.size.context,
        "hidden_act": "silu",
        "rms_norm_eps": EPSILON,
        "rope_theta": THETA,
        "tie_word_embeddings": model.lm_head is None,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }
    special = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "</s>",
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer_json, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(special, indent=1), encoding="utf-8")
    # Last, and in one step: a folder with weights is a whole one.
    save_file(tensors, folder / "part", metadata={"format": "pt"} | about)
    (folder / "part").rename(folder / "model.safetensors")


def notes(folder: Path) -> dict[str, str]:
    """What `save` was told about a model."""
    with safe_open(folder / "model.safetensors", "pt") as file:
        return {name: value for name, value in file.metadata().items() if name != "format"}


def load(folder: Path) -> Llama:
    """A model that `save` wrote, in float32."""
    tensors = load_file(folder / "model.safetensors")
    model = Llama(Size(), seed=0)
    model = model.untied() if "lm_head.weight" in tensors else model
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model
