"""`audit score`: what a local model gives to the texts it has not scored yet, kept batch by batch.

Every batch becomes a file of its own in FILE.parts, and at the end, or when interrupted, they are put
together in FILE; a killed run leaves its parts, and the same command goes on from them. Leaves out comparing
scores (`detectors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from auditor.errors import AuditError
from auditor.score_plan import Plan, ScoreConfig, plan
from auditor.score_texts import Text
from auditor.scored import Scored
from auditor.scored_parts import add, alone, put_together
from auditor.sources.scoring import TextScore
from detectors.scores import Scores

__all__ = ["Outcome", "Plan", "Progress", "ScoreConfig", "plan", "run"]


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
class Outcome:
    """How many texts were scored now, and everything the file holds."""

    n_new: int
    file: Scored


def run(config: ScoreConfig, progress: Progress) -> Outcome:
    """Score what is missing; when interrupted, what was scored is in the file all the same."""
    with alone(Path(config.output)):
        progress.stage("Reading the texts")
        made = plan(config)
        if made.held:
            # Before the model is opened, and where it need not be: nothing else would notice other files.
            _check_same(made.held.about, _about(made, {"files": made.checkpoint.hashes()}), config.output)
        if not made.missing and made.held:
            return Outcome(0, put_together(Path(config.output)) or made.held)
        from auditor.sources.local import opened

        progress.stage("Opening the model")
        model = opened(config.model, base=config.base)
        for note in model.notes:
            progress.warn(note)
        about = _about(made, model.about())
        if made.held:
            _check_same(made.held.about, about, config.output)
            about = made.held.about
        try:
            _score(made, model, about, progress)
        except KeyboardInterrupt:
            kept = put_together(Path(config.output))
            n = len(kept.everything.texts) if kept else 0
            progress.warn(
                f"{n} texts are kept in {config.output}; the same command goes on from there."
                if n
                else "No text was scored."
            )
            raise
        whole = put_together(Path(config.output))
        assert whole is not None  # there is a text in every plan
        outcome = Outcome(len(made.missing), whole)
    _warn(outcome, model.n_vocabulary, progress)
    return outcome


def _about(made: Plan, model: dict[str, Any]) -> dict[str, Any]:
    """What is recorded of this run in the file."""
    return {
        "scorer": made.scorer,
        "max_chars": made.config.max_chars,
        "base": made.config.base,
        "model": model,
    }


def _score(made: Plan, model: Any, about: dict[str, Any], progress: Progress) -> None:
    """Write a part for every batch."""
    from auditor.sources.scoring import score_batches

    progress.stage("Scoring", len(made.missing))
    texts = made.missing
    for batch, found in score_batches(model, [t.prompt for t in texts], [t.text for t in texts]):
        add(Path(made.config.output), _part([texts[i] for i in batch], found, about))
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


def _check_same(before: dict[str, Any], now: dict[str, Any], output: str) -> None:
    """Refuse to mix scores that were made differently: nobody could tell them apart afterwards."""
    there, here = _settings(before), _settings(now)
    if differ := [key for key in here if there.get(key) != here[key]]:
        what = "; ".join(_differing(key, there.get(key), here[key]) for key in differ)
        raise AuditError(
            f"{output} holds scores that were made in another way ({what}). Score into another file, or as"
            " before."
        )


def _differing(name: str, there: Any, here: Any) -> str:
    """Say what is different; of files, their names are enough."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = sorted(key for key in {**there, **here} if there.get(key) != here.get(key))
        return f"{name}: other {', '.join(keys)}"
    return f"{name}: {there} there, {here} now"


def _settings(about: dict[str, Any]) -> dict[str, Any]:
    """What must be equal for two scores to be of one kind; device and versions may differ."""
    model = about["model"]
    return {
        "scorer": about["scorer"],
        "max-chars": about.get("max_chars"),
        "base": about.get("base"),
        **{key: model[key] for key in ("files", "template", "dtype") if key in model},
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
