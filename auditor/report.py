"""`Report`: everything a reader of a verdict is shown, as plain data read back from the evidence file.

Formats in `auditor.reports` see a `Report` and nothing else; the store reads and writes its parts.
Leaves out how anything was computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = "1.0"
# `Verdict.evidence` that rests on a `PairTest` and not on findings.
ON_TESTS = ("served-log", "keyed", "weights", "equality")

Interval = tuple[float, float]


@dataclass(frozen=True)
class Finding:
    """One statistic of the student against one teacher, weighed against the references.

    Attributes
    ----------
    detector, statistic, channel, unit : which measurement; detector "joint" is the combined score.
    value : decoy-contrasted value of the student (for "joint": the score), in `unit`.
    interval : 95 % bootstrap interval of `value` over probes, or None.
    z : (value - mean of references) / their standard deviation, or None when not computable.
    p_rank, p_floor : rank p-value among the references, and the smallest value it can take.
    p_t : predictive-t p-value (model based), never below .001 with fewer than 100 references.
    p_t_family_range, p_t_decoy_range : smallest and largest p_t when any one reference family, or any
        one decoy provider, is left out; None where that cannot be done.
    reference_models, reference_values, reference_strata : the null, one entry a reference model;
        stratum is "innocent" or "decoy-student".
    in_joint : whether the joint score contains this statistic.
    caveats : what weakens this finding.
    """

    teacher: str
    detector: str
    statistic: str
    channel: str
    unit: str
    value: float | None
    interval: Interval | None
    z: float | None
    p_rank: float | None
    p_floor: float | None
    p_t: float | None
    p_t_family_range: Interval | None
    p_t_decoy_range: Interval | None
    n_probes: int
    in_joint: bool
    reference_models: tuple[str, ...] = ()
    reference_values: tuple[float, ...] = ()
    reference_strata: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alternative:
    """An explanation other than the proposition, and what was and was not examined about it."""

    name: str
    examined: bool
    text: str


@dataclass(frozen=True)
class ControlPower:
    """How many students that were distilled on purpose this run found (`audit controls`), of one share.

    Attributes
    ----------
    share : per cent of their documents that are the teacher's; 0 = innocents of the same making.
    n : controls judged. moderate, weak : those found at that level or above, with 95 % intervals of their
        share of n (Clopper-Pearson).
    base, method : what was trained, and how. documents : of each. n_probes : of this run's prompts, how many
        every one of them answered.
    """

    share: int
    n: int
    moderate: int
    moderate_low: float
    moderate_high: float
    weak: int
    weak_low: float
    weak_high: float
    base: str
    method: str
    documents: int
    n_probes: int


@dataclass(frozen=True)
class Verdict:
    """The answer for one teacher. `findings` of the same teacher carry the figures behind it.

    `proposition` is one of distillation, weight_descent, common_ancestor, public_data, same_model;
    `level` one of insufficient, weak, moderate, moderately_strong, strong, against; `reason` is a short
    machine-readable word for why the level is what it is (e.g. "teacher_later", "few_references").
    `p_adjusted` is `p_t` of the joint score after Holm over the teachers tested; on weights it is `p_exact`,
    the p of all exact tests together (Bonferroni), after Holm, and there are no references; on a served log
    or by a key likewise, `p_exact` being the p of that one test; on "same_model" it is the predictive p of
    the difference. `evidence` is what it rests on: answers, log-probabilities, served-log, keyed, weights or
    equality (of log-probabilities). `controls` : how many positive controls of this teacher were found on
    answers; empty = none were given, or it rests on something else.
    """

    teacher: str
    teacher_group: tuple[str, ...]
    proposition: str
    level: str
    reason: str
    words: str
    log10_lr: float | None
    log10_lr_interval: Interval | None
    cap: str | None
    cap_reason: str | None
    p_rank: float | None
    p_floor: float | None
    p_t: float | None
    p_adjusted: float | None
    references: int
    decoys: int
    tied_with: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    power: float | None
    would_change: tuple[str, ...]
    p_exact: float | None = None
    evidence: str = "answers"
    controls: tuple[ControlPower, ...] = ()


@dataclass(frozen=True)
class Exhibit:
    """Passages shared by student and teacher on one probe that no reference model uses there.

    Spans are (start, end) character offsets into the texts, end exclusive, sorted, not overlapping.
    `logprobs` : of detector "surprise" alone, for each of `teacher_spans` what the teacher, the student, the
    student's base (None = not known) and the references (their mean) gave it, natural log, nats. Nothing of
    the student's own answer is marked there.
    """

    teacher: str
    detector: str
    probe: str
    prompt: str
    student_text: str
    teacher_text: str
    student_spans: tuple[Interval, ...] | tuple[tuple[int, int], ...]
    teacher_spans: tuple[Interval, ...] | tuple[tuple[int, int], ...]
    weight: float
    logprobs: tuple[tuple[float, float, float | None, float], ...] = ()


@dataclass(frozen=True)
class PairTest:
    """One test of a pair of models that has its own null and needs no reference models.

    Attributes
    ----------
    proposition : what a small p speaks for, as in `Verdict`. statistic : the form; "combined" = all of them.
    subject, other : the two models.
    p, log10_p : P(at least this extreme | independent); p ends at the smallest float, log10_p does not.
    value, n : the statistic, and over how many hidden units; None for "combined".
    On a served log `value` is z, `n` answers, and the references are in `params`; by a key `n` is distinct
    runs of tokens, or sets; on the same model `value` is a mean over n tokens or positions.
    place : what of the models was compared. rests_on : what the null assumes, and whether it is exact.
    params : parameters that produced it.
    """

    detector: str
    proposition: str
    statistic: str
    subject: str
    other: str
    p: float
    log10_p: float
    value: float | None
    n: int | None
    place: str
    rests_on: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SkippedDetector:
    """A detector that did not run, and why."""

    detector: str
    reason: str


@dataclass(frozen=True)
class LineageRow:
    """What is publicly documented about one model (DESIGN section 2); empty string = not known."""

    model: str
    role: str = ""
    provider: str = ""
    family: str = ""
    group: str = ""
    relation: str = ""
    base: str = ""
    released: str = ""
    trained_on: str = ""
    access: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Exclusion:
    """A panel model that is not a reference for `teacher` ("" = for any), and why."""

    model: str
    teacher: str
    reason: str


@dataclass(frozen=True)
class TermsAnswer:
    """What terms of a teacher say about one use, if the student was trained on its outputs (`--terms`).

    It never bears on a verdict, nor a verdict on it. Behind it are `terms_versions` of that teacher and use.

    Attributes
    ----------
    use : one of `scan.terms.USES`. answer : allowed, allowed_with_conditions, cannot_tell, conflict,
        own_model (the provider's own terms do not bind itself) or teacher_later (nothing was taught).
    words : the answer in a sentence that is conditional. channel, host : as given; "" = not known.
    model : the name that was looked up. provider : of both, where it is one. first, last : days between which
        outputs can have been made, ISO.
    channels, verdicts : every channel with terms on file, and what those said: allowed,
        allowed_with_conditions, ambiguous, unknown or prohibited.
    notes : what could not be told.
    """

    teacher: str
    use: str
    answer: str
    words: str
    channel: str
    host: str
    model: str
    provider: str
    first: str
    last: str
    channels: tuple[str, ...]
    verdicts: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TermsVersion:
    """One version of terms or of a licence that may have held, and what it says of one use.

    A reading in our own words (`data/terms`). `stale` : read more than 180 days before the run. `review` :
    what has to be read again before anybody relies on it; `doubted` : nobody looked at this verdict twice.
    "" = not known; of `until`, still in force.
    """

    teacher: str
    use: str
    entry: str
    name: str
    provider: str
    kind: str
    channels: tuple[str, ...]
    hosts: tuple[str, ...]
    since: str
    dated: str
    until: str
    outputs: tuple[str, ...]
    verdict: str
    reason: str
    clause: str
    conditions: tuple[str, ...]
    binds: tuple[str, ...]
    risk: tuple[str, ...]
    source: str
    read: str
    evidence: str
    stale: bool
    confidence: str
    doubted: bool
    review: str


@dataclass(frozen=True)
class Run:
    """Identity of a run: enough to reproduce it and to see whether its inputs were the same.

    `config` is the frozen configuration; `versions` package -> version; `hashes` what -> SHA-256 hex
    (panel, probes, lineage, ...); `inputs` file -> SHA-256 hex of the files that were read; times are
    ISO 8601 UTC.
    """

    id: str
    command: str
    started: str
    finished: str
    seed: int
    config: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """One run, complete. `headline` is the first line of every format and answers the question.

    `lineage` has a row for each of the `n_subjects` subjects first, then rows of models outside the panel
    that their history leads to. `terms` and `terms_versions` are empty where nobody asked.
    """

    headline: str
    student: str
    run: Run
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    exhibits: tuple[Exhibit, ...]
    skipped: tuple[SkippedDetector, ...]
    lineage: tuple[LineageRow, ...]
    excluded: tuple[Exclusion, ...]
    n_subjects: int
    n_probes: int
    n_responses: int
    caveats: tuple[str, ...]
    lineage_source: str = ""
    tests: tuple[PairTest, ...] = ()
    terms: tuple[TermsAnswer, ...] = ()
    terms_versions: tuple[TermsVersion, ...] = ()

    def behind(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings that a verdict rests on: none where tests of its own decide."""
        on_tests = verdict.proposition != "distillation" or verdict.evidence in ON_TESTS
        return () if on_tests else self.findings_for(verdict.teacher)

    def findings_for(self, teacher: str) -> tuple[Finding, ...]:
        """Findings of one teacher, the joint score first."""
        mine = [f for f in self.findings if f.teacher == teacher]
        return tuple(sorted(mine, key=lambda f: f.detector != "joint"))
