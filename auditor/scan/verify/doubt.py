"""`doubtful`: which of the generators that rows name are worth a second look, and why.

Those whose name another sign contradicts, and those whose name may mean something else; where there are none,
all: whoever asks wants an answer. Few are better than many, because every comparison can err. Leaves out the
comparison (`fit.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.scan import models
from auditor.scan.finding import Finding
from auditor.scan.origins import BY_FIELD, origins

OTHER_SIGNS = ("GEN004", "GEN005", "GEN006", "GEN008", "GEN011")


@dataclass(frozen=True)
class Named:
    """A generator that rows name. why : it is doubtful; "" = it is not. finding : the one with most rows."""

    name: str
    why: str
    finding: Finding


def named_generators(findings: Sequence[Finding]) -> list[Named]:
    """Return every generator that fields of rows name, those with most rows first."""
    found: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda f: -f.count):
        if finding.rule in BY_FIELD:
            found.setdefault(finding.subject, finding)
    others = {o.provider for o in origins([f for f in findings if f.rule in OTHER_SIGNS]) if o.provider}
    return [Named(name, _why(finding, others), finding) for name, finding in found.items()]


def doubtful(named: Sequence[Named]) -> list[Named]:
    """Return those that are doubtful; all where none is."""
    return [n for n in named if n.why] or list(named)


def _why(finding: Finding, others: set[str]) -> str:
    provider = models.provider(finding.subject)
    if others and provider not in others:
        return f"another sign names {', '.join(sorted(others))}"
    if finding.confidence != "high":
        return "the value may mean something else"
    return ""
