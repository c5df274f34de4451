"""`audit key`, `sign`, `bundle` and `verify` as a user types them, and their exit codes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import duckdb
import jsonschema
import pytest

from auditor import shipped
from tests.auditor.verify.conftest import path, three  # noqa: F401 (fixtures)

PASSPHRASE = {"AUDIT_KEY_PASSPHRASE": "correct horse"}


@pytest.fixture
def evidence(path):  # noqa: F811
    return str(path)


def test_a_key_is_for_its_owner_alone_and_never_written_over(audit):
    made = audit("key", "new", "--no-passphrase", "-o", "k.pem")
    assert made.exit_code == 0
    assert stat.S_IMODE(Path("k.pem").stat().st_mode) == 0o600
    assert made.stdout.startswith("-----BEGIN PUBLIC KEY-----")
    assert "Fingerprint: sha256:" in made.stderr
    assert "PRIVATE" not in made.output
    before = Path("k.pem").read_bytes()
    again = audit("key", "new", "--no-passphrase", "-o", "k.pem")
    assert (again.exit_code, Path("k.pem").read_bytes()) == (2, before)
    assert "never written over" in again.stderr
    assert audit("key", "show", "k.pem").stdout == made.stdout


def test_a_key_is_not_written_through_a_link(audit):
    Path("link.pem").symlink_to("elsewhere.pem")
    assert audit("key", "new", "--no-passphrase", "-o", "link.pem").exit_code == 2
    assert not Path("elsewhere.pem").exists()


def test_a_passphrase_comes_from_the_environment_and_is_asked_for(audit, evidence):
    assert audit("key", "new", "-o", "k.pem").exit_code == 2  # nobody is there to type one
    made = audit("key", "new", "-o", "k.pem", env=PASSPHRASE)
    assert (made.exit_code, "Warning" in made.stderr) == (0, False)
    assert b"ENCRYPTED" in Path("k.pem").read_bytes()
    assert audit("key", "show", "k.pem", env=PASSPHRASE).stdout == made.stdout
    wrong = audit("sign", evidence, "--key", "k.pem", env={"AUDIT_KEY_PASSPHRASE": "wrong"})
    assert (wrong.exit_code, "the passphrase is wrong" in wrong.stderr) == (2, True)
    assert audit("sign", evidence, "--key", "k.pem", env=PASSPHRASE).exit_code == 0


def test_no_option_takes_a_passphrase(audit):
    for verb in (["key", "new"], ["key", "show"], ["sign"], ["compare"]):
        assert "--passphrase" not in audit(*verb, "--help").stdout


def test_sign_verify_bundle_verify(audit, evidence):
    Path("public.pem").write_text(audit("key", "new", "--no-passphrase", "-o", "k.pem").stdout)
    signed = audit("sign", evidence, "run-c", "--key", "k.pem", "-o", "c.dsse.json")
    assert signed.exit_code == 0
    assert json.loads(Path("c.dsse.json").read_text())["payloadType"] == "application/vnd.in-toto+json"
    verified = audit("verify", evidence, "run-c", "--public-key", "public.pem")
    assert (verified.exit_code, verified.stdout.splitlines()[0]) == (0, "Verified: all that was asked.")
    bundled = audit("bundle", evidence, "run-c", "-o", "case.zip", "--public-key", "public.pem")
    assert bundled.exit_code == 0
    checked = audit("verify", "case.zip", "--public-key", "public.pem", "-f", "json")
    found = json.loads(checked.stdout)
    assert (checked.exit_code, found["exit_code"], found["kind"]) == (0, 0, "bundle")
    schema = json.loads(shipped.path("schema/verify-1.0.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(found)


def test_exit_codes(audit, evidence):
    Path("other.pem").write_text(audit("key", "new", "--no-passphrase", "-o", "k.pem").stdout)
    assert audit("verify", evidence).exit_code == 0
    assert audit("verify", evidence, "--public-key", "other.pem").exit_code == 5
    assert audit("verify", evidence, "--seal", "0" * 64).exit_code == 1
    for usage in (
        ["none.duckdb"],
        [evidence, "run-z"],
        [evidence, "--seal", "x"],
        [evidence, "--inputs", "none"],
        [evidence, "--public-key", "none.pem"],
    ):
        assert audit("verify", *usage).exit_code == 2
    audit("bundle", evidence, "-o", "case.zip", "--redact")
    assert audit("verify", "case.zip").exit_code == 3
    with duckdb.connect(evidence) as con:
        con.execute("UPDATE verdicts SET level = 'strong' WHERE run_id = 'run-a'")
    changed = audit("verify", evidence)
    assert changed.exit_code == 1
    assert "verdicts row 0 (teacher teacher-large)" in changed.stdout
    assert audit("verify", evidence, "run-c").exit_code == 0


def test_a_run_of_overlap_is_signed_bundled_and_verified(audit):
    rows = [{"id": str(n), "text": " ".join(f"w{n * 7 + k}" for k in range(40))} for n in range(30)]
    Path("left.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:20]))
    Path("right.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[10:]))
    Path("public.pem").write_text(audit("key", "new", "--no-passphrase", "-o", "k.pem").stdout)
    made = audit("overlap", "left.jsonl", "right.jsonl", "--sign", "k.pem", "--evidence", "a.duckdb")
    assert made.exit_code in (0, 1), made.stderr
    assert audit("verify", "a.duckdb", "--public-key", "public.pem").exit_code == 0
    assert audit("verify", "a.duckdb", "--recompute").exit_code == 3  # the corpora are not in the file
    assert audit("bundle", "a.duckdb", "-o", "whole.zip").exit_code == 0
    assert audit("verify", "whole.zip", "--public-key", "public.pem").exit_code == 0
    assert audit("bundle", "a.duckdb", "-o", "redacted.zip", "--redact").exit_code == 0
    redacted = audit("verify", "redacted.zip", "--public-key", "public.pem")
    assert redacted.exit_code == 3, redacted.stdout
    assert "overlap_passages: texts of" in redacted.stdout
    with duckdb.connect("a.duckdb") as con:
        con.execute("UPDATE overlap_pairs SET shared = shared - 1 WHERE position = 3")
    changed = audit("verify", "a.duckdb")
    assert (changed.exit_code, "overlap_pairs row 3" in changed.stdout) == (1, True)


def test_what_is_no_zip_is_one_message(audit):
    Path("case.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    refused = audit("verify", "case.zip")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1


def test_a_bundle_is_not_written_over_the_evidence(audit, evidence):
    assert audit("bundle", evidence, "-o", evidence).exit_code == 2
