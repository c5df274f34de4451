"""DSSE envelopes: a payload, its type, and signatures over both (github.com/secure-systems-lab/dsse, v1).

Leaves out what the payload says (`statement.py`) and whose keys there are (`keys.py`).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auditor import keys
from auditor.errors import AuditError

IN_TOTO = "application/vnd.in-toto+json"
LARGEST = 1 << 20  # bytes of an envelope; ours take some kilobytes


@dataclass(frozen=True)
class Signature:
    """One signature: `keyid` is the fingerprint its maker claims, `value` the 64 bytes."""

    keyid: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload with its signatures; nothing in it is to be believed before a signature was checked."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether one of the signatures was made with this key, whatever key it claims."""
        return any(_is_valid(key, one.value, pae(self.payload_type, self.payload)) for one in self.signatures)


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the pre-authentication encoding of the specification."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: Ed25519PrivateKey, payload_type: str = IN_TOTO) -> Envelope:
    """An envelope with one signature."""
    made = Signature(keys.fingerprint(key.public_key()), key.sign(pae(payload_type, payload)))
    return Envelope(payload_type, payload, (made,))


def written(envelope: Envelope) -> str:
    """The envelope as JSON text, the same for the same envelope."""
    made = [{"keyid": s.keyid, "sig": base64.b64encode(s.value).decode()} for s in envelope.signatures]
    data = {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": envelope.payload_type,
        "signatures": made,
    }
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def read(text: str, where: str) -> Envelope:
    """The envelope in a JSON text; `where` : its name for an error."""
    if len(text) > LARGEST:
        raise AuditError(f"{where} is no DSSE envelope of ours: it has {len(text):,} characters.")
    try:
        data = json.loads(text)
        made = tuple(Signature(str(s.get("keyid", "")), _bytes(s["sig"])) for s in data["signatures"])
        return Envelope(str(data["payloadType"]), _bytes(data["payload"]), made)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AuditError(
            f"{where} is no DSSE envelope: it must be JSON with payload, payloadType and signatures."
        ) from error


def _bytes(text: Any) -> bytes:
    """Base64, standard or URL-safe, as the specification allows."""
    try:
        return base64.b64decode(str(text).replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _is_valid(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
