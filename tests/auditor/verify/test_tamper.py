"""Whoever changes something and cannot seal it again is found out, and what was changed is named."""

import shutil

import duckdb
import pytest

from auditor import store
from auditor.store.chain import read_seals
from auditor.store.connection import reading
from auditor.verify import Asked, verify
from tests.auditor.verify.conftest import changed, hashed_again, sealed_again

CACHE = {"embeddings"}  # no evidence; no hash covers it


def problems(found):
    return [
        line for check in found.checks if check.outcome == "differs" for line in (check.words, *check.details)
    ]


def columns(path):
    with duckdb.connect(str(path), read_only=True) as con:
        filled = [
            t for (t,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall() if t not in CACHE
        ]
        filled = [t for t in filled if con.execute(f"SELECT 1 FROM {t} LIMIT 1").fetchall()]
        return con.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE table_name = ANY ($1)",
            [filled],
        ).fetchall()


OTHER = {
    "VARCHAR": "'x'",
    "BIGINT": "77",
    "INTEGER": "77",
    "DOUBLE": "0.123",
    "BOOLEAN": "NOT coalesce({c}, false)",
    "VARCHAR[]": "['x']",
    "DOUBLE[]": "[0.5]",
    "FLOAT[]": "[0.5]",
    "BIGINT[]": "[0]",
    "INTEGER[]": "[5]",
    "BIGINT[][]": "[[1, 2]]",
    "DOUBLE[][]": "[[1, 2]]",
    "MAP(VARCHAR, VARCHAR)": "MAP {{'x': 'y'}}",
}


# Another value here makes a row vanish from where it belongs: then its run, or what uses it, is named.
PLACES = ("run_id", "content_hash", "number", "probe_hash")


def test_a_change_of_any_column_of_any_table_is_found_and_named(three, tmp_path):
    """Every column of the last row of every table, one column of each table at a time."""
    of_table = {}
    for table, column, kind in columns(three):
        if column not in PLACES:
            of_table.setdefault(table, []).append((column, OTHER.get(kind, "NULL").format(c=f'"{column}"')))
    assert len(of_table) > 15
    for place in range(max(map(len, of_table.values()))):
        chosen = {table: found[place] for table, found in of_table.items() if place < len(found)}
        copy = shutil.copy(three, tmp_path / "copy.duckdb")
        last = "WHERE rowid = (SELECT max(rowid) FROM {})"
        changed(copy, *(f'UPDATE {t} SET "{c}" = {v} {last.format(t)}' for t, (c, v) in chosen.items()))
        said = problems(verify(copy, Asked()))
        unnamed = [table for table in chosen if not any(line.startswith(table) for line in said)]
        assert not unnamed, (unnamed, chosen, said)


PLACED = {
    "UPDATE findings SET run_id = 'run-x' WHERE run_id = 'run-b'": "findings: 2 rows belong to no run",
    "UPDATE runs SET run_id = 'run-x' WHERE run_id = 'run-b'": "runs (run run-b, seal 2): the run",
    "UPDATE findings SET content_hash = 'x' WHERE run_id = 'run-b'": "findings row 0",
    "UPDATE responses SET number = 99 WHERE number = 8": "run_responses row 2",
    "UPDATE run_probes SET probe_hash = 'x' WHERE position = 1": "run_probes row 1",
    "INSERT INTO responses SELECT * FROM responses WHERE number = 3": "responses (number 3): is there twice",
    "UPDATE seals SET run_id = 'run-a' WHERE run_id = 'run-b' AND kind = 'run'": "seals row 2 (run run-a)",
}


@pytest.mark.parametrize("change", PLACED)
def test_a_row_moved_elsewhere_is_found_and_named(path, change):
    changed(path, change)
    assert any(line.startswith(PLACED[change]) for line in problems(verify(path, Asked())))


def test_an_untouched_file_is_verified(three):
    found = verify(three, Asked())
    assert (found.exit_code, found.outcome) == (0, "verified")
    assert {c.outcome for c in found.checks if c.name != "signature"} == {"verified"}
    assert {c.outcome for c in found.checks if c.name == "signature"} == {"not signed", "not checked"}


RUN_TABLES = (
    "runs models lineage excluded run_probes run_responses measurements findings tests exhibits skipped "
    "verdicts terms terms_versions"
)


