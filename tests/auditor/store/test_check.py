import hashlib

import duckdb
import pyarrow as pa
import pytest

from auditor import store
from auditor.errors import AuditError
from auditor.store import scan
from auditor.store.canonical import digest, hash_rows

NULLED = "list_transform(probe_values, lambda v: if(isnan(v), NULL, v))"
TOGETHER = [  # changes to one file, each of which must be named
    {
        "UPDATE findings SET p_t = 0.5 WHERE position = 1": "findings row 1 (detector joint",
        "UPDATE verdicts SET words = 'x'": "verdicts row 0 (teacher teacher-large)",
        "UPDATE runs SET seed = 8": "runs row 0",
        "UPDATE responses SET text = 'x' WHERE number = 3": "responses row 1 (model student-7b, probe 00bb",
        "UPDATE probes SET prompt = 'x' WHERE id = '00cc'": "probes row 2",
        "UPDATE measurements SET probe_values = [9] WHERE position = 2": "measurements row 2 (subject other",
        "DELETE FROM lineage WHERE position = 1": "lineage row 1: is missing",
        "DELETE FROM exhibits": "exhibits: 0 rows differ from the 1 that were sealed",
        "INSERT INTO skipped SELECT * FROM skipped": "skipped row 1: is missing",
        "UPDATE seals SET previous = seal WHERE position = 1": "seals row 1 (run run-b): does not follow",
    },
    {
        f"UPDATE measurements SET probe_values = {NULLED}": "measurements row 0",
        "UPDATE responses SET number = 1 - number WHERE number < 2": "run_responses row 0",
        "ALTER TABLE skipped ADD COLUMN more INTEGER DEFAULT 1": "skipped row 0",
        "DELETE FROM seals WHERE run_id = 'run-a'": "seals row 0 (run run-b): does not follow",
    },
    {"DELETE FROM responses WHERE number = 8": "run_responses row 2"},
]


@pytest.mark.parametrize("changes", TOGETHER)
def test_the_first_changed_row_of_each_table_is_named(path, changes):
    with duckdb.connect(str(path)) as con:
        for change in changes:
            con.execute(change)
    found = store.check_run(path, "run-b")
    for named in changes.values():
        assert any(problem.startswith(named) for problem in found), (named, found)


def test_an_untouched_run_passes(stored):
    assert store.check_run(stored, "run-a") == store.check_run(stored, "run-b") == ()


def test_a_row_changed_together_with_its_hash_breaks_the_seal(path):
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE skipped SET reason = 'x' WHERE run_id = 'run-b'")
        row = con.sql("SELECT * FROM skipped WHERE run_id = 'run-b'").to_arrow_table()
        con.execute("UPDATE skipped SET content_hash = ? WHERE run_id = 'run-b'", [hash_rows(row)[0]])
    assert store.check_run(path, "run-b") == ("skipped: 1 rows differ from the 1 that were sealed",)
    assert store.check_run(path, "run-a") == ()


def test_rows_are_numbered_across_batches(path, monkeypatch):
    monkeypatch.setattr(scan, "BATCH", 2)
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE responses SET text = 'x' WHERE model = 'other-13b' AND probe = '00cc'")
    assert [p for p in store.check_run(path) if p.startswith("responses row 8 (model other-13b, probe 00cc")]


FOREIGN = {
    "UPDATE runs SET config = '{'": store.read_report,
    "UPDATE runs SET caveats = NULL": store.read_report,
    "UPDATE verdicts SET alternatives = NULL; ALTER TABLE runs DROP versions": store.read_report,
    "ALTER TABLE exhibits DROP run_id": store.read_report,
    "UPDATE run_responses SET probes = [9, 9, 9]": store.read_panel,
    "UPDATE probes SET tags = NULL": store.read_panel,
    "UPDATE measurements SET probe_values = [1] WHERE subject = 'student-7b'": store.read_measurements,
    "UPDATE measurements SET params = 'x'": store.read_measurements,
}


@pytest.mark.parametrize("change", FOREIGN)
def test_what_no_evidence_file_holds_is_one_message(path, change):
    with duckdb.connect(str(path)) as con:
        con.execute(change)
    with pytest.raises(AuditError):
        FOREIGN[change](path)


def test_a_seal_that_is_no_json_is_named(path):
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE seals SET tables = 'x' WHERE run_id = 'run-b'")
    assert "seals row 1 (run run-b): does not follow the seal before it" in store.check_run(path)


def test_a_removed_seal_is_named(path):
    with duckdb.connect(str(path)) as con:
        con.execute("DELETE FROM seals WHERE run_id = 'run-b'")
    assert store.check_run(path, "run-b") == ("seals: run run-b has no seal",)


def test_every_row_carries_its_hash(stored):
    with duckdb.connect(str(stored), read_only=True) as con:
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for table in tables - {"embeddings"}:  # a cache, and no evidence
            rows = con.sql(f"SELECT * FROM {table}").to_arrow_table()
            assert "content_hash" in rows.column_names
            if table not in ("responses", "run_responses"):
                assert hash_rows(rows) == rows["content_hash"].to_pylist(), table


def test_the_canonical_form_never_changes():
    """Literal texts: a change here breaks every evidence file in the world."""
    struct = pa.struct([("name", pa.string()), ("ok", pa.bool_())])
    columns = {
        "b": pa.array([None, 'é\0\n"\\\x7f\u2028']),
        "a": pa.array([1, -2], pa.int64()),
        "d": pa.array([1e-05, float("nan")]),
        "e": pa.array([[-0.0, None, float("inf")], []], pa.list_(pa.float64())),
        "m": pa.array([[("z", "1"), ("k", None)], []], pa.map_(pa.string(), pa.string())),
        "s": pa.array([[{"name": "x", "ok": True}], None], pa.list_(struct)),
        "f": pa.array([[1.0, float("nan"), None], None], pa.list_(pa.float32())),
        "content_hash": pa.array(["left", "out"]),
    }
    floats = hashlib.sha256(bytes.fromhex("0000803f 0000c07f ffffffff")).hexdigest()
    texts = [
        '{"a":1,"d":1e-05,"e":[-0.0,null,Infinity],"f":"float32:3:' + floats + '",'
        '"m":{"k":null,"z":"1"},"s":[{"name":"x","ok":true}]}',
        '{"a":-2,"b":"é\\u0000\\n\\"\\\\\x7f\u2028","d":NaN,"e":[],"m":{}}',
    ]
    assert hash_rows(pa.table(columns)) == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    assert hash_rows(pa.table(columns).slice(1)) == [hashlib.sha256(texts[1].encode()).hexdigest()]
    assert digest(["ab", "cd"]) == hashlib.sha256(b"ab\ncd\n").hexdigest()
