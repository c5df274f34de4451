"""`known`: which known dataset this is, by its hub id or name, and which it says it was made from.

A copy under another name is found by its rows alone (`rows/`). Leaves out what the known sets hold
(`synthetic.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from configparser import ConfigParser, Error
from dataclasses import dataclass
from pathlib import Path

from auditor.scan import prose, synthetic
from auditor.scan.card import Card
from auditor.scan.finding import EXCERPT, Evidence
from auditor.scan.metadata import Metadata
from auditor.scan.synthetic import Dataset

_HUB = re.compile(r"(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+?)(?:\.git)?(?:[/?#]|$)")
_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CACHE = re.compile(r"datasets--([\w.-]+?)--([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Known:
    """A known set that this one is, or was made from; `sure` : by its hub id, not by a name alone."""

    dataset: Dataset
    sure: bool
    derived: bool
    evidence: Evidence


def hub_id(root: Path) -> str:
    """Return "owner/name" of a checkout, by the cache's folder names or the git remote; "" = not known."""
    for part in reversed(root.absolute().parts):
        if found := _CACHE.fullmatch(part):
            return f"{found[1]}/{found[2]}"
    config = ConfigParser(strict=False, interpolation=None)
    try:
        config.read(root / ".git" / "config", encoding="utf-8")
        remotes = [
            config[s]["url"] for s in config.sections() if s.startswith("remote") and "url" in config[s]
        ]
    except (Error, OSError, UnicodeDecodeError):
        return ""
    return next((m[1] for url in remotes if (m := _HUB.search(url))), "")


def known(folder: str, name: str, hub: str, cards: Iterable[Card], files: Iterable[Metadata]) -> list[Known]:
    """Find the known sets; each once, the surest first.

    Parameters
    ----------
    folder : relative name of the folder, "." = the root. name : the folder's own name. hub : see `hub_id`.
    """
    found: dict[tuple[str, bool], Known] = {}
    for one in _all(folder, name, hub, tuple(cards), tuple(files)):
        key = one.dataset.id, one.derived
        if key not in found or (one.sure and not found[key].sure):
            found[key] = one
    return sorted(found.values(), key=lambda k: (not k.sure, k.derived))


def _all(
    folder: str, name: str, hub: str, cards: tuple[Card, ...], files: tuple[Metadata, ...]
) -> Iterator[Known]:
    if hub and (dataset := synthetic.find(hub)):
        yield Known(dataset, hub.lower() in map(str.lower, dataset.hub_ids), False, Evidence("", excerpt=hub))
    if dataset := synthetic.find(name):
        yield Known(dataset, False, False, Evidence(folder if folder != "." else "", excerpt=name[:EXCERPT]))
    for card in cards:
        if card.name and (dataset := synthetic.find(card.name)):
            yield Known(dataset, False, False, Evidence(card.file.name, excerpt=card.name[:EXCERPT]))
        yield from _sources(card.file.name, card.sources)
        for section in card.sections:
            for derivation in prose.derived(section.text, section.line):
                sure = any(h.lower() in derivation.sentence.text.lower() for h in derivation.dataset.hub_ids)
                place = Evidence(
                    card.file.name, derivation.sentence.line, excerpt=derivation.sentence.text[:EXCERPT]
                )
                yield Known(derivation.dataset, sure, True, place)
    for metadata in files:
        for value in metadata.names:
            if (link := _HUB.search(value)) and (dataset := synthetic.find(link[1])):
                yield Known(dataset, True, False, Evidence(metadata.file.name, excerpt=value[:EXCERPT]))
        yield from _sources(metadata.file.name, metadata.bases)


def _sources(file: str, values: Iterable[str]) -> Iterator[Known]:
    """Known sets among the values of "source_datasets": hub ids, addresses, "extended|NAME"."""
    for value in values:
        link = _HUB.search(value)
        name = link[1] if link else value.removeprefix("extended|").removeprefix("datasets/")
        if dataset := synthetic.find(name):
            yield Known(dataset, bool(_ID.fullmatch(name)), True, Evidence(file, excerpt=value[:EXCERPT]))
