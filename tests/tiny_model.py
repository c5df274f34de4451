"""A Llama of two layers with random weights, and tokenizers; torch only where a model is made."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

LINES = [
    "the cat sat on the mat and the dog sat on the log",
    "rain falls on the hills, and the river carries it to the sea",
    "why is the sky blue? because air scatters the light of the sun",
    "a list:\n1. one\n2. two\n\n3. three",
] * 4
TEXTS = [
    "the cat sat",
    "Rain falls on the hills  and \n\nthe river.",
    "emoji \U0001f469‍\U0001f469‍\U0001f467 and é, 你好世界!",
    "日本語のテキスト \U0001f600\U0001f600 end ",
    "x",
    "</s> is text here, and so is <s>",
]
PROMPTS = [
    "why?",
    "tell me about rain in a good many words, please",
    "the dog",
    "",
    "the sky",
    "the cat and the dog",
]
CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {{ strftime_now('%d %b %Y') }}:\n{% endif %}"
)
CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 330}


def byte_level(vocabulary: int = 330) -> Tokenizer:
    """A byte-level BPE; 0 is the start, 1 the end of a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def sentence_piece() -> Tokenizer:
    """A BPE as SentencePiece has it: blanks as marks, one put in front, unknown characters as bytes."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def save_tokenizer(folder: Path, *, chat: bool = True, vocabulary: int = 330) -> None:
    """Write a byte-level tokenizer as transformers does."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_level(vocabulary), bos_token="<s>", eos_token="</s>"
    )
    if chat:
        tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)


def save(folder: Path, *, chat: bool = True, context: int = 256, seed: int = 0, scale: float = 0.3) -> Path:
    """Write a whole model; weights large enough for its choices to differ."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=330,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        initializer_range=scale,
        bos_token_id=0,
        eos_token_id=1,
    )
    folder.mkdir(exist_ok=True)
    LlamaForCausalLM(config).save_pretrained(folder)
    save_tokenizer(folder, chat=chat)
    return folder


def to_gguf(folder: Path, file: Path) -> None:
    """The same model as llama.cpp keeps it: other names, rotary rows in another order, tokenizer inside."""
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    names = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        **{f"self_attn.{x}_proj": f"attn_{y}" for x, y in (*zip("qkv", "qkv", strict=True), ("o", "output"))},
        **{f"mlp.{x}_proj": f"ffn_{x}" for x in ("up", "gate", "down")},
    }
    spelled = json.loads((folder / "tokenizer.json").read_text())["model"]
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(2)
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(8)
    writer.add_vocab_size(330)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(spelled["vocab"], key=spelled["vocab"].__getitem__))
    writer.add_token_types([3, 3] + [1] * 328)  # the first two steer
    writer.add_token_merges([" ".join(pair) for pair in spelled["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(CHAT)
    for name, values in load_file(folder / "model.safetensors").items():
        stem = name.removesuffix(".weight")
        if stem.startswith("model.layers."):
            _, _, layer, part = stem.split(".", 3)
            stem = f"blk.{layer}.{names[part]}"
            heads = {"self_attn.q_proj": 4, "self_attn.k_proj": 2}.get(part)
            if heads:
                values = values.reshape(heads, 2, 4, 32).swapaxes(1, 2).reshape(-1, 32)
        else:
            stem = names[stem]
        writer.add_tensor(f"{stem}.weight", np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def save_shell(folder: Path) -> Path:
    """Files that look like a model as far as one can see without torch: settings, a header, a tokenizer."""
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file({"model.embed_tokens.weight": np.zeros((400, 32), np.float32)}, folder / "model.safetensors")
    byte_level().save(str(folder / "tokenizer.json"))
    return folder
