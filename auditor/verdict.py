"""From figures to a level, and the rules that make the answer "not enough evidence".

The level is that of the likelihood ratio (ENFSI 2015: from 2 weak, from 10 moderate, from 100 moderately
strong), and no accusation stands unless the teacher's own null agrees: predictive p at most .05, rank p at
most .10. Without a calibration the Holm-adjusted predictive p gives the level: at most .05 weak, at most
.01 moderate, nothing higher. Support against takes a ratio of at most 1/10 and a score below what
documented students show. Leaves out every computation and the sentences (`words.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report import Finding
from auditor.reports.numerals import times

UNUSUAL_AT, MODERATE_AT = 0.05, 0.01
# log10 LR from which a level is reached; from the negative of AGAINST_AT on, support for the alternative.
LADDER = (("moderately_strong", 2.0), ("moderate", 1.0), ("weak", 0.30103))
AGAINST_AT = 1.0
# log10 LR of the level above the ladder.
BEYOND = 3.0
RANK_FORBIDS_ABOVE = 0.10
MIN_REFERENCES, MIN_INNOCENTS = 20, 5
MIN_DECOYS, MIN_DECOY_PROVIDERS = 10, 4
MIN_PROBES, FEW_PROBES = 20, 100
SAME_ANSWERS = 0.5
# Power from which a negative answer says much; below it, what limits it is said.
GOOD_POWER = 0.8
ACCUSING = ("weak", "moderate", "moderately_strong", "strong")

UNCALIBRATED = "the score is not calibrated to a likelihood ratio for this run"
CALIBRATED = "the calibration knows too few independent families for more"
# What keeps the level above the ladder closed.
CLOSED = "for more, power on students distilled on purpose would have to be measured"

# docs/measurements/false_accusations.py: 25 of 92 innocents passed on the 50 worst probes.
CHOSEN_PROBES = (
    "Only {n} probes were answered. If they were chosen after the answers were seen, no p-value here "
    "holds: on the 50 probes that look worst, a quarter of innocent models would be accused. Ask who chose "
    "them, and when."
)

LATER = "teacher_later"
REASONS = {
    "unusual": "the student resembles {t} more than models that did not learn from it are expected to",
    "resembles_less": "the student resembles {t} less than documented students of a teacher do",
    "not_unusual": "models that did not learn from {t} may resemble it as the student does",
    "lr_below_2": "the likelihood ratio is below 2",
    "rank_above_0.10": "too many reference models resemble {t} as much as the student does",
    "few_references": "too few references are eligible: at least {r} are needed, {i} of innocent origin",
    "few_decoys": "there are too few decoy teachers of other providers to set {t} apart from any assistant",
    "few_probes": "student and {t} share fewer than {n} answered probes",
    "teacher_later": "{t} was first available after the student's release",
    "same_answers": "most answers are {t}'s own, word for word: whether the student is {t} comes first",
    "unlike_all": "the student resembles no model of the panel enough for a comparison (another language?)",
    "templated": "most of the student's answers begin with the same words, or with the prompt: a template",
    "descends": "the student is documented to come from the weights of {t} or a sibling, which may alone "
    "explain the resemblance: answers do not tell descent from distillation, weights would",
    "not_measured": "the joint score could not be measured",
}
# The same for the first line of a report.
SHORTLY = {
    "not_unusual": "models that did not learn from it may resemble it as much",
    "lr_below_2": "likelihood ratio below 2",
    "rank_above_0.10": "too many references are as much alike",
    "few_references": "too few references are eligible",
    "few_decoys": "too few decoy teachers",
    "few_probes": "too few probes are shared",
    LATER: "came after the student",
    "same_answers": "most answers are the same, word for word",
    "unlike_all": "the student resembles no model of the panel enough for a comparison",
    "templated": "the student's answers begin with a template",
    "descends": "documented to come from the teacher's weights",
    "not_measured": "not measured",
}
# What would lift a reason.
STEPS = {
    "unlike_all": "Answers of the student in the language and form of the panel's.",
    "templated": "Answers without what a harness or a system prompt put in front of them.",
    "teacher_later": "A correction of the release dates in the lineage table.",
    "descends": "The weights of both models: they decide whether one was made from the other.",
}
# What would make it easier to find a student, by the rule that sets the score it takes.
LIMITS = {
    "null": "More references, or some closer to the student: how they spread sets the score needed.",
    "rank": "More references: with so few, the rank p asks for a score above nearly all of them.",
    "ratio": "More pairs of known history in the calibration: the likelihood ratio sets the score needed.",
}
OTHER_PROBES = (
    "Other probes, closer to what the student may have been taught: on these its score is more common among "
    "models that did not learn from the teacher."
)
# Reasons that say something about the inputs, not about the student.
UNABLE = ("few_references", "few_decoys", "few_probes", "unlike_all", "templated", "not_measured")
# Reasons that leave the student's resemblance unweighed.
UNWEIGHED = (*UNABLE, "teacher_later", "same_answers", "descends")


@dataclass(frozen=True)
class Ratio:
    """log10 likelihood ratio with its 95 % interval, never beyond what the calibration can carry (`cap`).

    `margin` is the smallest effect that the calibration's documented students show, as a joint score
    (`Calibration.smallest_effect`); None = unknown, and then nothing supports "not distilled".
    """

    log10_lr: float
    interval: tuple[float, float]
    cap: float
    margin: float | None = None


@dataclass(frozen=True)
class Bar:
    """The joint score that one level takes for this teacher, and how many documented students reach it.

    `rule` is what sets the score: "null" (predictive p), "ratio" or "rank". `share` is 0 to 1, families
    weighted equally.
    """

    score: float
    rule: str
    share: float


@dataclass(frozen=True)
class Power:
    """What a negative answer is worth: whether documented students would be found here (`power.py`).

    `students` and `families` are how many the calibration knows without the student's own family; `panel`
    and `n_probes` what their scores rest on.
    """

    students: int
    families: int
    weak: Bar
    moderate: Bar
    panel: str
    n_probes: int


@dataclass(frozen=True)
class Basis:
    """What a level is decided on, for one teacher.

    `p_adjusted` is Holm-adjusted over the teachers tested; counts are of models; `ratio` is None where
    nothing was calibrated. `descends` : the student is documented to come from the teacher's weights.
    """

    teacher: str
    joint: Finding | None
    p_adjusted: float | None
    references: int
    innocents: int
    decoys: int
    decoy_providers: int
    teacher_later: bool
    same_answers: float
    ratio: Ratio | None = None
    power: Power | None = None
    unlike_all: bool = False
    templated: bool = False
    descends: bool = False

    @property
    def not_comparable(self) -> str:
        """Why the student's answers cannot be compared (`comparable.py`); "" = they can."""
        return "unlike_all" if self.unlike_all else "templated" if self.templated else ""

    @property
    def ratio_against(self) -> bool:
        """Whether the whole interval of the likelihood ratio lies at or below 1/10."""
        return self.ratio is not None and self.ratio.interval[1] <= -AGAINST_AT

    @property
    def below_margin(self) -> bool:
        """Whether the student shows less than the smallest effect of documented students.

        The half of an equivalence test (TOST; Schuirmann 1987) that matters here: the upper end of the
        score's 95 % bootstrap interval must lie below the margin. The other half, that the score is not too
        low either, is left out: resembling a teacher less than others do accuses nobody. The end of the
        two-sided interval is printed in every report and is stricter than a one-sided test at .05.
        """
        bound = self.joint.interval[1] if self.joint and self.joint.interval else None
        margin = self.ratio.margin if self.ratio else None
        return bound is not None and margin is not None and bound < margin


