"""What `audit score` was asked, and which texts are still to be scored.

Opens no model and writes nothing. Leaves out scoring (`score.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from auditor.errors import AuditError
from auditor.readers import ReadOptions
from auditor.score_texts import Text, of_file, of_panel
from auditor.scored import Scored
from auditor.scored_parts import check_output, held_in
from auditor.sources.checkpoint import Checkpoint, find
from detectors.scores import NEUTRAL

_BYTES_PER_TOKEN = 4  # roughly, for any language in UTF-8


@dataclass(frozen=True)
class ScoreConfig:
    """What `audit score` was asked.

    Attributes
    ----------
    model : "hf:DIR_OR_ID". output : file to write, or to add to. panel, texts_of : answers of these models
        of this panel. texts : file of texts; text_of : what they are, neutral or another name. base : no
        chat template. name : of the model in the file, "" = what it is called. max_chars : where texts are
        cut. n_probes : only so many probes. given : texts at hand, already cut, beside those of the files.
    """

    model: str
    output: str
    panel: str | None = None
    texts_of: tuple[str, ...] = ()
    texts: str | None = None
    text_of: str = NEUTRAL
    base: bool = False
    name: str = ""
    max_chars: int | None = None
    n_probes: int | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    given: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What will be scored, in words as `str`. `held` : texts that the file has already."""

    config: ScoreConfig
    checkpoint: Checkpoint
    texts: tuple[Text, ...]
    missing: tuple[Text, ...]
    held: Scored | None

    @property
    def scorer(self) -> str:
        """Name of the model in the file."""
        return self.config.name or self.checkpoint.name

    def __str__(self) -> str:
        c, authors = self.config, sorted({text.id.text_of for text in self.texts})
        size = sum(len(f"{text.prompt}{text.text}".encode()) for text in self.missing)
        stored = self.checkpoint.stored
        rows = [
            (
                "Model",
                f"{self.scorer}: {self.checkpoint.folder}, {stored.n_numbers / 1e6:.1f} million weights",
            ),
            (
                "Prompts",
                "as they are, no chat template" if c.base else "by the chat template, if there is one",
            ),
            ("Texts", f"{len(self.texts)}, of {', '.join(authors)}"),
            ("Held", f"{len(self.texts) - len(self.missing)} of them, in {c.output}"),
            (
                "To score",
                f"{len(self.missing)} texts, about {size // _BYTES_PER_TOKEN} tokens with their prompts",
            ),
        ]
        return "\n".join(f"{name:<10}{text}" for name, text in rows)


def plan(config: ScoreConfig) -> Plan:
    """What is missing; opens neither the model nor the file for writing."""
    output = Path(config.output)
    check_output(output)
    checkpoint = find(config.model)
    texts = _texts(config)
    held = held_in(output)
    known = dict(zip(held.everything.texts, held.sha256, strict=True)) if held else {}
    for text in texts:
        if known.get(text.id, text.sha256) != text.sha256:
            raise AuditError(
                f"{output}: the text scored as sample {text.id.sample} of {text.id.text_of} on probe "
                f"{text.id.probe} was another one, or its prompt was. Was it another panel, or another "
                "--max-chars? Score into another file."
            )
    missing = tuple(text for text in texts if text.id not in known)
    return Plan(config, checkpoint, tuple(texts), missing, held)


def _texts(config: ScoreConfig) -> list[Text]:
    """Texts at hand, of a panel and of a file."""
    found = list(config.given)
    if config.panel:
        found += of_panel(
            Path(config.panel), config.texts_of, config.options, config.n_probes, config.max_chars
        )
    if config.texts:
        found += of_file(Path(config.texts), config.options, config.max_chars, config.text_of)
    return found
