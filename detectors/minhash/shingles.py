"""Shingles of a document as 32-bit hashes, a tile at a time.

Word n-grams, byte n-grams and character n-grams (code points), any n. A document of fewer than n parts, but
not none, is one shingle. A shingle's hash is MurmurHash3_x86_32 of its bytes, or of the 4 n bytes of its
words' hashes. Hashes of a tile need no order: every signature is made of minima.

A byte n-gram is read by 32-bit loads at its own address, not rolled: four walks, four bytes apart, read every
address once and have no chain of dependence, so LLVM turns them into vector code.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from detectors.compiled import compiled
from detectors.minhash.arithmetic import absorb, mix, scrambled, u32, u64
from detectors.minhash.machine import load32, mask_above
from detectors.minhash.texts import Bytes, Eights, Hashes, Positions
from detectors.minhash.words import BLOCK, SLACK, find_words, hash_words, listed

WORDS, BYTES, CHARACTERS = 0, 1, 2
TILE = 4096
"""Hashes of a tile; nearly every answer of a model is one tile, and its hashes then stay in the cache."""
LONGEST = 64
"""Largest n."""


class Work(NamedTuple):
    """Room for one document's tile: nothing is allocated while documents are read.

    Attributes
    ----------
    starts, ends, long : (TILE + SLACK,) int64, positions of words or characters; which words are long.
    eights : (TILE + SLACK,) uint64, first bytes of words.
    words : (TILE + SLACK + LONGEST,) uint32, hashes of words, those held from the tile before first.
    hashes, fresh : (TILE + SLACK + LONGEST,) uint32, hashes of shingles; the same hashed once more.
    tail : (64,) uint8.
    row : (k,) uint32, a signature being made.
    """

    starts: Positions
    ends: Positions
    long: Positions
    eights: Eights
    words: Hashes
    hashes: Hashes
    fresh: Hashes
    tail: Bytes
    row: Hashes


def work(k: int = 0) -> Work:
    """Room for one thread and signatures of k minima."""
    n = TILE + SLACK
    return Work(
        starts=np.empty(n, np.int64),
        ends=np.empty(n, np.int64),
        long=np.empty(n, np.int64),
        eights=np.empty(n, np.uint64),
        words=np.empty(n + LONGEST, np.uint32),
        hashes=np.empty(n + LONGEST, np.uint32),
        fresh=np.empty(n + LONGEST, np.uint32),
        tail=np.empty(BLOCK, np.uint8),
        row=np.empty(k, np.uint32),
    )


@compiled()
def murmur(data: Bytes, at: int, end: int, seed: np.uint32) -> np.uint32:
    """MurmurHash3_x86_32 of data[at:end]."""
    h, length = seed, u32(end - at)
    while at + 4 <= end:
        h = absorb(h, load32(data, at))
        at += 4
    last = u32(0)
    for i in range(end - at):
        last = u32(last | u32(u32(data[at + i]) << u32(8 * i)))
    return mix(u32(u32(h ^ scrambled(last)) ^ length))


@compiled()
def _word_shingles(n: int, count: int, seed: np.uint32, words: Hashes, hashes: Hashes) -> None:
    for i in range(count):
        hashes[i] = seed
    for j in range(n):
        later = words[j : j + count]
        for i in range(count):
            hashes[i] = absorb(hashes[i], later[i])
    for i in range(count):
        hashes[i] = mix(u32(hashes[i] ^ u32(4 * n)))


@compiled()
def _next_word_shingles(
    data: Bytes, begin: int, end: int, at: int, held: int, n: int, seed: np.uint32, work: Work
) -> tuple[int, int, int]:
    first = at == begin
    found, at = find_words(data, begin, end, at, work.starts, work.ends, work.tail)
    hash_words(data, work.starts, work.ends, found, seed, work.words[held:], work.eights, work.long)
    total = held + found
    if total < n:
        if first and total:  # the whole document is shorter than a shingle
            _word_shingles(total, 1, seed, work.words, work.hashes)
            return 1, at, total
        return 0, at, total
    count = total - n + 1
    _word_shingles(n, count, seed, work.words, work.hashes)
    for i in range(n - 1):
        work.words[i] = work.words[count + i]
    return count, at, n - 1


@compiled()
def _byte_shingles(data: Bytes, at: int, count: int, n: int, seed: np.uint32, hashes: Hashes) -> None:
    """Hashes of the n-grams at `at`, ..., at + count - 1; all loads must lie within `data`."""
    blocks, rest = n // 4, n % 4
    kept = u32((1 << (8 * rest)) - 1)
    done = 0
    for phase in range(4):
        m = (count - phase + 3) // 4
        part = hashes[done : done + m]
        for i in range(m):
            part[i] = seed
        for j in range(blocks):
            base = at + phase + 4 * j
            for i in range(m):
                part[i] = absorb(part[i], load32(data, base + 4 * i))
        if rest:
            base = at + phase + 4 * blocks
            for i in range(m):
                part[i] = u32(part[i] ^ scrambled(u32(load32(data, base + 4 * i) & kept)))
        for i in range(m):
            part[i] = mix(u32(part[i] ^ u32(n)))
        done += m


@compiled()
def _next_byte_shingles(
    data: Bytes, begin: int, end: int, at: int, n: int, seed: np.uint32, hashes: Hashes
) -> tuple[int, int]:
    count = min(end - n + 1 - at, TILE)
    if count <= 0:
        if at == begin and end > begin:
            hashes[0] = murmur(data, begin, end, seed)
            return 1, end
        return 0, end
    safe = max(0, min(count, len(data) - 4 * (n // 4 + 1) - at + 1))
    _byte_shingles(data, at, safe, n, seed, hashes)
    for i in range(safe, count):
        hashes[i] = murmur(data, at + i, at + i + n, seed)
    at += count
    return count, (at if at + n <= end else end)


@compiled()
def _characters(data: Bytes, begin: int, end: int, at: int, work: Work) -> tuple[int, int]:
    """Where the characters of the next TILE bytes start: bytes that continue none, and the document's first.

    Returns how many, in `work.starts`, and how far the walk came.
    """
    found, stop = 0, min(at + TILE, end)
    while at < stop:
        if at + BLOCK <= len(data):
            continues = u64(mask_above(data, at, 0x7F) & u64(~mask_above(data, at, 0xBF)))
        else:
            for i in range(BLOCK):
                work.tail[i] = data[at + i] if at + i < end else 0
            continues = u64(mask_above(work.tail, 0, 0x7F) & u64(~mask_above(work.tail, 0, 0xBF)))
        begun = u64(~continues)
        if at == begin:
            begun = u64(begun | u64(1))
        if stop - at < BLOCK:
            begun = u64(begun & u64(u64(u64(1) << u64(stop - at)) - u64(1)))
        found = listed(begun, at, work.starts, found)
        at += BLOCK
    return found, stop


@compiled()
def _next_character_shingles(
    data: Bytes, begin: int, end: int, at: int, n: int, seed: np.uint32, work: Work
) -> tuple[int, int]:
    """Like the bytes', with grams that begin and end where a character does.

    Where n characters are n bytes, the hash of the n-gram of bytes is taken.
    """
    starts = work.starts
    found, stop = _characters(data, begin, end, at, work)
    if stop == end:
        starts[found] = end
        found += 1
    count = found - n
    if count <= 0:
        if at == begin and end > begin:
            work.hashes[0] = murmur(data, begin, end, seed)
            return 1, end
        return 0, end
    narrow = max(0, min(stop - at, len(data) - 4 * (n // 4 + 1) - at + 1))
    _byte_shingles(data, at, narrow, n, seed, work.fresh)
    for i in range(count):
        first, last = starts[i], starts[i + n]
        if last - first == n and first - at < narrow:
            work.hashes[i] = work.fresh[_place(first - at, narrow)]
        else:
            work.hashes[i] = murmur(data, first, last, seed)
    return count, (end if stop == end else starts[count])


@compiled()
def _place(i: int, count: int) -> int:
    """Where `_byte_shingles` leaves the hash of the i-th of `count` addresses."""
    phase, place = i % 4, i // 4
    for earlier in range(phase):
        place += (count - earlier + 3) // 4
    return place


@compiled()
def ascii_only(data: Bytes, begin: int, end: int) -> bool:
    """Whether every character of the document is one byte."""
    seen = np.uint8(0)
    for i in range(begin, end):
        seen = np.uint8(seen | data[i])
    return bool(seen < 0x80)


@compiled()
def kind_for(data: Bytes, begin: int, end: int, kind: int) -> int:
    """The kind that gives a document the same shingles in the quickest way."""
    return BYTES if kind == CHARACTERS and ascii_only(data, begin, end) else kind


@compiled()
def next_shingles(
    data: Bytes, begin: int, end: int, at: int, held: int, kind: int, n: int, seed: np.uint32, work: Work
) -> tuple[int, int, int]:
    """The next tile of the document [begin, end) from `at` on, into `work.hashes`.

    Returns (how many hashes, where to go on: `end` = done, how many words `work.words` holds over). Begin
    with at = begin and held = 0.
    """
    if kind == WORDS:
        return _next_word_shingles(data, begin, end, at, held, n, seed, work)
    if kind == BYTES:
        count, at = _next_byte_shingles(data, begin, end, at, n, seed, work.hashes)
        return count, at, 0
    count, at = _next_character_shingles(data, begin, end, at, n, seed, work)
    return count, at, 0
