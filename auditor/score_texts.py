"""Which texts are to be scored: answers of a panel's models, or texts that no model of the comparison wrote.

Leaves out scoring (`score.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditError
from auditor.panel import Panel, assemble, probe_id
from auditor.readers import ReadOptions, read
from auditor.readers.prompts import records
from detectors.scores import NEUTRAL, TextId

SERVED, HELD_OUT = "served", "held-out"  # whose texts `membership` compares (`served_log.py`)
_COLUMNS = ("text", "output", "response")


@dataclass(frozen=True)
class Text:
    """A text under its name, and the prompt that it answers ("" = none)."""

    id: TextId
    prompt: str
    text: str

    @property
    def sha256(self) -> str:
        """SHA-256, hex, of prompt and text."""
        return hashlib.sha256(f"{self.prompt}\0{self.text}".encode()).hexdigest()


def of_panel(
    path: Path, names: Sequence[str], options: ReadOptions, n_probes: int | None, max_chars: int | None
) -> list[Text]:
    """Every answer of these models, all samples, in the order of the panel; what is empty is left out.

    `n_probes` : only so many probes, those with the smallest ids: a random choice, the same for everybody.
    """
    panel = assemble([read(path, options)])
    probes = sorted(probe.id for probe in panel.probes)[:n_probes]
    panel = panel.select(list(dict.fromkeys(names)), probes)
    if nameless := sum(not probe.prompt.strip() for probe in panel.probes):
        raise AuditError(
            f"{path}: {nameless} of {len(panel.probes)} probes carry no prompt text, and an answer can only"
            " be scored after its prompt. Name a file with the prompts with --prompts."
        )
    found = in_panel(panel, max_chars)
    if not found:
        raise AuditError(f"{path}: no answers of {', '.join(names)} to score. Choose other models.")
    return found


def in_panel(panel: Panel, max_chars: int | None) -> list[Text]:
    """Every answer of a panel, in its order; what is empty is left out."""
    rows = panel.responses.to_pydict()
    keys = zip(rows["subject"], rows["probe"], rows["sample"], rows["text"], strict=True)
    return [
        Text(
            TextId(panel.subjects[subject], panel.probes[probe].id, sample),
            panel.probes[probe].prompt,
            text[:max_chars],
        )
        for subject, probe, sample, text in keys
        if text
    ]


def of_file(path: Path, options: ReadOptions, max_chars: int | None, text_of: str = NEUTRAL) -> list[Text]:
    """Texts from a table (JSON lines, CSV, Parquet): column text, output or response, and prompt if any.

    A neutral text is named by itself; one of any other kind by prompt and text, before it is cut.
    """
    if not path.is_file():
        raise AuditError(f"{path}: no such file. --texts needs a table with a column 'text'.")
    found: dict[TextId, Text] = {}
    for record in records(path, options):
        text = next((record[c] for c in _COLUMNS if isinstance(record.get(c), str)), "")
        whole, prompt = _whole(text), _whole(str(record.get("prompt") or ""))
        text = whole[:max_chars]
        if text.strip():
            id = TextId(text_of, probe_id(text if text_of == NEUTRAL else f"{prompt}\0{whole}"))
            found[id] = Text(id, prompt, text)
    if not found:
        raise AuditError(
            f"{path}: no texts in it. Expected rows with a column {' or '.join(_COLUMNS)} (and 'prompt',"
            " where there is one)."
        )
    return list(found.values())


def _whole(text: str) -> str:
    """The text with half characters (lone surrogates, which JSON can spell) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")
