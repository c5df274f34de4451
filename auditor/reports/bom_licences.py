"""Licences as CycloneDX has them: declared by the publisher, concluded where all places agree, and observed.

Source: CycloneDX 1.7, licenseChoice. An expression and no id, as an id has to be on the list of the schema's
day; a text that is no expression is a name. Leaves out their terms.
"""

from __future__ import annotations

import re
from typing import Any

from auditor.reports.scan_words import NAME, PLACES, Part, name, short

# Ids with AND, OR, WITH and brackets between them (SPDX 2.3, annex D); whether they nest is not looked at.
EXPRESSION = re.compile(
    r"[(]*[A-Za-z0-9][A-Za-z0-9.+:-]*(?:[)]* +(?:AND|OR|WITH) +[(]*[A-Za-z0-9][A-Za-z0-9.+:-]*)*[)]*"
)
SAID = ("card", "prose", "metadata")


def declared(found: Part) -> list[dict[str, Any]]:
    """What the publisher says; and the one licence, as concluded, if every place says the same."""
    made = _once(_choice(d, "declared") for d in found["declared"] if d["place"] in SAID)
    licences = {d["licence"] for d in found["declared"]}
    texts = [d for d in found["declared"] if d["place"] == "file" and d["part"] == "."]
    if texts and len(licences) == 1 and _valid(texts[0]["licence"]):
        made.append(_choice(texts[0], "concluded"))
    return made


def observed(found: Part) -> list[dict[str, Any]]:
    """What licence files and rows hold: evidence, whatever the publisher says."""
    return _once(_choice(d, "") for d in found["declared"] if d["place"] not in SAID)


def _choice(said: Part, acknowledgement: str) -> dict[str, Any]:
    """One licence, with where it stands."""
    place = f"{PLACES.get(said['place']) or short(said['place'], NAME)}: {name(said['file'])}"
    if said["line"] is not None:
        place += f", line {said['line']}"
    told: dict[str, Any] = {
        **({"acknowledgement": acknowledgement} if acknowledgement else {}),
        "properties": [{"name": "distill-audit:place", "value": place}],
    }
    if said["part"] != ".":
        told["properties"].append({"name": "distill-audit:part", "value": name(said["part"])})
    if _valid(said["licence"]):
        return {"expression": said["licence"], **told}
    return {"license": {"name": short(said["text"], NAME) or "not known", **told}}


def _valid(licence: str) -> bool:
    balanced = licence.count("(") == licence.count(")")
    return len(licence) < 500 and balanced and EXPRESSION.fullmatch(licence) is not None


def _once(made: Any) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for one in made:
        if one not in kept:
            kept.append(one)
    return kept
