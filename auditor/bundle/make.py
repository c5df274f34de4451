"""`make`: one run of an evidence file becomes a case bundle.

Leaves out what its files say (`contents.py`, `texts.py`) and opening it (`opened.py`).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auditor import keys
from auditor.bundle.contents import contents
from auditor.bundle.environment import PROGRAM, environment
from auditor.bundle.layout import ENVIRONMENT, EVIDENCE, KEY, MANIFEST
from auditor.bundle.manifest import Manifest, hashed
from auditor.bundle.zipped import write_zip
from auditor.errors import IncompleteError
from auditor.run_record import versions
from auditor.store.excerpt import write_excerpt
from auditor.whole import whole


@dataclass(frozen=True)
class Wanted:
    """Which run ("latest", an id, or the beginning of one), whether texts are withheld, and keys to add."""

    run: str = "latest"
    redact: bool = False
    keys: tuple[Ed25519PublicKey, ...] = ()


def make(evidence: Path, wanted: Wanted, output: Path) -> Manifest:
    """Write the bundle: all of it, or nothing."""
    with tempfile.TemporaryDirectory(prefix="audit-bundle-") as name:
        folder = Path(name)
        run = write_excerpt(evidence, wanted.run, folder / EVIDENCE, redact=wanted.redact)
        texts = contents(folder / EVIDENCE, run, redacted=wanted.redact) | {ENVIRONMENT: environment()}
        texts |= {KEY.format(number): keys.pem(key) for number, key in enumerate(wanted.keys)}
        for file, text in texts.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
        manifest = Manifest(run, wanted.redact, versions()[PROGRAM], hashed(folder))
        (folder / MANIFEST).write_text(manifest.text(), encoding="utf-8", newline="\n")
        files = {file: folder / file for file in (MANIFEST, *manifest.files)}
        try:
            with whole(output) as partial:
                write_zip(files, partial)
        except OSError as error:
            raise IncompleteError(f"Cannot write the bundle {output}: {error.strerror}.") from error
    return manifest
