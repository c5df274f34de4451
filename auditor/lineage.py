"""The lineage table: what is publicly documented about each model, read from CSV or TOML and hashed.

Leaves out what follows from it: who may serve as a reference is `references.py`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from auditor.errors import AuditError
from auditor.report import LineageRow

COLUMNS = tuple(f.name for f in fields(LineageRow))
ROLES = ("", "student", "teacher", "reference", "decoy")
RELATIONS = ("", "original", "variant", "ensemble", "degenerate")
RELEASED = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
SHIPPED = "lineage/public-models.csv"


@dataclass(frozen=True)
class Lineage:
    """Documented history of models, by name.

    Attributes
    ----------
    rows : model -> row. source : where the table came from, as shown to the reader.
    """

    rows: Mapping[str, LineageRow]
    source: str

    def row(self, model: str) -> LineageRow:
        """Row of a model; an empty one where nothing is documented."""
        return self.rows.get(model, LineageRow(model))

    def group(self, model: str) -> str:
        """Group of sibling checkpoints of a model; its own name where none is documented."""
        return self.row(model).group or model

    def provider(self, model: str) -> str:
        """Provider of a model; where none is documented, a stand-in that no other model shares."""
        return self.row(model).provider.casefold() or f"(unknown: {model})"

    def behind(self, models: Iterable[str]) -> tuple[LineageRow, ...]:
        """Rows of these models, in order, then those of others that their history leads to.

        The others are sibling checkpoints of these models and what they were trained on or built from: a
        teacher outside the panel still has a provider. A model without a row gets an empty one.
        """
        models = tuple(models)
        groups = {self.group(m) for m in models}
        named = {
            plain_name(name.partition(":")[2] or name)
            for m in models
            for name in (*tokens_of(self.row(m)), self.row(m).base)
        } - {""}
        others = (
            row
            for m, row in self.rows.items()
            if m not in set(models)
            and (self.group(m) in groups or named & {plain_name(m), plain_name(self.group(m))})
        )
        return (*(self.row(m) for m in models), *others)


def content_hash(rows: Iterable[LineageRow]) -> str:
    """SHA-256 over the rows as sorted JSON."""
    records = sorted((asdict(r) for r in rows), key=lambda r: str(r["model"]))
    return hashlib.sha256(json.dumps(records, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plain_name(name: str) -> str:
    """Letters and digits only, lower case: "text_davinci_003" and "text-davinci-003" are one name."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def tokens_of(row: LineageRow) -> tuple[str, ...]:
    """Entries of `trained_on`, in order."""
    return tuple(t.strip() for t in row.trained_on.split(";") if t.strip())


def read(path: Path) -> Lineage:
    """Read a CSV with a header line, or a TOML file of `[[model]]` tables.

    Only `model` is required; unknown columns, roles, relations and dates, and a model that has two
    different rows, are errors.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AuditError(f"Cannot read the lineage table {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise AuditError(
            f"The lineage table {path} is not UTF-8 (byte {error.start}). Save it as UTF-8 and try again."
        ) from error
    records = _from_toml(text, path) if path.suffix == ".toml" else _from_csv(text, path)
    rows: dict[str, LineageRow] = {}
    for where, record in records:
        row = _row(record, f"{path}, {where}")
        if rows.setdefault(row.model, row) != row:
            raise AuditError(f"{path}, {where}: a second, different row for model {row.model!r}. Keep one.")
    if not rows:
        raise AuditError(f"The lineage table {path} has no rows. Columns are {', '.join(COLUMNS)}.")
    return Lineage(rows, str(path))


def merge(own: Lineage | None, shipped: Lineage) -> Lineage:
    """Own rows first; the shipped table fills in models that the own one does not name."""
    if own is None:
        return shipped
    return Lineage({**shipped.rows, **own.rows}, f"{own.source}, then {shipped.source}")


def _from_csv(text: str, path: Path) -> list[tuple[str, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        records = [
            (f"line {reader.line_num}", {k: v or "" for k, v in r.items() if k is not None}) for r in reader
        ]
    except csv.Error as error:
        raise AuditError(f"{path}, line {reader.line_num}: not valid CSV ({error}).") from error
    _known(reader.fieldnames or (), str(path))
    return records


def _from_toml(text: str, path: Path) -> list[tuple[str, dict[str, str]]]:
    try:
        tables = tomllib.loads(text).get("model", [])
    except tomllib.TOMLDecodeError as error:
        raise AuditError(f"{path} is not valid TOML: {error}.") from error
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise AuditError(f"{path} must hold [[model]] tables with the keys {', '.join(COLUMNS)}.")
    for table in tables:
        _known(table, str(path))
    return [
        (f"model {number}", {k: ";".join(v) if isinstance(v, list) else str(v) for k, v in t.items()})
        for number, t in enumerate(tables, 1)
    ]


def _known(names: Iterable[str], where: str) -> None:
    names = list(names)
    unknown = [n for n in names if n not in COLUMNS]
    if unknown or "model" not in names:
        problem = f"unknown column {unknown[0]!r}" if unknown else "no column 'model'"
        raise AuditError(f"{where}: {problem}. Allowed are {', '.join(COLUMNS)}; 'model' is required.")


def _row(record: Mapping[str, str], where: str) -> LineageRow:
    row = LineageRow(**{k: v.strip() for k, v in record.items()})
    if not row.model:
        raise AuditError(f"{where}: the row names no model.")
    for name, value, allowed in (("role", row.role, ROLES), ("relation", row.relation, RELATIONS)):
        if value not in allowed:
            raise AuditError(f"{where}: {name} {value!r} is not one of {', '.join(filter(None, allowed))}.")
    if row.released and not RELEASED.fullmatch(row.released):
        raise AuditError(f"{where}: released {row.released!r} is not a date like 2023-03-14 or 2023-03.")
    return row


def definitely_later(released: str, than: str) -> bool:
    """Whether one release date is after another at the precision that both have; unknown is not later."""
    if not released or not than:
        return False
    n = min(len(released), len(than))
    return released[:n] > than[:n]
