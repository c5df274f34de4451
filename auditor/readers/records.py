"""`Records`: plain JSON objects become responses, whatever their columns are called.

Leaves out finding the objects in a file (`json_lines`, `json_list`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditor.readers.columns import ambiguities, chosen, from_zero
from auditor.readers.jsontext import kind
from auditor.readers.messages import content_text, prompt_of
from auditor.readers.options import ReadOptions
from auditor.readers.prompts import load_prompts
from auditor.readers.rows import Rows
from auditor.readers.text import stem_of
from auditor.recorded import COLUMNS, Recorded


class Records:
    """Objects of one plain file; the first one decides which key is which column."""

    def __init__(self, path: Path, options: ReadOptions, format: str) -> None:
        self.path = path
        self.rows = Rows(format, options)
        self._columns: dict[str, str] | None = None
        self._prompts = load_prompts(options.prompts, options, stem_of(path)) if options.prompts else {}

    def add(self, record: Mapping[str, Any], place: str) -> None:
        """Add one object; `place` says where it is, for messages."""
        names = self._names(record)
        values = {ours: record.get(theirs) for ours, theirs in names.items()}
        prompt_id = None if values.get("prompt_id") is None else str(values["prompt_id"])
        prompt = prompt_of(values.get("prompt")) or self._prompts.get(prompt_id or "")
        wrong = _wrong(record, names, values.get("sample"), prompt is None and prompt_id is None)
        if wrong:
            self.rows.refuse(self.path, place, wrong)
            return
        model = str(values.get("model") or self.rows.options.model or stem_of(self.path))
        self.rows.add(model, content_text(values["output"]), prompt_id, prompt, values.get("sample"))

    def recorded(self) -> Recorded:
        """Everything added; sample numbers counted from 1 are shifted to 0."""
        self.rows.file(self.path)
        if self.rows.options.prompts:
            self.rows.file(self.rows.options.prompts)
        found = self.rows.recorded()
        at = COLUMNS.get_field_index("sample")
        table = found.table.set_column(at, COLUMNS.field(at), from_zero(found.table["sample"], self.path))
        return replace(found, table=table)

    def _names(self, record: Mapping[str, Any]) -> dict[str, str]:
        if self._columns is None:
            names = list(record)
            self._columns = chosen(names, self.rows.options, self.path)
            for note in ambiguities(names, self._columns, self.rows.options):
                self.rows.note(note)
        return self._columns


def _wrong(record: Mapping[str, Any], names: Mapping[str, str], sample: Any, unasked: bool) -> str:
    """Say what keeps an object from being a response; "" when nothing does."""
    output = names["output"]
    if output not in record:
        return f"no {output!r} here; got {kind(record)}."
    if isinstance(record[output], dict | bool):
        return f"{output!r} must be text; got {kind(record[output])}."
    if unasked:
        return f"neither prompt nor prompt id here; got {kind(record)}."
    if sample is not None and (type(sample) is not int or not 0 <= sample < 1 << 31):
        return f"{names['sample']!r} must be a sample number 0, 1, ...; got {kind(sample)}."
    return ""