def decide(basis: Basis) -> tuple[str, str]:
    """(level, reason); the first rule that applies."""
    joint = basis.joint
    if basis.teacher_later:
        return "insufficient", "teacher_later"
    if joint is None:
        return "insufficient", "not_measured"
    if joint.n_probes < MIN_PROBES:
        return "insufficient", "few_probes"
    if basis.references < MIN_REFERENCES or basis.innocents < MIN_INNOCENTS:
        return "insufficient", "few_references"
    if not basis.decoys:
        return "insufficient", "few_decoys"
    if basis.p_adjusted is None or joint.p_rank is None:
        return "insufficient", "not_measured"
    if basis.same_answers >= SAME_ANSWERS:
        return "insufficient", "same_answers"
    if basis.not_comparable:
        return "insufficient", basis.not_comparable
    if basis.ratio_against and basis.below_margin:
        return "against", "resembles_less"
    p = basis.p_adjusted if basis.ratio is None else joint.p_t
    if p is None or p > UNUSUAL_AT:
        return "insufficient", "not_unusual"
    if joint.p_rank > RANK_FORBIDS_ABOVE:
        return "insufficient", "rank_above_0.10"
    level = _by_ratio(basis.ratio) if basis.ratio else ("weak" if p > MODERATE_AT else "moderate")
    if not level:
        return "insufficient", "lr_below_2"
    if basis.descends:
        return "insufficient", "descends"
    return ("weak" if few_decoys(basis) else level), "unusual"


