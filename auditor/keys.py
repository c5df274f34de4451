"""Ed25519 keys that sign seals: made, kept as PEM (PKCS #8, mode 0600), read back, and their fingerprints.

The algorithms are those of the library `cryptography`. Leaves out what is signed (`signing.py`), and whose
key one is: only its owner can say so, by telling the fingerprint to the other side some other way.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from auditor.errors import AuditError

LARGEST = 65_536  # bytes; a key takes some hundred
_PRIVATE = b"PRIVATE KEY-----"
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def new(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """Make a key and keep it in a new file that its owner alone may read; "" = without passphrase."""
    key = Ed25519PrivateKey.generate()
    kind: KeySerializationEncryption = NoEncryption()
    if passphrase:
        kind = BestAvailableEncryption(passphrase.encode())
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kind)
    try:
        # O_EXCL: never over a file, not even through a link; no moment at which others may read it.
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise AuditError(
            f"{path} exists, and a key is never written over: what it signed could not be signed again. Name "
            "another file with -o."
        ) from error
    except OSError as error:
        raise AuditError(f"Cannot write the key {path}: {error.strerror}. Name another file.") from error
    with os.fdopen(place, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(place)
    return key


def is_encrypted(path: Path) -> bool:
    """Whether the file holds a private key that needs a passphrase."""
    return _ENCRYPTED in _text(path)


def private(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """The private key in a file."""
    text = _text(path)
    if _ENCRYPTED in text and not passphrase:
        raise AuditError(f"The key {path} has a passphrase: set AUDIT_KEY_PASSPHRASE, or type it when asked.")
    try:
        key = load_pem_private_key(text, passphrase.encode() if _ENCRYPTED in text else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "the passphrase is wrong" if _ENCRYPTED in text else "it is no private key in PEM"
        raise AuditError(f"The key {path} cannot be read: {why}. 'audit key new' makes one.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditError(f"{path} holds a {type(key).__name__}; allowed is Ed25519 ('audit key new').")
    return key


def public(path: Path) -> Ed25519PublicKey:
    """The public key in a file; of a private key without passphrase its public half."""
    text = _text(path)
    if _PRIVATE in text:
        return private(path).public_key()
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AuditError(
            f"{path} is no public key: allowed is Ed25519 in PEM ('-----BEGIN PUBLIC KEY-----'), as 'audit "
            "key show' prints it."
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise AuditError(f"{path} holds a {type(key).__name__}; allowed is Ed25519 ('audit key show').")
    return key


def pem(key: Ed25519PublicKey) -> str:
    """The public key as text."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def fingerprint(key: Ed25519PublicKey) -> str:
    """What people compare: `sha256:` and the SHA-256 (hex) of the key as DER (SubjectPublicKeyInfo)."""
    data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _text(path: Path) -> bytes:
    if not path.is_file():
        raise AuditError(f"No key file at {path}. 'audit key new -o {path}' makes one.")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise AuditError(f"Cannot read the key {path}: {error.strerror}.") from error
