"""Byte ends of tokens, for tokenizers of both families, with characters of one to four bytes."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.sources.token_bytes import ends
from tests.tiny_model import TEXTS, byte_level, sentence_piece


def of(tokenizer, text):
    encoded = tokenizer.encode(text, add_special_tokens=False)
    return encoded.tokens, encoded.offsets, ends(encoded.tokens, encoded.offsets, text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("make", [byte_level, sentence_piece])
def test_the_ends_are_those_of_the_bytes(make, text):
    tokenizer = make()
    tokens, _, found = of(tokenizer, text)
    assert len(found) == len(tokens)
    assert (np.diff(found) >= 0).all()
    assert found[-1] == len(text.encode())
    # What stands up to the end of a token is what the first tokens say, wherever that is whole characters.
    data = text.encode()
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    for n, end in enumerate(found, start=1):
        said = tokenizer.decode(ids[:n], skip_special_tokens=False) if make is byte_level else None
        if said is not None and "�" not in said:
            assert data[:end].decode() == said


def test_parts_of_a_character_end_within_it():
    tokens, offsets, found = of(byte_level(), "a\U0001f600b")
    assert len(tokens) == 6
    assert found.tolist() == [1, 2, 3, 4, 5, 6]
    assert [last for _, last in offsets] == [1, 2, 2, 2, 2, 3]  # what the tokenizer itself would say


def test_byte_fallback_and_the_blank_in_front():
    tokens, _, found = of(sentence_piece(), "the é")
    assert tokens[0].startswith("▁")
    assert found[-3:].tolist() == [4, 5, 6]
    assert tokens[-2:] == ["<0xC3>", "<0xA9>"]


def test_offsets_are_the_last_resort():
    # A tokenizer that lower-cases: its pieces are not the text.
    text = "ÀB \U0001f600c"
    pieces = ["à", "b", "▁", "x1", "x2", "c"]
    offsets = [(0, 1), (1, 2), (2, 3), (3, 4), (3, 4), (4, 5)]
    assert ends(pieces, offsets, text).tolist() == [2, 3, 4, 7, 8, 9]


def test_offsets_that_fall_or_leave_the_text_are_mended():
    found = ends(["?", "?", "?"], [(0, 3), (1, 2), (0, 9)], "abcd")
    assert (np.diff(found) >= 0).all()
    assert found.tolist()[1:] == [3, 4]


def test_no_tokens():
    found = ends([], [], "")
    assert found.dtype == np.int64
    assert not len(found)
