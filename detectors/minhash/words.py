"""Words of a text as hashes: what word shingles are made of.

A word is a run of bytes above the space (every control character separates), and each character of U+3000
to U+9FFF (kana, CJK ideographs, their punctuation) is a word by itself: those scripts set no spaces. Defined
on UTF-8 bytes, so it is one rule for every device, and total on any bytes, valid or not. Leaves out case and
punctuation, which count as they stand; other scripts without spaces (Thai, Khmer) want byte n-grams.

64 bytes at a time: bit masks of letters and of first bytes, then positions, then hashes. Each step is a loop
whose branches are easy to foresee or that has none, which is what makes it fast.
"""

from __future__ import annotations

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import absorb, u32, u64
from detectors.minhash.machine import load64, lowest_bit, mask_above, set_bits
from detectors.minhash.texts import Bytes, Eights, Hashes, Positions

BLOCK = 64
"""Bytes of a mask."""
SLACK = BLOCK + 8
"""Positions a block may add to a list, with those written in vain."""
_ONE, _ALL = u64(1), u64(0xFFFFFFFFFFFFFFFF)


@compiled()
def listed(mask: np.uint64, base: int, positions: Positions, n: int) -> int:
    """Append base + the positions of the set bits; eight at a time, so that the loop's length is foreseen.

    Returns the new length. (Unsigned indices spare the check for negative ones.)
    """
    more = set_bits(mask)
    for j in range(0, more, 8):
        for i in range(8):
            positions[u64(u64(n) + u64(j + i))] = base + lowest_bit(mask)
            mask = u64(mask & u64(mask - _ONE))
    return n + more


@compiled()
def _before(data: Bytes, begin: int, at: int) -> tuple[np.uint64, np.uint64]:
    """Masks of the block that ends at `at`, as far as the next block needs them."""
    letters, leads = u64(0), u64(0)
    for back in range(1, min(3, at - begin) + 1):
        byte = data[at - back]
        if 0xE3 <= byte <= 0xE9:
            leads = u64(leads | u64(_ONE << u64(64 - back)))
    if at > begin and data[at - 1] > 0x20:
        letters = u64(_ONE << u64(63))
    return letters, leads


@compiled()
def find_words(
    data: Bytes, begin: int, end: int, at: int, starts: Positions, ends: Positions, tail: Bytes
) -> tuple[int, int]:
    """Where the next words of the document [begin, end) from `at` on start and end.

    `starts` and `ends` are filled up to SLACK from their length; `tail` is 64 bytes to work with. Returns how
    many words there are and where to go on; that is `end` when the document is done.
    """
    room = len(starts) - SLACK
    n_starts, n_ends = 0, 0
    letters_before, leads_before = _before(data, begin, at)
    first = True
    while at < end and n_starts < room:
        if at + BLOCK <= len(data):
            letters = mask_above(data, at, 0x20)
            leads = u64(mask_above(data, at, 0xE2) & u64(~mask_above(data, at, 0xE9)))
        else:
            for i in range(BLOCK):
                tail[i] = data[at + i] if at + i < end else 0
            letters = mask_above(tail, 0, 0x20)
            leads = u64(mask_above(tail, 0, 0xE2) & u64(~mask_above(tail, 0, 0xE9)))
        if end - at < BLOCK:
            within = u64(u64(_ONE << u64(end - at)) - _ONE)
            letters, leads = u64(letters & within), u64(leads & within)
        previous = u64(u64(letters << _ONE) | u64(letters_before >> u64(63)))
        after = u64(u64(leads << u64(3)) | u64(leads_before >> u64(61)))
        begun = u64(letters & u64(u64(~previous) | u64(leads | after)))
        ended = u64(previous & u64(u64(~letters) | begun))
        if first:  # a word that ended where this walk begins was listed by the walk before
            ended, first = u64(ended & u64(~_ONE)), False
        n_starts = listed(begun, at, starts, n_starts)
        n_ends = listed(ended, at, ends, n_ends)
        letters_before, leads_before = letters, leads
        at += BLOCK
    if at >= end:
        if n_ends < n_starts:
            ends[n_ends] = end
        return n_starts, end
    return n_ends, (starts[n_ends] if n_ends < n_starts else at)


@compiled()
def _eight(data: Bytes, at: int, end: int) -> np.uint64:
    """The bytes [at, end) of a word, at most eight, zeros after them."""
    length = min(end - at, 8)
    if at + 8 <= len(data):
        return u64(load64(data, at) & u64(_ALL >> u64(64 - 8 * length)))
    x = u64(0)
    for i in range(length):
        x = u64(x | u64(u64(data[at + i]) << u64(8 * i)))
    return x


@compiled()
def hash_words(
    data: Bytes,
    starts: Positions,
    ends: Positions,
    n: int,
    seed: np.uint32,
    words: Hashes,
    eights: Eights,
    long: Positions,
) -> None:
    """Hashes of n words into `words`; `eights` and `long` are room for n numbers each.

    MurmurHash3's state over the word padded with zeros to whole 8 bytes, with its length put in; no
    finaliser, since only shingles of these hashes are used and they get one. All words' first eight bytes go
    first, in loops without a branch; longer words, one in eight, are then carried on.
    """
    n_long = 0
    for i in range(n):
        eights[i] = _eight(data, starts[i], ends[i])
        long[n_long] = i
        n_long += ends[i] - starts[i] > 8
    for i in range(n):
        h = absorb(absorb(seed, u32(eights[i])), u32(eights[i] >> u64(32)))
        words[i] = u32(h ^ u32(ends[i] - starts[i]))
    for j in range(n_long):
        i = long[j]
        at, end = starts[i], ends[i]
        length = u32(end - at)
        h = u32(words[i] ^ length)
        while end - at > 8:
            at += 8
            x = _eight(data, at, end)
            h = absorb(absorb(h, u32(x)), u32(x >> u64(32)))
        words[i] = u32(h ^ length)
