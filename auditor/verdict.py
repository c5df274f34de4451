"""From figures to a level and words, and the rules that make the answer "not enough evidence".

The level is that of the likelihood ratio (ENFSI 2015: from 2 weak, from 10 moderate, from 100 moderately
strong), and no accusation stands unless the teacher's own null agrees: predictive p at most .05, rank p at
most .10. Without a calibration the Holm-adjusted predictive p gives the level: at most .05 weak, at most
.01 moderate, nothing higher. Leaves out every computation.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.lineage import definitely_later
from auditor.report import Alternative, Finding, Verdict

UNUSUAL_AT, MODERATE_AT = 0.05, 0.01
# log10 LR from which a level is reached; from the negative of AGAINST_AT on, support for the alternative.
LADDER = (("moderately_strong", 2.0), ("moderate", 1.0), ("weak", 0.30103))
AGAINST_AT = 1.0
RANK_FORBIDS_ABOVE = 0.10
MIN_REFERENCES, MIN_INNOCENTS = 20, 5
MIN_DECOYS, MIN_DECOY_PROVIDERS = 10, 4
MIN_PROBES, FEW_PROBES = 20, 100
SAME_ANSWERS = 0.5
ACCUSING = ("weak", "moderate", "moderately_strong", "strong")

UNCALIBRATED = "the score is not calibrated to a likelihood ratio for this run"
CALIBRATED = (
    "the calibration knows too few independent families for more, and power on students distilled on purpose "
    "was not measured"
)

# docs/measurements/false_accusations.py: 25 of 92 innocents passed on the 50 worst probes.
CHOSEN_PROBES = (
    "Only {n} probes were answered. If they were chosen after the answers were seen, no p-value here "
    "holds: on the 50 probes that look worst, a quarter of innocent models would be accused. Ask who chose "
    "them, and when."
)

REASONS = {
    "unusual": "the student resembles {t} more than the reference models do",
    "resembles_less": "the student resembles {t} less than documented students of a teacher do",
    "not_unusual": "the student resembles {t} no more than models of innocent origin may",
    "lr_below_2": "the likelihood ratio is below 2",
    "rank_above_0.10": "too many reference models resemble {t} as much as the student does",
    "few_references": "too few references are eligible: at least {r} are needed, {i} of innocent origin",
    "few_decoys": "there are too few decoy teachers of other providers to set {t} apart from any assistant",
    "few_probes": "student and {t} share fewer than {n} answered probes",
    "teacher_later": "{t} was first available after the student's release",
    "same_answers": "most answers are {t}'s own, word for word: whether the student is {t} comes first",
    "unlike_all": "the student resembles no model of the panel enough for a comparison (another language?)",
    "templated": "most of the student's answers begin with the same words, or with the prompt: a template",
    "not_measured": "the joint score could not be measured",
}
# Reasons that say something about the inputs, not about the student.
UNABLE = ("few_references", "few_decoys", "few_probes", "unlike_all", "templated", "not_measured")


@dataclass(frozen=True)
class Ratio:
    """log10 likelihood ratio with its 95 % interval, never beyond what the calibration can carry (`cap`)."""

    log10_lr: float
    interval: tuple[float, float]
    cap: float


@dataclass(frozen=True)
class Basis:
    """What a level is decided on, for one teacher.

    `p_adjusted` is Holm-adjusted over the teachers tested; counts are of models; `ratio` is None where
    nothing was calibrated.
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
    unlike_all: bool = False
    templated: bool = False

    @property
    def not_comparable(self) -> str:
        """Why the student's answers cannot be compared (`comparable.py`); "" = they can."""
        return "unlike_all" if self.unlike_all else "templated" if self.templated else ""


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
    if basis.ratio and basis.ratio.interval[1] <= -AGAINST_AT:
        return "against", "resembles_less"
    p = basis.p_adjusted if basis.ratio is None else joint.p_t
    if p is None or p > UNUSUAL_AT:
        return "insufficient", "not_unusual"
    if joint.p_rank > RANK_FORBIDS_ABOVE:
        return "insufficient", "rank_above_0.10"
    level = _by_ratio(basis.ratio) if basis.ratio else ("weak" if p > MODERATE_AT else "moderate")
    if not level:
        return "insufficient", "lr_below_2"
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
    return reachable, f"log10 LR is at most {basis.ratio.cap:.1f}: {CALIBRATED}"


def why(teacher: str, reason: str) -> str:
    """A reason as half a sentence."""
    return REASONS[reason].format(t=teacher, r=MIN_REFERENCES, i=MIN_INNOCENTS, n=MIN_PROBES)


def words(student: str, teacher: str, level: str, reason: str) -> str:
    """One sentence for the reader."""
    because = why(teacher, reason)
    if level == "against":
        return (
            f"Support for the proposition that {student} was not distilled from {teacher}, against its "
            f"having been: {because}. Paraphrase, mixed teachers and heavy tuning can hide a teacher from "
            "this test."
        )
    if level in ACCUSING:
        return (
            f"{level.replace('_', ' ').capitalize()} support for the proposition that {student} was "
            f"distilled from {teacher}, against its not having been: {because}."
        )
    return (
        f"Not enough evidence either way that {student} was distilled from {teacher}: {because}. "
        "This is no finding of innocence."
    )


