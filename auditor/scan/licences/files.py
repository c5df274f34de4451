"""Which files of a repository are licence files, and what they say: text and `SPDX-License-Identifier` lines.

Leaves out walking the tree, and which part of a dataset a file binds besides its own folder.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from auditor.scan.licences import declared, texts
from auditor.scan.licences.declared import Meaning
from auditor.scan.licences.texts import Identified

LARGEST = 1 << 20
"""Bytes of a file that are read."""
_ENDING = r"(?:\.(?:txt|md|rst|html?|markdown|pdf|docx?))?"
_OF = (
    *(
        "mit",
        "apache",
        "bsd",
        "[al]?gpl",
        "mpl",
        "isc",
        "cc",
        "zlib",
        "boost",
        "un",
        "model",
        "code",
        "data",
        "weights",
    ),
    *("output", "docs?", "content", "text", "fonts?", "third", "flux", "en", "zh", "cn", r"\d"),
)
_STEMS = (
    *("(?:un)?licen[cs]es?", "licen[cs]ing", r"copying(?:\.lesser)?", "copyright"),
    r"(?:[a-z0-9+.]{1,20}[-_ ]){1,4}licen[cs]e(?:[-_ ]agreement)?",
    rf"licen[cs]es?[-_. ](?:{'|'.join(_OF)})[a-z0-9+._-]{{0,30}}",
    "[a-z0-9 ._-]{1,30}[-_ ]terms[-_ ]of[-_ ]use",
)
_LICENCE = re.compile(rf"(?:{'|'.join(_STEMS)}){_ENDING}", re.I)
_NOTICE = re.compile(
    rf"(?:notices?|third[-_ ]?party[-_ ]?(?:notices?|licen[cs]es?)|authors|credits){_ENDING}", re.I
)
_POLICY = re.compile(
    rf"(?:use|usage|acceptable[-_ ]?use|prohibited[-_ ]?use)[-_ ]?polic(?:y|ies){_ENDING}", re.I
)
# Data and code that are named so.
_ELSE_ENDINGS = (
    *("py", "js", "ts", "c", "h", "cc", "cpp", "rs", "go", "java", "ipynb", "key", "lic"),
    *("json", "jsonl", "csv", "parquet", "arrow", "ya?ml", "toml", "png", "jpe?g", "svg", "gz", "zip", "zst"),
)
_ELSE = re.compile(rf"\.(?:{'|'.join(_ELSE_ENDINGS)})$", re.I)
_IDENTIFIER = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n\r*<>]{1,200})", re.I)
IDENTIFIERS = 50
"""Most `SPDX-License-Identifier` lines of a file."""


@dataclass(frozen=True, slots=True)
class LicenceFile:
    """What a licence file says.

    Attributes
    ----------
    kind : "licence", "notice" or "policy". found : what its text is; empty = nobody knows it.
    tags : line and meaning of each `SPDX-License-Identifier`. whole : read to the end.
    problem : why it could not be read; "" = it could.
    """

    path: str
    kind: str
    found: tuple[Identified, ...] = ()
    tags: tuple[tuple[int, Meaning], ...] = ()
    whole: bool = True
    problem: str = ""


def kind_of(path: str) -> str | None:
    """Return "licence", "notice" or "policy" for a path with slashes; None = another file."""
    where = PurePosixPath(path)
    name = where.name
    if where.suffix == ".license" and name != ".license":  # REUSE: data.csv.license
        return "licence"
    if _ELSE.search(name):
        return None
    if where.parent.name.upper() in ("LICENSES", "LICENCES"):
        return "licence"
    for kind, pattern in (("policy", _POLICY), ("notice", _NOTICE), ("licence", _LICENCE)):
        if pattern.fullmatch(name):
            return kind
    return None


def binds(path: str) -> str:
    """Return the folder, or with REUSE's suffix the file, that a licence file holds for; "" = none."""
    where = PurePosixPath(path)
    if where.suffix == ".license":
        return str(where.with_suffix(""))
    if where.parent.name.upper() in ("LICENSES", "LICENCES"):
        return ""  # texts that files refer to by id
    return str(where.parent)


def read(file: Path, path: str) -> LicenceFile:
    """Read a licence file; `path` is how it is called in the report. Never raises for what the file holds."""
    kind = kind_of(path) or "licence"
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return LicenceFile(path, kind, problem="it is no regular file")
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        return LicenceFile(path, kind, problem=error.strerror or str(error))
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return LicenceFile(path, kind, problem="it is binary")
    text = decoded(data[:LARGEST])
    found = () if kind == "notice" else _identified(text)
    return LicenceFile(path, kind, found, identifiers(text), len(data) <= LARGEST)


def decoded(data: bytes) -> str:
    """Return bytes as text: UTF-8, else UTF-16 by its mark, else Windows' Western characters."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def identifiers(text: str) -> tuple[tuple[int, Meaning], ...]:
    """Return line, from 1, and meaning of each `SPDX-License-Identifier` of a text."""
    found = []
    for tag in list(_IDENTIFIER.finditer(text[:LARGEST]))[:IDENTIFIERS]:
        found.append((text.count("\n", 0, tag.start()) + 1, declared.read(tag[1].strip(" \t\"'#-/;"))))
    return tuple(found)


@lru_cache(maxsize=256)
def _identified(text: str) -> tuple[Identified, ...]:
    """Identify a text once: one licence lies in many folders."""
    return texts.identify(text)
