"""Who signed, and what: a valid signature of something else is no signature."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import dsse, keys, statement
from auditor.errors import AuditError
from auditor.signing import sign_run
from auditor.store.signatures import SignatureRow, append_signature, read_signatures
from auditor.verify import Asked, verify
from tests.auditor.verify.conftest import KEY, changed, hashed_again, sealed_again

OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def signature(path, *given, run="run-b"):
    found = verify(path, Asked(run, keys=tuple(key.public_key() for key in given)))
    return found, [check for check in found.checks if check.name == "signature"]


def test_the_bytes_that_are_signed_are_those_of_the_specification():
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_signature_by_the_key_that_was_given_is_verified(three):
    found, (check,) = signature(three, KEY)
    assert (found.exit_code, check.outcome) == (0, "verified")
    assert keys.fingerprint(KEY.public_key()) in check.words


def test_not_signed_by_another_key(three):
    found, checks = signature(three, KEY, OTHER)
    assert found.exit_code == 5
    assert [c.outcome for c in checks] == ["verified", "not signed"]


def test_a_run_without_signature(three):
    found, (check,) = signature(three, run="run-a")
    assert (found.exit_code, check.outcome) == (0, "not signed")
    assert signature(three, KEY, run="run-a")[0].exit_code == 5


def test_a_file_sealed_again_no_longer_fits_its_signature(path):
    changed(path, "UPDATE verdicts SET level = 'strong'")
    hashed_again(path, "verdicts")
    sealed_again(path)
    found, (check,) = signature(path, KEY)
    assert (found.exit_code, check.outcome) == (1, "differs")
    assert any(line.startswith("seal: signed was") for line in check.details)


def test_a_changed_payload_is_an_invalid_signature(path):
    (row,) = read_signatures(path, "run-b")
    data = json.loads(row.envelope)
    payload = base64.b64decode(data["payload"]).replace(b"Moderate support", b"Strong support..")
    data["payload"] = base64.b64encode(payload).decode()
    changed(path, f"UPDATE signatures SET envelope = '{json.dumps(data)}'")
    hashed_again(path, "signatures")
    found, (check,) = signature(path, KEY)
    assert (found.exit_code, check.outcome) == (4, "signature invalid")


def test_a_keyid_alone_makes_nobody_the_signer(path):
    envelope = dsse.read(sign_run(path, "run-a", OTHER), "it")
    forged = dsse.Signature(keys.fingerprint(KEY.public_key()), envelope.signatures[0].value)
    text = dsse.written(dsse.Envelope(envelope.payload_type, envelope.payload, (forged,)))
    append_signature(path, "run-a", SignatureRow(forged.keyid, "now", text))
    found, (check,) = signature(path, KEY, run="run-a")
    assert (found.exit_code, check.outcome) == (4, "signature invalid")
    assert signature(path, OTHER, run="run-a")[0].exit_code == 0


def test_the_statement_is_in_toto_and_names_seal_and_report(three):
    envelope = dsse.read(read_signatures(three, "run-b")[0].envelope, "it")
    said = json.loads(envelope.payload)
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert [one["name"] for one in said["subject"]] == ["seal", "report.json"]
    assert said["predicate"]["headline"].startswith("Moderate support")


def test_signing_twice_adds_a_second_row(path):
    sign_run(path, "run-b", OTHER)
    assert [row.keyid for row in read_signatures(path, "run-b")] == [
        keys.fingerprint(key.public_key()) for key in (KEY, OTHER)
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"payload": 1, "payloadType": "x", "signatures": [1]}', "[" * 10**5]
)
def test_what_is_no_envelope_is_one_message(text):
    with pytest.raises(AuditError, match="no DSSE envelope"):
        dsse.read(text, "it")


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"_type": "x"}', b"\xff"])
def test_what_is_no_statement_is_one_message(payload):
    with pytest.raises(AuditError, match="not one about a verdict"):
        statement.read(dsse.Envelope(dsse.IN_TOTO, payload, ()))