def alternatives(
    student: str, teacher: str, basis: Basis, released: tuple[str, str]
) -> tuple[Alternative, ...]:
    """Other explanations of a resemblance, and what was and was not examined about each."""
    dated = all(released)
    return (
        Alternative(
            "same model",
            True,
            f"{student} may be {teacher} itself behind another name. {basis.same_answers:.1%} of the answers "
            "are word for word the same; sampling differences were not tested.",
        ),
        Alternative(
            "direction",
            dated,
            _direction(student, teacher, released),
        ),
        Alternative(
            "common source",
            False,
            "Both may have learned from a third model. Only the teachers named in this run were tested.",
        ),
        Alternative(
            "chain",
            False,
            f"{student} may have learned from another student of {teacher}. Text alone does not tell.",
        ),
        Alternative(
            "public data",
            False,
            f"{student} may have been trained on a public dataset that holds outputs of {teacher}, without "
            "asking it. No overlap with such a dataset was measured.",
        ),
        Alternative(
            "common ancestor",
            False,
            "Both may descend from one base model. That needs weights; none were examined.",
        ),
    )


def _direction(student: str, teacher: str, released: tuple[str, str]) -> str:
    """What the release dates say about who can have learned from whom."""
    mine, theirs = released
    claim = f"{teacher} may have learned from {student}."
    if not (mine and theirs):
        return f"{claim} Release dates are not both known."
    dates = f"{student} was released {mine}, {teacher} {theirs}"
    if definitely_later(mine, theirs):
        return f"{claim} {dates}: the dates speak against it, unless earlier versions were available."
    if definitely_later(theirs, mine):
        return f"{claim} {dates}: the dates allow it."
    return f"{claim} {dates}: the dates do not tell."


def would_change(verdict_level: str, reason: str, basis: Basis) -> tuple[str, ...]:
    """What further evidence could move this verdict."""
    steps = []
    if reason == "few_references":
        steps.append(
            f"More reference models of documented origin (now {basis.references}; at least {MIN_REFERENCES}, "
            f"{MIN_INNOCENTS} of them without any teacher)."
        )
    if basis.decoys < MIN_DECOYS or basis.decoy_providers < MIN_DECOY_PROVIDERS:
        steps.append(f"At least {MIN_DECOYS} decoy teachers of {MIN_DECOY_PROVIDERS} other providers.")
    if basis.joint and basis.joint.n_probes < FEW_PROBES:
        steps.append(f"More probes (now {basis.joint.n_probes}).")
    if reason == "unlike_all":
        steps.append("Answers of the student in the language and form of the panel's.")
    if reason == "templated":
        steps.append("Answers without what a harness or a system prompt put in front of them.")
    if reason == "teacher_later":
        steps.append("A correction of the release dates in the lineage table.")
    if verdict_level in ACCUSING:
        steps.append("A reference model trained on the same public data that scores as high as the student.")
    steps.append("Log-probabilities or weights of the student; the teacher's log of served answers.")
    return tuple(steps)


def headline(
    student: str, verdicts: tuple[Verdict, ...], findings: tuple[Finding, ...], ran: tuple[int, int]
) -> str:
    """First line of every report: the answer, its p and K, and how much of the toolkit ran."""
    accused = [v for v in verdicts if v.level in ACCUSING]
    n_probes = max((f.n_probes for f in findings), default=0)
    tail = f"{n_probes} probes; {ran[0]} of {ran[1]} detectors ran"
    if accused:
        top = accused[0]
        names = " or ".join((top.teacher, *top.tied_with))
        rest = [v for v in verdicts if v.level not in ACCUSING and v.teacher not in top.tied_with]
        others = [v.teacher for v in rest if v.level == "insufficient"]
        against = [v.teacher for v in rest if v.level == "against"]
        more = [f"{v.level} for {v.teacher}" for v in accused[1:] if v.teacher not in top.tied_with]
        return (
            f"{top.level.replace('_', ' ').capitalize()} support for distillation of {student} from {names} "
            f"({_ratio(top)}adjusted p {_p(top.p_adjusted)}; rank p {_p(top.p_rank)}, its smallest possible "
            f"value {_p(top.p_floor)}; {top.references} references; {tail})."
            + (f" Also {', '.join(more)}." if more else "")
            + (f" Not enough evidence either way for {', '.join(others)}." if others else "")
            + (f" Support against {', '.join(against)}." if against else "")
        )
    against = [v.teacher for v in verdicts if v.level == "against"]
    open_ = [v for v in verdicts if v.level != "against"]
    if not open_:
        most = max(v.log10_lr or 0.0 for v in verdicts)
        return (
            f"Support against distillation of {student} from {' and '.join(against)} (log10 LR {most:.1f} or "
            f"lower; {tail})."
        )
    names = ", ".join(v.teacher for v in open_)
    smallest = min(
        (v for v in open_ if v.p_adjusted is not None), key=lambda v: v.p_adjusted or 0, default=None
    )
    reasons = [r for r in REASONS if any(v.reason == r for v in open_)]
    named = [
        r if len(reasons) == 1 else f"{r} for {' and '.join(v.teacher for v in open_ if v.reason == r)}"
        for r in reasons
    ]
    figures = (
        f"smallest adjusted p {_p(smallest.p_adjusted)} over {smallest.references} references; "
        if smallest
        else ""
    )
    return (
        f"Not enough evidence either way for distillation of {student} from {names} "
        f"({figures}{tail}; reason: {', '.join(named)})."
        + (f" Support against {' and '.join(against)}." if against else "")
    )


def _ratio(verdict: Verdict) -> str:
    if verdict.log10_lr is None or verdict.log10_lr_interval is None:
        return ""
    low, high = verdict.log10_lr_interval
    span = f"95 % {low:.1f} to {high:.1f}" if f"{low:.1f}" != f"{high:.1f}" else "the most it can be here"
    return f"log10 LR {verdict.log10_lr:.1f}, {span}; "


def _p(value: float | None) -> str:
    if value is None:
        return "n/a"
    return "below .001" if value < 0.001 else f"{value:.3f}".lstrip("0").removesuffix(".000")
