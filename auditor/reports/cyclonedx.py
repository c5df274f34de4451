"""The result of `audit scan` as a CycloneDX 1.7 ML-BOM: the dataset, the models that wrote rows, the answers.

Source: ECMA-424 and the CycloneDX 1.7 schema. It has no field for who wrote a dataset, so answers, shares and
terms are properties in the namespace "distill-audit". Leaves out findings: SARIF has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.reports.bom import numbered
from auditor.reports.bom_licences import declared, observed
from auditor.reports.html import ADDRESS
from auditor.reports.scan_words import LIMITS, NAME, Part, count, moment, name, percent, short

DATASET = "dataset"
OCCURRENCES, FILES = 20, 200
Json = dict[str, Any]


def render(found: Part) -> str:
    """Render as JSON in ASCII; the same report gives the same document, serial number included."""
    return numbered(_document(found))


def _document(found: Part) -> Json:
    models = _models(found)
    through = {g["through"]: f"through:{i}" for i, g in enumerate(found["generators"], 1) if g["through"]}
    passed = [
        {"type": "data", "bom-ref": ref, "name": short(id, NAME), "data": [{"type": "dataset"}]}
        for id, ref in through.items()
    ]
    refs = [component["bom-ref"] for component in (*models, *passed)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {
            "timestamp": moment(found["created"]),
            "lifecycles": [{"phase": "discovery"}],
            "tools": {
                "components": [
                    {"type": "application", "name": "distill-audit", "version": short(found["package"], NAME)}
                ]
            },
            "properties": _properties(
                ("limits", " ".join(LIMITS)),
                ("knowledge-base", short(found["knowledge"])),
                ("channel", short(found["channel"], NAME)),
                ("generated-on", short(found["when"], NAME)),
                ("service", short(found["host"], NAME)),
            ),
        },
        "components": [_dataset(found, through), *models, *passed],
        "dependencies": [
            {"ref": DATASET, "dependsOn": refs},
            *({"ref": ref, "dependsOn": []} for ref in refs),
        ],
        # That no sign of a further model was found does not mean that there is none.
        "compositions": [{"aggregate": "incomplete", "dependencies": [DATASET]}],
    }


def _dataset(found: Part, through: dict[str, str]) -> Json:
    owner, _, rest = found["name"].partition("/")
    data: Json = {
        "type": "dataset",
        "name": short(found["name"], NAME),
        "classification": "not assessed",
        "description": f"{count(found['rows'])} looked at.",
        "contents": {"properties": _properties(*_files(found))},
    }
    made: Json = {
        "type": "data",
        "bom-ref": DATASET,
        "name": short(found["name"], NAME),
        "description": "A dataset, as audit scan found it.",
        "data": [data],
        "properties": _properties(*_answers(found)),
    }
    if rest:  # "owner/name" on a hub: who keeps the copy that was scanned, not who owns the rights
        party = {"organization": {"name": short(owner, NAME)}}
        data["governance"] = {"custodians": [party]}
    if licences := declared(found):
        made["licenses"] = licences
    if texts := observed(found):
        made["evidence"] = {"licenses": texts}
    if through:
        made["pedigree"] = {
            "ancestors": [{"type": "data", "name": short(id, NAME)} for id in through],
            "notes": "Known datasets that rows came through.",
        }
    return made


def _answers(found: Part) -> Iterator[tuple[str, str]]:
    """Per use: the answer, the sentence, conditions, and what would settle it."""
    for one in found["answers"]:
        use = short(one["use"], NAME)
        yield f"use:{use}:answer", one["answer"]
        yield f"use:{use}:headline", short(one["headline"])
        yield from ((f"use:{use}:condition", short(c)) for c in one["conditions"])
        yield from ((f"use:{use}:settle", short(s)) for s in one["settle"])


def _files(found: Part) -> Iterator[tuple[str, str]]:
    for file in found["files"][:FILES]:
        yield f"file:{short(file['status'], NAME)}", name(file["path"])
    if found["human"]:
        yield "origin", "declared as written by people, or a known human dataset"


def _models(found: Part) -> list[Json]:
    made = []
    by_print = {f["fingerprint"]: f for f in found["findings"]}
    links = _links(found)
    for i, generator in enumerate(found["generators"], 1):
        mine = links.get(generator["name"], [])
        model: Json = {
            "type": "machine-learning-model",
            "bom-ref": f"model:{i}",
            "name": short(generator["name"], NAME) or "unknown model",
            "properties": _properties(
                ("rows", "" if generator["rows"] is None else str(generator["rows"])),
                ("share-of-rows", percent(generator["share"])),
                ("confidence", generator["confidence"]),
                ("through", short(generator["through"], NAME)),
                *_terms(mine),
            ),
        }
        if generator["provider"]:
            model["supplier"] = {"name": short(generator["provider"], NAME)}
        if places := _occurrences(generator, by_print):
            model["evidence"] = {"occurrences": places}
        if sources := _sources(mine):
            model["externalReferences"] = sources
        made.append(model)
    return made


def _links(found: Part) -> dict[str, list[tuple[str, Part]]]:
    """Model -> (use, chain) of those with terms on file."""
    made: dict[str, list[tuple[str, Part]]] = {}
    for one in found["answers"]:
        for link in one["links"]:
            if link["generator"] is not None and link["entry"]:
                made.setdefault(link["generator"], []).append((one["use"], link))
    return made


def _terms(links: list[tuple[str, Part]]) -> Iterator[tuple[str, str]]:
    for use, link in links:
        clause = f"clause {short(link['clause'], NAME)}" if link["clause"] else "no clause number"
        told = f"{short(link['entry'], NAME)}; {clause}; {link['verdict']}; answer {link['answer']}"
        yield f"terms:{short(use, NAME)}", told


def _sources(links: list[tuple[str, Part]]) -> list[Json]:
    """Where the terms stand, each once."""
    made: dict[str, Json] = {}
    for _, link in links:
        url = link["source"] or ""
        if ADDRESS.fullmatch(url):
            read = f", read on {short(link['read'], NAME)}" if link["read"] else ""
            made.setdefault(url, {"type": "license", "url": url, "comment": f"{short(link['name'])}{read}"})
    return list(made.values())


def _occurrences(generator: Part, by_print: dict[str, Part]) -> list[Json]:
    """Where the model shows: file, line, field, and what stands there."""
    made = []
    mine = (by_print[f] for f in generator["findings"] if f in by_print)
    for evidence in (e for finding in mine for e in finding["evidence"]):
        place: Json = {"location": name(evidence["file"]) or "the dataset as a whole"}
        if evidence["line"] is not None:
            place["line"] = evidence["line"]
        if evidence["field"]:
            place["symbol"] = short(evidence["field"], NAME)
        row = "" if evidence["row"] is None else f"row {evidence['row']}: "
        if told := f"{row}{short(evidence['excerpt'])}":
            place["additionalContext"] = told
        made.append(place)
    return made[:OCCURRENCES]


def _properties(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Name-value pairs in our namespace, without those that have no value."""
    return [{"name": f"distill-audit:{key}", "value": value} for key, value in pairs if value]
