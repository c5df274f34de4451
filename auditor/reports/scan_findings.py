"""Findings in the order of reading, each with a number that chains and generators refer to.

Takes the mapping that `ScanReport` is told as. Leaves out layout.
"""

from __future__ import annotations

from typing import Any

from auditor.reports.scan_words import NAME, SEVERITIES, Part, count, name, quoted, short

EVIDENCE_SHOWN = 5
EXCERPT = 240


def ordered(found: Part) -> list[tuple[str, Part]]:
    """("F1", finding), the severest first, and by rule."""
    ranks = list(SEVERITIES)
    rows = sorted(found["findings"], key=lambda f: (ranks.index(f["severity"]), f["rule"]))
    return [(f"F{i}", f) for i, f in enumerate(rows, 1)]


def numbers(found: Part) -> dict[str, str]:
    """Fingerprint -> number of the finding; those ignored have none."""
    made: dict[str, str] = {}
    for number, finding in ordered(found):
        made.setdefault(finding["fingerprint"], number)
    return made


def title(finding: Part, found: Part) -> str:
    """What was found, in the words of its rule."""
    rule = rules(found).get(finding["rule"])
    return short(rule["title"]) if rule else name(finding["rule"])


def rules(found: Part) -> dict[str, Any]:
    """Rule id -> rule, of those that were met."""
    return {rule["id"]: rule for rule in found["rules"]}


def about(finding: Part) -> str:
    """Subject, extent and confidence on one line."""
    told = [f"about {name(finding['subject'])}"] if finding["subject"] else []
    if finding["total"] is not None:
        told.append(f"{finding['count']:,} of {count(finding['total'])}")
    elif finding["count"] > 1:
        told.append(count(finding["count"], "place"))
    if finding["part"] != ".":
        told.append(f"in {name(finding['part'])}")
    return "; ".join([*told, f"confidence {name(finding['confidence'])}"])


def places(finding: Part) -> list[tuple[str, str]]:
    """(where, what stands there) of the first pieces of evidence."""
    return [(place(e), quoted(e["excerpt"], EXCERPT)) for e in finding["evidence"][:EVIDENCE_SHOWN]]


def further(finding: Part) -> str:
    """What of the evidence is not shown; "" = nothing."""
    more = max(finding["count"], len(finding["evidence"])) - EVIDENCE_SHOWN
    if more <= 0:
        return ""
    kept = len(finding["evidence"])
    return f"{more:,} more; the first {kept} are in the JSON report." if kept > EVIDENCE_SHOWN else ""


def place(evidence: Part) -> str:
    """File, line or row, and field."""
    told = [name(evidence["file"]) or "the dataset as a whole"]
    if evidence["line"] is not None:
        told.append(f"line {evidence['line']:,}")
    if evidence["row"] is not None and evidence["row"] != evidence["line"]:
        told.append(f"row {evidence['row']:,}")
    if evidence["field"]:
        told.append(f"field {short(evidence['field'], NAME)}")
    return ", ".join(told)
