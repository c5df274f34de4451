"""Groups of rows -> what they mean: findings, who wrote how many rows, licences of rows, days.

Leaves out finding groups (`look.py`) and what a text's signs are worth (`signs.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from auditor.scan.finding import EVIDENCE_KEPT, EXCERPT, Evidence, Finding
from auditor.scan.models import canonical
from auditor.scan.names import plain, provider_of
from auditor.scan.result import Generator
from auditor.scan.rows.found import Days, Licence
from auditor.scan.rows.look import Group
from auditor.scan.rows.paths import Place
from auditor.scan.rows.patterns import patterns
from auditor.scan.rows.signs import Sign, cut, signs
from auditor.scan.rows.statement import BETWEEN
from auditor.scan.synthetic import Dataset
from auditor.scan.synthetic import find as known_set
from auditor.scan.terms import load

MOST_SUBJECTS = 100
"""Subjects of one rule that get a finding; of more, those with most rows."""
Key = tuple[str, str]


@dataclass
class Seen:
    """What is known of one rule and subject: rows, places, and how sure each place is."""

    rows: int = 0
    evidence: list[Evidence] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


class Tally:
    """Takes groups, one after another; then says what was found in all."""

    def __init__(self) -> None:
        self.rows = 0
        self.seen: dict[Key, Seen] = {}
        self.generators: dict[tuple[str, str | None], dict[str, Any]] = {}
        self.human: dict[str, int] = {}
        self.unknown = 0
        self.licences: dict[tuple[str, str], int] = {}
        self.days: dict[bool, list[date]] = {True: [], False: []}
        self.day_field = ""
        self.values: dict[str, set[str]] = {}

    def add(self, group: Group) -> None:
        """Count one group."""
        rows = group.rows - group.bad
        if not rows:
            return
        self.rows += rows
        named = self._fields(group, rows)
        sets = self._sources(group, rows)
        told = self._text(group, rows)
        self._envelopes(group, rows, bool(named))
        for i, place in enumerate(group.plan.licences):
            if value := group.keys[f"l{i}"]:
                self.licences[value, place.label] = self.licences.get((value, place.label), 0) + rows
                self._see("LIC008", value, rows, group, place, value)
        self._written(named, sets, told, rows)
        if group.first and group.last:
            self.day_field = group.plan.dates[0].label
            self.days[bool(named or sets)] += [group.first, group.last]

    def _fields(self, group: Group, rows: int) -> dict[str, str]:
        """Models that fields name, with the rule that found each."""
        found: dict[str, str] = {}
        for i, place in enumerate(group.plan.generators):
            for name in _split(group.keys[f"g{i}"]):
                known = not name.startswith("?")
                rule, model = "GEN001" if known else "GEN013", canonical(name.lstrip("?"))
                found.setdefault(model, rule)
                self.values.setdefault(place.label, set()).add(model)
                self._see(rule, model, rows, group, place, f"rg{i}")
        for i, (place, model) in enumerate(group.plan.named):
            if group.keys[f"n{i}"]:
                found.setdefault(model, "GEN002")
                self._see("GEN002", model, rows, group, place, place.label)
        return found

    def _sources(self, group: Group, rows: int) -> list[Dataset]:
        """Known sets that source fields name."""
        found: dict[str, Dataset] = {}
        for i, place in enumerate(group.plan.sources):
            for name in _split(group.keys[f"d{i}"]):
                one = known_set(name.removeprefix("@"))
                if one is None:
                    continue
                self.values.setdefault(place.label, set()).add(one.id)
                if place not in group.plan.weak:
                    found.setdefault(one.id, one)
                if one.synthetic:
                    seen = self._see("GEN004", one.id, rows, group, place, f"rd{i}")
                    if place in group.plan.weak:
                        seen.sure.add("weak")
                    else:
                        seen.sure.add("hub" if name.startswith("@") else "alias" if "-" in name else "word")
        return list(found.values())

    def _envelopes(self, group: Group, rows: int, named: bool) -> None:
        present = [p for i, p in enumerate(group.plan.envelopes) if group.keys[f"v{i}"]]
        names = {p.name for p in present}
        if len(names) > 1 or (names and named) or names & patterns().envelopes_alone:
            seen = self._see("GEN003", "", rows, group, present[0], ", ".join(sorted(names)))
            seen.words |= names
            if len(names) > 1 or names & patterns().envelopes_alone:
                seen.sure.add("several")

    def _text(self, group: Group, rows: int) -> set[str]:
        """Families of models that answers call themselves."""
        told: dict[Key, Sign] = {}
        for sign in signs(group.hits):
            told.setdefault((sign.rule, sign.subject), sign)
        for (rule, subject), sign in told.items():
            place = group.plan.answers[sign.answer].place
            words = "mark" if rule == "GEN010" else "words"
            seen = self._see(rule, subject, rows, group, place, words, sign.found)
            seen.words.add(sign.found)
        return {subject for rule, subject in told if rule == "GEN008"}

    def _see(
        self, rule: str, subject: str, rows: int, group: Group, place: Place, what: str, around: str = ""
    ) -> Seen:
        """Count rows of a rule; `what` : a column of the examples, or the excerpt itself."""
        seen = self.seen.setdefault((rule, subject), Seen())
        seen.rows += rows
        seen.fields.add(place.label)
        for example in group.examples:
            if len(seen.evidence) >= EVIDENCE_KEPT:
                break
            text = str(example.get(what) or "") if what in example else what
            line, row = example.get("line"), example.get("row")
            excerpt = cut(text, around) if around else text[:EXCERPT]
            seen.evidence.append(Evidence(group.file.path, line or None, row or None, place.label, excerpt))
        return seen

    def _written(self, named: dict[str, str], sets: Sequence[Dataset], told: set[str], rows: int) -> None:
        """Who wrote rows: the model a field names, else a known set's, else what answers call themselves."""
        if named:
            for model, rule in named.items():
                self._by(model, None, rows, (rule, model))
            return
        synthetic = [s for s in sets if s.synthetic]
        for one in synthetic:
            for model in one.generators or ("",):
                self._by(model, one.id, rows, ("GEN004", one.id))
        if synthetic:
            return
        if sets:
            for one in sets:
                self.human[one.id] = self.human.get(one.id, 0) + rows
            return
        for model in told:
            self._by(model, None, rows, ("GEN008", model))
        if not told:
            self.unknown += rows

    def _by(self, model: str, through: str | None, rows: int, key: Key) -> None:
        own = self.generators.setdefault((model, through), {"rows": 0, "keys": set()})
        own["rows"] += rows
        own["keys"].add(key)

    def findings(self) -> dict[Key, Finding]:
        """Every rule and subject that was met, those with most rows first."""
        ordered = sorted(self.seen.items(), key=lambda item: (item[0][0], -item[1].rows, item[0][1]))
        kept: dict[str, int] = {}
        found = {}
        for (rule, subject), seen in ordered:
            kept[rule] = kept.get(rule, 0) + 1
            if kept[rule] <= MOST_SUBJECTS:
                evidence = tuple(sorted(seen.evidence, key=lambda e: (e.file, e.line or e.row or 0)))
                found[rule, subject] = Finding(
                    rule,
                    _message(rule, subject, seen, self.rows),
                    self._confidence(rule, subject, seen),
                    subject,
                    evidence,
                    seen.rows,
                    self.rows,
                )
        return found

    def _confidence(self, rule: str, subject: str, seen: Seen) -> str:
        own = patterns()
        if rule in ("GEN001", "GEN004"):
            values = set().union(*(self.values.get(f, set()) for f in seen.fields))
            if rule == "GEN001":
                return "high" if values - own.mistakable else "medium"
            if seen.sure <= {"weak"}:
                return "low"
            return "high" if seen.sure & {"hub", "alias"} or len(values) > 1 else "medium"
        if rule in ("GEN002", "LIC008"):
            return "high"
        if rule == "GEN003":
            return "high" if "several" in seen.sure else "medium"
        if rule in ("GEN008", "GEN009"):
            return "medium" if seen.rows >= FEW and seen.rows >= SELDOM * self.rows else "low"
        return "medium" if rule == "GEN013" else "low"

    def written(self, findings: dict[Key, Finding]) -> tuple[Generator, ...]:
        """Who wrote how many rows, most first."""
        made = []
        for (model, through), own in self.generators.items():
            behind = [findings[k] for k in sorted(own["keys"]) if k in findings]
            order = ("low", "medium", "high")
            sure = max((f.confidence for f in behind), key=order.index, default="low")
            made.append(
                Generator(
                    *(model, provider(model), own["rows"], own["rows"] / self.rows, through, sure),
                    tuple(f.fingerprint for f in behind),
                )
            )
        return tuple(sorted(made, key=lambda g: (-(g.rows or 0), g.name, g.through or "")))

    def licences_of_rows(self) -> tuple[Licence, ...]:
        """Licences that rows name, most rows first."""
        found = [Licence(value, place, rows) for (value, place), rows in self.licences.items()]
        return tuple(sorted(found, key=lambda one: (-one.rows, one.value)))

    def when(self) -> Days | None:
        """First and last day of rows with a generator, if they have any, else of all."""
        generated = bool(self.days[True])
        days = self.days[generated]
        if not days:
            return None
        return Days(self.day_field, min(days).isoformat(), max(days).isoformat(), generated)


