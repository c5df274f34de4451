"""What can be wrong with the file itself, its folder, its disk; and a kill in the middle of writing."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import duckdb
import pytest

from auditor import store
from auditor.errors import AuditError, IncompleteError
from auditor.store.connection import explain
from tests.auditor.store import sample_run

ROOT = Path(__file__).parents[3]


def append(path, run="run-c"):
    store.append_run(path, sample_run.report(run), sample_run.panel(), sample_run.measurements())


def start(code, *args, **options):
    """A Python process that has stored nothing yet; it says `ready` when it is where the test wants it."""
    lines = ["import sys, os, time", "from pathlib import Path", "import duckdb", "from auditor import store"]
    lines += ["from tests.auditor.store import sample_run", "path = Path(sys.argv[1])", textwrap.dedent(code)]
    command = [sys.executable, "-c", "\n".join(lines), *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, **pipes, **options)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("content", [b"", b"hi", b"not a database\n" * 1000, "sqlite", "duckdb"])
def test_files_that_are_not_ours_are_left_alone(tmp_path, content):
    path = tmp_path / "other.db"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with {"sqlite": sqlite3, "duckdb": duckdb}[content].connect(str(path)) as con:
            con.execute("CREATE TABLE runs (a INTEGER)")
        con.close()
    before = path.read_bytes()
    for use in (store.list_runs, store.read_report, append):
        with pytest.raises(AuditError, match=r"not a DuckDB file|DuckDB file without evidence"):
            use(path)
    assert path.read_bytes() == before


def test_damaged_files_are_left_alone(stored, tmp_path):
    whole = stored.read_bytes()
    flipped = bytearray(whole)
    for place in range(12288, len(whole), 4096):
        flipped[place] ^= 255
    for content in (whole[: len(whole) // 3], flipped, whole[:5000]):
        path = tmp_path / "damaged.duckdb"
        path.write_bytes(content)
        for use in (store.list_runs, append):
            with pytest.raises(AuditError, match=r"is damaged: .* restore it from a copy"):
                use(path)
        assert path.read_bytes() == content


def test_paths_that_cannot_be_a_file(tmp_path):
    with pytest.raises(AuditError, match=r"No evidence file at .*no\.duckdb.*audit compare"):
        store.read_report(tmp_path / "no.duckdb")
    with pytest.raises(AuditError, match=r"No folder .*nowhere"):
        append(tmp_path / "nowhere" / "a.duckdb")
    for use in (store.list_runs, append):
        with pytest.raises(AuditError, match="is a folder"):
            use(tmp_path)
        with pytest.raises(AuditError, match="not a regular file"):
            use(Path("/dev/null"))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_duckdb_file_is_filled(tmp_path):
    path = tmp_path / "a.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(AuditError, match="without any table"):
        store.list_runs(path)
    append(path)
    assert store.check_run(path) == ()


def test_a_file_in_use_names_the_process(path):
    process = start("con = duckdb.connect(str(path)); print('ready', flush=True); time.sleep(60)", path)
    assert process.stdout.readline() == "ready\n"
    for use in (store.list_runs, append):
        with pytest.raises(IncompleteError, match=rf"in use by process {process.pid} .*run the same command"):
            use(path)
    kill(process)
    append(path)


def test_a_file_in_use_by_this_process(path):
    with duckdb.connect(str(path)), pytest.raises(IncompleteError, match="is in use by"):
        store.list_runs(path)


READ_ONLY = """
    from auditor.errors import AuditError
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    def said(use, *args):
        try:
            print(use(*args))
        except AuditError as error:
            print(error)
    print(len(store.list_runs(path)))
    said(store.commit_probes, path, "r", "ff", 1, "now")
    said(store.commit_probes, path.with_name("new.duckdb"), "r", "ff", 1, "now")
    said(store.list_runs, path.parent / "closed" / "a.duckdb")
"""


def test_a_folder_without_permission(stored):
    """Root may do everything, so the process that tries it gives its rights up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = Path(shutil.copy(stored, folder / "audit.duckdb"))
        (folder / "closed").mkdir(mode=0o000)
        path.chmod(0o444)
        folder.chmod(0o555)
        process = start(READ_ONLY, path)
        out, errors = process.communicate(timeout=60)
        folder.chmod(0o755)
    assert process.returncode == 0, errors
    first, *refusals = out.splitlines()
    assert first == "2"
    assert [("may not be opened" in line) for line in refusals] == [True, True, True], refusals


