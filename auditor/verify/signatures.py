"""Who signed a run, and whether what was signed is what the file holds.

Without a key that the reader got some other way nothing is verified: anybody can make a key and sign with it.
Leaves out signing (`auditor/signing.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auditor import dsse, keys, statement
from auditor.errors import AuditError
from auditor.run_record import versions
from auditor.signing import statement_of
from auditor.statement import Statement
from auditor.store.signatures import SignatureRow, read_signatures, seal_of_run
from auditor.verify.outcome import DIFFERS, INVALID, NOT_CHECKED, NOT_SIGNED, VERIFIED, Check

NAME = "signature"
PROGRAM = "distill-audit"


def check(path: Path, run: str, key: Ed25519PublicKey | None) -> Check:
    """Whether `key` signed the run; without a key, who claims to have."""
    rows = read_signatures(path, run)
    return _unasked(run, rows) if key is None else _by(path, run, rows, key)


def _unasked(run: str, rows: Sequence[SignatureRow]) -> Check:
    if not rows:
        return Check(NAME, run, NOT_SIGNED, "Not signed.", asked=False)
    claimed = tuple(f"claims to be by {row.keyid} of {row.signed}" for row in rows)
    words = f"{len(rows)} signatures, not checked: no key was given (--public-key)."
    return Check(NAME, run, NOT_CHECKED, words, claimed, asked=False)


def _by(path: Path, run: str, rows: Sequence[SignatureRow], key: Ed25519PublicKey) -> Check:
    """Whether this key signed the run as it is in the file."""
    name = keys.fingerprint(key)
    broken = []
    for row in rows:
        try:
            envelope = dsse.read(row.envelope, f"the signature of {row.signed}")
            if envelope.signed_by(key):
                return _fits(path, run, name, statement.read(envelope))
            claims = any(one.keyid == name for one in envelope.signatures) or row.keyid == name
        except AuditError as error:
            broken.append(str(error))
            continue
        if claims:
            broken.append(f"the signature of {row.signed} claims to be by {name}, and is not")
    if broken:
        return Check(NAME, run, INVALID, f"{broken[0]}.", tuple(broken))
    return Check(NAME, run, NOT_SIGNED, f"Not signed by {name}.")


def _fits(path: Path, run: str, name: str, said: Statement) -> Check:
    """Whether a statement whose signature is valid is about what the file holds."""
    here = statement_of(path, run, seal_of_run(path, run)[1], said.signed)
    pairs = {
        "run": (said.run, here.run),
        "seal": (said.seal, here.seal),
        "headline": (said.headline, here.headline),
        "configuration": (said.config, here.config),
        "versions": (dict(said.versions), dict(here.versions)),
    }
    wrong = [f"{what}: signed was {a}, the file has {b}" for what, (a, b) in pairs.items() if a != b]
    if wrong:
        words = f"{name} signed something else: {wrong[0]}."
        return Check(NAME, run, DIFFERS, words, tuple(wrong))
    words = f"Signed by {name}, by its clock {said.signed}, as it is in the file."
    if said.report == here.report:
        return Check(NAME, run, VERIFIED, words)
    made, ours = said.versions.get(PROGRAM, "unknown"), versions()[PROGRAM]
    note = (
        f"the report as JSON is not compared: version {made} wrote the one that was signed, this is {ours}"
        if made != ours
        else "the report as JSON is not the one that was signed: texts are withheld, or another "
        "build of this version wrote it; the seal covers every figure in it all the same"
    )
    return Check(NAME, run, VERIFIED, words, (note,))
