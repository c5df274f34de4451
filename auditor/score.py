"""`audit score`: what a local model gives to the texts it has not scored yet, kept batch by batch.

Every batch becomes a file of its own in FILE.parts, and at the end, or when interrupted, they are put
together in FILE; a killed run leaves its parts, and the same command goes on from them. Leaves out comparing
scores (`detectors`).
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from auditor import scored
from auditor.errors import AuditError, IncompleteError
from auditor.readers import ReadOptions
from auditor.score_texts import Text, of_file, of_panel
from auditor.scored import Scored
from auditor.sources.checkpoint import Checkpoint, find
from auditor.sources.scoring import TextScore
from detectors.scores import Scores, TextId

_BYTES_PER_TOKEN = 4  # roughly, for any language in UTF-8


class Progress(Protocol):
    """What the job reports of itself to whoever waits for it."""

    def stage(self, text: str, total: int | None = None) -> None:
        """Begin a stage of `total` texts; None = unknown."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Count texts as scored."""
        ...

    def warn(self, text: str) -> None:
        """Say what the user should know but which stops nothing."""
        ...


@dataclass(frozen=True)
class ScoreConfig:
    """What `audit score` was asked.

    Attributes
    ----------
    model : "hf:DIR_OR_ID". output : file to write, or to add to. panel, texts_of : answers of these models
        of this panel. texts : file of neutral texts. base : no chat template. name : of the model in the
        file, "" = what it is called. max_chars : where texts are cut. n_probes : only so many probes.
    """

    model: str
    output: str
    panel: str | None = None
    texts_of: tuple[str, ...] = ()
    texts: str | None = None
    base: bool = False
    name: str = ""
    max_chars: int | None = None
    n_probes: int | None = None
    options: ReadOptions = field(default_factory=ReadOptions)


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


@dataclass(frozen=True)
class Outcome:
    """How many texts were scored now, and everything the file holds."""

    n_new: int
    file: Scored


def plan(config: ScoreConfig) -> Plan:
    """What is missing; opens neither the model nor the file for writing."""
    output = Path(config.output)
    _check_output(output)
    checkpoint = find(config.model)
    texts = _texts(config)
    held = _held(output)
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


def run(config: ScoreConfig, progress: Progress) -> Outcome:
    """Score what is missing; when interrupted, what was scored is in the file all the same."""
    with _alone(Path(config.output)):
        progress.stage("Reading the texts")
        made = plan(config)
        if not made.missing and made.held:
            return Outcome(0, _put_together(Path(config.output)) or made.held)
        from auditor.sources.local import opened

        progress.stage("Opening the model")
        model = opened(config.model, base=config.base)
        for note in model.notes:
            progress.warn(note)
        about = {"scorer": made.scorer, "max_chars": config.max_chars, "model": model.about()}
        if made.held:
            _check_same(made.held.about, about, config.output)
            about = made.held.about
        try:
            _score(made, model, about, progress)
        except KeyboardInterrupt:
            kept = _put_together(Path(config.output))
            n = len(kept.everything.texts) if kept else 0
            progress.warn(
                f"{n} texts are kept in {config.output}; the same command goes on from there."
                if n
                else "No text was scored."
            )
            raise
        whole = _put_together(Path(config.output))
        assert whole is not None  # there is a text in every plan
        outcome = Outcome(len(made.missing), whole)
    _warn(outcome, model.n_vocabulary, progress)
    return outcome


def _texts(config: ScoreConfig) -> list[Text]:
    """Texts of a panel, of a file, or of both."""
    found: list[Text] = []
    if config.panel:
        found += of_panel(
            Path(config.panel), config.texts_of, config.options, config.n_probes, config.max_chars
        )
    if config.texts:
        found += of_file(Path(config.texts), config.options, config.max_chars)
    return found


def _score(made: Plan, model: Any, about: dict[str, Any], progress: Progress) -> None:
    """Write a part for every batch."""
    from auditor.sources.scoring import score_batches

    folder = _folder(Path(made.config.output))
    folder.mkdir(exist_ok=True)
    number = max((int(part.stem) for part in _parts(Path(made.config.output))), default=0)
    progress.stage("Scoring", len(made.missing))
    texts = made.missing
    for batch, found in score_batches(model, [t.prompt for t in texts], [t.text for t in texts]):
        number += 1
        scored.write(_part([texts[i] for i in batch], found, about), folder / f"{number:08d}.parquet")
        progress.advance(len(batch))


