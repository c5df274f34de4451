"""What the sources of student and teachers were found not to do, as detectors that did not run for it.

A server that gives no log-probabilities, or answers the same every time, was noticed when it was asked, and
every answer says so ("missing", `sources/abilities.py`). Leaves out finding it out, models of a panel that
was imported, which no longer say it, and references: one that lacks something is one reference fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.answer_lines import MARK, parsed
from auditor.case import Case
from auditor.collected import beside
from auditor.config import CompareConfig
from auditor.likelihood import NO_SCORES
from auditor.sources import parse_model
from detectors.lift import Lift
from detectors.scored_view import ScoredView
from detectors.types import Access, Detector, Measurement, Skipped

# A detector of log-probabilities that asks none of the teacher.
LIFT = Lift.name
# How `surprise` says whose scores it lacks.
NEEDS_SCORES = "needs scores of"
NO_PROMPT_LOGPROBS = (
    "needs log-probabilities of given texts, and {model} at {at} gives none ({why}). Its weights on this "
    "machine (hf:FOLDER), or 'audit score' where they are, with --scores here, would provide them"
)
NO_SAMPLING = (
    "needs samples that differ, and {model} at {at} gives none ({why}). A server that heeds the temperature "
    "would provide them"
)
SEEDS = "{model} at {at} cannot be asked again for the same answers: seeds are {why}."


@dataclass(frozen=True)
class Source:
    """Where a model was asked, and what it lacked there: ability -> reason."""

    model: str
    at: str
    missing: Mapping[str, str]


@dataclass(frozen=True)
class Lacking:
    """Sources of the student and of the teachers, as far as their answers tell."""

    student: Source | None
    teachers: tuple[Source, ...]
    n_teachers: int

    def answers(self, chosen: Sequence[Detector]) -> tuple[list[Detector], list[Skipped]]:
        """Detectors of answers that can be measured all the same, and the others with the reason."""
        reason = self._reason("sampling", NO_SAMPLING)
        unable = [d for d in chosen if reason and d.needs == Access.SAMPLES]
        return [d for d in chosen if d not in unable], [Skipped(d.name, reason) for d in unable]

    def scores(
        self, measured: Sequence[Measurement], skipped: Sequence[Skipped], seen: ScoredView | None
    ) -> tuple[list[Measurement], list[Skipped]]:
        """The same for what reads log-probabilities; scores that somebody else recorded lack nothing."""
        who, reason = self.student, self._reason("prompt_logprobs", NO_PROMPT_LOGPROBS)
        if not reason or (seen and (not who or who.model in seen.by_scorer)):
            return list(measured), list(skipped)
        alone = who is not None and "prompt_logprobs" in who.missing
        unmet = [s for s in skipped if s.reason == NO_SCORES or (alone and s.reason.startswith(NEEDS_SCORES))]
        if not alone:
            # `lift` asks nothing of the teacher but its answers.
            return list(measured), [
                _because(s, reason) if s in unmet and s.detector != LIFT else s for s in skipped
            ]
        names = dict.fromkeys(m.detector for m in measured)
        told = [_because(s, reason) if s in unmet else s for s in skipped]
        return [], [*told, *(Skipped(name, reason) for name in names)]

    def caveats(self) -> tuple[str, ...]:
        """What is only a pity: no detector needs it."""
        sources = [s for s in (self.student, *self.teachers) if s and "seed" in s.missing]
        return tuple(SEEDS.format(model=s.model, at=s.at, why=s.missing["seed"]) for s in sources)

    def _reason(self, ability: str, words: str) -> str:
        """Why nothing can be measured: the student lacks it, or every teacher does; "" = it can."""
        without = [s for s in self.teachers if ability in s.missing]
        if self.student and ability in self.student.missing:
            without = [self.student]
        elif len(without) < self.n_teachers:
            return ""
        return words.format(model=without[0].model, at=without[0].at, why=without[0].missing[ability])


def _because(skipped: Skipped, reason: str) -> Skipped:
    return Skipped(skipped.detector, reason)


def of(case: Case, config: CompareConfig) -> Lacking:
    """What the files of answers say of student and teachers."""
    student = _source(config.student, case.student, config.evidence)
    named = zip(config.teachers, case.teachers, strict=True)
    teachers = [_source(text, name, config.evidence) for text, name in named]
    return Lacking(student, tuple(s for s in teachers if s), len(teachers))


def _source(text: str, name: str, evidence: str) -> Source | None:
    """Of a model that was asked, here or by 'audit collect'; None = its answers come from elsewhere."""
    spec = parse_model(text)
    if spec.kind not in ("file", "openai"):
        return None
    last = None
    for row in _rows(Path(beside(evidence) if spec.kind == "openai" else spec.value)):
        if row.get("model") == name and isinstance(row.get("at"), str):
            last = row
    if last is None:
        return None
    missing = last.get("missing")
    said = missing.items() if isinstance(missing, dict) else ()
    return Source(name, last["at"], {str(ability): str(why) for ability, why in said})


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """Answers that 'audit collect' wrote; of any other file, and of a line cut off, none."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if not line.startswith(f'{{"{MARK}": '.encode()):
                return
            row = parsed(line)
            if row is not None:
                yield row
