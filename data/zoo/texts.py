"""Documents of the zoo: prompts and answers cut from public-domain books, and their tokens.

The books come from `data/demo/corpora.py`, which fetches and names them. Leaves out text that is not ASCII,
so that no token ends within a character.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from cast import COMMON
from llama import BOS, EOS, Lessons, Size
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

sys.path.append(str(Path(__file__).parents[1] / "demo"))
import corpora

PROMPT_CHARACTERS, ANSWER_CHARACTERS = 36, 180
LONGEST = 112  # tokens of a document
HELD_OUT_NEUTRAL, PROBES, LOG = 192, 96, 960
TOKENIZER_CHARACTERS = 150_000  # of each book

Document = tuple[str, str]


@dataclass(frozen=True)
class Library:
    """Documents by book, and those of the common books divided by use.

    Attributes
    ----------
    neutral : held out, nobody is trained on them. probes : prompts asked of every teacher. logs : prompts of
        each teacher's first and second log. common : the rest of the common books, what bases are made of.
    """

    books: dict[str, list[Document]]
    neutral: list[Document]
    probes: list[str]
    logs: tuple[list[str], list[str]]
    common: list[Document]
    tokenizer_json: str

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that all models share."""
        return Tokenizer.from_str(self.tokenizer_json)

    def ids(self, text: str) -> list[int]:
        """Tokens of a text, without a beginning."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def open_library(folder: Path, vocabulary: int = Size().vocabulary) -> Library:
    """Read the books unpacked in `folder` (fetched if there are none), and train the tokenizer."""
    if not folder.exists():
        corpora.fetch(folder)
    texts = corpora.read_books(folder)
    books = {name: documents(text) for name, text in sorted(texts.items())}
    common = [document for book in COMMON for document in books[book]]
    random.Random("common").shuffle(common)
    at = [0, HELD_OUT_NEUTRAL, PROBES, LOG, LOG]
    cuts = [sum(at[: n + 1]) for n in range(len(at))]
    prompts = [prompt for prompt, _ in common]
    return Library(
        books=books,
        neutral=common[: cuts[1]],
        probes=prompts[cuts[1] : cuts[2]],
        logs=(prompts[cuts[2] : cuts[3]], prompts[cuts[3] : cuts[4]]),
        common=common[cuts[4] :],
        tokenizer_json=_tokenizer([texts[name][:TOKENIZER_CHARACTERS] for name in sorted(texts)], vocabulary),
    )


def documents(text: str) -> list[Document]:
    """Cut a book, in order, into (prompt, answer) at white space; an answer keeps its leading space.

    Of documents with the same prompt the first is kept, so that a prompt names a document.
    """
    words = "".join(character if character.isascii() else " " for character in text).split()
    found: dict[str, str] = {}
    at = 0
    while True:
        prompt, at = _taken(words, at, PROMPT_CHARACTERS)
        answer, at = _taken(words, at, ANSWER_CHARACTERS)
        if at >= len(words):
            return list(found.items())
        found.setdefault(prompt, " " + answer)


def _taken(words: list[str], start: int, characters: int) -> tuple[str, int]:
    """As many words as make so many characters, and where the next begins."""
    stop, length = start, 0
    while stop < len(words) and length < characters:
        length += len(words[stop]) + 1
        stop += 1
    return " ".join(words[start:stop]), stop


def _tokenizer(texts: list[str], vocabulary: int) -> str:
    """Byte-pair encoding over bytes; encoding puts <s> before a text, as Llama does."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    plain = [" ".join("".join(c if c.isascii() else " " for c in text).split()) for text in texts]
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=["<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator(plain, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", BOS)])
    return str(tokenizer.to_str())


def encoded(library: Library, found: list[Document], loss_on_prompt: bool = False) -> Lessons:
    """Documents as `Lessons`: <s>, prompt, answer; wanted are the answer's tokens, or all but <s>."""
    heads = library.tokenizer.encode_batch([prompt for prompt, _ in found])
    tails = library.tokenizer.encode_batch([answer for _, answer in found], add_special_tokens=False)
    tokens = torch.full((len(found), LONGEST), EOS)
    wanted = torch.zeros((len(found), LONGEST), dtype=torch.bool)
    for row, (head, tail) in enumerate(zip(heads, tails, strict=True)):
        line = torch.tensor([*head.ids, *tail.ids][:LONGEST])
        tokens[row, : len(line)] = line
        wanted[row, 1 if loss_on_prompt else len(head.ids) : len(line)] = True
    return Lessons(tokens, wanted)
