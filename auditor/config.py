"""`CompareConfig`, frozen and stored with a run, and `read`: what `audit.toml` says, checked.

Leaves out where else a value may come from: command line and environment are click's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from auditor.errors import AuditError

FILE = "audit.toml"
LEVELS = ("weak", "moderate", "moderately_strong", "strong")
NEVER = "never"

Schema = Mapping[str, "type | Schema"]


@dataclass(frozen=True)
class CompareConfig:
    """What `audit compare` was asked; the same values and files give the same verdict.

    Attributes
    ----------
    student, teachers, decoys : MODEL strings: "panel:NAME", "file:PATH", "file:PATH#NAME", a path, or
        "openai:NAME@URL" and "hf:FOLDER", which are asked. Where student and teachers are all "hf:FOLDER" and
        nobody else's answers are given, their weights are compared, and nothing else.
    panel, lineage, calibration : files, or None; "none" = not the shipped one either.
    embedding : folder of a sentence-transformers model for `semantics`; None = the packaged one.
    device : "cpu", or "cuda" for the detectors that can measure on a GPU.
    weights : "NAME=FOLDER" of the student and of teachers whose answers are judged; bases : "hf:FOLDER" of
        models that both may come from.
    key : file with the right answers of closed questions, or None.
    scores : files, or folders of files, that 'audit score' wrote. same_data : "TEACHER=MODEL", a model
        trained on the teacher's public data and not on its outputs.
    served, held_out : "TEACHER=FILE", or a path where there is one teacher: answers of the teacher that the
        student is suspected to have seen, and answers of the same kind that it cannot have seen.
    canary_keys : likewise, files with the secret of what a teacher planted in its answers.
    prompts : file with the prompt texts of recordings that carry ids only.
    controls : folders that 'audit controls' wrote: students taught on purpose by one of the teachers.
    terms : also say what the teachers' terms allow; channel, host : how they were asked, None = not known;
        uses : some of `scan.terms.USES`, empty = the usual two.
    evidence : the DuckDB file the run is appended to.
    detectors : names of the detectors to run; empty = all that can.
    bootstrap : resamples of the probes behind an interval; 0 = no intervals.
    fail_on : lowest level of evidence that fails the run, one of `LEVELS` or `NEVER`.
    input_format, encoding, columns, keep_going : how recordings are read; None = recognise it.
    most_requests : most requests to models that are asked, all together.
    match : how prompts of several files are matched: "auto", "text" or "id".
    """

    student: str
    teachers: tuple[str, ...] = ()
    decoys: tuple[str, ...] = ()
    panel: str | None = None
    lineage: str | None = None
    calibration: str | None = None
    prompts: str | None = None
    key: str | None = None
    weights: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    embedding: str | None = None
    device: str = "cpu"
    scores: tuple[str, ...] = ()
    same_data: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    canary_keys: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    terms: bool = False
    channel: str | None = None
    host: str | None = None
    uses: tuple[str, ...] = ()
    evidence: str = "audit.duckdb"
    detectors: tuple[str, ...] = ()
    seed: int = 0
    bootstrap: int = 1000
    fail_on: str = "moderate"
    input_format: str | None = None
    encoding: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    keep_going: bool = False
    match: str = "auto"
    most_requests: int = 1000

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON-able data."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def fails_on(self, level: str) -> bool:
        """Tell whether a verdict of `level` fails the run; "against" and "insufficient" never do."""
        if self.fail_on == NEVER or level not in LEVELS:
            return False
        return LEVELS.index(level) >= LEVELS.index(self.fail_on)


def find(folder: Path) -> Path | None:
    """Return the settings file of `folder`, if it has one."""
    path = folder / FILE
    return path if path.is_file() else None


def read(path: Path, schema: Schema) -> dict[str, Any]:
    """Return the tables of `path`; keys with "_" for "-", one value of a list option made a list.

    `schema` holds, table by table, the type of each key: str, int, bool, list (of str).
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AuditError(f"Cannot read the settings file {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AuditError(f"{path} is not valid TOML: {error}. See https://toml.io for the format.") from error
    return _checked(table, schema, str(path), "")


def _checked(table: Mapping[str, Any], schema: Schema, path: str, prefix: str) -> dict[str, Any]:
    """Check one table against the schema, and those inside it."""
    result: dict[str, Any] = {}
    for written, value in table.items():
        key, name = written.replace("_", "-"), prefix + written
        kind = schema.get(key)
        if kind is None:
            raise AuditError(_unknown(name, key, schema, path, prefix))
        if isinstance(kind, Mapping):
            if not isinstance(value, dict):
                raise AuditError(f"{path}: {name!r} must be a table, [{name}], got {_kind(value)}.")
            result[key] = _checked(value, kind, path, f"{name}.")
        else:
            result[key.replace("-", "_")] = _value(value, kind, f"{path}: {name!r}")
    return result


def _unknown(name: str, key: str, schema: Schema, path: str, prefix: str) -> str:
    """Word the error for a key that does not exist."""
    near = get_close_matches(key, schema, n=1)
    hint = f"; did you mean {prefix}{near[0]}?" if near else "."
    return f"{path}: unknown key {name!r}{hint} Allowed: {', '.join(prefix + k for k in sorted(schema))}."


def _value(value: object, kind: type, where: str) -> object:
    """Check one value; a string where several are allowed is a list of one."""
    if kind is list:
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(v, str) for v in values):
            return values
        raise AuditError(f"{where} must be a string or a list of strings, got {_kind(value)}.")
    if type(value) is not kind:
        raise AuditError(f"{where} must be {_KINDS[kind]}, got {_kind(value)}.")
    return value


_KINDS: dict[type, str] = {str: "a string", int: "a whole number", bool: "true or false"}


def _kind(value: object) -> str:
    """Say what a TOML value is, in words."""
    words = {**_KINDS, float: "a decimal number", list: "a list", dict: "a table"}
    return f"{words.get(type(value), 'a date or time')} ({value!r})"
