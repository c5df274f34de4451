"""The table of kept embeddings: exact, complete or not there, outside the seals, and easily removed."""

import hashlib
import re

import duckdb
import numpy as np
import pytest

from auditor import store
from auditor.errors import AuditError
from auditor.store.migrations import MIGRATIONS
from tests.auditor.store import sample_run
from tests.auditor.store.test_evidence_schema_page import PAGE
from tests.auditor.store.test_files import kill, start

KEYS = [hashlib.sha256(str(n).encode()).digest() for n in range(300)]
VECTORS = np.random.default_rng(0).normal(size=(300, 24)).astype(np.float16)
VECTORS[0, :4] = [np.nan, np.inf, -0.0, 6e-8]


def found(path, embedder="a", keys=KEYS):
    """Key -> bytes of its vector."""
    keys, vectors = store.read_embeddings(path, embedder, keys)
    assert vectors.dtype == np.float16 and len(vectors) == len(keys) == len(set(keys))
    return {key: vector.tobytes() for key, vector in zip(keys, vectors, strict=True)}


EXPECTED = {key: vector.tobytes() for key, vector in zip(KEYS, VECTORS, strict=True)}


def test_vectors_come_back_bit_for_bit(path):
    store.keep_embeddings(path, "a", KEYS, VECTORS)
    assert found(path) == EXPECTED
    assert list(found(path, keys=[KEYS[7], b"x" * 32])) == [KEYS[7]]
    assert found(path, "b") == found(path, keys=[]) == {}


def test_what_is_there_is_not_added_again(path):
    store.keep_embeddings(path, "a", KEYS[:200], VECTORS[:200])
    store.keep_embeddings(path, "a", KEYS[100:], np.where(np.arange(200)[:, None] < 100, 9, VECTORS[100:]))
    store.keep_embeddings(path, "b", KEYS[:1], VECTORS[:1, :8])
    assert found(path) == EXPECTED
    assert found(path, "b") == {KEYS[0]: VECTORS[0, :8].tobytes()}


@pytest.mark.parametrize("vectors", [VECTORS[:2], VECTORS.astype(np.float32)])
def test_only_as_many_vectors_as_texts_in_float16(path, vectors):
    with pytest.raises(ValueError, match="as many float16 vectors"):
        store.keep_embeddings(path, "a", KEYS, vectors)


MIDDLE = """
    import contextlib, hashlib
    import numpy as np
    from auditor.store import embeddings
    real = embeddings.writing
    @contextlib.contextmanager
    def stop(path):
        with real(path) as con:
            yield con
            assert con.execute("SELECT count(*) FROM embeddings").fetchall() == [(500,)]
            print("ready", flush=True)
            time.sleep(60)
    embeddings.writing = stop
    keys = [hashlib.sha256(str(n).encode()).digest() for n in range(200)]
    store.keep_embeddings(path, "killed", keys, np.ones((200, 24), np.float16))
"""


def test_a_kill_in_the_middle_leaves_no_vector_of_it_and_all_before(path):
    store.keep_embeddings(path, "a", KEYS, VECTORS)
    process = start(MIDDLE, path)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    kill(process)
    with duckdb.connect(str(path)) as con:
        assert con.execute("SELECT DISTINCT embedder FROM embeddings").fetchall() == [("a",)]
    assert found(path) == EXPECTED
    assert store.check_run(path, "run-a") == store.check_run(path, "run-b") == ()


def test_no_seal_covers_them(path):
    store.keep_embeddings(path, "a", KEYS, VECTORS)
    store.append_run(path, sample_run.report("run-c"), sample_run.panel(), sample_run.measurements())
    for change in ("UPDATE embeddings SET vector = 'x'::BLOB", "DELETE FROM embeddings"):
        with duckdb.connect(str(path)) as con:
            con.execute(change)
        assert all(store.check_run(path, run) == () for run in ("run-a", "run-b", "run-c"))
        assert store.read_report(path).run.id == "run-c"


@pytest.mark.parametrize("vector", ["''::BLOB", "NULL", "'abc'::BLOB", "'ab'::BLOB"])
def test_vectors_that_do_not_fit_together_are_refused(path, vector):
    store.keep_embeddings(path, "a", KEYS[:5], VECTORS[:5])
    with duckdb.connect(str(path)) as con:
        con.execute(f"UPDATE embeddings SET vector = {vector} WHERE text_sha256 = ?", [KEYS[2]])
    with pytest.raises(AuditError, match=r"unequal length.*DELETE FROM embeddings"):
        found(path)


def test_a_file_from_before_the_table_can_be_read_and_gets_it(tmp_path):
    path = tmp_path / "old.duckdb"
    with sample_run.older_seals():
        store.append_run(path, sample_run.old_report(), sample_run.panel(), sample_run.measurements())
    sample_run.made_before(path, 2)
    old = repr(store.read_report(path))  # as text: NaN is not equal to itself
    assert store.check_run(path) == ()
    store.keep_embeddings(path, "a", KEYS, VECTORS)
    assert found(path) == EXPECTED
    assert repr(store.read_report(path)) == old and store.check_run(path) == ()
    with duckdb.connect(str(path), read_only=True) as con:
        numbers = con.execute("SELECT number, name FROM migrations ORDER BY number").fetchall()
    assert numbers == [(n, migration.__name__) for n, migration in enumerate(MIGRATIONS, 1)]


def test_a_copy_without_them_is_smaller_and_as_whole(path, tmp_path):
    """With the commands that docs/evidence-schema.md gives."""
    *_, delete = re.findall(r'^duckdb audit.duckdb "(DELETE .+)"$', PAGE, re.MULTILINE)
    (copy,) = re.findall(r'^duckdb -c "(ATTACH .+)"$', PAGE, re.MULTILINE)
    many = np.random.default_rng(1).normal(size=(20_000, 64)).astype(np.float16)
    store.keep_embeddings(path, "a", [hashlib.sha256(v.tobytes()).digest() for v in many], many)
    small = tmp_path / "small.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(delete)
    with duckdb.connect() as con:
        con.execute(copy.replace("audit.duckdb", str(path), 1).replace("small.duckdb", str(small)))
    assert small.stat().st_size < path.stat().st_size - 2_000_000
    assert store.check_run(small, "run-a") == store.check_run(small, "run-b") == ()
    assert repr(store.read_report(small)) == repr(store.read_report(path))
    store.keep_embeddings(small, "a", KEYS, VECTORS)
    assert found(small) == EXPECTED
