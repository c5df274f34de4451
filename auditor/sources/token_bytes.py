"""At which byte of its text each token ends.

Two tokenizers can only be compared by bytes. A tokenizer's own offsets count characters, give every part of a
split character (an emoji is up to four tokens) the whole of it, and may leave out blanks; so the bytes are
read off the tokens themselves wherever putting them together gives the text again, and off the offsets only
where it does not (a tokenizer that rewrites the text first). Leaves out tokenizing.

Source: Radford et al. 2019, byte-level BPE (the table of bytes); Kudo & Richardson 2018, SentencePiece, and
its byte fallback.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_BLANK = "\u2581"  # how SentencePiece writes a blank


def ends(pieces: Sequence[str], offsets: Sequence[tuple[int, int]], text: str) -> Int64:
    """Byte at which each token ends.

    Parameters
    ----------
    pieces : (n,) tokens as the vocabulary spells them. offsets : (n,) their first and last + 1 character of
        `text`, as the tokenizer says. text : what was tokenized.

    Returns
    -------
    (n,) int64, never falling, in bytes of UTF-8.
    """
    whole = text.encode("utf-8")
    for parts in (_byte_level(pieces), _sentence_piece(pieces)):
        for front in (b"", b" "):  # SentencePiece may put a blank before the text
            if b"".join(parts) == front + whole:
                return np.maximum(np.cumsum([len(part) for part in parts], dtype=np.int64) - len(front), 0)
    return _from_offsets(offsets, text)


def _from_offsets(offsets: Sequence[tuple[int, int]], text: str) -> Int64:
    """As the tokenizer says; of tokens that share a character only the last ends where the character does."""
    sizes = np.array([len(character.encode("utf-8")) for character in text], np.int64)
    bytes_at = np.concatenate([[0], np.cumsum(sizes)])
    stop = np.maximum.accumulate(np.array([last for _, last in offsets], np.int64).clip(0, len(text)))
    found = bytes_at[stop]
    for i in range(len(offsets) - 2, -1, -1):
        first_of_next = int(np.clip(offsets[i + 1][0], 0, len(text)))
        if stop[i] == stop[i + 1] and first_of_next < stop[i]:  # the next token is a part of this character
            found[i] = max(found[i + 1] - 1, bytes_at[stop[i] - 1])
    return np.maximum.accumulate(found)


def _byte_level(pieces: Sequence[str]) -> list[bytes]:
    """Bytes of each piece of a byte-level vocabulary; tokens added to it are spelled as they are."""
    return [b"".join(_BYTES.get(character, character.encode()) for character in p) for p in pieces]


def _sentence_piece(pieces: Sequence[str]) -> list[bytes]:
    """Bytes of each piece of a SentencePiece vocabulary."""
    return [
        bytes.fromhex(found[1]) if (found := _BYTE.fullmatch(piece)) else piece.replace(_BLANK, " ").encode()
        for piece in pieces
    ]


def _table() -> dict[str, bytes]:
    """Which byte each character of a byte-level vocabulary stands for: printable ones for themselves."""
    themselves = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in themselves]
    table = {chr(byte): byte for byte in themselves} | {chr(256 + i): byte for i, byte in enumerate(others)}
    return {character: bytes([byte]) for character, byte in table.items()}


_BYTES = _table()
