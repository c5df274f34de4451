"""`audit collect`: ask a model what it has not answered yet, and keep every answer as it comes.

What the file holds is never asked again, so a run that was interrupted is finished by the same command.
Leaves out who answers (`sources/live.py`), and judging the answers: `audit compare` reads the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import auditor
from auditor.answer_lines import FORMAT, MARK
from auditor.collected import Collected, Held, opened
from auditor.due import CollectConfig, Plan, plan, planned
from auditor.errors import IncompleteError
from auditor.probe_sets import TARGET, ProbeSet, load_set
from auditor.progress import Progress
from auditor.sources.live import responder_for, target_of
from auditor.sources.responder import Abilities, Answer, Question, Responder
from auditor.sources.unanswered import UnansweredError

__all__ = ["CollectConfig", "Outcome", "Plan", "gather", "plan", "run"]


@dataclass
class Outcome:
    """What a run came to.

    Attributes
    ----------
    asked, kept : answers asked for, and received and kept.
    failures : why a request was given up -> how often.
    held : everything the file holds of the model at the end.
    missing : abilities the model's source lacks, with the reason.
    """

    asked: int
    kept: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    held: Held = field(default_factory=Held)
    missing: dict[str, str] = field(default_factory=dict)


def run(config: CollectConfig, progress: Progress) -> Outcome:
    """Ask for everything that is missing; `IncompleteError` unless all of it is there in the end."""
    target_of(config.model)  # a string that is no model is said before the probes are read
    chosen = load_set(config.probes)
    for note in chosen.notes:
        progress.warn(note)
    outcome = gather(config, chosen, progress)
    _check_logprobs(outcome, config)
    return outcome


def gather(config: CollectConfig, chosen: ProbeSet, progress: Progress) -> Outcome:
    """As `run`, of these probes; log probabilities that did not come are marked only."""
    target = target_of(config.model)
    with opened(Path(config.output)) as file:
        held = file.held(target, config.decoding.as_dict())
        made = planned(config, target, chosen, held)
        if note := file.mend():
            progress.warn(note)
        outcome = Outcome(len(made.missing), held=held)
        if made.missing:
            try:
                with responder_for(target, config.manners, progress.warn) as responder:
                    Job(made, file, outcome, progress).run(responder)
            except KeyboardInterrupt:
                progress.warn(_kept(outcome, config))
                raise
            except UnansweredError as trouble:
                raise IncompleteError(f"{trouble.what} {_kept(outcome, config)}") from trouble
    _check(outcome, config, progress)
    return outcome


def _check(outcome: Outcome, config: CollectConfig, progress: Progress) -> None:
    """Raise unless every answer is there."""
    held = outcome.held
    if len(held.server_models) > 1:
        progress.warn(
            f"The server called the model {' and '.join(sorted(held.server_models))}: these may be different "
            "models. 'server_model' says which gave each answer."
        )
    if held.counts["empty"] * 2 > len(held.keys):
        progress.warn(
            f"{held.counts['empty']} of {len(held.keys)} answers are empty, and count as none. A model that "
            "reasons may have used up --max-tokens before it answered: see 'finish_reason' in "
            f"{config.output}. Ask again with more, into another file."
        )
    if outcome.failures:
        what, times = outcome.failures.most_common(1)[0]
        raise IncompleteError(
            f"{sum(outcome.failures.values())} of {outcome.asked} requests were given up; {times} times: "
            f"{what} {_kept(outcome, config)}"
        )


def _check_logprobs(outcome: Outcome, config: CollectConfig) -> None:
    """Raise where log probabilities that were asked for are missing."""
    if faulty := outcome.held.counts["faulty"]:
        raise IncompleteError(
            f"{faulty} answers came without usable log probabilities, though --logprobs asked for them: the "
            f"server leaves them out now and then, or gives NaN. Their texts are kept in {config.output}, "
            "marked 'faults', and 'audit compare' reads them. For log probabilities mend the server, and "
            "collect into another file."
        )


def _kept(outcome: Outcome, config: CollectConfig) -> str:
    """Say what there is, and how to go on."""
    n = len(outcome.held.keys)
    if not n:
        return "No answer was collected."
    return f"{n} answers are kept in {config.output}; the same command goes on from there."


class Job:
    """One run: a plan, something that answers, and the file that is added to."""

    def __init__(self, made: Plan, file: Collected, outcome: Outcome, progress: Progress) -> None:
        self._plan, self._file, self._outcome, self._progress = made, file, outcome, progress
        self._asked = {asked.probe.id: asked for asked, _ in made.missing}
        self._more: dict[str, Any] = {}
        self._version = auditor.__version__

    def run(self, responder: Responder) -> None:
        """Find out what the responder can do, then ask."""
        decoding = self._plan.config.decoding
        self._progress.stage("Finding out what the model's source can do")
        found = responder.abilities(decoding)
        self._outcome.missing = dict(found.missing)
        self._check_abilities(found)
        self._more = dict(responder.about())
        self._progress.stage("Asking", len(self._plan.missing), unit="answers")
        self._outcome.failures = responder.answer(self._questions(), decoding, self._keep)

    def _check_abilities(self, found: Abilities) -> None:
        """Stop before anything is asked in vain; warn of what is only a pity."""
        config, at = self._plan.config, self._plan.target.at
        wanted = config.decoding.logprobs
        if wanted is not None and found.top_logprobs is None:
            raise UnansweredError(
                f"{at} gives no usable log probabilities: {found.missing['logprobs']}. Ask without "
                "--logprobs, or have the server return them."
            )
        if wanted is not None and found.top_logprobs is not None and found.top_logprobs < wanted:
            raise UnansweredError(
                f"--logprobs {wanted}: {at} gives at most {found.top_logprobs} log probabilities at a "
                f"position. Ask with --logprobs {found.top_logprobs}."
            )
        if config.decoding.seed is not None and "seed" in found.missing:
            self._progress.warn(f"--seed will not repeat the answers: {found.missing['seed']}.")
        if config.samples > 1 and "sampling" in found.missing:
            self._progress.warn(f"All samples may be the same: {found.missing['sampling']}.")

    def _questions(self) -> list[Question]:
        seed = self._plan.config.decoding.seed
        return [
            Question(a.probe.id, a.probe.prompt, k, None if seed is None else seed + k)
            for a, k in self._plan.missing
        ]

    def _keep(self, answered: Sequence[tuple[Question, Answer]]) -> None:
        """Add answers to the file: when this returns, a killed process loses none of them."""
        rows = [self._row(question, answer) for question, answer in answered]
        self._file.append(rows)
        for row in rows:
            self._outcome.held.add(row)
        self._outcome.kept += len(rows)
        self._progress.advance(len(rows))

    def _row(self, question: Question, answer: Answer) -> dict[str, Any]:
        """One answer as it is kept; the columns that readers look for come first."""
        config, asked, choice = self._plan.config, self._asked[question.probe], answer.choice
        wants = config.decoding.logprobs is not None
        row: dict[str, Any] = {
            MARK: FORMAT,
            "model": self._plan.target.name,
            "prompt_id": asked.own_id or asked.probe.id,
            "prompt": asked.probe.prompt,
            "sample": question.sample,
            "output": choice.text,
            "probe": asked.probe.id,
            "set": self._plan.set.name,
            "tags": asked.probe.tags,
            TARGET: asked.letter,
            "decoding": config.decoding.as_dict(),
            "seed": question.seed,
            "finish_reason": choice.finish,
            "truncated": choice.finish == "length",
            "refusal": choice.refusal,
            "reasoning": choice.reasoning or None,
            "faults": choice.faults(wants),
            "logprobs": choice.logprobs.as_dict() if choice.logprobs and wants else None,
            "server_model": answer.model,
            "fingerprint": answer.fingerprint,
            "at": self._plan.target.at,
            "missing": self._outcome.missing,
            "tokens": dict(answer.tokens),
            "seconds": round(answer.seconds, 3),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": self._version,
        }
        row |= {key: value for key, value in self._more.items() if key not in row}
        return {MARK: FORMAT} | {key: value for key, value in row.items() if value not in (None, (), [], {})}
