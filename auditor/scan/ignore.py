"""The ignore list: findings that somebody looked at and accepted, with a reason and a last day (TOML).

    [[ignore]]
    rule = "GEN001"               # id of a rule
    path = "data/train-*"         # optional: shell pattern; every place of the finding has to meet it
    subject = "gpt-4"             # optional: as the finding names it
    reason = "Consent of the provider of 2026-03-01, contract 4711."
    until = 2027-03-01            # last day on which it holds
    who = "legal@example.org"     # optional

What is taken out is still reported, as ignored, with its reason. One that is past its last day takes nothing
out, and is said. Leaves out what a finding means for the answers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.scan.finding import Finding
from auditor.scan.rules import rules

KEYS = ("rule", "path", "subject", "reason", "until", "who")
LARGEST = 1_000_000  # bytes; a list longer than that is another file


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry; None = any path, any subject, no last day."""

    rule: str
    reason: str
    path: str | None = None
    subject: str | None = None
    until: date | None = None
    who: str | None = None

    def meets(self, finding: Finding) -> bool:
        """Tell whether it is about a finding: all places of it, not some."""
        files = [evidence.file for evidence in finding.evidence]
        return (
            self.rule == finding.rule
            and self.subject in (None, finding.subject)
            and (self.path is None or (bool(files) and all(fnmatchcase(file, self.path) for file in files)))
        )

    @property
    def words(self) -> str:
        """The reason, who gave it, and until when it holds."""
        told = ", ".join(filter(None, [self.who, f"until {self.until}" if self.until else None]))
        return f"{self.reason} ({told})" if told else self.reason


@dataclass(frozen=True, slots=True)
class Ignored:
    """The entries that hold, and warnings about the list."""

    entries: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()


def none() -> Ignored:
    """An empty list."""
    return Ignored()


def load(path: Path, today: date) -> Ignored:
    """Read a list; entries past their last day are left out and warned of."""
    found = [_entry(row, i, path) for i, row in enumerate(_rows(path), 1)]
    past = [entry for entry in found if entry.until and entry.until < today]
    open_ended = [entry for entry in found if not entry.until]
    return Ignored(
        entries=tuple(entry for entry in found if entry not in past),
        warnings=(
            *(f"Ignore list: {_told(e)} ended on {e.until}; what it is about counts again." for e in past),
            *(f"Ignore list: {_told(e)} has no last day ('until')." for e in open_ended),
        ),
    )


def apply(ignored: Ignored, findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """Part findings into those that count and those that are ignored, the latter with the reason."""
    kept, out = [], []
    for finding in findings:
        entry = next((e for e in ignored.entries if e.meets(finding)), None)
        if entry is None:
            kept.append(finding)
        else:
            out.append((finding, entry.words))
    return kept, out


def _rows(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > LARGEST:
            raise AuditError(f"The ignore list {str(path)!r} is larger than {LARGEST:,} bytes.")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AuditError(f"The ignore list {str(path)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuditError(f"The ignore list {str(path)!r} is not TOML: {error}.") from error
    rows = table.pop("ignore", [])
    if table or not isinstance(rows, list):
        raise AuditError(
            f"The ignore list {str(path)!r} has to consist of [[ignore]] tables"
            + (f", and has {', '.join(map(repr, table))}." if table else ".")
        )
    return rows


def _entry(row: Any, number: int, path: Path) -> Rule:
    """Make an entry, or say what is wrong with which."""
    where = f"[[ignore]] number {number} in {str(path)!r}"
    if not isinstance(row, dict):
        raise AuditError(f"{where} is no table.")
    unknown = [key for key in row if key not in KEYS]
    if unknown:
        near = get_close_matches(unknown[0], KEYS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise AuditError(f"{where}: {unknown[0]!r} is no key. Known are: {', '.join(KEYS)}.{hint}")
    for key in KEYS:
        if key != "until" and not isinstance(row.get(key, ""), str):
            raise AuditError(f"{where}: {key!r} has to be a text, and is {row[key]!r}.")
    if row.get("rule") not in rules():
        raise AuditError(f"{where}: {_no_rule(row.get('rule'))}")
    if not row.get("reason", "").strip():
        raise AuditError(f"{where}: 'reason' is missing. Say why the finding is accepted, and by whom.")
    until = _day(row.get("until"), where)
    return Rule(row["rule"], row["reason"], row.get("path"), row.get("subject"), until, row.get("who"))


def _no_rule(given: str | None) -> str:
    """Say what is near: an id, or the rule of that name."""
    if not given:
        return "'rule' is missing. Give the id of a rule, such as GEN001."
    named = {rule.name: id for id, rule in rules().items()}
    near = get_close_matches(given.upper(), rules(), n=3, cutoff=0.7)
    near += [named[name] for name in get_close_matches(given.lower(), named, n=3, cutoff=0.5)]
    hint = ", ".join(f"{id} ({rules()[id].name})" for id in dict.fromkeys(near))
    return f"{given!r} is no rule. " + (
        f"Did you mean {hint}?" if hint else f"Known are: {', '.join(rules())}."
    )


def _day(given: Any, where: str) -> date | None:
    if given is None:
        return None
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        raise AuditError(
            f"{where}: 'until' has to be a day such as 2027-03-01, and is {str(given)!r}."
        ) from None


def _told(entry: Rule) -> str:
    """An entry in a few words."""
    parts = [f"{entry.rule}"]
    parts += [f"subject {entry.subject!r}"] if entry.subject else []
    parts += [f"path {entry.path!r}"] if entry.path else []
    return ", ".join(parts)
