"""`Card`: what a dataset card declares in its metadata, and its prose by sections.

The metadata is YAML between lines of three hyphens. Leaves out what the prose says (`prose.py`,
`licences/prose.py`), and what the declared values mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from auditor.scan.tree import Found

MOST_BYTES = 4 << 20
MOST_YAML = 1 << 20
MOST_ALIASES = 100
MOST_NESTING = 100
_FENCE = re.compile(r"\A(?:\ufeff)?\s*---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*\s*$", re.MULTILINE)
_LICENCE_HEADING = re.compile(r"licen[cs]|copyright|terms of use|usage rights|権|许可|lizenz", re.IGNORECASE)
_HUMAN = frozenset({"crowdsourced", "expert-generated", "found", "no-annotation", "human", "experts"})
_MACHINE = "machine-generated"
_ALIAS = re.compile(r"(?:^|[\s\[{,:-])\*[\w-]+", re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Section:
    """Text under one heading, without those under it; `line` : of the heading, from 1."""

    heading: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Card:
    """One card.

    Attributes
    ----------
    licences : as declared, in order; with `license_name` and the link where the value is "other".
    line : of the declaration. human : the metadata says people wrote text and labels.
    machine : fields that say "machine-generated". broken : why the metadata cannot be read, or "".
    cut : it was longer than `MOST_BYTES`.
    """

    file: Found
    name: str = ""
    licences: tuple[str, ...] = ()
    line: int | None = None
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    human: bool = False
    machine: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    broken: str = ""
    cut: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)

    def licence_sections(self) -> tuple[Section, ...]:
        """Return the sections whose heading speaks of a licence."""
        return tuple(s for s in self.sections if _LICENCE_HEADING.search(s.heading))


def read(file: Found) -> Card:
    """Read a card; never raises for what it holds."""
    raw = _bytes(file.path)
    if isinstance(raw, str):
        return Card(file, broken=raw)
    text = raw[:MOST_BYTES].decode("utf-8", "replace").replace("\r\n", "\n")
    cut = len(raw) > MOST_BYTES
    fence = _FENCE.match(text)
    head = fence[1] if fence else ""
    metadata, broken = _metadata(head) if fence else ({}, "")
    if not fence and re.match(r"\s*---[ \t]*\n", text):
        broken = "the metadata has no end: a line of three hyphens is missing"
    prose_from = fence.end() if fence else 0
    return Card(
        file,
        name=_text(metadata.get("pretty_name")) or "",
        licences=_licences(metadata) or (_by_line(head) if broken else ()),
        line=_line_of(head, "licen"),
        tags=_list(metadata.get("tags")),
        sources=(*_list(metadata.get("source_datasets")), *_list(metadata.get("datasets"))),
        human=_by_people(metadata),
        machine=tuple(
            k for k in ("language_creators", "annotations_creators") if _MACHINE in _list(metadata.get(k))
        ),
        sections=tuple(_sections(text[prose_from:], 1 + text.count("\n", 0, prose_from))),
        broken=broken,
        cut=cut,
        metadata=metadata,
    )


def is_card(card: Card) -> bool:
    """Tell a dataset's card from any other Markdown file: a README, or one with metadata of a card."""
    base = card.file.name.rpartition("/")[2].lower()
    known = {
        "license",
        "licence",
        "task_categories",
        "pretty_name",
        "size_categories",
        "annotations_creators",
    }
    known |= {"language", "configs", "dataset_info", "source_datasets", "tags", "language_creators"}
    return (
        base.startswith("readme") or bool(known & set(card.metadata)) or bool(card.broken and card.licences)
    )


def _bytes(path: Path) -> bytes | str:
    """Read at most one byte more than the limit; a text = why not."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _metadata(head: str) -> tuple[dict[str, Any], str]:
    """Read the YAML; ({}, why) where it cannot be."""
    if len(head) > MOST_YAML:
        return {}, f"the metadata is longer than {MOST_YAML >> 10} KiB"
    if _nesting(head) > MOST_NESTING:
        return {}, f"the metadata is nested deeper than {MOST_NESTING}"
    if len(_ALIAS.findall(head)) > MOST_ALIASES:
        return {}, f"the metadata has more than {MOST_ALIASES} aliases, which can mean a billion values"
    try:
        found = yaml.load(head, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 2}: " if mark else ""
        return {}, f"{where}{getattr(error, 'problem', None) or error}"[:200]
    if found is None:
        return {}, ""
    if not isinstance(found, dict):
        return {}, "the metadata is no table of names and values"
    return {str(k): v for k, v in found.items()}, ""


def _nesting(text: str) -> int:
    """Return how deep brackets, indents or lists in one line go."""
    depth = deepest = 0
    for sign in re.findall(r"[\[{\]}]", text):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    dashes = max((len(m) // 2 for m in re.findall(r"^\s*((?:- )+)", text, re.MULTILINE)), default=0)
    indent = max((len(m) for m in re.findall(r"^ *", text, re.MULTILINE)), default=0)
    return max(deepest, dashes, indent // 2)


def _licences(metadata: dict[str, Any]) -> tuple[str, ...]:
    """Return the declared values; "other" gives way to the name, or the link, that comes with it."""
    values = _list(metadata.get("license", metadata.get("licence", metadata.get("licenses"))))
    name = _text(metadata.get("license_name"))
    link = _text(metadata.get("license_link"))
    if values and all(v.lower() in ("other", "unknown", "custom") for v in values) and (name or link):
        return tuple(filter(None, (name, link if not name else None)))
    return values or tuple(filter(None, (name,)))


def _by_line(head: str) -> tuple[str, ...]:
    """Return what a broken card declares on its line "license: ..."."""
    found = re.search(r"^licen[cs]e:[ \t]*([\w.+-]+)[ \t]*$", head, re.MULTILINE)
    return (found[1],) if found else ()


def _line_of(head: str, key: str) -> int | None:
    """Return the line on which a key of the metadata stands; the fence is line 1."""
    for number, line in enumerate(head.split("\n"), 2):
        if line.lower().startswith(key):
            return number
    return None


def _by_people(metadata: dict[str, Any]) -> bool:
    """Tell whether text and labels are said to be made by people, and neither by a machine."""
    said = [set(_list(metadata.get(k))) for k in ("language_creators", "annotations_creators")]
    return any(s & _HUMAN - {"no-annotation"} for s in said) and not any(_MACHINE in s for s in said)


def _sections(prose: str, line: int) -> Iterator[Section]:
    """Cut prose at its headings."""
    heading, start = "", 0
    for found in _HEADING.finditer(prose):
        yield Section(heading, prose[start : found.start()], line + prose.count("\n", 0, start))
        heading, start = found[2], found.end()
    yield Section(heading, prose[start:], line + prose.count("\n", 0, start))


def _text(value: Any) -> str:
    """Return a short text; anything else is none."""
    return (
        value.strip()[:500]
        if isinstance(value, str)
        else str(value)
        if isinstance(value, int | float)
        else ""
    )


def _list(value: Any) -> tuple[str, ...]:
    """Return texts of a text, a list, or the lists in a table (a card of several configurations)."""
    if isinstance(value, dict):
        inside = [v for v in list(value.values())[:1000] if not isinstance(v, dict)]
        return tuple(dict.fromkeys(t for v in inside for t in _list(v)))
    if isinstance(value, list):
        return tuple(dict.fromkeys(t for v in value[:1000] if (t := _text(v))))
    return (_text(value),) if _text(value) else ()
