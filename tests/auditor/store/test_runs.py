from dataclasses import replace

import duckdb
import numpy as np
import pytest

from auditor import store
from auditor.errors import AuditError
from auditor.store import migrations
from auditor.store.rows import PanelRows
from tests.auditor.store import sample_run


def count(path, table):
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def test_runs_share_responses_and_probes(path):
    store.append_run(path, sample_run.report("run-d"), sample_run.panel(), ())
    assert (count(path, "responses"), count(path, "probes")) == (9, 3)
    store.append_run(path, sample_run.report("run-c"), sample_run.panel("other"), ())
    assert (count(path, "responses"), count(path, "probes")) == (17, 3)  # the null response is shared
    for run, panel in (("run-a", sample_run.panel()), ("run-c", sample_run.panel("other"))):
        given = panel.responses.sort_by([("subject", "ascending"), ("probe", "ascending")])
        assert store.read_panel(path, run).responses.equals(given)
        assert store.check_run(path, run) == ()


def test_the_same_probe_and_answer_twice_in_one_panel(path):
    twice = (sample_run.PROBES[0], sample_run.PROBES[0])
    panel = PanelRows(("m",), twice, sample_run.responses([(0, 0, 0, "x"), (0, 1, 0, "x"), (0, 1, 1, "x")]))
    store.append_run(path, sample_run.report("run-d"), panel, ())
    back = store.read_panel(path)
    assert back.probes == twice
    assert back.responses.equals(panel.responses)
    assert store.check_run(path) == ()


def test_a_run_without_anything(path):
    empty = replace(sample_run.report("run-0"), verdicts=(), findings=(), exhibits=(), skipped=(), lineage=())
    store.append_run(path, empty, PanelRows((), (), sample_run.responses([])), ())
    assert store.read_report(path).verdicts == ()
    assert store.read_panel(path) == PanelRows((), (), sample_run.responses([]))
    assert store.read_measurements(path) == ()
    assert store.check_run(path) == ()


def test_list_and_find(path):
    store.append_run(path, sample_run.report("next", verdicts=()), sample_run.panel(), ())
    first, _, last = store.list_runs(path)
    assert (first.id, first.teachers, first.levels) == ("run-a", ("teacher-large",), ("moderate",))
    assert (last.id, last.teachers, last.levels) == ("next", (), ())
    assert first.finished == "2025-01-01T00:01:00Z"
    for asked, found in (("latest", "next"), ("run-a", "run-a"), ("n", "next")):
        assert store.read_report(path, asked).run.id == found
    with pytest.raises(AuditError, match=r"More than one run .* 'run-'; there are run-a, run-b\."):
        store.read_report(path, "run-")
    for unknown in ("x", ""):
        with pytest.raises(AuditError, match=rf"no run '{unknown}'; there are run-a, run-b, next\. Give one"):
            store.read_report(path, unknown)


def test_a_run_is_stored_once(path):
    with pytest.raises(AuditError, match="holds run run-a already"):
        store.append_run(path, sample_run.report("run-a"), sample_run.panel(), ())
    assert len(store.list_runs(path)) == 2


def test_measurements_must_cover_the_probes(path):
    wrong = replace(sample_run.measurements()[0], values=np.zeros((3, 1, 2), np.float32))
    with pytest.raises(AuditError, match="each of the 3 probes of the panel; got 2"):
        store.append_run(path, sample_run.report("run-d"), sample_run.panel(), (wrong,))


def test_commitment(tmp_path):
    path = tmp_path / "c.duckdb"
    hashed = store.hash_probes(sample_run.PROBES)
    store.commit_probes(path, "run-a", hashed, 3, "2025-01-01T00:00:00Z")
    store.commit_probes(path, "run-a", hashed, 3, "2025-01-02T00:00:00Z")
    assert count(path, "commitments") == 1
    assert store.list_runs(path) == ()
    with pytest.raises(AuditError, match="holds no finished run"):
        store.read_report(path)
    with pytest.raises(AuditError, match="is committed to 3 probes"):
        store.commit_probes(path, "run-a", "ff", 3, "2025-01-02T00:00:00Z")
    store.append_run(path, sample_run.report(), sample_run.panel(), ())
    assert store.check_run(path) == ()
    with pytest.raises(AuditError, match="already"):
        store.commit_probes(path, "run-a", hashed, 3, "2025-01-02T00:00:00Z")


def test_other_probes_than_committed_are_named(tmp_path):
    path = tmp_path / "c.duckdb"
    store.commit_probes(path, "run-a", "ff", 3, "2025-01-01T00:00:00Z")
    store.append_run(path, sample_run.report(), sample_run.panel(), ())
    assert store.check_run(path)[0].startswith("commitments: the run asked probes")


def add_note(con):
    """The next one: a note on a finding."""
    con.execute("ALTER TABLE findings ADD COLUMN note VARCHAR")


def test_older_files_are_read_and_migrated_newer_ones_refused(path, monkeypatch):
    ours = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", (*ours, add_note))
    assert store.check_run(path) == ()  # reading changes nothing
    assert count(path, "migrations") == len(ours)
    store.append_run(path, sample_run.report("run-d"), sample_run.panel(), ())
    assert count(path, "migrations") == len(ours) + 1
    assert store.check_run(path, "run-a") == store.check_run(path, "run-d") == ()
    monkeypatch.setattr(migrations, "MIGRATIONS", ours)
    newer = f"newer distill-audit: its schema is number {len(ours) + 1}, this version"
    with pytest.raises(AuditError, match=newer):
        store.list_runs(path)
    with pytest.raises(AuditError, match=rf"knows 1 to {len(ours)}\. Upgrade"):
        store.append_run(path, sample_run.report("c"), sample_run.panel(), ())
