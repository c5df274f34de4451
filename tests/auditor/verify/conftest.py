"""Runs that were really judged or stored, signed, and ready to be tampered with."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import compare, keys, store
from auditor.case import Silent
from auditor.report import SkippedDetector
from auditor.run_record import versions
from auditor.signing import sign_run
from auditor.store.canonical import hash_rows
from auditor.store.seal import link_rows, seal
from detectors.registry import DETECTORS, SCORED, SHOWN
from tests.auditor.store import sample_run
from tests.panels import generated, written_panel

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RUNS = ("run-a", "run-b", "run-c")


@pytest.fixture(scope="session")
def three(tmp_path_factory) -> Path:
    """Three stored runs, the second with a commitment and signed; do not write to it."""
    path = tmp_path_factory.mktemp("three") / "audit.duckdb"
    for run in RUNS:
        if run == "run-b":
            store.commit_probes(path, run, store.hash_probes(sample_run.PROBES), 3, "2025-01-01T00:00:00Z")
        report = sample_run.report(run)
        config = {"teachers": ["panel:teacher-large"], "detectors": []}
        silent = [name for name in (*DETECTORS, *SCORED, *SHOWN) if name != "wording"]
        skipped = tuple(SkippedDetector(name, "needs an extra") for name in silent)
        identity = replace(report.run, config=config, versions=versions())
        report = replace(report, run=identity, skipped=skipped)
        store.append_run(path, report, sample_run.panel(), sample_run.measurements())
    sign_run(path, "run-b", KEY)
    return path


@pytest.fixture
def path(three, tmp_path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copy(three, tmp_path / "audit.duckdb"))


@pytest.fixture(scope="session")
def judged(tmp_path_factory) -> Path:
    """A run of `audit compare` by two detectors; do not write to it."""
    folder = tmp_path_factory.mktemp("judged")
    config = written_panel(folder, *generated(24, n_decoys=8, n_probes=30))
    compare.run(replace(config, detectors=("wording", "opening"), bootstrap=50), Silent())
    return Path(config.evidence)


@pytest.fixture
def public_key(tmp_path) -> str:
    file = tmp_path / "public.pem"
    file.write_text(keys.pem(KEY.public_key()))
    return str(file)


def changed(path: Path, *changes: str) -> None:
    with duckdb.connect(str(path)) as con:
        for change in changes:
            con.execute(change)


def hashed_again(path: Path, table: str) -> None:
    """Give every row of a table the hash of its present content, as whoever can write the file can."""
    with duckdb.connect(str(path)) as con:
        rows = con.sql(f"SELECT *, rowid AS row_in_file FROM {table}").to_arrow_table()
        plain = rows.drop(["row_in_file"])
        if table == "run_responses":
            plain = link_rows(con, plain)
        plain = plain.drop(["number"]) if table == "responses" else plain
        for place, one in zip(rows["row_in_file"].to_pylist(), hash_rows(plain), strict=True):
            con.execute(f"UPDATE {table} SET content_hash = ? WHERE rowid = ?", [one, place])


def sealed_again(path: Path) -> None:
    """Rebuild the whole chain over the present rows: what the holder of an unsigned file can always do."""
    with duckdb.connect(str(path)) as con:
        order = con.execute("SELECT run_id, kind FROM seals ORDER BY position").fetchall()
        con.execute("DELETE FROM seals")
    with duckdb.connect(str(path)) as con:  # anew: the top row after a deletion is not found before
        for run, kind in order:
            seal(con, run, kind)
