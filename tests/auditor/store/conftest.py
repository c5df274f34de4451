"""One stored file for all tests that only read it or change a copy of it."""

import shutil

import pytest

from auditor import store
from tests.auditor.store import sample_run


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    """An evidence file with the runs run-a and run-b; do not write to it."""
    path = tmp_path_factory.mktemp("stored") / "audit.duckdb"
    for run in ("run-a", "run-b"):
        store.append_run(path, sample_run.report(run), sample_run.panel(), sample_run.measurements())
    return path


@pytest.fixture
def path(stored, tmp_path):
    """A copy of the stored file, to be changed."""
    return shutil.copy(stored, tmp_path / "audit.duckdb")
