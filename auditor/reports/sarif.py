"""The result of `audit scan` as SARIF 2.1.0, for code scanning: a result a finding, ids of rules that stay.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0 (2020, errata 2023). Leaves out the chains:
the other formats have them; the answers stand in the properties of the run.
"""

from __future__ import annotations

from typing import Any

from auditor.reports.scan import ascii_json
from auditor.reports.scan_findings import about, place, rules
from auditor.reports.scan_places import root, uri
from auditor.reports.scan_words import LIMITS, NAME, Part, moment, name, short

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
BASE = "%SRCROOT%"
PLACES = 20  # a result; code scanning shows few
NOT_READ = {
    "unreadable": ("FIL001", "FileUnreadable", "A file could not be read."),
    "left out": ("FIL002", "FileLeftOut", "A file was not scanned."),
}
ANCHORS = ("card", "metadata", "licence", "data")
KINDS = {"LIC": "licence", "GEN": "generator", "TRM": "terms", "FIL": "files"}


def render(found: Part) -> str:
    """Render as JSON in ASCII."""
    return ascii_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(found)]})


def _run(found: Part) -> dict[str, Any]:
    order = {id: i for i, id in enumerate(rules(found))}
    listed = [*found["findings"], *found["ignored"]]
    driver = {
        "name": "distill-audit",
        "version": found["package"],
        "rules": [_rule(rule) for rule in rules(found).values()],
        "notifications": [
            {"id": id, "name": title, "shortDescription": {"text": text}}
            for id, title, text in NOT_READ.values()
        ],
    }
    invocation = {
        "executionSuccessful": True,
        "endTimeUtc": moment(found["created"]),
        "toolExecutionNotifications": [
            _notification(f, found) for f in found["files"] if f["status"] in NOT_READ
        ],
    }
    base = "The folder that the scan was started in." if root(found) else "The folder that was scanned."
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"audit-scan/{short(found['name'], NAME).replace('/', '-')}/"},
        "invocations": [invocation],
        "originalUriBaseIds": {BASE: {"description": {"text": base}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, found, order) for f in listed],
        "properties": {
            "dataset": short(found["name"]),
            "knowledgeBase": short(found["knowledge"]),
            "limits": LIMITS[0],
            "answers": [
                {"use": short(a["use"], NAME), "answer": a["answer"], "headline": short(a["headline"])}
                for a in found["answers"]
            ],
        },
    }


def _rule(rule: Part) -> dict[str, Any]:
    return {
        "id": rule["id"],
        "name": "".join(word.capitalize() for word in rule["name"].split("-")),
        "shortDescription": {"text": _message(rule["title"])},
        "fullDescription": {"text": _message(f"{rule['title']}. {rule['help']}")},
        "help": {"text": _message(rule["help"])},
        "defaultConfiguration": {"level": rule["severity"]},
        "properties": {"tags": ["compliance", KINDS.get(rule["id"][:3], "other")]},
    }


def _result(finding: Part, found: Part, order: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": finding["rule"],
        "level": finding["severity"],
        "message": {"text": _message(f"{finding['message']} ({about(finding)}{_row(finding)})")},
        "locations": [_location(e, found) for e in finding["evidence"][:1]] or _whole(found),
        # The second is ours; by the first, code scanning tells that a finding is the same when lines moved.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding['fingerprint']}:1",
            "distillAuditFinding/v1": finding["fingerprint"],
        },
        "properties": {
            "confidence": finding["confidence"],
            "subject": short(finding["subject"], NAME),
            "part": short(finding["part"], NAME),
            "count": finding["count"],
            **({} if finding["total"] is None else {"rowsLookedAt": finding["total"]}),
        },
    }
    if further := _further(finding, found):
        made["relatedLocations"] = further
    if finding["rule"] in order:
        made["ruleIndex"] = order[finding["rule"]]
    if found["ignored"]:  # said of every result, or of none (3.27.23)
        made["suppressions"] = _suppressions(finding)
    return made


def _row(finding: Part) -> str:
    """The first row, where the file has no lines to point to."""
    first = next(iter(finding["evidence"]), None)
    return f"; first at {place(first)}" if first and first["row"] and not first["line"] else ""


def _further(finding: Part, found: Part) -> list[dict[str, Any]]:
    """The other places, each once: of `locations`, every one would have to be corrected (3.27.12)."""
    made: list[dict[str, Any]] = []
    for evidence in finding["evidence"][1:PLACES]:
        if (location := _location(evidence, found)) not in made:
            made.append(location)
    return made


def _suppressions(finding: Part) -> list[dict[str, Any]]:
    if "ignored" not in finding:
        return []
    return [{"kind": "external", "status": "accepted", "justification": short(finding["ignored"])}]


def _location(evidence: Part, found: Part) -> dict[str, Any]:
    """A line is a region; a row of a file without lines is a logical location, and a property."""
    if not evidence["file"]:
        return (_whole(found) or [{"message": {"text": "The dataset as a whole."}}])[0]
    excerpt = short(evidence["excerpt"])
    physical = _physical(evidence["file"], found)
    if evidence["line"] is not None:
        physical["region"] = {"startLine": evidence["line"]}
        if excerpt:
            physical["region"]["snippet"] = {"text": excerpt}
    made: dict[str, Any] = {"physicalLocation": physical}
    told = [f"row {evidence['row']}"] if evidence["row"] is not None else []
    told += [f"field {short(evidence['field'], NAME)}"] if evidence["field"] else []
    if told:
        made["logicalLocations"] = [{"fullyQualifiedName": ", ".join(told), "kind": "element"}]
    properties = {
        "row": evidence["row"],
        "field": short(evidence["field"], NAME) or None,
        "excerpt": excerpt or None,
    }
    made["properties"] = {k: v for k, v in properties.items() if v is not None}
    return made


def _whole(found: Part) -> list[dict[str, Any]]:
    """Where a finding about the whole dataset is shown: code scanning takes none without a file."""
    for kind in ANCHORS:
        for file in found["files"]:
            if file["kind"] == kind:
                return [{"physicalLocation": _physical(file["path"], found)}]
    return []


def _physical(file: str, found: Part) -> dict[str, Any]:
    return {"artifactLocation": {"uri": uri(found, file), "uriBaseId": BASE}}


def _notification(file: Part, found: Part) -> dict[str, Any]:
    why = f": {short(file['why'])}" if file["why"] else "."
    return {
        "level": "warning",
        "message": {"text": _message(f"{name(file['path'])} was not read{why}")},
        "locations": [{"physicalLocation": _physical(file["path"], found)}],
        "descriptor": {"id": NOT_READ[file["status"]][0]},
    }


def _message(text: str) -> str:
    """A plain message: braces are placeholders unless doubled (3.11.5), brackets and parentheses links."""
    return short(text, 1000).replace("{", "{{").replace("}", "}}").replace("](", "] (")
