"""The result of `audit scan` as SPDX 3.0.1, Dataset and AI profiles: the dataset, who wrote it, answers.

Licences are relationships (declared) with an expression where there is one; answers are annotations. Leaves
out findings: SARIF has them.
"""

from __future__ import annotations

from typing import Any

from spdx_python_model import v3_0_1 as spdx

from auditor.reports.bom_licences import declared
from auditor.reports.scan_words import LIMITS, NAME, Part, count, moment, percent, short
from auditor.reports.spdx import Document

UNKNOWN = "Not known to a scan, and left out: version, download location and availability of the dataset."


def render(found: Part) -> str:
    """Render as JSON-LD in ASCII."""
    document = Document(dict(found), moment(found["created"]), short(found["package"], NAME))
    owner, _, rest = found["name"].partition("/")
    dataset = document.add(
        spdx.dataset_DatasetPackage,
        "dataset",
        name=short(found["name"], NAME) or "not named",
        software_primaryPurpose=spdx.software_SoftwarePurpose.data,
        dataset_datasetType=[spdx.dataset_DatasetType.text],
        dataset_datasetSize=found["rows"],
        description=f"{count(found['rows'])} looked at; the size is in rows.",
        comment=" ".join(LIMITS),
    )
    if rest and owner.strip():  # "owner/name" on a hub: who keeps the copy, not who owns the rights
        dataset.suppliedBy = document.organization(short(owner, NAME))
    _licences(document, dataset, found)
    _models(document, dataset, found)
    for i, one in enumerate(found["answers"], 1):
        document.annotate(f"answer-{i}", dataset, _answer(one))
    name = f"Licences and terms of {short(found['name'], NAME)}"
    return document.render(dataset, name, ("dataset", "ai", "simpleLicensing"), UNKNOWN)


def _licences(document: Document, dataset: Any, found: Part) -> None:
    """What the publisher declares, as expressions; a text that is none becomes a custom text."""
    for i, choice in enumerate(declared(found), 1):
        kind = "hasConcludedLicense" if choice.get("acknowledgement") == "concluded" else "hasDeclaredLicense"
        if "expression" in choice:
            kept = document.add(
                spdx.simplelicensing_LicenseExpression,
                f"licence-{i}",
                simplelicensing_licenseExpression=choice["expression"],
            )
        else:
            kept = document.add(
                spdx.simplelicensing_SimpleLicensingText,
                f"licence-{i}",
                simplelicensing_licenseText=choice["license"]["name"],
            )
        document.relate(f"licensed-{i}", dataset, kind, [kept])


def _models(document: Document, dataset: Any, found: Part) -> None:
    """The models that signs in the rows point to: the dataset is said to rest on them in words alone."""
    for i, generator in enumerate(found["generators"], 1):
        model = document.add(
            spdx.ai_AIPackage,
            f"model-{i}",
            name=short(generator["name"], NAME) or "not named",
            software_primaryPurpose=spdx.software_SoftwarePurpose.model,
        )
        if generator["provider"]:
            model.suppliedBy = document.organization(short(generator["provider"], NAME))
        told = f"Signs that it wrote rows; certainty {short(generator['confidence'], NAME)}."
        pair = document.relate(f"wrote-{i}", dataset, "other", [model], told)
        facts = [
            ("rows", "" if generator["rows"] is None else str(generator["rows"])),
            ("share-of-rows", percent(generator["share"])),
            ("certainty", short(generator["confidence"], NAME)),
            ("through", short(generator["through"], NAME)),
        ]
        document.annotate(f"signs-{i}", pair, [(n, v) for n, v in facts if v])


def _answer(one: Part) -> list[tuple[str, str]]:
    """Use, answer, sentence, conditions, what would settle it."""
    facts = [
        ("use", short(one["use"], NAME)),
        ("answer", one["answer"]),
        ("headline", short(one["headline"])),
    ]
    facts += [("condition", short(c)) for c in one["conditions"]]
    return [*facts, *(("settle", short(s)) for s in one["settle"])]
