"""Which licence an address means: creativecommons.org/licenses/by-nc/4.0/ is CC-BY-NC-4.0.

The addresses are read, never fetched. Leaves out addresses of a repository's own LICENSE file: they name
none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from auditor.scan.licences import creative_commons, tables
from auditor.scan.licences.expressions import spdx_id

LONGEST = 300
"""Characters of an address; the rest of a longer one is not read."""
_ADDRESS = re.compile(
    r"(?:https?://|(?<![\w@.])(?:www\.)?(?=(?:creativecommons|opensource|opendatacommons|choosealicense)\.))"
    rf"(?P<rest>[^\s<>\"'`\])}}|]{{4,{LONGEST}}})",
    re.I,
)
_CC = re.compile(
    r"creativecommons\.org/(?:licenses/(?P<parts>by(?:-nc)?(?:-nd)?(?:-sa)?(?:-nc)?|sa|nc|nd)/(?P<version>\d\.\d)/?"
    r"(?P<port>[a-z]{2,3}(?=[/.]|$))?|publicdomain/(?P<domain>zero|mark)|share-your-work/public-domain/(?P<cc0>cc0))"
)
_BY_ID = re.compile(
    r"(?:opensource\.org/licenses?/|spdx\.org/licenses/|choosealicense\.com/licenses/"
    r"|gnu\.org/licenses/(?:old-licenses/)?|dbpedia\.org/resource/)(?P<id>[a-z0-9][a-z0-9.+\-]*?)(?:\.(?:html?|txt|json|php|en\.html))*/?(?:[?#].*)?$"
)
_ENGLISH = ("en", "deed", "ast", "legalcode")  # what stands where a port would, and is none
_SHORT = {"gpl": "gpl", "lgpl": "lgpl", "fdl": "gfdl", "bsd": "bsd", "fdl-1.3": "gfdl", "mit-license": "mit"}


def find(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield id, start and end of each address of a licence that is known; `text` should be bounded."""
    for found in _ADDRESS.finditer(text):
        id = of(found["rest"])
        if id:
            yield id, found.start(), found.end()


def of(address: str) -> str | None:
    """Return the licence that an address means; None = no licence, or none that is known."""
    address = address[:LONGEST].strip().lower()
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", address).rstrip(".,;")
    commons = _CC.match(address)
    if commons:
        return _commons(commons)
    by_id = _BY_ID.match(address)
    if by_id:
        id = _SHORT.get(by_id["id"], by_id["id"]).removesuffix("-license")
        return tables.hub().get(id) or spdx_id(id) or spdx_id(id.removesuffix(".0"))
    return next((id for pattern, id in _table() if pattern.match(address)), None)


def _commons(found: re.Match[str]) -> str:
    """Return the id of an address at Creative Commons."""
    if found["domain"] == "mark":
        return "LicenseRef-scancode-public-domain"
    if found["domain"] or found["cc0"]:
        return "CC0-1.0"
    seen = dict.fromkeys(found["parts"].split("-"), "")
    seen["version"] = found["version"]
    if found["port"] and found["port"] not in _ENGLISH:
        seen["port"] = found["port"]
    return creative_commons.named(seen)


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return pattern -> id, in the order of the file."""
    return tuple(
        (re.compile(pattern), row["id"])
        for row in tables.table("addresses")["address"]
        for pattern in row["patterns"]
    )
