"""Signs a run that is stored: its seal and its report go into a statement, the envelope into the file.

Leaves out checking (`auditor/verify`).
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import dsse, keys, store
from auditor.run_record import now
from auditor.statement import Statement, digest
from auditor.store.rows import json_text
from auditor.store.signatures import SignatureRow, append_signature, seal_of_run


def sign_run(path: Path, run: str, key: Ed25519PrivateKey) -> str:
    """Sign a run ("latest", an id, or the beginning of one); the envelope as JSON text."""
    run, seal = seal_of_run(path, run)
    statement = statement_of(path, run, seal, now())
    envelope = dsse.written(dsse.sign(statement.payload(), key))
    append_signature(path, run, SignatureRow(keys.fingerprint(key.public_key()), statement.signed, envelope))
    return envelope


def statement_of(path: Path, run: str, seal: str, signed: str) -> Statement:
    """What there is to say about a stored run."""
    if store.is_overlap(path, run):
        overlap = store.read_overlap(path, run)
        headline, identity = str(overlap.headline), overlap.run
    else:
        report = store.read_report(path, run)
        headline, identity = report.headline, report.run
    return Statement(
        run=run,
        seal=seal,
        report=digest(report_json(path, run)),
        headline=headline,
        versions=identity.versions,
        config=digest(json_text(identity.config, "config")),
        signed=signed,
    )


def report_json(path: Path, run: str) -> str:
    """The report of a stored run as JSON, exactly as `audit report -f json` writes it."""
    if store.is_overlap(path, run):
        from auditor.reports.overlap import render as render_overlap

        return str(render_overlap(asdict(store.read_overlap(path, run)), "json"))
    from auditor.reports import render

    return render(store.read_report(path, run), "json")
