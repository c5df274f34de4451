"""An SPDX 3.0.1 document: what every one of ours has, through the bindings made from the SPDX model.

Source: SPDX 3.0.1, profiles Core, Software, AI and Dataset. The bindings check types, patterns and how often
a property must be given. Leaves out what a document is about (`spdx_model.py`, `spdx_dataset.py`).
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from spdx_python_model import v3_0_1 as spdx

from auditor.reports.scan import ascii_json

# SPDX wants a time: where the evidence file has none, one that nobody takes for real.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
SHA256 = re.compile("[0-9a-f]{64}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Document:
    """Elements with one maker, in the order they are added; `render` gives the same text for the same ones.

    `told` is everything the document says, from which its name follows: two runs never share an id.
    """

    def __init__(self, told: Any, at: str, version: str) -> None:
        digest = json.dumps(told, sort_keys=True, default=str)
        self.space = f"https://spdx.org/spdxdocs/distill-audit-{uuid.uuid5(uuid.NAMESPACE_OID, digest)}#"
        created = datetime.fromisoformat(at) if at else NO_TIME
        self.made = spdx.CreationInfo(_id="_:made", specVersion="3.0.1", created=created)
        self.elements: list[Any] = []
        self.tool = self.add(spdx.SoftwareAgent, "tool", name=f"distill-audit {version}".strip())
        self.made.createdBy.append(self.tool)

    def add(self, kind: Any, id: str, **fields: Any) -> Any:
        """One element; fields that are empty are left out."""
        given = {key: value for key, value in fields.items() if value not in (None, "", [], ())}
        element = kind(_id=self.space + id, creationInfo=self.made, **given)
        self.elements.append(element)
        return element

    def relate(self, id: str, source: Any, kind: str, targets: list[Any], comment: str = "") -> Any:
        """A relationship, which is never said to be all there is."""
        return self.add(
            spdx.Relationship,
            id,
            from_=source,
            relationshipType=getattr(spdx.RelationshipType, kind),
            to=targets,
            completeness=spdx.RelationshipCompleteness.incomplete,
            comment=comment,
        )

    def annotate(self, id: str, subject: Any, facts: list[tuple[str, str]]) -> Any:
        """Facts about an element, as a JSON list of name and value, in their order."""
        return self.add(
            spdx.Annotation,
            id,
            annotationType=spdx.AnnotationType.review,
            subject=subject,
            contentType="application/json",
            statement=json.dumps([{"name": name, "value": value} for name, value in facts]),
        )

    def file(self, id: str, name: str, digest: str) -> Any:
        """A file that was read, by its hash."""
        hashes = [spdx.Hash(algorithm=spdx.HashAlgorithm.sha256, hashValue=digest)]
        known = hashes if SHA256.fullmatch(digest) else []
        return self.add(spdx.software_File, id, name=name, verifiedUsing=known)

    def organization(self, name: str) -> Any:
        """A provider; one element a name."""
        ids = {e.name: e for e in self.elements if isinstance(e, spdx.Organization)}
        return ids.get(name) or self.add(spdx.Organization, f"organization-{len(ids) + 1}", name=name)

    def render(self, root: Any, name: str, profiles: tuple[str, ...], comment: str) -> str:
        """The whole as JSON-LD in ASCII; a bill of materials and the document around it come last."""
        fields = {
            "profileConformance": [
                getattr(spdx.ProfileIdentifierType, p) for p in ("core", "software", *profiles)
            ],
            "rootElement": [root],
            "element": list(self.elements),
        }
        bom = self.add(spdx.Bom, "bom", name=name, context="bill of materials of an audit", **fields)
        fields |= {"rootElement": [bom], "element": list(self.elements)}
        self.add(spdx.SpdxDocument, "document", name=name, comment=comment, **fields)
        everything = spdx.SHACLObjectSet(self.elements)
        return ascii_json(spdx.JSONLDSerializer().serialize_data(everything, force_at_graph=True))


def day(text: str) -> datetime | None:
    """A day of the lineage table as a time; None where it is no whole day."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if DAY.fullmatch(text) else None
    except ValueError:
        return None
