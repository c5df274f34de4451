"""A bundle made here is verified by a process that has nothing but it and the package."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import jsonschema
import pytest

from auditor import keys, shipped, store
from auditor.bundle import Wanted, make
from auditor.bundle.check import verify_bundle
from auditor.bundle.manifest import hashed
from auditor.bundle.zipped import write_zip
from auditor.errors import AuditError
from auditor.verify import Asked
from tests.auditor.store import sample_run
from tests.auditor.verify.conftest import KEY, path, three  # noqa: F401 (fixtures)

ROOT = Path(__file__).parents[3]
VERIFY = """
import sys
from auditor.cli import main
main(['verify', *sys.argv[1:], '-f', 'json'], prog_name='audit')
"""
TEXTS = [b"answer 0 1", b"answer 2 2", b"Why?", b"xabc"]


@pytest.fixture(scope="module")
def bundle(three, tmp_path_factory):  # noqa: F811
    """The second of three runs, with its key."""
    file = tmp_path_factory.mktemp("bundle") / "case.zip"
    make(three, Wanted("run-b", keys=(KEY.public_key(),)), file)
    return file


def unpacked(file, folder):
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


def packed(folder, file):
    write_zip({p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}, file)
    return file


def outcomes(found):
    return {check.name: check.outcome for check in found.checks}


def test_another_process_verifies_it_with_only_the_package(bundle, tmp_path):
    public = tmp_path / "public.pem"
    public.write_text(keys.pem(KEY.public_key()))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", VERIFY, str(bundle), "--public-key", str(public)],
        **{"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": False},
    )
    found = json.loads(run.stdout)
    assert (run.returncode, found["outcome"], found["kind"]) == (0, "verified", "bundle")
    schema = json.loads(shipped.path("schema/verify-1.0.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)
    assert {c["outcome"] for c in found["checks"]} == {"verified"}


def test_it_holds_the_run_alone_and_tells_of_the_others(bundle, tmp_path):
    folder = unpacked(bundle, tmp_path)
    with duckdb.connect(str(folder / "evidence.duckdb"), read_only=True) as con:
        assert con.execute("SELECT run_id FROM runs").fetchall() == [("run-b",)]
        assert con.execute("SELECT count(*) FROM seals").fetchall() == [(4,)]
    (chain,) = [c for c in verify_bundle(bundle, Asked()).checks if c.name == "chain"]
    assert "2 other runs are not in this copy" in chain.words
    assert len(chain.details) == 2
    manifest = json.loads((folder / "manifest.json").read_text())
    schema = json.loads(shipped.path("schema/bundle-1.0.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(manifest)
    assert manifest["files"].keys() == hashed(folder).keys()
    report = json.loads((folder / "report.json").read_text())
    jsonschema.Draft202012Validator(
        json.loads((folder / "schema/report-1.0.schema.json").read_text())
    ).validate(report)


def test_its_own_key_is_said_and_vouches_for_nobody(bundle):
    (check,) = [c for c in verify_bundle(bundle, Asked()).checks if c.name == "key in the bundle"]
    assert (check.outcome, check.asked) == ("not checked", False)
    assert "fits a signature" in check.words


def test_the_same_files_give_the_same_bytes(bundle, tmp_path):
    folder = unpacked(bundle, tmp_path / "files")
    for file in folder.rglob("*"):
        os.utime(file, (1, 1))
    one, two = (packed(folder, tmp_path / name).read_bytes() for name in ("one.zip", "two.zip"))
    assert one == two == bundle.read_bytes()


def test_redacted_it_holds_no_text_and_verifies_as_far_as_it_can(three, tmp_path):  # noqa: F811
    file = tmp_path / "case.zip"
    make(three, Wanted("run-b", redact=True), file)
    folder = unpacked(file, tmp_path / "files")
    with duckdb.connect(str(folder / "evidence.duckdb"), read_only=True) as con:
        assert con.execute("SELECT DISTINCT text FROM responses ORDER BY 1").fetchall() == [
            ("(withheld)",),
            (None,),
        ]
        assert con.execute("SELECT DISTINCT prompt FROM probes").fetchall() == [("(withheld)",)]
        assert con.execute("SELECT student_text FROM exhibits").fetchall() == [("(withheld)",)]
        assert con.execute("SELECT count(*) FROM measurements").fetchall() == [(9,)]
    everything = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
    assert not [text for text in TEXTS if text in everything]
    found = verify_bundle(file, Asked(keys=(KEY.public_key(),), recompute=True))
    assert found.exit_code == 3
    assert outcomes(found) == {
        "manifest": "verified",
        "contents": "verified",
        "file": "verified",
        "integrity": "not checked",
        "chain": "verified",
        "completeness": "verified",
        "signature": "verified",
        "recompute": "not checked",
    }
    (rows,) = [c for c in found.checks if c.name == "integrity"]
    assert "responses: texts of 8 of 9 rows are withheld" in rows.details[-1]


def test_a_text_withheld_by_hand_is_never_verified(path):  # noqa: F811
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE responses SET text = '(withheld)' WHERE number = 0")
    from auditor.verify import verify

    assert verify(path, Asked()).exit_code == 1


def test_measurements_of_a_redacted_bundle_are_checked(three, tmp_path):  # noqa: F811
    make(three, Wanted("run-b", redact=True), tmp_path / "case.zip")
    folder = unpacked(tmp_path / "case.zip", tmp_path / "files")
    with duckdb.connect(str(folder / "evidence.duckdb")) as con:
        con.execute("UPDATE measurements SET probe_values = [9] WHERE position = 2")
    found = verify_bundle(packed(folder, tmp_path / "other.zip"), Asked())
    assert found.exit_code == 1
    assert outcomes(found)["integrity"] == outcomes(found)["manifest"] == "differs"


@pytest.mark.parametrize(
    "name", ["report.html", "report.json", "seals.json", "verify.sh", "schema/report-1.0.schema.json"]
)
def test_a_file_changed_together_with_the_manifest_is_named(bundle, tmp_path, name):
    folder = unpacked(bundle, tmp_path / "files")
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    found = verify_bundle(packed(folder, tmp_path / "one.zip"), Asked())
    assert (
        f"{name}: is not as the manifest lists it"
        in next(c for c in found.checks if c.name == "manifest").details
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {n: {"sha256": h, "size": s} for n, (h, s) in hashed(folder).items()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = verify_bundle(packed(folder, tmp_path / "two.zip"), Asked())
    assert outcomes(found)["manifest"] == "verified"
    assert (
        f"{name}: is not what the evidence gives"
        in next(c for c in found.checks if c.name == "contents").details
    )


def test_a_bundle_of_a_bundle_keeps_what_it_says(bundle, tmp_path):
    folder = unpacked(bundle, tmp_path / "files")
    make(folder / "evidence.duckdb", Wanted("run-b", redact=True), tmp_path / "again.zip")
    found = verify_bundle(tmp_path / "again.zip", Asked())
    assert outcomes(found)["chain"] == "verified"
    assert found.exit_code == 3


def test_a_run_of_an_older_schema_is_bundled(tmp_path):
    old = tmp_path / "old.duckdb"
    store.append_run(old, sample_run.old_report(), sample_run.panel(), sample_run.measurements())
    sample_run.made_before(old, 3)
    make(old, Wanted(), tmp_path / "case.zip")
    assert outcomes(verify_bundle(tmp_path / "case.zip", Asked()))["integrity"] == "verified"


def test_another_run_than_the_bundle_holds_is_one_message(bundle):
    with pytest.raises(AuditError, match="holds run run-b"):
        verify_bundle(bundle, Asked("run-c"))


def test_a_command_in_the_evidence_stays_a_comment_of_the_script():
    from auditor.bundle.texts import script
    from auditor.report import Run

    run = Run(
        "r", "audit compare 'x\nrm -rf /'\r\nreboot", "", "", 0, versions={"distill-audit": "1';reboot;'"}
    )
    commands = [line for line in script(run, False).splitlines() if line and not line.startswith("#")]
    assert not [line for line in commands if line.startswith(("rm", "reboot")) or ";reboot" in line]
