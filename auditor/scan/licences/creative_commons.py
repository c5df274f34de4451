"""Creative Commons, as people write it: "CC BY-NC 4.0", "Creative Commons Attribution 2.5 South Africa".

SPDX has ids for some ports to a country; for the others the id is `LicenseRef-cc-by-2.5-za`, and without a
version `LicenseRef-cc-by`. Only "Creative Commons" is `LicenseRef-cc`. Leaves out addresses (`addresses.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.scan.licences.expressions import spdx_id

_NC = r"non[\s\-_]*commercial|nc"
_SA = r"share[\s\-_]*alike|sa"
_ND = r"no[\s\-_]*deriv(?:ative|ativework|ative[\s\-]work|s)*s?(?:[\s\-]works?)?|nd"
_VERSION = r"v?(?:ersion\s*)?[1-4](?:\.[0-9])?(?![\d%])"
_FILLER = (
    r"licen[cs]e[sd]?|public|internationale?|unported|generic|universal|legalcode|deed|dedication|the|share|a"
)
PORTS = {
    **{"south africa": "za", "australia": "au", "austria": "at", "germany": "de", "deutschland": "de"},
    **{
        "france": "fr",
        "japan": "jp",
        "korea": "kr",
        "netherlands": "nl",
        "united states": "us",
        "igo": "igo",
    },
    **{"united kingdom": "uk", "england and wales": "uk", "spain": "es", "italy": "it", "poland": "pl"},
    **{"brazil": "br", "china": "cn", "taiwan": "tw", "sweden": "se", "denmark": "dk", "greece": "gr"},
    **{"new zealand": "nz", "canada": "ca", "switzerland": "ch", "estonia": "ee", "norway": "no"},
}
_CODES = "|".join(c for c in PORTS.values() if c not in ("no", "us", "it", "at", "se", "es"))
_PORT = r"\(?(?:" + "|".join(PORTS) + rf")\)?|(?:{_CODES})(?![a-z])|(?-i:US|IT|AT|SE|ES)(?![a-z])"
_TOKEN = re.compile(
    rf"(?P<zero>zero|0)(?![\d])|(?P<nc>{_NC})(?![a-z])|(?P<sa>{_SA})(?![a-z])|(?P<nd>{_ND})(?![a-z])"
    rf"|(?P<by>attribution|by)(?![a-z])|(?P<version>{_VERSION})|(?P<port>{_PORT})|(?P<filler>{_FILLER})(?![a-z])",
    re.I,
)
_GAP = r"[\s\-–_/,:.+&\"'“”]{0,4}"
_START = re.compile(
    rf"(?<![a-z0-9])(?:creative[\s\-]*commons?|c\.?c(?=[\s\-_0:(]|by))"
    rf"|(?<![a-z0-9\-])attribution(?={_GAP}(?:(?:{_NC}|{_SA}|{_ND})(?![a-z])|{_VERSION}\s+(?:int|unp|gen)))"
    rf"|(?<![a-z0-9\-])by(?=-(?:nc|sa|nd)(?![a-z]))",
    re.I,
)
_SEPARATOR = re.compile(r"[\s\-–_/,:.+&\"'“”()\[\]]{0,4}")
_ORDER = ("by", "nc", "nd", "sa")


def find(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield id, start and end of each mention; `text` should be bounded."""
    end = 0
    for start in _START.finditer(text):
        if start.start() < end:
            continue
        found, end = _run(text, start)
        if found:
            yield found, start.start(), end


def _run(text: str, start: re.Match[str]) -> tuple[str, int]:
    """Read the words that follow, as long as they belong to the name."""
    seen: dict[str, str] = {}
    at = start.start() if start.group().lower() in ("attribution", "by") else start.end()
    end = start.end()
    bare = start.group().lower().replace(".", "") == "cc"
    while True:
        token = _TOKEN.match(text, _after(text, at))
        if not token or not token.lastgroup or (token.lastgroup in seen and token.lastgroup == "version"):
            break
        kind = token.lastgroup
        if kind == "port" and "version" not in seen:
            break
        at = token.end()
        if kind != "filler":
            seen.setdefault(kind, token.group().lower())
            end = at
    if bare and not seen:
        return "", start.end()
    return named(seen), max(end, start.end())


def _after(text: str, at: int) -> int:
    """Return where the next word may begin."""
    gap = _SEPARATOR.match(text, at)
    return gap.end() if gap else at


def named(seen: dict[str, str]) -> str:
    """Return the id of the elements, version and port that were read."""
    digits = re.search(r"\d(?:\.\d)?", seen.get("version", ""))
    version = digits.group() if digits else ""
    version = f"{version}.0" if len(version) == 1 else version
    elements = [e for e in _ORDER if e in seen]
    if "zero" in seen and not elements:
        return "CC0-1.0"
    if not elements:
        return "LicenseRef-cc"
    name = "cc-" + "-".join(dict.fromkeys(("by", *elements)))
    port = seen.get("port", "").strip("()")
    port = PORTS.get(port, port)
    known = spdx_id("-".join((name, version, port)).strip("-")) if version else None
    if known:
        return known
    if not version or not spdx_id(f"{name}-{version}"):
        return f"LicenseRef-{name}"
    return f"LicenseRef-{name}-{version}-{port}"
