"""`Entry`: one version of terms or of a licence; `Terms`: all of them, read from `data/terms`.

What a value means is said in `data/schema/terms-1.0.schema.json`. Every verdict is a reading of the clause in
our own words, never the clause itself. Leaves out which entries apply (`in_force.py`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fnmatch import translate
from functools import cache
from pathlib import Path
from typing import Any

from auditor import shipped
from auditor.errors import AuditError
from auditor.scan.days import Span, span

USES = (
    "train_competing_llm",
    "train_other_model_release_weights",
    "train_private_classifier",
    "commercial_use_of_outputs",
    "redistribute_outputs_as_dataset",
    "internal_research",
)
# From the mildest to the strictest. Nothing read is stricter than read and unclear: silence is no permission.
VERDICTS = ("allowed", "allowed_with_conditions", "ambiguous", "unknown", "prohibited")
KINDS = ("service_terms", "aup", "model_license", "dataset_license")
CHANNELS = (
    *("api", "business", "consumer", "api_trial", "aggregator", "third_party_host", "self_host", "dataset"),
)
STALE_AFTER = 180  # days since the text was read


@dataclass(frozen=True, slots=True)
class Says:
    """What an entry says of one intended use; `clause` is a number, or None where none was read."""

    use: str
    verdict: str
    reason: str
    clause: str | None
    needs_review: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of terms of service, a usage policy, a model licence or a dataset licence.

    Attributes
    ----------
    since, until : first day in force, as far as it is known, and first day no longer; None = not known, or
        still in force. supersedes : id of the version before; superseded_by : ids of those after.
    models, except_models : shell patterns over plain names (`names.plain`). hosts : services whose customers
        alone are meant. read : when the text, or what stands for it (`evidence`), was read.
    says : one for each of `USES`, in that order.
    """

    id: str
    name: str
    provider: str
    kind: str
    spdx: str
    channels: tuple[str, ...]
    models: tuple[str, ...]
    except_models: tuple[str, ...]
    hosts: tuple[str, ...]
    since: Span | None
    date_kind: str
    until: Span | None
    supersedes: str | None
    superseded_by: tuple[str, ...]
    binds: tuple[str, ...]
    risk: tuple[str, ...]
    outputs: tuple[str, ...]
    conditions: tuple[str, ...]
    clauses: tuple[str, ...]
    hf_licences: tuple[str, ...]
    aliases: tuple[str, ...]
    source: str
    read: date
    read_at: str | None
    evidence: str
    text_sha256: str | None
    confidence: str
    needs_review: str | None
    notes: str | None
    says: tuple[Says, ...]

    def on(self, use: str) -> Says:
        """Return what it says of an intended use."""
        return self.says[USES.index(use)]

    def covers(self, name: str) -> bool:
        """Tell whether a model is meant, by its plain name."""
        return _any(self.models)(name) and not _any(self.except_models)(name)

    def stale(self, on: date) -> bool:
        """Tell whether it was read so long ago that it has to be read again."""
        return (on - self.read).days > STALE_AFTER


class Terms:
    """All entries, by provider and then as the files have them."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._by_id = {entry.id: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, id: str) -> Entry:
        """Return an entry by its id, or by a name that only one entry has."""
        if id in self._by_id:
            return self._by_id[id]
        found = self.by_licence(id)
        if len(found) == 1:
            return found[0]
        ids = [entry.id for entry in found] or get_close_matches(id.lower(), self._by_id, n=4, cutoff=0.5)
        raise AuditError(
            f"There are no terms with the id {id!r}. "
            + (f"Did you mean {', '.join(ids)}? " if ids else "")
            + "'audit terms list' names all."
        )

    def by_licence(self, name: str, kind: str | None = None) -> tuple[Entry, ...]:
        """Return entries that a licence is called by: SPDX id or LicenseRef, hub id, other name; any case."""
        wanted = "-".join(name.strip().lower().split())
        return tuple(
            entry
            for entry in self._entries
            if (kind is None or entry.kind == kind)
            and wanted in {entry.spdx.lower(), *entry.hf_licences, *entry.aliases}
        )


@cache
def _any(patterns: tuple[str, ...]) -> Any:
    """Return a function that tells whether a name meets one of the patterns."""
    if not patterns:
        return lambda name: False
    return re.compile("|".join(translate(pattern) for pattern in patterns)).match


def read_tables(folder: Path) -> dict[Path, dict[str, Any]]:
    """Read every TOML file of a folder; nothing is checked but that it is TOML."""
    files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    if not files:
        raise AuditError(f"There are no terms in {str(folder)!r}: it has to be a folder of .toml files.")
    tables = {}
    for file in files:
        try:
            tables[file] = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise AuditError(f"{str(file)!r} is not TOML: {error}. Correct it, or take it away.") from error
    return tables


def load(folder: Path | None = None) -> Terms:
    """Read the terms of a folder, the shipped ones by default; raise `AuditError` for what cannot be used."""
    return _shipped() if folder is None else _read(folder)


@cache
def _shipped() -> Terms:
    return _read(shipped.path("terms"))


def _read(folder: Path) -> Terms:
    from auditor.scan.terms_check import broken

    rows = [(file, row) for file, table in read_tables(folder).items() for row in table.get("entry", [])]
    after: dict[str, list[str]] = {}
    for _, row in rows:
        if "supersedes" in row:
            after.setdefault(row["supersedes"], []).append(row.get("id", "?"))
    entries = tuple(_entry(file, row, after) for file, row in rows)
    problems = broken(entries)
    if problems:
        raise AuditError(
            f"The terms in {str(folder)!r} cannot be used: {problems[0]}. 'audit terms check' names all."
        )
    return Terms(entries)


def _entry(file: Path, row: dict[str, Any], after: dict[str, list[str]]) -> Entry:
    """Make an entry of a table, or say which one cannot be used."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    since, until, read = (given.pop(key, None) for key in ("from", "until", "read"))
    try:
        return Entry(
            **{**_OPTIONAL, **given, "says": _says(row)},
            since=span(since) if since else None,
            until=span(until) if until else None,
            superseded_by=tuple(after.get(row["id"], ())),
            read=date.fromisoformat(read),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AuditError(
            f"The entry {row.get('id', '?')!r} in {str(file)!r} cannot be used: {error}. "
            "'audit terms check' says what an entry needs."
        ) from error


def _says(row: dict[str, Any]) -> tuple[Says, ...]:
    """Return one answer for each use, in their order."""
    found = [
        Says(use, s["verdict"], s["reason"], s.get("clause"), s.get("needs_review", False))
        for s in row["says"]
        for use in s["uses"]
    ]
    if sorted(said.use for said in found) != sorted(USES):
        raise ValueError(f"'says' has to name each use once: {', '.join(USES)}")
    return tuple(sorted(found, key=lambda said: USES.index(said.use)))


_OPTIONAL: dict[str, Any] = {
    **dict.fromkeys(("except_models", "hosts", "conditions", "clauses", "hf_licences", "aliases"), ()),
    **dict.fromkeys(("supersedes", "read_at", "text_sha256", "needs_review", "notes")),
}
