"""Pairs of known history as the panel sees them: each relation judged with the student's family held out.

What `audit bench` counts and `audit calibrate` fits. Leaves out both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auditor import case as cases
from auditor import comparable, weigh
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.decision import second_smallest
from auditor.descent import Descent
from auditor.errors import AuditError
from auditor.lineage import plain_name, tokens_of
from auditor.readers import ReadOptions, read
from auditor.references import INNOCENT_STRATUM, names_of
from auditor.relations import DESCENT, NEGATIVES, POSITIVE, Relation, present
from auditor.scenes import SCORE, Scene, keeping, scene_of, share_scores
from detectors.combine import JOINT_STATISTICS
from detectors.types import Float64, Measurement

# The parts that pairs are counted in: two clear kinds, and two that lie between them.
STUDENT, CONTROL, SAME_BASE, SAME_PROVIDER = "student", "control", "same_base", "same_provider"


@dataclass(frozen=True)
class Pair:
    """One relation, measured.

    Attributes
    ----------
    student, teacher, group, label : the relation; `teacher` is the first checkpoint in the panel.
    family : of the student, the unit of independence. provider : of the teacher.
    near : a negative whose student learned from, or comes from, the teacher's provider: neither innocent
        nor guilty. later : the teacher came after the student. documented_line : of those near, whether
        the relations or the lineage table name the teacher or its sibling as what the student learned from.
    score : joint score; p_t, p_rank : its significance. contrasts : detector and statistic -> value, no
        null; statistics : the same -> (z, predictive p).
    references, innocents, decoys, decoy_providers, n_probes, unlike_all, templated, descends : how much it
        rests on.
    others : joint score towards every group that came no later and is not the student's own.
    tuning : how the student was tuned (`relations.TUNINGS`).
    """

    student: str
    teacher: str
    group: str
    label: str
    family: str
    provider: str
    near: bool
    later: bool
    score: float
    p_t: float
    p_rank: float
    contrasts: dict[str, float]
    statistics: dict[str, tuple[float, float]]
    references: int
    innocents: int
    decoys: int
    decoy_providers: int
    n_probes: int
    unlike_all: bool
    templated: bool
    descends: bool
    others: dict[str, float]
    tuning: str = ""
    documented_line: bool = False

    @property
    def positive(self) -> bool:
        """Whether the student is documented to have learned from the teacher."""
        return self.label == POSITIVE

    @property
    def second_part(self) -> float | None:
        """Second smallest p of the parts of the joint score; None where fewer than two are known."""
        parts = (self.statistics.get(" ".join(key)) for key in JOINT_STATISTICS)
        return second_smallest(part[1] for part in parts if part)

    @property
    def counted(self) -> bool:
        """Whether the pair is a clear case of either kind."""
        return self.part in (STUDENT, CONTROL)

    @property
    def part(self) -> str:
        """What the pair is counted as; "" = its relation is not clear enough for any part."""
        if self.positive:
            return STUDENT
        if self.label in DESCENT:
            return SAME_BASE
        if self.label in NEGATIVES:
            return SAME_PROVIDER if self.near else CONTROL
        return ""


def open_case(panel: Path, lineage: str | None, relations: Sequence[Relation], options: ReadOptions) -> Case:
    """A case on the panel whose candidate teachers are all that the relations name."""
    subjects = read(panel, options).table["model"].unique().to_pylist()
    known = present(relations, subjects)
    if not known:
        raise AuditError(
            f"No relation has its student and its teacher in {panel}. Names must be those of 'audit panel "
            "list'; a column 'source' must name the panel's file without its ending, or be left out."
        )
    teachers = tuple(dict.fromkeys(t for r in known for t in r.teachers))
    student = next((r.student for r in known if r.student not in teachers), known[0].student)
    config = CompareConfig(
        student=f"panel:{student}",
        teachers=tuple(f"panel:{t}" for t in teachers if t != student),
        panel=str(panel),
        lineage=lineage,
        bootstrap=0,
    )
    return cases.prepare(config, cases.Silent())


def on_probes(
    case: Case, measurements: Sequence[Measurement], probes: NDArray[np.int64]
) -> tuple[Case, list[Measurement]]:
    """The same measurements on a part of the probes; weights learned from the others stay.

    Of the case only who answered is cut.
    """
    cut = [replace(m, values=m.values[:, :, probes]) for m in measurements]
    return replace(case, answered=case.answered[:, probes]), cut


def measured_pairs(
    case: Case, measurements: Sequence[Measurement], relations: Sequence[Relation]
) -> list[Pair]:
    """Every relation between models of the panel, judged without the student's family."""
    known = [r for r in present(relations, case.panel.subjects) if r.teachers[0] in case.models]
    taught: dict[str, set[str]] = {}
    for r in known:
        if r.label == POSITIVE:
            taught.setdefault(r.student, set()).add(r.teachers[0])
    found = []
    like: dict[str, Scene] = {}
    for student in dict.fromkeys(r.student for r in known):
        judged, scene = held_out(case, measurements, student, like)
        mine = [r for r in known if r.student == student]
        found += [_pair(judged, scene, r, taught.get(student, set())) for r in mine]
    return [p for p in found if np.isfinite(p.score)]