def few_decoys(basis: Basis) -> bool:
    """Whether there are too few decoys to tell a teacher from assistants in general."""
    return basis.decoys < MIN_DECOYS or basis.decoy_providers < MIN_DECOY_PROVIDERS


def _by_ratio(ratio: Ratio) -> str:
    """Level of a likelihood ratio; "" below the lowest."""
    return next((level for level, at in LADDER if ratio.log10_lr >= at), "")


def cap(basis: Basis) -> tuple[str, str]:
    """(highest level this run could reach, why)."""
    if basis.teacher_later:
        return "insufficient", f"{why(basis.teacher, 'teacher_later')}, so it cannot have taught it"
    if basis.same_answers >= SAME_ANSWERS:
        return "insufficient", why(basis.teacher, "same_answers")
    if basis.not_comparable:
        return "insufficient", why(basis.teacher, basis.not_comparable)
    if basis.descends:
        return "insufficient", why(basis.teacher, "descends")
    if basis.references < MIN_REFERENCES or basis.innocents < MIN_INNOCENTS:
        return "insufficient", (
            f"{basis.references} eligible references, {basis.innocents} of innocent origin; "
            f"at least {MIN_REFERENCES} and {MIN_INNOCENTS} are needed"
        )
    if few_decoys(basis):
        return "weak", (
            f"{basis.decoys} decoys of {basis.decoy_providers} other providers; at least {MIN_DECOYS} of "
            f"{MIN_DECOY_PROVIDERS} are needed"
        )
    if basis.ratio is None:
        return "moderate", UNCALIBRATED
    reachable = next((level for level, at in LADDER if basis.ratio.cap >= at), "insufficient")
    if basis.ratio.cap >= BEYOND:
        return reachable, CLOSED
    return reachable, f"the likelihood ratio is at most {times(basis.ratio.cap)}: {CALIBRATED}"


def power(basis: Basis, reason: str) -> float | None:
    """Share of documented students that would be found at moderate; None where that is not known."""
    if basis.power is None or reason in UNWEIGHED:
        return None
    return 0.0 if few_decoys(basis) else basis.power.moderate.share


def why(teacher: str, reason: str) -> str:
    """A reason as half a sentence."""
    return REASONS[reason].format(t=teacher, r=MIN_REFERENCES, i=MIN_INNOCENTS, n=MIN_PROBES)


def would_change(level: str, reason: str, basis: Basis, missing: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What further evidence could move this verdict.

    `missing` : what the examination of the other explanations found wanting (`alternatives.missing`); it
    counts only where the resemblance was weighed.
    """
    steps = []
    if reason == "few_references":
        steps.append(
            f"More reference models of documented origin (now {basis.references}; at least {MIN_REFERENCES}, "
            f"{MIN_INNOCENTS} of them without any teacher)."
        )
    if few_decoys(basis):
        steps.append(f"At least {MIN_DECOYS} decoy teachers of {MIN_DECOY_PROVIDERS} other providers.")
    if basis.joint and basis.joint.n_probes < FEW_PROBES:
        steps.append(f"More probes (now {basis.joint.n_probes}).")
    if reason in STEPS:
        steps.append(STEPS[reason])
    leans_against = basis.ratio is not None and basis.ratio.log10_lr < 0
    if reason not in UNWEIGHED and leans_against:
        steps.append(OTHER_PROBES)
    elif reason not in UNWEIGHED:
        if level == "insufficient" and basis.power and basis.power.moderate.share < GOOD_POWER:
            steps.append(LIMITS[basis.power.moderate.rule])
        steps += missing
    if level in ACCUSING and basis.ratio and basis.ratio.log10_lr >= basis.ratio.cap:
        steps.append(
            f"More families in the calibration: with these the ratio ends at {times(basis.ratio.cap)}."
        )
    if level in ACCUSING:
        steps.append("A reference model trained on the same public data that scores as high as the student.")
    steps.append("Log-probabilities or weights of the student; the teacher's log of served answers.")
    return tuple(steps)
