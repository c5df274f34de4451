"""Parts of a scan's report for tests: a chain to a shipped entry, and a report of nothing."""

from __future__ import annotations

from typing import Any

from auditor.scan.answer import FROM_VERDICT, Link
from auditor.scan.finding import Finding
from auditor.scan.result import FileRead, ScanReport
from auditor.scan.terms import load

CARD = FileRead("README.md", "card", "markdown", 3_412, None, True, "read")
SETTLE = "Name the channel with --channel and the day with --date, or ask the publisher for both."


def link(
    use: str,
    entry: str | None,
    finding: Finding,
    generator: str | None = None,
    provider: str | None = None,
    rows: int | None = None,
    **changed: Any,
) -> Link:
    """One chain to a shipped entry, as its own words have it; to none where nothing is on file."""
    made: dict[str, Any] = {
        "findings": (finding.fingerprint,),
        "seen": finding.message,
        "generator": generator,
        "provider": provider,
        "through": None,
        "rows": rows,
        "channel": None,
        "when": None,
        "entry": entry,
        "name": "No terms on file",
        "since": None,
        "clause": None,
        "verdict": "unknown",
        "reason": "Nothing is on file for this model: that is no permission.",
        "risk": (),
        "source": None,
        "read": None,
        "confidence": "low",
        "needs_review": False,
        "answer": "cannot_tell",
        "settle": SETTLE,
    }
    if entry is not None:
        found = load().get(entry)
        said = found.on(use)
        made |= {
            "name": found.name,
            "since": str(found.since) if found.since else None,
            "clause": said.clause,
            "verdict": said.verdict,
            "reason": said.reason,
            "risk": found.risk,
            "source": found.source,
            "read": found.read.isoformat(),
            "confidence": found.confidence,
            "needs_review": bool(said.needs_review or found.needs_review),
            "answer": FROM_VERDICT[said.verdict],
        }
    return Link(**(made | changed))


def report(**changed: Any) -> ScanReport:
    """A report of nothing, but for what is given."""
    made: dict[str, Any] = {
        "name": "acme/helpful-answers",
        "target": "data/helpful-answers",
        "created": "2026-11-25T10:00:00Z",
        "package": "0.1.0",
        "knowledge": "113 terms and licences, last read on 2026-11-24; 131 known synthetic datasets",
        "channel": None,
        "when": None,
        "host": None,
        "sample": 0,
        "rows": 0,
        "human": False,
        "answers": (),
        "declared": (),
        "generators": (),
        "findings": (),
        "ignored": (),
        "files": (),
        "notes": (),
    }
    return ScanReport(**(made | changed))
