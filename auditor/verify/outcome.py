"""`Check` and `Verification`: what was checked, what came out, and which exit code that is.

"verified" is said only of what was checked here. Leaves out the checking and the words for the terminal.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SCHEMA_VERSION = "verify-1.0"
VERIFIED, DIFFERS, NOT_CHECKED = "verified", "differs", "not checked"
INVALID, NOT_SIGNED = "signature invalid", "not signed"
# Outcome -> exit code, the gravest first.
CODES = {DIFFERS: 1, INVALID: 4, NOT_SIGNED: 5, NOT_CHECKED: 3, VERIFIED: 0}
_HEADLINES = {
    DIFFERS: "Something differs from what was sealed.",
    INVALID: "A signature is not valid.",
    NOT_SIGNED: "Nothing differs, but a signature that was asked for is not there.",
    NOT_CHECKED: "Nothing differs in what was checked, but not all that was asked could be checked.",
    VERIFIED: "Verified: all that was asked.",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : integrity, chain, completeness, signature, noted seal, recompute, or manifest (of a bundle).
    run : which run; "" = the file as a whole. outcome : a key of `CODES`.
    words : one sentence. details : what differs or was left out, a line each, the first differences first.
    asked : whether the exit code depends on it; what was not asked for is only said.
    """

    name: str
    run: str
    outcome: str
    words: str
    details: tuple[str, ...] = ()
    asked: bool = True


@dataclass(frozen=True)
class Verification:
    """Everything that was checked of `source`, an evidence file or ("bundle") a case bundle."""

    source: str
    kind: str
    checks: tuple[Check, ...]

    @property
    def outcome(self) -> str:
        """The gravest outcome of what was asked."""
        found = {check.outcome for check in self.checks if check.asked}
        return next((outcome for outcome in CODES if outcome in found), NOT_CHECKED)

    @property
    def exit_code(self) -> int:
        """0 verified, 1 differs, 3 not all could be checked, 4 signature invalid, 5 not signed."""
        return CODES[self.outcome]

    @property
    def headline(self) -> str:
        """The outcome in a sentence."""
        return _HEADLINES[self.outcome]

    def as_data(self) -> dict[str, Any]:
        """The same as plain data (`data/schema/verify-1.0.schema.json`)."""
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.source,
            "kind": self.kind,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "headline": self.headline,
            "checks": [asdict(check) | {"details": list(check.details)} for check in self.checks],
        }
