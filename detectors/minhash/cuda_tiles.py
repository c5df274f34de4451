"""Device functions of a block of threads: the shingles of a piece of a document, a tile at a time.

A tile is SPAN bytes a thread. Words and characters: every thread marks where parts begin in its own bytes,
their counts go through a prefix sum, positions are listed in order and turned in place into hashes of words
and of shingles. Byte n-grams: every thread reads four positions at once. A shingle belongs to the piece in
which its first part begins, so a piece reads on behind its end for the others. Everything a function returns
is the same in all threads. Loops step by `while`: the signed 64-bit counter of `range` costs more than they.
"""

from __future__ import annotations

from typing import Any

from numba import cuda

from detectors.minhash.arithmetic import SEED, absorb, mix, scrambled, u32, u64
from detectors.minhash.cuda_compiled import device
from detectors.minhash.cuda_text import SPAN, character_marks, hash_gram, hash_word, word_end, word_marks
from detectors.minhash.fours import across, kept, lowest
from detectors.minhash.shingles import BYTES, LONGEST, WORDS

GROUP = 8
"""Threads whose counts one thread adds up."""


def room(threads: int) -> int:
    """Numbers a tile needs in shared memory: a part or shingle a byte at most, those held over, the end."""
    return SPAN * threads + LONGEST + 1


def next_tile_of(kind: int, n: int, threads: int, mixed: bool) -> Any:
    """The device function `next_tile` for one kind of shingle.

    next_tile(text, first, end, until, base, state, parts, ended, counts, groups) -> (begin, stop, state)

    text, first, end : the document (`cuda_text.py`). until : where the piece ends, a tile's begin.
    base : where the tile begins. parts : (room,) uint32, its [begin, stop) become hashes of shingles, mixed
    once more if `mixed`. ended, counts : (threads,), groups : (threads // GROUP,), all shared uint32.
    state : (held, shift, own, whole): parts held over from the tile before, lying in `parts` from `shift` on;
    parts that begin in the piece and have had no shingle yet; whether all parts of the document so far are
    held (it may turn out shorter than a shingle). It begins as (0, 0, 0, 1), in later pieces (0, 0, 0, 0).
    All numbers are uint32. Synchronise between the use of `parts` and the next call.
    """
    return _next_grams(n, threads, mixed) if kind == BYTES else _next_parts(kind == WORDS, n, threads, mixed)


