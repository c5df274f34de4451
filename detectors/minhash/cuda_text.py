"""Device functions on the text of one document: where its parts begin, hashes of words and of grams.

`text` is (n,) uint32, the document's bytes in loads of four; positions count bytes from its first load, so a
document is [first, end) with first 0 to 3. Nothing beyond load (end - 1) // 4 is read. No thread knows of
another here (`cuda_tiles.py`). The rules are those of `words.py` and `shingles.py`, and the same bits.
Numbers are uint32 throughout: 64-bit and signed ones cost a device two to eight instructions for one.
"""

from __future__ import annotations

from typing import Any

from detectors.minhash.arithmetic import SEED, absorb, mix, scrambled, u32
from detectors.minhash.cuda_compiled import device
from detectors.minhash.fours import across, firsts, inside, kept, leads, letters, lowest

SPAN = 32
"""Bytes of a thread's mask."""


@device
def word_marks(text: Any, first: Any, end: Any, at: Any) -> Any:
    """Of the SPAN bytes from `at` (a multiple of SPAN): which begin a word; from which no word goes on.

    The second: separators, first bytes of words, and what lies beyond the document.
    """
    some, alone, some_before, alone_before = u32(0), u32(0), u32(0), u32(0)
    if at < end:
        load, last = u32(at >> 2), u32(u32(end - 1) >> 2)
        for j in range(SPAN // 4):
            four = text[min(u32(load + j), last)]  # what is read again beyond the end is masked below
            some = u32(some | u32(letters(four) << u32(4 * j)))
            alone = u32(alone | u32(leads(four) << u32(4 * j)))
        if at:
            four = text[u32(load - 1)]
            some_before, alone_before = letters(four), leads(four)
    mask = inside(first, end, at)
    some, alone = u32(some & mask), u32(alone & mask)
    going = u32(u32(some << u32(1)) | u32(some_before >> u32(3)))
    behind = u32(u32(alone << u32(3)) | u32(alone_before >> u32(1)))
    begun = u32(some & u32(u32(~going) | u32(alone | behind)))
    return begun, u32(u32(~some) | begun)


@device
def character_marks(text: Any, first: Any, end: Any, at: Any) -> Any:
    """Of the SPAN bytes from `at`: which begin a character; the document's first byte does."""
    begun = u32(0)
    if at < end:
        load, last = u32(at >> 2), u32(u32(end - 1) >> 2)
        for j in range(SPAN // 4):
            begun = u32(begun | u32(firsts(text[min(u32(load + j), last)]) << u32(4 * j)))
        if at == 0:
            begun = u32(begun | u32(u32(1) << first))
    return u32(begun & inside(first, end, at))


@device
def _is_lead(text: Any, at: Any) -> Any:
    return u32(leads(text[u32(at >> 2)]) >> u32(at & 3)) & 1


@device
def _goes_on(text: Any, first: Any, at: Any) -> Any:
    """Whether the word that byte at - 1 belongs to has byte `at` too."""
    if not u32(letters(text[u32(at >> 2)]) >> u32(at & 3)) & 1 or _is_lead(text, at):
        return False
    return at < first + 3 or not _is_lead(text, u32(at - 3))


@device
def word_end(text: Any, first: Any, end: Any, start: Any, base: Any, ended: Any, spans: Any) -> Any:
    """Where the word from `start` on ends; `ended` are the marks of `spans` spans from `base` on."""
    at = u32(u32(start + 1) - base)
    span = u32(at >> 5)
    if span < spans:
        mask = u32(ended[span] >> u32(at & 31))
        if mask:
            return u32(u32(start + 1) + lowest(mask))
        span = u32(span + 1)
    while span < spans:
        if ended[span]:
            return u32(u32(base + SPAN * span) + lowest(ended[span]))
        span = u32(span + 1)
    at = u32(base + SPAN * spans)  # out of the tile: seldom, and seldom far
    while at < end and _goes_on(text, first, at):
        at = u32(at + 1)
    return at


@device
def hash_word(text: Any, start: Any, stop: Any, end: Any) -> Any:
    """`words.hash_words` of bytes [start, stop) with seed SEED."""
    last, load, byte = u32(u32(end - 1) >> 2), u32(start >> 2), u32(start & 3)
    h, left = SEED, u32(stop - start)
    x = text[load]
    while True:
        y, z = text[min(u32(load + 1), last)], text[min(u32(load + 2), last)]
        low, high = across(x, y, byte), across(y, z, byte)
        if left < 8:
            low, high = kept(low, left), kept(high, u32(left - 4) if left > 4 else u32(0))
        h = absorb(absorb(h, low), high)
        if left <= 8:
            return u32(h ^ u32(stop - start))
        x, load, left = z, u32(load + 2), u32(left - 8)


@device
def hash_gram(text: Any, start: Any, stop: Any, end: Any) -> Any:
    """`shingles.murmur` of bytes [start, stop) with seed SEED; they are not none."""
    last, load, byte = u32(u32(end - 1) >> 2), u32(start >> 2), u32(start & 3)
    h, left = SEED, u32(stop - start)
    x = text[load]
    while left >= 4:
        load = u32(load + 1)
        y = text[min(load, last)]
        h = absorb(h, across(x, y, byte))
        x, left = y, u32(left - 4)
    if left:
        h = u32(h ^ scrambled(kept(across(x, text[min(u32(load + 1), last)], byte), left)))
    return mix(u32(h ^ u32(stop - start)))