def scores(case: Case, measurements: Sequence[Measurement], of: Sequence[Pair]) -> Float64:
    """(n_pairs,) joint scores of these pairs by other measurements of the same panel."""
    like: dict[str, Scene] = {}
    scenes = {p.student: held_out(case, measurements, p.student, like)[1] for p in of}
    found = [
        scenes[p.student].scores[SCORE][scenes[p.student].student, scenes[p.student].group_of(p.teacher)]
        for p in of
    ]
    return np.array(found)


def held_out(
    case: Case, measurements: Sequence[Measurement], student: str, like: dict[str, Scene]
) -> tuple[Case, Scene]:
    """The case and scene of one student, its family no part of any null.

    `like` : scenes made so far by the provider that is no decoy; scores depend on the student by that alone.
    """
    judged = replace(case, student=student)
    scene = scene_of(judged, measurements, CompareConfig(student=student, bootstrap=0))
    provider = case.lineage.provider(student)
    barred = provider if provider in scene.columns.provider else ""
    if scene.measurements[0].values.shape != measurements[0].values.shape:
        return judged, keeping(scene, scene.families != scene.families[scene.student])
    if barred in like:
        share_scores(like[barred], scene)
    else:
        _ = scene.scores
        like[barred] = scene
    return judged, keeping(scene, scene.families != scene.families[scene.student])


def _pair(case: Case, scene: Scene, relation: Relation, taught: set[str]) -> Pair:
    """One relation of the case's student; `taught` : the teachers that other relations document for it."""
    teacher = relation.teachers[0]
    null = weigh.with_decoys(scene, teacher, cases.null_for(case, teacher))
    family = scene.families[scene.subjects.index(case.student)]
    null = weigh.only(null, {s for s, f in zip(scene.subjects, scene.families, strict=True) if f != family})
    found = weigh.p_values(scene, teacher, null)
    joint = found.get(SCORE)
    provider = case.lineage.provider(teacher)
    column = scene.group_of(teacher)
    decoys = scene.columns.decoys_for(scene.models.index(teacher), scene.student)[scene.student]
    nan = float("nan")
    close = {case.lineage.provider(m) for m in (*taught, case.student)}
    near = relation.label != POSITIVE and provider in close
    return Pair(
        student=case.student,
        teacher=teacher,
        group=case.lineage.group(teacher),
        label=relation.label,
        family=case.lineage.row(case.student).family or case.student,
        provider=provider,
        near=near,
        later=cases.later(case, teacher),
        score=float(scene.scores[SCORE][scene.student, column]) if scene.has_joint else nan,
        p_t=joint.p_t if joint and joint.p_t is not None else 1.0,
        p_rank=joint.p_rank if joint else 1.0,
        contrasts={" ".join(k): float(v[scene.student, column]) for k, v in scene.scores.items()},
        statistics={
            " ".join(k): (s.z, s.p_t) for k, s in found.items() if s and s.z is not None and s.p_t is not None
        },
        references=len(null.models),
        innocents=sum(s == INNOCENT_STRATUM for s in null.strata),
        decoys=int(decoys.sum()),
        decoy_providers=len(set(scene.columns.provider[decoys])),
        n_probes=weigh.n_probes(scene, teacher),
        unlike_all=comparable.unlike_all(scene, teacher, null),
        templated=comparable.templated(case.view, case.student),
        descends=Descent(case.student, teacher, case.lineage).direct,
        others=_others(case, scene),
        tuning=relation.tuning,
        documented_line=near and _documented_line(case, teacher, taught),
    )


def _documented_line(case: Case, teacher: str, taught: set[str]) -> bool:
    """Whether the student is documented to have learned from the teacher or one of its siblings."""
    names = names_of(teacher, case.lineage)
    tokens = tokens_of(case.lineage.row(case.student))
    learned = {plain_name(t.partition(":")[2] or t) for t in tokens}
    return names.group in {case.lineage.group(t) for t in taught} or bool(learned & names.aliases)


def _others(case: Case, scene: Scene) -> dict[str, float]:
    """Joint score towards every group that could have taught the student."""
    if not scene.has_joint:
        return {}
    own = case.lineage.group(case.student)
    first = {case.lineage.group(m): m for m in reversed(case.models)}
    row = scene.scores[SCORE][scene.student]
    return {
        group: float(row[c])
        for c, group in enumerate(scene.groups)
        if group != own and not cases.later(case, first[group]) and np.isfinite(row[c])
    }
