"""`numbered`: a CycloneDX document as text, with a serial number drawn from what is in it.

Leaves out what is in it (`cyclonedx.py`, `cyclonedx_model.py`).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from auditor.reports.scan import ascii_json


def numbered(document: dict[str, Any]) -> str:
    """JSON in ASCII; the same document gives the same text, serial number included."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    serial = uuid.uuid5(uuid.NAMESPACE_OID, f"distill-audit:{digest}")
    first = ("$schema", "bomFormat", "specVersion")
    rest = {key: value for key, value in document.items() if key not in first}
    head = {key: document[key] for key in first}
    return ascii_json({**head, "serialNumber": f"urn:uuid:{serial}", **rest})
