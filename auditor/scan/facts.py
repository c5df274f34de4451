"""`facts`: what a dataset's names, cards, metadata and licence files say, as declared licences and findings.

By part: the folder that a card, or a licence file beside data, stands in. Leaves out the rows (`rows/`) and
what follows (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.scan import card as cards
from auditor.scan import identity, metadata, models, prose
from auditor.scan.card import Card
from auditor.scan.finding import EXCERPT, Evidence, Finding
from auditor.scan.identity import Known
from auditor.scan.licences import contradiction
from auditor.scan.licences import declared as licences
from auditor.scan.licences import files as licence_files
from auditor.scan.licences import prose as licence_prose
from auditor.scan.metadata import Metadata
from auditor.scan.result import Declared, FileRead
from auditor.scan.synthetic import signals
from auditor.scan.tree import Found, Tree


@dataclass(frozen=True, slots=True)
class Asked:
    """How the generators of a part were asked, as far as it is known; None = not known."""

    channel: str | None = None
    when: str | None = None
    host: str | None = None


@dataclass
class Part:
    """One dataset, or a folder under a licence of its own; `path` : relative, "." = the root."""

    path: str
    name: str
    cards: list[Card] = field(default_factory=list)
    metadata: list[Metadata] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    data: list[Found] = field(default_factory=list)
    asked: Asked = Asked()

    @property
    def human(self) -> bool:
        """Whether the card says that people wrote it, or it is a known human set."""
        return any(c.human for c in self.cards) or any(not k.dataset.synthetic for k in self.known)


def facts(tree: Tree, hub: str = "") -> tuple[list[Part], list[FileRead]]:
    """Read every card, metadata and licence file; data files are only put where they belong."""
    parts = _parts(tree)
    read = []
    for file in tree.files:
        part = parts[_home(file, parts)]
        if file.kind == "card":
            read.append(_card(file, part))
        elif file.kind == "metadata":
            read.append(_metadata(file, part))
        elif file.kind == "licence":
            read.append(_licence(file, part))
        elif file.kind == "data":
            part.data.append(file)
    kept = [p for p in parts.values() if p.data or p.cards or p.metadata or p.declared] or [parts["."]]
    for part in kept:
        _identify(part, hub if part.path == "." else "")
        part.name = next((c.name for c in part.cards if c.name), "") or part.name
    return kept, read


def _parts(tree: Tree) -> dict[str, Part]:
    """Return the parts by folder: the root, those with a card, those with a licence file and data."""
    folders = {"."} | {f.folder for f in tree.of("card") if _readme(f)}
    with_data = {up for f in tree.of("data") for up in _above(f.folder)}
    folders |= {_owner(f) for f in tree.of("licence") if _owner(f) in with_data}
    root = tree.root.absolute().name
    return {path: Part(path, root if path == "." else path.rpartition("/")[2]) for path in sorted(folders)}


def _readme(file: Found) -> bool:
    return file.name.rpartition("/")[2].lower().startswith("readme")


def _owner(file: Found) -> str:
    """Return the folder a licence file speaks of: that above "LICENSES"."""
    folder = file.folder
    inside = folder.rpartition("/")[2].lower() in ("licenses", "licences", "license")
    return (folder.rpartition("/")[0] or ".") if inside else folder


def _above(folder: str) -> Iterator[str]:
    """Yield a folder and those above it."""
    while folder != ".":
        yield folder
        folder = folder.rpartition("/")[0] or "."
    yield "."


def _home(file: Found, parts: dict[str, Part]) -> str:
    """Return the deepest part that a file lies in."""
    folder = _owner(file) if file.kind == "licence" else file.folder
    return next(path for path in _above(folder) if path in parts)


def _card(file: Found, part: Part) -> FileRead:
    card = cards.read(file)
    if not cards.is_card(card):
        return FileRead(file.name, "other", "", file.size, None, False, "left out", "no card")
    part.cards.append(card)
    if card.broken:
        why = f"The metadata of {file.name} cannot be read: {card.broken}."
        part.findings.append(
            Finding("FIL003", why, "high", file.name, (Evidence(file.name),), part=part.path)
        )
    for text in card.licences:
        part.declared.append(_declared(text, "card", file.name, card.line, part.path))
    part.findings += _of_prose(card, part)
    part.findings += _of_card(card, part.path)
    why = f"only its first {cards.MOST_BYTES >> 20} MiB" if card.cut else ""
    return FileRead(
        file.name, "card", "", file.size, None, not card.cut, "sampled" if card.cut else "read", why
    )


def _of_prose(card: Card, part: Part) -> Iterator[Finding]:
    """Add what the licensing sections declare; a finding where they contradict the metadata."""
    tag = licences.read(list(card.licences)) if card.licences else None
    for section in card.licence_sections():
        mentions = licence_prose.mentions(section.text)
        for mention in mentions:
            if mention.stated and not mention.limit:
                line = section.line + mention.line - 1
                one = Declared(
                    mention.text[:EXCERPT], mention.licence, "prose", card.file.name, line, part.path
                )
                part.declared.append(one)
        against = contradiction.contradictions(tag, mentions) if tag else ()
        for mention in against[:1]:
            line = section.line + mention.line - 1
            places = (
                Evidence(
                    card.file.name, card.line, field="license", excerpt=", ".join(card.licences)[:EXCERPT]
                ),
                Evidence(card.file.name, line, excerpt=mention.text[:EXCERPT]),
            )
            said = "a limit on its use" if mention.limit else mention.licence
            message = f"The card's metadata declares {', '.join(card.licences)}, its text {said}."
            subject = f"{tag.licence if tag else ''} / {mention.licence or 'limit'}"
            yield Finding("LIC003", message, "high", subject, places, len(against), part=part.path)


def _of_card(card: Card, part: str) -> Iterator[Finding]:
    """Findings on generators in a card: its prose and its tags."""
    said: dict[str, list[Evidence]] = {}
    for section in card.sections:
        for one in prose.generation(section.text, section.line):
            place = Evidence(card.file.name, one.sentence.line, excerpt=one.sentence.text[:EXCERPT])
            for name in one.names:
                said.setdefault(name, []).append(place)
    for name, places in said.items():
        yield Finding(
            "GEN006",
            f"The card says that {name} wrote rows.",
            "high",
            name,
            tuple(places[:20]),
            len(places),
            part=part,
        )
    tags = [t for t in card.tags if t.lower() in signals().card_tags]
    named = {models.as_model(t) for t in tags} - {"", *said}
    for name in sorted(named):
        place = Evidence(card.file.name, card.line, field="tags", excerpt=", ".join(tags)[:EXCERPT])
        yield Finding("GEN006", f"A tag of the card names {name}.", "medium", name, (place,), part=part)
    if said or named:
        return
    if tags:
        place = Evidence(card.file.name, card.line, field="tags", excerpt=", ".join(tags)[:EXCERPT])
        yield Finding("GEN007", f"The card is tagged {', '.join(tags)}.", "medium", "", (place,), part=part)
    if "language_creators" in card.machine:
        place = Evidence(card.file.name, card.line, field="language_creators", excerpt="machine-generated")
        yield Finding(
            "GEN007", "The card says that its texts are machine-generated.", "low", "", (place,), part=part
        )
    elif card.machine:
        place = Evidence(card.file.name, card.line, field="annotations_creators", excerpt="machine-generated")
        message = "The card says that its labels, not its texts, are machine-generated."
        yield Finding("GEN007", message, "low", "labels", (place,), part=part, severity="note")


def _metadata(file: Found, part: Part) -> FileRead:
    found = metadata.read(file)
    if found.broken:
        why = f"{file.name} cannot be read: {found.broken}."
        part.findings.append(
            Finding("FIL003", why, "high", file.name, (Evidence(file.name),), part=part.path)
        )
        return FileRead(file.name, "metadata", "", file.size, None, False, "unreadable", found.broken)
    part.metadata.append(found)
    for text in found.licences:
        part.declared.append(_declared(text, "metadata", file.name, None, part.path))
    said: dict[str, Evidence] = {}
    for text in found.prose:
        for one in prose.generation(text):
            for name in one.names:
                said.setdefault(name, Evidence(file.name, excerpt=one.sentence.text[:EXCERPT]))
    for name, place in said.items():
        message = f"The metadata says that {name} wrote rows."
        part.findings.append(Finding("GEN006", message, "high", name, (place,), part=part.path))
    return FileRead(file.name, "metadata", "", file.size, None, True, "read")


def _licence(file: Found, part: Part) -> FileRead:
    found = licence_files.read(file.path, file.name)
    here = (Evidence(file.name),)
    if found.problem:
        message = f"The licence file {file.name} cannot be read: {found.problem}."
        part.findings.append(Finding("FIL001", message, "high", file.name, here, part=part.path))
        return FileRead(file.name, "licence", "", file.size, None, False, "unreadable", found.problem)
    for line, meaning in found.tags:
        part.declared.append(Declared(meaning.text, meaning.licence, "file", file.name, line, part.path))
    for one in found.found:
        if one.licence and not one.policy:
            part.declared.append(Declared(one.licence, one.licence, "file", file.name, None, part.path))
    unknown = [one for one in found.found if not one.licence]
    if found.kind == "licence" and not found.tags and (unknown or not found.found):
        like = f"; it is like {unknown[0].like}, but {unknown[0].why}" if unknown and unknown[0].like else ""
        message = f"The text of {file.name} is no licence that is known{like}."
        part.findings.append(Finding("LIC007", message, "high", file.name, here, part=part.path))
        # Known that it is not known: whoever reads only the card would take the text for something else.
        part.declared.append(Declared(file.name, "", "file", file.name, None, part.path))
    why = "" if found.whole else f"only its first {licence_files.LARGEST >> 10} KiB"
    return FileRead(file.name, "licence", "", file.size, None, found.whole, "read", why)


def _declared(text: str, place: str, file: str, line: int | None, part: str) -> Declared:
    meaning = licences.read(text)
    return Declared(text[:EXCERPT], meaning.licence, place, file, line, part)


def _identify(part: Part, hub: str) -> None:
    """Add what the known sets tell."""
    part.known = identity.known(part.path, part.name, hub, part.cards, part.metadata)
    for one in part.known:
        if one.dataset.synthetic:
            what = "was made from" if one.derived else "is, by its name,"
            message = f"The dataset {what} {one.dataset.name}, which {_by(one.dataset.generators)} wrote."
            confidence = "high" if one.sure else "medium"
            found = Finding("GEN005", message, confidence, one.dataset.id, (one.evidence,), part=part.path)
            part.findings.append(found)


def _by(names: Iterable[str]) -> str:
    return ", ".join(names) or "a model that is not known"
