"""The parts of SARIF 2.1.0 that we write, as a closed JSON schema.

Written for this project after the OASIS standard (errata 2023), section by section: no installed package has
the official schema. Closed, so that a property SARIF does not have is found; stricter where code scanning is.
"""

from __future__ import annotations

from typing import Any


def closed(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**properties, "properties": {"type": "object"}},  # a property bag (3.8)
        "required": list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


def every(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": ref(name), **more}


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}  # 3.9
RELATIVE = {
    "type": "string",
    "pattern": r"^(?!\.\./|/)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+$",
}  # 3.10, no scheme

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed(("version", "runs"), version={"const": "2.1.0"}, runs=every("run"), **{"$schema": TEXT}),
    "$defs": {
        "run": closed(  # 3.14
            ("tool", "results"),
            tool=closed(("driver",), driver=ref("driver")),
            automationDetails=closed((), id={"type": "string", "pattern": r"/$"}),
            invocations=every("invocation"),
            originalUriBaseIds={"type": "object", "additionalProperties": ref("artifactLocation")},
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results=every("result", maxItems=25_000),
        ),
        "driver": closed(  # 3.19
            ("name",),
            name=TEXT,
            version=TEXT,
            rules=every("descriptor", uniqueItems=True),
            notifications=every("descriptor", uniqueItems=True),
        ),
        "descriptor": closed(  # 3.49
            ("id",),
            id=TEXT,
            name={"type": "string", "pattern": "^[A-Za-z]+$"},
            shortDescription=ref("message"),
            fullDescription=ref("message"),
            help=ref("message"),
            defaultConfiguration=closed((), level=LEVEL),
        ),
        "invocation": closed(  # 3.20
            ("executionSuccessful",),
            executionSuccessful={"type": "boolean"},
            endTimeUtc=MOMENT,
            toolExecutionNotifications=every("notification"),
        ),
        "notification": closed(  # 3.58
            ("message",),
            level=LEVEL,
            message=ref("message"),
            locations=every("location", uniqueItems=True),
            descriptor=closed(("id",), id=TEXT),
        ),
        # Text alone: braces come in pairs (3.11.5), and nothing is a link (3.11.6).
        "message": closed(
            ("text",),
            text={
                "type": "string",
                "minLength": 1,
                "pattern": r"^(?:[^{}]|\{\{|\}\})*$",
                "not": {"pattern": r"\]\("},
            },
        ),
        "result": closed(  # 3.27
            ("ruleId", "message", "level", "partialFingerprints"),
            ruleId=TEXT,
            ruleIndex={"type": "integer", "minimum": 0},
            level=LEVEL,
            message=ref("message"),
            locations=every("location", maxItems=1),
            relatedLocations=every("location", uniqueItems=True),
            partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
            suppressions=every("suppression", uniqueItems=True),
        ),
        "suppression": closed(  # 3.35
            ("kind",),
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        ),
        "location": closed(  # 3.28
            (),
            physicalLocation=ref("physicalLocation"),
            logicalLocations=every("logicalLocation", uniqueItems=True),
            message=ref("message"),
        ),
        "physicalLocation": closed(  # 3.29
            ("artifactLocation",), artifactLocation=ref("artifactLocation"), region=ref("region")
        ),
        "artifactLocation": closed((), uri=RELATIVE, uriBaseId=TEXT, description=ref("message")),  # 3.4
        "region": closed(  # 3.30
            ("startLine",),
            startLine={"type": "integer", "minimum": 1},
            snippet=closed((), text={"type": "string"}),
        ),
        "logicalLocation": closed((), name=TEXT, fullyQualifiedName=TEXT, kind=TEXT),  # 3.33
    },
}
