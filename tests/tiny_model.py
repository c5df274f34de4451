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


def save_shell(folder: Path) -> Path:
    """Files that look like a model as far as one can see without torch: settings, a header, a tokenizer."""
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    save_file({"model.embed_tokens.weight": np.zeros((400, 32), np.float32)}, folder / "model.safetensors")
    byte_level().save(str(folder / "tokenizer.json"))
    return folder