MIDDLE = """
    from auditor.store import append
    def stop(con, run, kind):
        print("ready", flush=True)
        time.sleep(60)
    append.seal = stop
    store.append_run(path, sample_run.report("killed"), sample_run.panel("new"), sample_run.measurements())
"""


def test_a_kill_in_the_middle_leaves_the_run_out(path, tmp_path):
    for target, runs in ((path, ["run-a", "run-b"]), (tmp_path / "first.duckdb", [])):
        process = start(MIDDLE, target)
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        kill(process)
        assert [run.id for run in store.list_runs(target)] == runs
        append(target, "killed")
        assert store.check_run(target, "killed") == ()
    assert store.check_run(path, "run-a") == store.check_run(path, "run-b") == ()


LOG = """
    from auditor.store import append, connection
    import contextlib
    @contextlib.contextmanager
    def connected(path, read_only):
        con = duckdb.connect(str(path), config=connection.settings())
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        yield con
        print("ready", flush=True)
        time.sleep(60)
    connection._connected = connected
    store.append_run(path, sample_run.report("run-c"), sample_run.panel("new"), sample_run.measurements())
"""


def test_a_kill_after_the_commit_keeps_the_run_in_the_log(path, tmp_path):
    process = start(LOG, path)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    kill(process)
    log = Path(f"{path}.wal")
    assert log.stat().st_size > 0
    torn = tmp_path / "torn.duckdb"
    shutil.copy(path, torn)
    Path(f"{torn}.wal").write_bytes(log.read_bytes()[: log.stat().st_size // 2])

    assert store.check_run(path, "run-a") == store.check_run(path, "run-c") == ()
    append(path, "run-d")
    assert not log.exists()
    assert [run.id for run in store.list_runs(path)] == ["run-a", "run-b", "run-c", "run-d"]
    assert store.check_run(path, "run-d") == store.check_run(path, "run-c") == ()

    assert [run.id for run in store.list_runs(torn)] == ["run-a", "run-b"]
    append(torn)
    assert store.check_run(torn) == store.check_run(torn, "run-a") == ()


FULL = """
    import resource, signal
    from auditor.errors import IncompleteError
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = path.stat().st_size + 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    texts = [(0, 0, n, os.urandom(20_000).hex()) for n in range(400)]  # more than its log may hold
    panel = store.PanelRows(("m",), sample_run.PROBES, sample_run.responses(texts))
    try:
        store.append_run(path, sample_run.report("full"), panel, ())
    except IncompleteError as error:
        print(error)
"""


def test_a_disk_without_space(path):
    """A limit on the file size stands for the full disk: DuckDB is refused in the middle of writing."""
    process = start(FULL, path)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert re.search(r"the disk is full. Runs stored earlier are intact", out), out
    assert [run.id for run in store.list_runs(path)] == ["run-a", "run-b"]
    append(path)
    assert store.check_run(path) == store.check_run(path, "run-a") == ()


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("IO Error: Could not write file: No space left on device", IncompleteError, "disk is full"),
        ("Out of Memory Error: failed to allocate data", IncompleteError, "within the memory"),
        ("IO Error: Trying to read a database file with version number 99", AuditError, "newer DuckDB"),
        ("IO Error: Cannot open file: Read-only file system", AuditError, "may not be opened"),
        ("Catalog Error: Table findings does not exist", AuditError, "DuckDB says: Catalog Error"),
    ],
)
def test_what_duckdb_says_becomes_one_message(said, kind, words):
    error = explain(Path("a.duckdb"), said)
    assert type(error) is kind
    assert words in str(error)
    assert str(error).startswith("a.duckdb ")


def test_a_stored_view_reaches_no_other_file(path, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with duckdb.connect(str(path)) as con:
        con.execute("DROP TABLE findings")
        con.execute(f"CREATE VIEW findings AS SELECT 'run-b' AS run_id, 0 AS position, * FROM '{secret}'")
    with pytest.raises(AuditError, match="disabled by configuration"):
        store.read_report(path)
