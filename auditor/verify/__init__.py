"""Checks an evidence file or a case bundle: what was sealed, signed and concluded, against what is there."""

from auditor.verify.outcome import Check, Verification
from auditor.verify.run import Asked, verify

__all__ = ["Asked", "Check", "Verification", "verify"]
