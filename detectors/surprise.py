"""`surprise`: places where a teacher says what reference models find unlikely, and the student does not.

Exhibits to look at, with no weight in any verdict: as a statistic it says nothing that `lift` does not, and
of all it accuses models of the teacher's own training corpus the hardest (docs/detectors/surprise.md). A span
of the teacher's answer is surprising where log p_T - mean of the references' log p >= delta, which does not
ask the student. What is *shown* is the student's best on one half of the probes, where it is at least as near
to the teacher as to the references; the mean beside it is taken over all surprising spans of the other half,
where nothing was chosen by the student. Leaves out the words of the spans (the application has the texts) and
any p-value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.scores import Aligned, Scores, TextId, aligned, texts_by
from detectors.types import Access, Bool, Channel, Float64, Skipped


@dataclass(frozen=True)
class SurprisingSpan:
    """Bytes `start` to `end` of a teacher's answer, and the log-probability (nats) that each gave them.

    `references` : their mean. `base` : the student's own base, None where none was given.
    """

    text: TextId
    start: int
    end: int
    teacher: float
    student: float
    references: float
    base: float | None = None


@dataclass(frozen=True)
class Uptake:
    """What is shown of one student and teacher.

    Attributes
    ----------
    shown : spans of the first half, the student's largest advantage over the references first.
    uptake : mean over the surprising spans of the second half of log p_S less the references' mean, nats.
    of_references : the same of every reference, against the other references; positions chosen without it.
    n_spans : surprising spans in the second half.
    """

    shown: tuple[SurprisingSpan, ...]
    uptake: float
    of_references: tuple[float, ...]
    n_spans: int


@dataclass(frozen=True)
class Surprise:
    """Teacher-surprise uptake.

    Parameters
    ----------
    delta : how much likelier the teacher finds a span than the references do, nats.
    shown : at most so many spans are shown.
    fewest : surprising spans that the second half must have.
    references : reference models that a mean needs, besides the one it is compared with.
    """

    delta: float = 1.0
    shown: int = 10
    fewest: int = 20
    references: int = 3

    name = "surprise"
    channel = Channel.CONTEXT
    needs = Access.PROMPT_LOGPROBS

    def exhibits(
        self,
        scores: Sequence[Scores],
        student: str,
        teacher: str,
        references: Sequence[str],
        base: str | None = None,
    ) -> Uptake | Skipped:
        """Look at the teacher's answers that the student, the teacher and the references scored.

        `base` : the student's own base; nothing is shown that does not surprise it, too. None = not asked.
        """
        by = {s.scorer: texts_by(s, teacher) for s in scores}
        needed = (student, teacher, *references, *((base,) if base else ()))
        silent = [n for n in needed if n not in by or not by[n].texts]
        if silent:
            return Skipped(self.name, f"needs scores of {teacher}'s answers from {', '.join(silent)}")
        if len(references) <= self.references:
            return Skipped(
                self.name, f"needs more than {self.references} reference models, got {len(references)}"
            )
        found = aligned([by[n] for n in dict.fromkeys(needed)])
        of_student, of_teacher = found.logprobs[:2]
        others = found.logprobs[2 : 2 + len(references)]
        of_base = found.row(base) if base else None
        first = _first_half(found)
        mean = others.mean(axis=0)
        chosen = of_teacher - mean >= self.delta
        tested = chosen & ~first
        if np.count_nonzero(tested) < self.fewest:
            return Skipped(
                self.name,
                f"needs at least {self.fewest} places that surprise the references by {self.delta:g} nats, "
                f"got {np.count_nonzero(tested)}",
            )
        advantage = of_student - mean
        told = chosen & first & (advantage >= (of_teacher - mean) / 2)
        if of_base is not None:
            told &= of_teacher - of_base >= self.delta
        best = np.flatnonzero(told)[np.argsort(-advantage[told], kind="stable")][: self.shown]
        return Uptake(
            tuple(_span(found, int(i), mean[i], None if of_base is None else of_base[i]) for i in best),
            float(advantage[tested].mean()),
            tuple(self._uptake_of(i, of_teacher, others, first) for i in range(len(others))),
            int(np.count_nonzero(tested)),
        )

    def _uptake_of(self, reference: int, of_teacher: Float64, others: Float64, first: Bool) -> float:
        """A reference in the student's place; NaN where nothing surprises the others."""
        mean = np.delete(others, reference, axis=0).mean(axis=0)
        tested = (of_teacher - mean >= self.delta) & ~first
        return float((others[reference] - mean)[tested].mean()) if tested.any() else float("nan")


def _span(found: Aligned, i: int, references: float, base: float | None) -> SurprisingSpan:
    start = int(found.start[i])
    return SurprisingSpan(
        found.texts[found.text[i]],
        start,
        start + int(found.n_bytes[i]),
        float(found.logprobs[1, i]),
        float(found.logprobs[0, i]),
        float(references),
        None if base is None else float(base),
    )


def _first_half(found: Aligned) -> Bool:
    """(n_spans,) whether a span is of the first half of the probes: every other one by id."""
    probes = sorted({t.probe for t in found.texts})
    even = {probe for i, probe in enumerate(probes) if i % 2 == 0}
    first: Bool = np.array([t.probe in even for t in found.texts], dtype=bool)[found.text]
    return first
