"""AlpacaEval `model_outputs.json`: a list of {instruction, output, generator}, or a folder of them.

Leaves out annotations and leaderboards, which lie beside the outputs.
Source: github.com/tatsu-lab/alpaca_eval, results/MODEL/model_outputs.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.readers.jsontext import kind, load, outline
from auditor.readers.messages import content_text
from auditor.readers.options import ReadOptions
from auditor.readers.rows import Rows
from auditor.readers.text import stem_of
from auditor.recorded import Recorded

name = "alpaca_eval"
_FILE = "model_outputs.json"


def matches(path: Path, head: bytes) -> bool:
    """Whether a list of such objects begins here, or a folder holds such a file."""
    if path.is_dir():
        return bool(_files(path))
    shape = outline(head)
    return shape.top == "[" and {"instruction", "output"} <= shape.keys and "input" not in shape.keys


def read(path: Path, options: ReadOptions) -> Recorded:
    """Read one file, one model's folder, or the whole `results` folder."""
    rows = Rows(name, options)
    taken: dict[str, Path] = {}
    for file in _files(path) if path.is_dir() else [path]:
        _read_file(file, rows, taken)
    return rows.recorded()


def _files(folder: Path) -> list[Path]:
    own = folder / _FILE
    return [own] if own.is_file() else sorted(folder.glob(f"*/{_FILE}"))


def _read_file(path: Path, rows: Rows, taken: dict[str, Path]) -> None:
    entries = load(path, rows.options)
    if not isinstance(entries, list):
        raise AuditError(
            f"{path}: the top level must be a list of {{instruction, output, generator}}; "
            f"got {kind(entries)}. Check that this is a model_outputs.json."
        )
    rows.file(path)
    fallback = path.parent.name if path.name == _FILE else stem_of(path)
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict) or not {"instruction", "output"} <= entry.keys():
            rows.refuse(path, f"entry {at}", f"expected instruction and output; got {kind(entry)}.")
            continue
        model = _model(entry, path, fallback, rows, taken)
        rows.add(model, content_text(entry["output"]), prompt=content_text(entry["instruction"]))


def _model(entry: dict[str, Any], path: Path, fallback: str, rows: Rows, taken: dict[str, Path]) -> str:
    """Name of the model; two folders that give the same name are two models, told apart by folder."""
    named = entry.get("generator")
    if not named:
        return rows.options.model or fallback
    if taken.setdefault(str(named), path) == path:
        return str(named)
    rows.note(f"{path} calls its model {named}, as {taken[str(named)]} does; it is called {fallback} here.")
    return fallback
