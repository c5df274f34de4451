"""What a signature of a run says: an in-toto Statement about its seal and its report.

The subjects are the seal, which covers every row of the run and every seal before it, and the report as JSON.
Leaves out signing (`dsse.py`). Source: in-toto attestation framework, Statement v1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.dsse import IN_TOTO, Envelope
from auditor.errors import AuditError

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:distill-audit:verdict:v1"  # a name; nothing is at that address
SEAL, REPORT = "seal", "report.json"


@dataclass(frozen=True)
class Statement:
    """What was signed.

    Attributes
    ----------
    run, seal : the run, and the seal (hex) of its rows. report : SHA-256 (hex) of the report as JSON.
    headline, versions : as in the report. config : SHA-256 (hex) of the stored configuration.
    signed : when, by the clock of whoever signed; nobody vouches for it.
    """

    run: str
    seal: str
    report: str
    headline: str
    versions: Mapping[str, str]
    config: str
    signed: str

    def payload(self) -> bytes:
        """The statement as JSON, the same bytes for the same statement."""
        data = {
            "_type": TYPE,
            "subject": [
                {"name": SEAL, "digest": {"sha256": self.seal}},
                {"name": REPORT, "digest": {"sha256": self.report}},
            ],
            "predicateType": PREDICATE,
            "predicate": {
                "run": self.run,
                "headline": self.headline,
                "versions": dict(self.versions),
                "config": {"sha256": self.config},
                "signed": self.signed,
            },
        }
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def read(envelope: Envelope) -> Statement:
    """The statement in an envelope; what else it may hold is refused."""
    try:
        data = json.loads(envelope.payload)
        if (envelope.payload_type, data["_type"], data["predicateType"]) != (IN_TOTO, TYPE, PREDICATE):
            raise ValueError("another type")
        digests = {str(one["name"]): str(one["digest"]["sha256"]) for one in data["subject"]}
        said: dict[str, Any] = data["predicate"]
        versions = {str(name): str(version) for name, version in said["versions"].items()}
        texts = (str(said[name]) for name in ("run", "headline", "signed"))
        run, headline, signed = texts
        config = str(said["config"]["sha256"])
        return Statement(run, digests[SEAL], digests[REPORT], headline, versions, config, signed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AuditError(
            f"The signed statement is not one about a verdict of distill-audit ({PREDICATE}); it was made "
            "for something else."
        ) from error


def digest(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
