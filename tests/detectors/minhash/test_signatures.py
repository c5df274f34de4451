"""Signatures against the slow reference, against datasketch, and against themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.minhash.signatures import MinHash, permutations
from detectors.minhash.texts import Texts, texts_of
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


def test_equals_datasketch_for_the_same_hashes():
    datasketch = pytest.importorskip("datasketch")
    document = " ".join(f"word{i}" for i in range(400)).encode()
    hashes = reference.shingle_hashes(document, "words", 5)
    theirs = datasketch.MinHash(num_perm=128, seed=7, scheme="affine32", hashfunc=int)
    theirs.update_batch(sorted(hashes))
    ours = MinHash(128, "words", 5, "kperm", seed=7).signatures([document])
    assert np.array_equal(ours[0], theirs.hashvalues)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_depends_on_the_set_of_shingles_alone(scheme):
    parts = [f"a{i} b{i} c{i} d{i} e{i}" for i in range(50)]
    family = MinHash(64, "words", 1, scheme)
    forwards, backwards, twice = family.signatures(
        [" ".join(parts), " ".join(reversed(parts)), " ".join(parts + parts)]
    )
    assert np.array_equal(forwards, backwards) and np.array_equal(forwards, twice)


@pytest.mark.parametrize("kind", ["words", "bytes", "characters"])
def test_neither_threads_nor_neighbours_change_a_signature(kind):
    documents = [d for d in ODD if len(d) < 20000] * 5
    alone = np.concatenate([MinHash(32, kind, 4, threads=1).signatures([d]) for d in documents])
    assert np.array_equal(MinHash(32, kind, 4, threads=3).signatures(documents), alone)


def test_takes_arrow_columns_as_they_lie():
    column = pa.array(["left out", "one two three", None, "four five six"], pa.large_string())
    texts = texts_of(column)
    assert texts.data.ctypes.data == column.buffers()[2].address
    assert len(texts) == 4 and texts.n_bytes == len("left outone two threefour five six")
    sliced = texts_of(column.slice(1))
    assert bytes(sliced.data[sliced.offsets[0] : sliced.offsets[1]]) == b"one two three"
    assert texts_of(pa.chunked_array([["a"], ["b c"]])).offsets.tolist() == [0, 1, 4]
    assert texts_of(pa.array(["x", "y", "x"]).dictionary_encode()).offsets.tolist() == [0, 1, 2, 3]
    assert len(texts_of(pa.array([], pa.string()))) == 0 and len(texts_of([])) == 0


def test_bytes_under_a_null_do_not_count():
    values = pa.array(["kept", "gone"], pa.large_string())
    mask = pa.py_buffer(bytes([0b01]))
    column = pa.Array.from_buffers(pa.large_string(), 2, [mask, *values.buffers()[1:]])
    assert texts_of(column).offsets.tolist() == [0, 4, 4]


def test_refuses_what_is_no_text():
    with pytest.raises(TypeError, match="column of strings or bytes, got int64"):
        texts_of(pa.array([1, 2]))
    with pytest.raises(ValueError, match="must not fall"):
        Texts(np.zeros(4, np.uint8), np.array([0, 3, 2]))
    with pytest.raises(TypeError, match="one row of uint8"):
        Texts(np.zeros(4, np.int8), np.array([0]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"k": 0}, "k must be 1 to 65536, got 0"),
        ({"n": 65}, "n must be 1 to 64"),
        ({"scheme": "simhash"}, "scheme must be one of fss, oph, kperm, got 'simhash'"),
        ({"shingle": "lines"}, "shingle must be one of"),
    ],
)
def test_refuses_parameters_out_of_range(wrong, message):
    with pytest.raises(ValueError, match=message):
        MinHash(**wrong)


def test_refuses_a_place_of_the_wrong_size():
    with pytest.raises(ValueError, match=r"out must be \(1, 128\) uint32"):
        MinHash().signatures(["a"], out=np.empty((1, 64), np.uint32))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_shingle_with_the_hash_of_an_empty_bin(scheme):
    document = reference.four_bytes_with_hash(reference.EMPTY)
    assert reference.shingle_hashes(document, "bytes", 4) == {reference.EMPTY}
    signature = MinHash(16, "bytes", 4, scheme).signatures([document])  # and is not looked for without end
    assert (signature == reference.EMPTY).all() == (scheme == "oph")