def _part(texts: Sequence[Text], found: Sequence[TextScore], about: dict[str, Any]) -> Scored:
    """One batch as it is kept."""
    scores = Scores(
        about["scorer"],
        tuple(text.id for text in texts),
        np.cumsum([0, *(len(one.ends) for one in found)], dtype=np.int64),
        np.concatenate([one.ends for one in found]),
        np.concatenate([one.logprobs for one in found]),
    )
    return Scored(
        about,
        scores,
        tuple(text.sha256 for text in texts),
        np.array([one.n_bytes for one in found], np.int64),
        tuple(one.skipped for one in found),
    )


def _held(output: Path) -> Scored | None:
    """What the file and the parts of a killed run hold; None = nothing."""
    found: list[Scored] = []
    known: set[TextId] = set()
    for file in ([output] if output.exists() else []) + _parts(output):
        part = scored.read(file)
        if known.isdisjoint(part.everything.texts):  # a run may be killed after its parts were put together
            found.append(part)
            known.update(part.everything.texts)
    return scored.joined(found) if found else None


def _put_together(output: Path) -> Scored | None:
    """Make one file of what is held and all parts; None = nothing is."""
    whole = _held(output)
    if whole and _parts(output):
        scored.write(whole, output)
    shutil.rmtree(_folder(output), ignore_errors=True)
    return whole


def _check_same(before: dict[str, Any], now: dict[str, Any], output: str) -> None:
    """Refuse to mix scores that were made differently: nobody could tell them apart afterwards."""
    there, here = _settings(before), _settings(now)
    if differ := [key for key in here if there.get(key) != here[key]]:
        what = "; ".join(f"{key}: {there.get(key)} there, {here[key]} now" for key in differ)
        raise AuditError(
            f"{output} holds scores that were made in another way ({what}). Score into another file, or as"
            " before."
        )


def _settings(about: dict[str, Any]) -> dict[str, Any]:
    """What must be equal for two scores to be of one kind; device and versions may differ."""
    model = about["model"]
    return {
        "scorer": about["scorer"],
        "max-chars": about.get("max_chars"),
        **{key: model.get(key) for key in ("files", "template", "dtype")},
    }


def _warn(outcome: Outcome, n_vocabulary: int, progress: Progress) -> None:
    """Say what is odd about the result."""
    file = outcome.file
    if cut := file.n_cut:
        progress.warn(f"{cut} texts were longer than the model's context, and were scored in part.")
    if skipped := [why for why in file.skipped if why]:
        progress.warn(f"{len(skipped)} texts could not be scored: {skipped[0]}.")
    known = file.everything.logprobs[~np.isnan(file.everything.logprobs)]
    if len(known) and known.mean() < -np.log(n_vocabulary) - 1:
        progress.warn(
            f"The model finds these texts less likely than tokens drawn blindly ({known.mean():.1f} nats a"
            " token). The tokenizer may be another model's, or the weights damaged: do not use these scores"
            " before you know."
        )


def _check_output(output: Path) -> None:
    if output.is_dir() or not output.parent.is_dir():
        what = "it is a folder" if output.is_dir() else f"there is no folder {str(output.parent)!r}"
        raise AuditError(f"Cannot write to {str(output)!r}: {what}. Give -o another name.")
    if output.suffix != ".parquet":
        raise AuditError(
            f"-o {str(output)!r}: scores are kept as Parquet. Give a name that ends in .parquet."
        )


def _folder(output: Path) -> Path:
    return output.with_name(output.name + ".parts")


def _parts(output: Path) -> list[Path]:
    """Batches of a run that was killed, or goes on, whole ones only."""
    return sorted(_folder(output).glob("[0-9]*.parquet"))


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Keep a second run away from the same file."""
    _check_output(output)
    lock = output.with_name(output.name + ".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise IncompleteError(
                f"{output} is being written by another 'audit score'. Wait until it ends, or give -o another"
                " name."
            ) from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
