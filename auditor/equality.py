"""Is the student the teacher behind another name? Differences of log-probabilities on the same texts.

Student, teacher and reference models are laid side by side on every text that they scored: by 'audit score'
(--scores, or in this run), or with the answers of an endpoint (`answer_scores.py`). Called the same is only a
student whose difference is no larger than rounding to eight bits makes, *and* far below that of every
reference. Leaves out the statistics (`detectors/equality.py`), whole distributions (`distances.py`), and the
sentences (`equality_words.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from auditor import answer_scores, distances, scored
from auditor.case import Case, later, null_for
from auditor.config import CompareConfig
from auditor.distances import Distances
from auditor.progress import Progress
from auditor.reasons import LATER
from auditor.report import PairTest
from auditor.score_files import files_of
from auditor.score_texts import in_panel
from auditor.thresholds import MIN_PROBES, MIN_REFERENCES, MODERATE_AT, RANK_FORBIDS_ABOVE, UNUSUAL_AT
from detectors.combine import holm
from detectors.equality import Closeness, closeness, gap
from detectors.scores import Scores, TextId, joined, taken
from detectors.types import Skipped

DETECTOR, GAP, DIVERGENCE = "equality", "logprob_gap", "jensen_shannon"
# The most that a student may differ, by statistic (nats a token, nats a position): above what copies in 16
# and 8 bits do, below what any fine-tune did (docs/measurements/README.md, "The same model").
MOST = {GAP: 0.05, DIVERGENCE: 5e-4}
# And it has to be so many times less than the nearest reference.
TIMES_NEARER = 20.0
# With fewer references every rank p is above .10. Each must have scored this share of the texts.
FEWEST, COVERED = 9, 0.8
SAME, CLOSE, NOT_UNUSUAL, CROWDED = "same", "closer_than_references", "not_unusual", "rank_above_0.10"
RESTS_ON = "reference models: how far other models are from this teacher on the same texts (t on logarithms)"


@dataclass(frozen=True)
class Tested:
    """The student and one teacher.

    Attributes
    ----------
    statistic : what decides, GAP or DIVERGENCE; value : the student's, on n tokens or positions of so many
        `texts`; references : those of reference models, by name.
    closeness : p-values. p_adjusted : its p_t after Holm. level, reason : as in a verdict.
    distances : over whole distributions; None = not measured.
    """

    teacher: str
    statistic: str
    value: float
    n: int
    texts: int
    references: Mapping[str, float]
    closeness: Closeness
    distances: Distances | None
    p_adjusted: float = 1.0
    level: str = "insufficient"
    reason: str = NOT_UNUSUAL

    @property
    def nearest(self) -> str:
        """Name of the nearest reference."""
        return min(self.references, key=self.references.__getitem__)

    @property
    def within_rounding(self) -> bool:
        """Whether everything that was measured is as small as rounding makes it."""
        most = min(MOST[self.statistic], self.references[self.nearest] / TIMES_NEARER)
        whole = self.distances.student.jensen_shannon if self.distances else 0.0
        return self.value <= most and whole <= MOST[DIVERGENCE]


@dataclass(frozen=True)
class Equal:
    """What came out of all teachers; skipped : what was not tested, and why; notes : what was left out."""

    tested: tuple[Tested, ...] = ()
    tests: tuple[PairTest, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    same: frozenset[str] = field(default_factory=frozenset)


def examine(case: Case, config: CompareConfig, own: Sequence[Scores], progress: Progress) -> Equal:
    """Compare the student with every teacher; `own` : scores made in this run."""
    recorded, notes = answer_scores.recorded(case.panel, (case.student, *case.teachers))
    scores = by_scorer([*_of_files(case, config), *own, *recorded])
    measured = distances.measured(case, config, progress)
    found = [_tested(case, t, scores, measured.by_teacher.get(t)) for t in case.teachers]
    tested = [one for one in found if isinstance(one, Tested)]
    adjusted = holm([one.closeness.p_t for one in tested])
    decided = tuple(
        decide(replace(t, p_adjusted=float(p)), late=later(case, t.teacher))
        for t, p in zip(tested, adjusted, strict=True)
    )
    skipped = [one for one in found if isinstance(one, Skipped)]
    rows = [row(case.student, t) for t in decided if t.statistic == GAP]
    return Equal(
        decided,
        (*rows, *distances.rows(case.student, measured.by_teacher)),
        (*(Skipped(DETECTOR, why) for why in measured.skipped), *skipped),
        notes,
        frozenset(t.teacher for t in decided if t.reason == SAME),
    )


def by_scorer(recordings: Sequence[Scores]) -> dict[str, Scores]:
    """Scores by model; of a text that a model scored twice, the first counts."""
    found: dict[str, Scores] = {}
    for scores in recordings:
        found[scores.scorer] = joined(found[scores.scorer], scores) if scores.scorer in found else scores
    return found


def _of_files(case: Case, config: CompareConfig) -> list[Scores]:
    """Scores of --scores, without texts that are not in the panel word for word."""
    found = []
    at_hand: dict[int | None, set[tuple[TextId, str]]] = {}  # by where texts were cut
    for file in files_of(config.scores):
        one = scored.read(file)
        cut = one.about.get("max_chars")
        if cut not in at_hand:
            at_hand[cut] = {(t.id, t.sha256) for t in in_panel(case.panel, cut)}
        known = zip(one.everything.texts, one.sha256, strict=True)
        found.append(taken(one.scores, {id for id, sha256 in known if (id, sha256) in at_hand[cut]}))
    return found


def _tested(
    case: Case, teacher: str, scores: Mapping[str, Scores], apart: Distances | None
) -> Tested | Skipped:
    """Figures of one teacher by log-probabilities, else by distributions; or why there are none."""
    found = _by_gap(case, teacher, scores)
    if isinstance(found, Tested):
        return replace(found, distances=apart)
    if apart is None or len(apart.others) < FEWEST:
        return Skipped(DETECTOR, f"whether {case.student} is {teacher}: {found}")
    others = {name: one.jensen_shannon for name, one in apart.others.items()}
    mine = apart.student
    near = closeness(mine.jensen_shannon, list(others.values()))
    return Tested(teacher, DIVERGENCE, mine.jensen_shannon, mine.positions, mine.texts, others, near, apart)


def _by_gap(case: Case, teacher: str, scores: Mapping[str, Scores]) -> Tested | str:
    """Gaps of student and references; or what is lacking."""
    if lacking := [m for m in (case.student, teacher) if m not in scores]:
        return (
            f"needs log-probabilities of {' and '.join(lacking)} ('audit score', or answers collected with "
            "--logprobs)"
        )
    texts = set(scores[case.student].texts) & set(scores[teacher].texts)
    mine = gap(scores[case.student], scores[teacher], texts)
    if mine is None or mine.texts < MIN_PROBES:
        return (
            f"both gave log-probabilities to {mine.texts if mine else 0} of the same texts, and {MIN_PROBES} "
            "are needed"
        )
    eligible = [m for m in null_for(case, teacher).models if m in scores]
    gaps = {m: gap(scores[m], scores[teacher], texts) for m in eligible}
    known = {m: g.value for m, g in gaps.items() if g and g.texts >= COVERED * mine.texts}
    if len(known) < FEWEST:
        return (
            f"{len(known)} reference models gave log-probabilities to the same texts, and {FEWEST} are "
            "needed; without them nobody is called the same model"
        )
    near = closeness(mine.value, list(known.values()))
    return Tested(teacher, GAP, mine.value, mine.spans, mine.texts, known, near, None)


def decide(t: Tested, *, late: bool) -> Tested:
    """Level and reason, the first rule that applies (docs/decisions/0009-the-same-model.md).

    `late` : the teacher was first available after the student's release.
    """
    if t.p_adjusted > UNUSUAL_AT:
        return replace(t, reason=NOT_UNUSUAL)
    if t.closeness.p_rank > RANK_FORBIDS_ABOVE:
        return replace(t, reason=CROWDED)
    if not t.within_rounding:
        return replace(t, reason=CLOSE)
    if late:
        return replace(t, reason=LATER)
    many = len(t.references) >= MIN_REFERENCES
    return replace(t, level="moderate" if many and t.p_adjusted <= MODERATE_AT else "weak", reason=SAME)


def row(student: str, t: Tested) -> PairTest:
    """The test by log-probabilities as the report has it."""
    return PairTest(
        detector=DETECTOR,
        proposition="same_model",
        statistic=t.statistic,
        subject=student,
        other=t.teacher,
        p=t.closeness.p_t,
        log10_p=math.log10(t.closeness.p_t),
        value=t.value,
        n=t.n,
        place=f"{t.texts} texts that both gave them to, log-probabilities",
        rests_on=RESTS_ON,
        params={
            "texts": t.texts,
            "references": dict(t.references),
            "p_rank": t.closeness.p_rank,
            "p_floor": t.closeness.p_floor,
            "most": MOST[t.statistic],
            "times_nearer": TIMES_NEARER,
        },
    )
