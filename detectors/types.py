"""Types every detector speaks: what it may see, what it returns.

Leaves out everything a verdict needs besides measurements (the null is in `null.py`, words are the
application's). Detectors get arrays and give arrays: no disk, network, clock or database here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, StrEnum, auto
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Access(Flag):
    """What can be seen of a model. Not an order: each ability is asked for by itself."""

    TEXT = auto()
    SAMPLES = auto()
    OUTPUT_LOGPROBS = auto()
    PROMPT_LOGPROBS = auto()
    LOGITS = auto()
    WEIGHTS = auto()


class Channel(StrEnum):
    """The kind of trace a detector reads; the highest verdicts need two different ones."""

    WORDING = "wording"
    STYLE = "style"
    MEANING = "meaning"
    ERRORS = "errors"
    LIKELIHOOD = "likelihood"
    WEIGHTS = "weights"
    KEYED = "keyed"
    CONTEXT = "context"


@dataclass(frozen=True)
class Probe:
    """One prompt every model of the panel was asked.

    `id` is the SHA-256 (hex, first 16 characters) of the normalised prompt, so that a probe cannot be
    edited silently; when a source gives no prompt text it is that of the source's own prompt id.
    """

    id: str
    prompt: str
    tags: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class PanelView:
    """What a detector sees of a panel: one response per subject and probe.

    Attributes
    ----------
    subjects : names of the n_subjects models, in row order.
    groups : group of sibling checkpoints of each subject (its own name when it has no sibling).
    probes : the n_probes prompts, in column order.
    texts : pyarrow.LargeStringArray of length n_probes * n_subjects, probe-major (all subjects' answers
        to probe 0 first); null where a subject gave no answer. Empty answers are null too.
    samples : all samples of the answers, each laid out like `texts` (the first of them), for detectors
        that need several; empty = there is only the one.
    """

    subjects: tuple[str, ...]
    groups: tuple[str, ...]
    probes: tuple[Probe, ...]
    texts: pa.LargeStringArray
    samples: tuple[pa.LargeStringArray, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.subjects) * len(self.probes)
        if len(self.texts) != expected:
            raise ValueError(
                f"texts must hold subjects x probes = {expected} answers, got {len(self.texts)}."
            )

    def answers(self, probe: int) -> list[str | None]:
        """All subjects' answers to one probe (list of n_subjects; None = not answered)."""
        n = len(self.subjects)
        return self.texts.slice(probe * n, n).to_pylist()  # type: ignore[no-any-return]

    def answers_of(self, subject: int) -> list[str | None]:
        """One subject's answers to all probes (list of n_probes; None = not answered)."""
        rows = np.arange(subject, len(self.texts), len(self.subjects))
        return self.texts.take(pa.array(rows)).to_pylist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Measurement:
    """One statistic of one detector, for every subject against every teacher on every probe.

    Attributes
    ----------
    values : (n_subjects, n_teachers, n_probes) float32, larger = more alike (a distance is negated);
        NaN = not measurable. The teacher axis holds the subjects that were asked for, in that order.
    unit : what a value is, e.g. "cosine".
    params : the parameters that produced it (`dataclasses.asdict` of the detector).
    contrasted : whether the decoys are taken out of the values already, so that nothing is to be subtracted.
    """

    detector: str
    statistic: str
    channel: Channel
    unit: str
    values: Float32
    params: dict[str, Any]
    contrasted: bool = False


@dataclass(frozen=True)
class ExactTest:
    """Outcome of a test that has its own null and needs no reference models.

    Attributes
    ----------
    proposition : what a small p speaks for: "H_w" weight descent, "H_a" common ancestor, "H_s" same model.
    statistic : which form of the test, or "combined".
    p : P(at least this extreme | independent), above 0; `params` holds log10 of it as "log10_p".
    """

    detector: str
    proposition: str
    statistic: str
    p: float
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """A detector that did not run, and why. Silence is never evidence."""

    detector: str
    reason: str


@dataclass(frozen=True)
class Exhibit:
    """Passages that the student and the teacher share on one probe and no reference model uses.

    `student_spans` and `teacher_spans` are (start, end) character offsets into the two texts, end
    exclusive, in order, not overlapping. `weight` orders exhibits (larger = more telling).
    """

    detector: str
    student: str
    teacher: str
    probe: str
    student_text: str
    teacher_text: str
    student_spans: tuple[tuple[int, int], ...]
    teacher_spans: tuple[tuple[int, int], ...]
    weight: float


@runtime_checkable
class Detector(Protocol):
    """What every detector offers. Implementations are frozen dataclasses; fields are parameters."""

    name: str
    channel: Channel
    needs: Access

    def lacks(self, panel: PanelView) -> str:
        """Why it cannot measure this panel ("needs: pip install ..."); "" = it can."""
        ...

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Measure the whole panel against `teachers` (indices into `panel.subjects`)."""
        ...