@device
def _ranked(counts: Any, groups: Any, n_groups: Any) -> Any:
    """(sum of the counts of the threads before, of all)."""
    t = u32(cuda.threadIdx.x)
    group, total, before = u32(t // GROUP), u32(0), u32(0)
    cuda.syncthreads()
    if t < n_groups:
        for j in range(GROUP):
            total = u32(total + counts[u32(t * GROUP + j)])
        groups[t] = total
    cuda.syncthreads()
    total, i = u32(0), u32(0)
    while i < n_groups:
        if i == group:
            before = total
        total = u32(total + groups[i])
        i = u32(i + 1)
    i = u32(group * GROUP)
    while i < t:
        before = u32(before + counts[i])
        i = u32(i + 1)
    return before, total


def _next_parts(words: bool, n: int, threads: int, mixed: bool) -> Any:
    needed = u32(n if words else n + 1)  # of characters also where the last one ends
    length, step, tile, n_groups = u32(4 * n), u32(threads), u32(SPAN * threads), u32(threads // GROUP)

    @device
    def move_down(parts: Any, held: Any, shift: Any) -> None:
        i = u32(cuda.threadIdx.x)
        stop = u32(held + i)  # all threads go as often
        while i < stop:
            value = parts[u32(shift + i)] if i < held else u32(0)
            cuda.syncthreads()
            if i < held:
                parts[i] = value
            cuda.syncthreads()
            i = u32(i + step)

    @device
    def list_parts(
        text: Any,
        first: Any,
        end: Any,
        base: Any,
        held: Any,
        parts: Any,
        ended: Any,
        counts: Any,
        groups: Any,
    ) -> Any:
        """Append the tile's parts, hashes of words or positions of characters; returns how many."""
        t = u32(cuda.threadIdx.x)
        at = u32(base + SPAN * t)
        if words:
            begun, ended[t] = word_marks(text, first, end, at)
        else:
            begun = character_marks(text, first, end, at)
        counts[t] = cuda.popc(begun)
        before, found = _ranked(counts, groups, n_groups)
        place = u32(held + before)
        while begun:
            parts[place] = u32(at + lowest(begun))
            place = u32(place + 1)
            begun = u32(begun & u32(begun - u32(1)))
        cuda.syncthreads()
        if words:
            i, stop = u32(held + t), u32(held + found)
            while i < stop:
                start = parts[i]
                parts[i] = hash_word(text, start, word_end(text, first, end, start, base, ended, step), end)
                i = u32(i + step)
            cuda.syncthreads()
        return found

    @device
    def shingle(parts: Any, i: Any, many: Any) -> Any:
        """Hash of `many` words from number i on."""
        h, j = SEED, u32(0)
        while j < many:
            h = absorb(h, parts[u32(i + j)])
            j = u32(j + 1)
        return mix(u32(h ^ u32(4 * many)))

    @device
    def shingles(text: Any, end: Any, parts: Any, count: Any) -> None:
        """Turn the first `count` parts into hashes of shingles, in place."""
        i = u32(cuda.threadIdx.x)
        stop = u32(count + i)  # all threads go as often
        while i < stop:
            h = SEED
            if i < count:
                if words:
                    for j in range(n):
                        h = absorb(h, parts[u32(i + j)])
                    h = mix(u32(h ^ length))
                else:
                    h = hash_gram(text, parts[i], parts[u32(i + n)], end)
                if mixed:
                    h = mix(h)
            cuda.syncthreads()
            if i < count:
                parts[i] = h
            i = u32(i + step)
        cuda.syncthreads()

    @device
    def next_tile(
        text: Any,
        first: Any,
        end: Any,
        until: Any,
        base: Any,
        state: Any,
        parts: Any,
        ended: Any,
        counts: Any,
        groups: Any,
    ) -> Any:
        held, shift, own, whole = state
        if shift:
            move_down(parts, held, shift)
        found = list_parts(text, first, end, base, held, parts, ended, counts, groups)
        total, none, one = u32(held + found), u32(0), u32(1)
        if base < until:
            own = u32(own + found)
        over = u32(base + tile) >= end
        if over and whole and 0 < total < n:  # the whole document is shorter than a shingle
            h = shingle(parts, none, total) if words else hash_gram(text, first, end, end)
            cuda.syncthreads()
            parts[none] = mix(h) if mixed else h
            cuda.syncthreads()
            return none, one, (none, none, none, none)
        if over and not words:
            parts[total] = end
            total = u32(total + 1)
            cuda.syncthreads()
        count = u32(u32(total - needed) + 1) if total >= needed else none
        mine = min(count, own)
        shingles(text, end, parts, mine)
        return none, mine, (u32(total - count), count, u32(own - mine), none if count else whole)

    return next_tile


def _next_grams(n: int, threads: int, mixed: bool) -> Any:
    blocks, rest, length = n // 4, n % 4, u32(n)
    step, tile = u32(threads), u32(SPAN * threads)

    @device
    def finished(h: Any) -> Any:
        h = mix(u32(h ^ length))
        return mix(h) if mixed else h

    @device
    def next_tile(
        text: Any,
        first: Any,
        end: Any,
        until: Any,
        base: Any,
        state: Any,
        parts: Any,
        ended: Any,
        counts: Any,
        groups: Any,
    ) -> Any:
        t, last, none, one = u32(cuda.threadIdx.x), u32(u32(end - 1) >> 2), u32(0), u32(1)
        if u32(end - first) < n:
            h = hash_gram(text, first, end, end)
            parts[none] = mix(h) if mixed else h
            cuda.syncthreads()
            return none, one, (none, none, none, none)
        low, high = max(first, base), min(u32(u32(end - length) + 1), u32(base + tile))
        start = u32(low & ~u32(3))
        i, stop = u32(u32(low >> 2) + t), u32(u32(high + 3) >> 2)
        while i < stop:
            h0, h1, h2, h3 = SEED, SEED, SEED, SEED
            x = text[i]
            for j in range(blocks):
                y = text[min(u32(i + (j + 1)), last)]
                h0, h1 = absorb(h0, x), absorb(h1, across(x, y, u32(1)))
                h2, h3 = absorb(h2, across(x, y, u32(2))), absorb(h3, across(x, y, u32(3)))
                x = y
            if rest:
                y = text[min(u32(i + (blocks + 1)), last)]
                h0 = u32(h0 ^ scrambled(kept(x, rest)))
                h1 = u32(h1 ^ scrambled(kept(across(x, y, u32(1)), rest)))
                h2 = u32(h2 ^ scrambled(kept(across(x, y, u32(2)), rest)))
                h3 = u32(h3 ^ scrambled(kept(across(x, y, u32(3)), rest)))
            # Up to three before the first and behind the last are nobody's. 64-bit: one address for four.
            at = u64(u32(4 * i - start))
            parts[at], parts[u64(at + u64(1))] = finished(h0), finished(h1)
            parts[u64(at + u64(2))], parts[u64(at + u64(3))] = finished(h2), finished(h3)
            i = u32(i + step)
        cuda.syncthreads()
        return u32(low - start), u32(max(low, high) - start), (none, none, none, none)

    return next_tile
