"""A tiny base for `audit controls`, made from scratch of a panel's own answers.

It stands in for a real base where none is at hand: its students tell that a pipeline works, and little about
the power towards students of a real size. Leaves out everything else about students (`pupils.py`).
"""

from __future__ import annotations

from pathlib import Path

from auditor.controls import Documents
from auditor.fitting import Recipe, fit, needed

# 64 wide, two layers, byte-pair encoding of 1,024 tokens: 166,000 parameters.
SIZE = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 176}
VOCABULARY, BATCH, RATE = 1024, 32, 4e-3


def make_tiny(common: Documents, recipe: Recipe, seed: int, folder: Path) -> None:
    """Train a tokenizer and a tiny Llama on documents, as a base."""
    torch, library, cutter = needed("torch"), needed("transformers"), needed("tokenizers")
    library.utils.logging.disable_progress_bar()
    tokenizer = cutter.Tokenizer(cutter.models.BPE())
    tokenizer.pre_tokenizer = cutter.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = cutter.decoders.ByteLevel()
    trainer = cutter.trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=cutter.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((text for document in common for text in document), trainer)
    tokenizer.post_processor = cutter.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    fast = library.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    torch.manual_seed(seed)
    config = library.LlamaConfig(
        **SIZE,
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=recipe.longest + recipe.answer_tokens,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        initializer_range=0.05,
    )
    model = library.LlamaForCausalLM(config)
    documents = ([*fast.encode(p + "\n"), *fast.encode(a, add_special_tokens=False), 1] for p, a in common)
    lessons = [(tokens[: recipe.longest], 1) for tokens in documents]
    fit(torch, model, lessons, recipe.tiny_steps, BATCH, RATE, seed)
    model.save_pretrained(folder, safe_serialization=True)
    fast.save_pretrained(folder)
