"""Plain rows that the store takes and gives: panel, measurements, run summary, and the parts of a `Report`.

Leaves out DuckDB. A table of the report has one column for each field of its dataclass, by the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.errors import AuditError
from auditor.report import (
    SCHEMA_VERSION,
    Alternative,
    ControlPower,
    Exclusion,
    Exhibit,
    Finding,
    LineageRow,
    PairTest,
    Report,
    Run,
    SkippedDetector,
    TermsAnswer,
    TermsVersion,
    Verdict,
)
from auditor.store.canonical import hash_value
from detectors.types import Float32, Probe

RESPONSES = pa.schema(
    [("subject", pa.int32()), ("probe", pa.int32()), ("sample", pa.int32()), ("text", pa.large_string())]
)
PARTS: dict[str, type] = {
    "verdicts": Verdict,
    "findings": Finding,
    "exhibits": Exhibit,
    "skipped": SkippedDetector,
    "lineage": LineageRow,
    "excluded": Exclusion,
    "tests": PairTest,
    "terms": TermsAnswer,
    "terms_versions": TermsVersion,
}
REPORT_FIELDS = ("headline", "student", "n_subjects", "n_probes", "n_responses", "lineage_source")
MAPS = ("versions", "hashes", "inputs")


@dataclass(frozen=True)
class PanelRows:
    """What a run asked and what came back.

    Attributes
    ----------
    subjects : names of the n_subjects models, no name twice.
    probes : the n_probes prompts.
    responses : columns subject, probe (int32, indices into the two above), sample (int32), text
        (large_string; null = asked, no answer); no (subject, probe, sample) twice. The store gives them
        back sorted by these three.
    """

    subjects: tuple[str, ...]
    probes: tuple[Probe, ...]
    responses: pa.Table

    def __post_init__(self) -> None:
        if len(set(self.subjects)) != len(self.subjects):
            twice = sorted({s for s in self.subjects if self.subjects.count(s) > 1})
            raise AuditError(f"Subjects of a panel must have different names; more than once: {twice}.")
        if not self.responses.schema.equals(RESPONSES):
            came = ", ".join(f"{c.name} {c.type}" for c in self.responses.schema)
            raise AuditError(
                "Responses must have the columns subject, probe, sample (int32), text (large_string); "
                f"got {came}."
            )
        for name, n in (("subject", len(self.subjects)), ("probe", len(self.probes))):
            index = self.responses[name].to_numpy()
            if len(index) and not (index.min() >= 0 and index.max() < n):
                raise AuditError(
                    f"Responses must name a {name} from 0 to {n - 1}; got {index.min()} to {index.max()}."
                )
        self.order()

    def order(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Row numbers of `responses` sorted by (subject, probe, sample), int64."""
        keys = [self.responses[name].to_numpy() for name in ("sample", "probe", "subject")]
        order = np.lexsort(keys)
        same = np.logical_and.reduce([np.diff(key[order]) == 0 for key in keys])
        if same.any():
            first = order[int(np.argmax(same))]
            sample, probe, subject = (int(key[first]) for key in keys)
            raise AuditError(
                "A panel holds one response for each (subject, probe, sample); more than one for "
                f"({self.subjects[subject]}, {self.probes[probe].id}, {sample}). "
                "Number the samples 0, 1, 2..."
            )
        return order


@dataclass(frozen=True)
class MeasurementRows:
    """One statistic; values (n_subjects, n_teachers, n_probes) float32, NaN = not measurable."""

    detector: str
    statistic: str
    channel: str
    unit: str
    params: Mapping[str, Any]
    subjects: tuple[str, ...]
    teachers: tuple[str, ...]
    values: Float32

    def __post_init__(self) -> None:
        expected = (len(self.subjects), len(self.teachers))
        if self.values.ndim != 3 or self.values.shape[:2] != expected or self.values.dtype != np.float32:
            raise AuditError(
                f"Values of {self.detector} {self.statistic} must be float32 (subjects, teachers, probes) = "
                f"({expected[0]}, {expected[1]}, n); got {self.values.dtype} {self.values.shape}."
            )


@dataclass(frozen=True)
class RunSummary:
    """One line about a run; `levels` are those of its verdicts, one for each of `teachers`.

    A teacher's name is followed by what the verdict is about, in brackets, where that is not distillation.
    """

    id: str
    finished: str
    student: str
    teachers: tuple[str, ...]
    levels: tuple[str, ...]
    headline: str


def hash_probes(probes: Sequence[Probe]) -> str:
    """SHA-256 (hex) of a probe set in its order: what `commit_probes` commits to."""
    return hash_value([[p.id, p.prompt, list(p.tags), p.source] for p in probes])


def json_text(value: Any, what: str) -> str:
    """JSON text of a configuration; ASCII, so that any string in it can be stored.

    Tuples are written, and come back, as lists.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise AuditError(
            f"{what} must hold text, numbers, true, false, null, lists and text-keyed objects only: {error}."
        ) from error


def run_row(report: Report) -> dict[str, Any]:
    """The row of `runs` for a report."""
    run = report.run
    row = {name: getattr(run, name) for name in ("command", "started", "finished", "seed", *MAPS)}
    row |= {name: getattr(report, name) for name in (*REPORT_FIELDS, "caveats")}
    return row | {"config": json_text(run.config, "config"), "schema_version": SCHEMA_VERSION}


def part_rows(part: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows for the instances of one dataclass of a report, one column a field."""
    return [{f.name: _plain(getattr(one, f.name)) for f in fields(one)} for one in part]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Alternative | ControlPower):
        return [asdict(one) for one in value]
    return json_text(value, "params of a test") if isinstance(value, dict) else value


def report_of(row: Mapping[str, Any], parts: Mapping[str, list[dict[str, Any]]]) -> Report:
    """The `Report` whose row of `runs` and rows of the other tables these are."""
    run: dict[str, Any] = {name: row[name] for name in ("command", "started", "finished", "seed")}
    run |= {name: dict(row[name]) for name in MAPS}
    report: dict[str, Any] = {n: row[n] for n in REPORT_FIELDS}
    report |= {name: tuple(_instances(PARTS[name], rows)) for name, rows in parts.items()}
    return Report(
        run=Run(id=row["run_id"], config=json.loads(row["config"]), **run),
        caveats=tuple(row["caveats"]),
        **report,
    )


def _instances(kind: Any, rows: list[dict[str, Any]]) -> Iterator[Any]:
    """Instances of a dataclass; a field that an older file lacks (no column, or NULL) takes its default."""
    optional = {f.name for f in fields(kind) if f.default is not MISSING}
    for row in rows:
        values = {f.name: _tuples(row.get(f.name)) for f in fields(kind)}
        if values.get("params") is not None:
            values["params"] = json.loads(values["params"])
        yield kind(**{n: v for n, v in values.items() if v is not None or n not in optional})


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, dict):
        return ControlPower(**value) if "share" in value else Alternative(**value)
    return value