def test_a_run_taken_out_is_named(path):
    changed(path, *(f"DELETE FROM {table} WHERE run_id = 'run-a'" for table in RUN_TABLES.split()))
    found = verify(path, Asked("run-c"))
    assert "runs (run run-a, seal 0): the run was sealed and is not in the file" in problems(found)


def test_a_run_taken_out_with_its_seal_breaks_the_chain(path):
    tables = [*RUN_TABLES.split(), "seals"]
    changed(path, *(f"DELETE FROM {table} WHERE run_id = 'run-a'" for table in tables))
    assert "seals row 0 (run run-b): does not follow the seal before it" in problems(
        verify(path, Asked("run-c"))
    )


def test_rows_put_in_another_order_break_the_seal(path):
    changed(path, "UPDATE findings SET position = 1 - position WHERE run_id = 'run-b'")
    hashed_again(path, "findings")
    found = verify(path, Asked("run-b"))
    assert "findings: 2 rows differ from the 2 that were sealed" in problems(found)


def test_another_probe_set_is_named(path):
    changed(path, "UPDATE probes SET prompt = 'Who?' WHERE id = '00aa'")
    hashed_again(path, "probes")
    changed(
        path,
        "UPDATE run_probes SET probe_hash = (FROM probes SELECT content_hash WHERE id = '00aa') "
        "WHERE position = 0",
    )
    hashed_again(path, "run_probes")
    assert "run_probes: 3 rows differ from the 3 that were sealed" in problems(verify(path, Asked("run-b")))


def test_a_commitment_to_other_probes_is_named_even_when_all_is_sealed_again(path):
    changed(path, "UPDATE commitments SET probes_hash = 'ff'")
    hashed_again(path, "commitments")
    sealed_again(path)
    assert [
        p for p in problems(verify(path, Asked("run-b"))) if p.startswith("commitments: the run asked probes")
    ]


def test_the_end_cut_off_is_found_by_a_noted_seal_alone(path):
    with reading(path) as con:
        last = read_seals(con)[-1]["seal"]
    tables = [*RUN_TABLES.split(), "seals"]
    changed(path, *(f"DELETE FROM {table} WHERE run_id = 'run-c'" for table in tables))
    assert verify(path, Asked()).exit_code == 0
    found = verify(path, Asked(seals=(last[:16],)))
    assert found.exit_code == 1
    assert problems(found)[0].startswith(f"The noted seal {last[:16]} is not in the chain")


def test_a_run_that_was_stopped_is_told(path):
    store.commit_probes(path, "run-d", "ff", 3, "2025-01-02T00:00:00Z")
    (chain,) = [c for c in verify(path, Asked()).checks if c.name == "chain"]
    assert chain.details == ("run run-d committed to its probes and was never stored",)
    changed(path, "UPDATE commitments SET probes_hash = 'ee' WHERE run_id = 'run-d'")
    hashed_again(path, "commitments")
    assert "commitments (run run-d, seal 4): is not what was sealed" in problems(verify(path, Asked()))


LOOSE = {
    "INSERT INTO skipped (run_id, detector) VALUES ('run-x', 'y')": "skipped: 1 rows belong to no run",
    "INSERT INTO responses (number, text) VALUES (99, 'x')": "responses: 1 rows belong to no run",
    "CREATE VIEW report AS SELECT 1": "report (view): has no place in an evidence file",
    "CREATE MACRO coalesce(a) AS a": "coalesce (macro): has no place in an evidence file",
    "CREATE TABLE more (a INTEGER)": "more: is no table of an evidence file",
    "ALTER TABLE runs ADD COLUMN a INTEGER": "runs: has other columns than it should",
    "DROP TABLE excluded": "excluded: is missing",
}


@pytest.mark.parametrize("change", LOOSE)
def test_what_belongs_to_no_run_is_named(path, change):
    changed(path, change)
    assert LOOSE[change] in problems(verify(path, Asked()))


def test_whoever_holds_an_unsigned_file_can_seal_it_again(path):
    """The threat model says so; only a signature or a noted seal helps."""
    changed(path, "UPDATE verdicts SET level = 'strong'")
    hashed_again(path, "verdicts")
    sealed_again(path)
    assert verify(path, Asked()).exit_code == 0