FEW = 5
SELDOM = 0.0005
"""Below so many rows, or such a share of them, a sign in texts is "low": quoted, pasted, or a joke."""


def provider(model: str) -> str | None:
    """Whose a model is: by its name, the terms that name it, or the family that answers call themselves."""
    if not model:
        return None
    known = provider_of().get(plain(model))
    if known:
        return known
    by_terms = {e.provider for e in load() if not e.hosts and e.kind != "dataset_license" and e.covers(model)}
    if len(by_terms) == 1:
        return by_terms.pop()
    return next((w.provider for w in patterns().who if w.model == model), None)


def _split(value: Any) -> Iterable[str]:
    return value.split(BETWEEN) if value else ()


def _message(rule: str, subject: str, seen: Seen, total: int) -> str:
    """One sentence with the figures."""
    rows = f"{seen.rows:,} of {total:,} rows"
    where = ", ".join(repr(f) for f in sorted(seen.fields)[:3])
    if rule == "GEN001":
        return f"{rows} name {subject} in {where}."
    if rule == "GEN013":
        return f"{rows} name {subject} in {where}, a model that is not on file."
    if rule == "GEN002":
        return f"{rows} have a text in {where}, a field named after {subject}."
    if rule == "GEN003":
        return f"{rows} have fields that an API or a pipeline leaves behind: {', '.join(sorted(seen.words))}."
    if rule == "GEN004":
        return f"{rows} name the synthetic dataset {subject} in {where}."
    if rule == "LIC008":
        return f"{rows} name the licence {subject[:EXCERPT]!r} in {where}."
    if rule == "GEN008":
        return f"{rows} have answers that call themselves a model of {provider(subject)}."
    if rule == "GEN009":
        return f"{rows} have answers that refuse, or excuse themselves, as language models do."
    marks = ", ".join(sorted(seen.words)[:5])
    return f"{rows} have answers with {marks}, a mark of {subject}."
