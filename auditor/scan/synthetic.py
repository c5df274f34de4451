"""Known synthetic datasets and human controls (`data/synthetic`), and the field names that tell a generator.

Leaves out reading a dataset, and what its generators' terms say (`in_force.py`).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from auditor import shipped
from auditor.errors import AuditError
from auditor.scan.names import provider_of
from auditor.scan.terms import read_tables

SIGNALS = "signals.toml"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One known set; `synthetic` False = a human control.

    Attributes
    ----------
    hub_ids : "owner/name". aliases : other names, lower case with hyphens. generators : plain names of the
        models that wrote answers; `further_generators` : others are in it, or nobody knows which.
    licences_declared : SPDX ids and LicenseRefs as declared; "unspecified"; "various". Of several, parts
        differ.
    """

    id: str
    name: str
    synthetic: bool
    hub_ids: tuple[str, ...]
    licences_declared: tuple[str, ...]
    evidence: str
    source: str
    confidence: str
    aliases: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    further_generators: bool = False
    human_annotation: bool | None = None
    needs_review: str | None = None
    notes: str | None = None


@dataclass(frozen=True)
class Signals:
    """Names of row fields, and tags of cards, that tell who wrote a row.

    Attributes
    ----------
    generator_fields : hold the name of a model. judge_fields : hold a model that judged, not wrote.
    envelope_fields : left by an API or a pipeline. named_fields : field -> the model its name tells.
    source_fields, weak_source_fields : hold the name of the set a row comes from; weak ones are common
        elsewhere, too. licence_fields : hold a licence. card_tags : tags of synthetic sets.
    """

    generator_fields: tuple[str, ...]
    judge_fields: tuple[str, ...]
    envelope_fields: tuple[str, ...]
    named_fields: dict[str, str]
    source_fields: tuple[str, ...]
    weak_source_fields: tuple[str, ...]
    licence_fields: tuple[str, ...]
    card_tags: tuple[str, ...]


def slug(name: str) -> str:
    """Write the name of a dataset as `aliases` does: "tatsu-lab/Alpaca_Data" is "alpaca-data"."""
    return re.sub(r"[^a-z0-9.]+", "-", name.strip().rsplit("/", 1)[-1].lower()).strip("-")


def tables(folder: Path | None = None) -> dict[Path, dict[str, Any]]:
    """Read the files of datasets, unchecked."""
    found = read_tables(folder or shipped.path("synthetic"))
    return {file: table for file, table in found.items() if file.name != SIGNALS}


@cache
def load() -> tuple[Dataset, ...]:
    """Read the shipped sets; raise `AuditError` for what cannot be used."""
    rows: list[dict[str, Any]] = [row for table in tables().values() for row in table["dataset"]]
    try:
        made = tuple(_dataset(row) for row in rows)
    except TypeError as error:
        raise AuditError(
            f"The known datasets cannot be used: {error}. Install distill-audit again."
        ) from error
    problems = broken(made)
    if problems:
        raise AuditError(f"The known datasets cannot be used: {problems[0]}. 'audit terms check' names all.")
    return made


def _dataset(row: dict[str, Any]) -> Dataset:
    """Make a dataset of a table."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Dataset(**given)


def find(name: str) -> Dataset | None:
    """Return the set that a hub id, or a name in a source column, means; None = none that is known."""
    by_hub, by_name = _index()
    return by_hub.get(name.strip().lower()) or by_name.get(slug(name))


@cache
def _index() -> tuple[dict[str, Dataset], dict[str, Dataset]]:
    """Return hub id -> set, and id or alias -> set."""
    found = load()
    by_hub = {hub.lower(): d for d in found for hub in d.hub_ids}
    return by_hub, {name: d for d in found for name in (*d.aliases, d.id)}


def broken(datasets: Iterable[Dataset]) -> list[str]:
    """Say what a schema cannot: names of two sets, generators that no list of models has, other providers."""
    datasets = tuple(datasets)
    providers = provider_of()
    names = Counter(name for d in datasets for name in {d.id, *d.aliases, *(h.lower() for h in d.hub_ids)})
    problems = [f"{name!r} names more than one dataset" for name, n in names.items() if n > 1]
    for d in datasets:
        lacking = [g for g in d.generators if g not in providers]
        problems += (f"{d.id}: the generator {g!r} is not in data/models/names.toml" for g in lacking)
        if not lacking and {providers[g] for g in d.generators} != set(d.providers):
            problems.append(f"{d.id}: its providers are not those of its generators")
        if d.synthetic and not d.generators and not d.further_generators:
            problems.append(f"{d.id}: synthetic, but by nobody")
    return problems


@cache
def signals() -> Signals:
    """Read the shipped field names and tags."""
    table = tomllib.loads(shipped.path(f"synthetic/{SIGNALS}").read_text(encoding="utf-8"))
    return Signals(
        generator_fields=tuple(table["generator_fields"]),
        judge_fields=tuple(table["judge_fields"]),
        envelope_fields=tuple(table["envelope_fields"]),
        named_fields=dict(table["named_fields"]),
        source_fields=tuple(table["fields"]["source"]),
        weak_source_fields=tuple(table["fields"]["weak_source"]),
        licence_fields=tuple(table["fields"]["licence"]),
        card_tags=tuple(table["cards"]["tags"]),
    )
