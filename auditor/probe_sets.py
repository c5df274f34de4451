"""Sets of probes to ask: those that ship with the project, a table of prompts, or the prompts of a panel.

Leaves out the answers: where a file holds them, only what was asked is taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor import shipped
from auditor.errors import AuditError
from auditor.panel import normalised, probe_id
from auditor.readers import ReadOptions, read
from auditor.readers.columns import SYNONYMS
from auditor.readers.parquet import MAGIC, schema_of
from auditor.readers.prompts import IDS, prompt_in, records
from auditor.readers.text import head_of, stem_of
from detectors.choices import LETTERS
from detectors.types import Probe

FOLDER = "probes"
ALL = "all"
QUICK = "quick"
TARGET = "target"  # what the right option is called in a file of collected answers


@dataclass(frozen=True)
class Asked:
    """One probe of a set.

    Attributes
    ----------
    probe : with the prompt exactly as it is sent; its `source` is the set's name.
    own_id : what the set calls it; None = nothing, its hash will do.
    answer : what is right, where that is one thing: a letter, a number, a name; None = open.
    """

    probe: Probe
    own_id: str | None = None
    answer: str | None = None

    @property
    def letter(self) -> str | None:
        """The right option of a multiple choice, or None."""
        return self.answer if self.answer and len(self.answer) == 1 and self.answer in LETTERS else None


@dataclass(frozen=True)
class ProbeSet:
    """Probes in the order in which they are asked, each once, and what was left out, as sentences."""

    name: str
    probes: tuple[Asked, ...]
    notes: tuple[str, ...] = ()

    def content_hash(self) -> str:
        """SHA-256 over the JSON list of [id, normalised prompt], sorted: that of a panel of these probes."""
        listed = sorted([a.probe.id, normalised(a.probe.prompt)] for a in self.probes)
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def load_set(name: str) -> ProbeSet:
    """The set that `name` stands for: a file, else `all` shipped probes, or those with that tag."""
    path = Path(name)
    if path.is_file():
        return set_of(stem_of(path), _rows_of(path), str(path))
    if path.is_dir():
        raise AuditError(f"{name}: is a folder. --probes takes one file, or a shipped set: {_listed()}.")
    every = load_shipped()
    chosen = tuple(a for a in every if name == ALL or name in a.probe.tags)
    if not chosen:
        raise AuditError(
            f"--probes {name}: neither a file nor a shipped set. Shipped are {_listed()}; a file is JSON "
            "lines, JSON, CSV or Parquet with a column 'prompt', or a panel."
        )
    return ProbeSet(name, chosen)


def load_shipped() -> tuple[Asked, ...]:
    """Every probe in the shipped files, file by file."""
    files = sorted(shipped.path(FOLDER).glob("*.jsonl"))
    return tuple(a for file in files for a in set_of(file.stem, _rows_of(file), str(file)).probes)


def _listed() -> str:
    """Names of the shipped sets, for messages: `all`, `quick` and the kinds; finer tags are too many."""
    kinds = sorted({a.probe.tags[0] for a in load_shipped()})
    return ", ".join([ALL, QUICK, *kinds])


def set_of(name: str, rows: Iterable[Mapping[str, Any]], where: str) -> ProbeSet:
    """Rows as probes, without empty prompts, and each prompt once; `where` they are from, for messages."""
    found: dict[str, Asked] = {}
    without, again = 0, 0
    for row in rows:
        prompt = prompt_in(row)
        if prompt is None or not prompt.strip():
            without += 1
            continue
        one = _asked(row, prompt, name)
        again += one.probe.id in found
        found.setdefault(one.probe.id, one)
    if not found:
        raise AuditError(
            f"{where}: no prompts found. A set of probes needs rows with a column 'prompt' (or instruction, "
            "question, input, turns); check the file."
        )
    notes = [f"{where}: {without} rows have no prompt and were left out."] if without else []
    notes += [f"{where}: {again} rows repeat a prompt; it is asked once."] if again else []
    return ProbeSet(name, tuple(found.values()), tuple(notes))


def _asked(row: Mapping[str, Any], prompt: str, name: str) -> Asked:
    tags = row.get("tags")
    if isinstance(tags, str):
        tags = tags.split()
    own = next((str(row[k]) for k in IDS if row.get(k) is not None), None)
    known = tuple(str(t) for t in tags) if isinstance(tags, list | tuple) else ()
    # A repaired surrogate is what the server would get, so it is what the id is made of.
    prompt = prompt.encode("utf-8", "replace").decode("utf-8")
    probe = Probe(probe_id(normalised(prompt)), prompt, known, name)
    return Asked(probe, own, _answer(row))


def _answer(row: Mapping[str, Any]) -> str | None:
    """What the row says is right; where a model is named, its 'answer' is what that model said."""
    names_model = any(row.get(k) is not None for k in SYNONYMS["model"])
    answer = row.get(TARGET if names_model else "answer")
    return str(answer) if isinstance(answer, str | int | float) else None


def _rows_of(path: Path) -> Iterable[Mapping[str, Any]]:
    """Rows of a table of prompts; of recorded answers, only what was asked."""
    options = ReadOptions()
    head = head_of(path, options)
    if not head.strip():
        raise AuditError(f"{path}: the file is empty. Expected prompts, one a row.")
    if head.startswith(MAGIC):
        columns = set(schema_of(path).names)
        if "output" in columns:
            return _prompts_of(read(path, options).table)
    return records(path, options)


def _prompts_of(answers: pa.Table) -> list[dict[str, Any]]:
    """Each prompt of a panel once, without touching the answers."""
    chosen = answers.select(["prompt_id", "prompt"]).filter(pc.is_valid(answers["prompt"]))
    rows = chosen.group_by(["prompt_id", "prompt"], use_threads=False).aggregate([]).to_pylist()
    return list(rows)
