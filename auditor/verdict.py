"""From figures to a level, and the rules that make the answer "not enough evidence".

The level is that of the likelihood ratio (ENFSI 2015: from 2 weak, from 10 moderate, from 100 moderately
strong), and no accusation stands unless the teacher's own null agrees: predictive p at most .05, rank p at
most .10. Without a calibration the Holm-adjusted predictive p gives the level: at most .05 weak, at most
.01 moderate, nothing higher. Support against takes a ratio of at most 1/10, a score below what documented
students show, and half the references at least as much alike. Leaves out every computation, the numbers
(`thresholds.py`) and the sentences (`reasons.py`, `words.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.reasons import UNWEIGHED, why
from auditor.report import Finding
from auditor.reports.numerals import p_value, times
from auditor.thresholds import (
    AGAINST_AT,
    AGAINST_RANK,
    BEYOND,
    LADDER,
    MIN_DECOY_PROVIDERS,
    MIN_DECOYS,
    MIN_INNOCENTS,
    MIN_PROBES,
    MIN_REFERENCES,
    MODERATE_AT,
    RANK_FORBIDS_ABOVE,
    SAME_ANSWERS,
    SECOND_PART_AT,
    UNUSUAL_AT,
)

ONE_PART = (
    "a single part of the score makes it unusual; moderate takes a second part with predictive p at most "
    f"{p_value(SECOND_PART_AT)}"
)
UNCALIBRATED = "the score is not calibrated to a likelihood ratio for this run"
CALIBRATED = "the calibration knows too few independent families for more"
# What keeps the level above the ladder closed.
CLOSED = "for more, power on students distilled on purpose would have to be measured"


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
    nothing was calibrated. `descends` : the student is documented to come from the teacher's weights;
    `related` : by their weights one comes from the other, or both from a third; None = not compared.
    `decoys_needed` : models, and providers of them.
    `same_model` : the student is called the teacher under another name (`equality.py`).
    `uncontrolled` : no model of the teacher's public data was measured.
    `public_data` : models of the teacher's public data score like the student.
    `second_part` : second smallest predictive p of the parts of the score, each alone; None = unknown.
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
    related: bool | None = None
    second_part: float | None = None
    decoys_needed: tuple[int, int] = (MIN_DECOYS, MIN_DECOY_PROVIDERS)
    uncontrolled: bool = False
    public_data: bool = False
    same_model: bool = False

    @property
    def not_comparable(self) -> str:
        """Why the student's answers cannot be compared (`comparable.py`); "" = they can."""
        return "unlike_all" if self.unlike_all else "templated" if self.templated else ""

    @property
    def ratio_against(self) -> bool:
        """Whether the whole interval of the likelihood ratio lies at or below 1/10."""
        return self.ratio is not None and self.ratio.interval[1] <= -AGAINST_AT

    @property
    def among_the_rest(self) -> bool:
        """Whether at least half of the references resemble the teacher as much as the student does."""
        rank = self.joint.p_rank if self.joint else None
        return rank is not None and rank >= AGAINST_RANK

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
    if basis.same_model:
        return "insufficient", "same_model"
    if basis.not_comparable:
        return "insufficient", basis.not_comparable
    if basis.ratio_against and basis.below_margin and basis.among_the_rest:
        return "against", "resembles_less"
    p = basis.p_adjusted if basis.ratio is None else joint.p_t
    if p is None or p > UNUSUAL_AT:
        return "insufficient", "public_data" if basis.public_data and _unusual(joint) else "not_unusual"
    if joint.p_rank > RANK_FORBIDS_ABOVE:
        return "insufficient", "rank_above_0.10"
    level = _by_ratio(basis.ratio) if basis.ratio else ("weak" if p > MODERATE_AT else "moderate")
    if not level:
        return "insufficient", "lr_below_2"
    if basis.related or basis.descends:
        return "insufficient", "related_weights" if basis.related else "descends"
    if basis.uncontrolled:
        return "insufficient", "uncontrolled"
    return ("weak" if few_decoys(basis) or one_part(basis) else level), "unusual"


def _unusual(joint: Finding) -> bool:
    """Whether the statistic alone is unusual among the references."""
    return joint.p_t is not None and joint.p_t <= UNUSUAL_AT


def few_decoys(basis: Basis) -> bool:
    """Whether there are too few decoys to tell a teacher from assistants in general."""
    models, providers = basis.decoys_needed
    return basis.decoys < models or basis.decoy_providers < providers


def one_part(basis: Basis) -> bool:
    """Whether a single part of the score makes it unusual (docs/decisions/0005-rules-of-the-verdict.md)."""
    p = basis.joint.p_t if basis.joint else None
    unusual = p is not None and p <= UNUSUAL_AT
    return unusual and basis.second_part is not None and basis.second_part > SECOND_PART_AT


def _by_ratio(ratio: Ratio) -> str:
    """Level of a likelihood ratio; "" below the lowest."""
    return next((level for level, at in LADDER if ratio.log10_lr >= at), "")


def cap(basis: Basis) -> tuple[str, str]:
    """(highest level this run could reach, why)."""
    if basis.teacher_later:
        return "insufficient", f"{why(basis.teacher, 'teacher_later')}, so it cannot have taught it"
    if basis.same_answers >= SAME_ANSWERS:
        return "insufficient", why(basis.teacher, "same_answers")
    if basis.same_model:
        return "insufficient", why(basis.teacher, "same_model")
    if basis.not_comparable:
        return "insufficient", why(basis.teacher, basis.not_comparable)
    if basis.related or basis.descends:
        return "insufficient", why(basis.teacher, "related_weights" if basis.related else "descends")
    if basis.references < MIN_REFERENCES or basis.innocents < MIN_INNOCENTS:
        return "insufficient", (
            f"{basis.references} eligible references, {basis.innocents} of innocent origin; "
            f"at least {MIN_REFERENCES} and {MIN_INNOCENTS} are needed"
        )
    if few_decoys(basis):
        return "weak", (
            f"{basis.decoys} decoys of {basis.decoy_providers} other providers; at least "
            f"{basis.decoys_needed[0]} of {basis.decoys_needed[1]} are needed"
        )
    if one_part(basis):
        return "weak", ONE_PART
    if basis.uncontrolled:
        return "insufficient", why(basis.teacher, "uncontrolled")
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
