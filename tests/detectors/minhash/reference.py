"""The signatures once more, slowly: plain Python over sets, hashed by scikit-learn's MurmurHash3.

Written from the definitions in `detectors/minhash`, not from its kernels.
"""

from __future__ import annotations

from itertools import pairwise

from sklearn.utils import murmurhash3_32

EMPTY, MASK = 0xFFFFFFFF, 0xFFFFFFFF


def mix(h):
    h ^= h >> 16
    h = h * 0x85EBCA6B & MASK
    h ^= h >> 13
    h = h * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def unmixed(h):
    """The state that `mix` turned into `h`."""
    h ^= h >> 16
    h = h * pow(0xC2B2AE35, -1, 1 << 32) & MASK
    h ^= h >> 13 ^ h >> 26
    h = h * pow(0x85EBCA6B, -1, 1 << 32) & MASK
    return h ^ h >> 16


def murmur(data):
    return murmurhash3_32(data, seed=0, positive=True)


def four_bytes_with_hash(h):
    """The four bytes whose MurmurHash3 is h."""
    h = (unmixed(h) ^ 4) - 0xE6546B64
    h = h * pow(5, -1, 1 << 32) & MASK
    k = (h >> 13 | h << 19) & MASK
    k = k * pow(0x1B873593, -1, 1 << 32) & MASK
    return ((k >> 15 | k << 17) * pow(0xCC9E2D51, -1, 1 << 32) & MASK).to_bytes(4, "little")


def words_of(text):
    words = []
    for i in range(len(text)):
        if text[i] > 0x20:
            lead = 0xE3 <= text[i] <= 0xE9
            ends_character = i >= 3 and 0xE3 <= text[i - 3] <= 0xE9
            if lead or ends_character or i == 0 or text[i - 1] <= 0x20:
                words.append(bytearray())
            words[-1].append(text[i])
    return [bytes(w) for w in words]


def word_hash(word):
    padded = word + bytes(-len(word) % 8)
    return unmixed(murmur(padded)) ^ len(padded) ^ len(word)


def shingle_hashes(text, kind, n):
    """The set of 32-bit hashes of a document's shingles."""
    if kind == "words":
        parts = [word_hash(w).to_bytes(4, "little") for w in words_of(text)]
    elif kind == "bytes":
        parts = [text[i : i + 1] for i in range(len(text))]
    else:
        starts = [i for i in range(len(text)) if i == 0 or text[i] & 0xC0 != 0x80] + [len(text)]
        parts = [text[a:b] for a, b in pairwise(starts)]
    if not parts:
        return set()
    n = min(n, len(parts))
    return {murmur(b"".join(parts[i : i + n])) for i in range(len(parts) - n + 1)}


def bin_of(h, k):
    return h * k >> 32


def rehashed(h, turn):
    return mix(h ^ turn * 0x9E3779B1 & MASK)


def signature(hashes, k, scheme, a=(), b=()):
    if not hashes:
        return [EMPTY] * k
    if scheme == "kperm":
        return [min(int(a[i]) * mix(h) + int(b[i]) & MASK for h in hashes) for i in range(k)]
    row = [EMPTY] * k
    for h in hashes:
        row[bin_of(h, k)] = min(row[bin_of(h, k)], h)
    if scheme == "oph":
        full = list(row)
        for i in range(k):
            attempt = 0
            while row[i] == EMPTY:
                attempt += 1
                row[i] = full[bin_of(mix((i * 0x9E3779B1 + attempt * 0x85EBCA77) & MASK), k)]
        return row
    for turn in (1, 2, 3):
        fresh = [EMPTY] * k
        for h in (rehashed(h, turn) for h in hashes):
            fresh[bin_of(h, k)] = min(fresh[bin_of(h, k)], h)
        row = [new if old == EMPTY else old for old, new in zip(row, fresh, strict=True)]
    return [min(rehashed(h, 4 + i) for h in hashes) if v == EMPTY else v for i, v in enumerate(row)]
