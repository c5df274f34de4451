"""Signatures against the slow reference, against datasketch, and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.minhash.signatures import MinHash, permutations
from tests.detectors.minhash import reference

KINDS = [("words", 5), ("words", 1), ("bytes", 8), ("bytes", 5), ("bytes", 11), ("characters", 3)]
SCHEMES = ["fss", "oph", "kperm"]
ODD = [
    b"",
    b" ",
    b"one",
    b"one two three four",
    b"one two three four five",
    b"\x00nul\x00in it \xff\xfe\xe4 not \xe4\xbd UTF-8 \xe4\xe5\xe6\xe7\xe8\xe9",
    "混ぜた text 日本語 und Deutsch, naïve “quotes” 🙂 and spaces".encode(),
    b"a " * 9000,
    b"x" * 5000,
    b" ".join(b"word%d" % (i * i) for i in range(6000)),
    "漢字".encode() * 3000 + b" end",
]
texts = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")),
    st.lists(st.sampled_from(["the", "of", "a", "考", "extraordinarily", "\t", "é"]), max_size=200).map(
        lambda w: " ".join(w).encode()
    ),
)


def expected(documents, kind, n, scheme, k, seed=1):
    a, b = permutations(k, seed)
    sets = [reference.shingle_hashes(d, kind, n) for d in documents]
    return np.array([reference.signature(s, k, scheme, a, b) for s in sets], np.uint32)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("kind", "n"), KINDS)
def test_equals_the_definition(kind, n, scheme):
    family = MinHash(16, kind, n, scheme, threads=1)
    assert np.array_equal(family.signatures(ODD), expected(ODD, kind, n, scheme, 16))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(texts, max_size=6), st.sampled_from(KINDS), st.sampled_from(SCHEMES), st.integers(1, 70))
def test_equals_the_definition_on_any_bytes(documents, shingle, scheme, k):
    family = MinHash(k, *shingle, scheme, threads=2)
    found = family.signatures(documents)
    assert found.shape == (len(documents), k)
    if documents:
        assert np.array_equal(found, expected(documents, *shingle, scheme, k))
