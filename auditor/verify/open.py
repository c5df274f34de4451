"""`verify_any`: an evidence file or a case bundle, told apart by their first bytes."""

from __future__ import annotations

from pathlib import Path

from auditor.bundle.check import verify_bundle
from auditor.bundle.opened import is_zip
from auditor.progress import Progress
from auditor.verify.outcome import Verification
from auditor.verify.run import Asked, verify


def verify_any(path: Path, asked: Asked, progress: Progress | None = None) -> Verification:
    """Check an evidence file, or a bundle with everything in it."""
    return verify_bundle(path, asked, progress) if is_zip(path) else verify(path, asked, progress)
