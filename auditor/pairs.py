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
from auditor import comparable, compare, weigh
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.readers import ReadOptions, read
from auditor.references import INNOCENT_STRATUM
from auditor.relations import NEGATIVES, POSITIVE, Relation, present
from detectors.types import Float64, Measurement


@dataclass(frozen=True)
class Pair:
    """One relation, measured.

    Attributes
    ----------
    student, teacher, group, label : the relation; `teacher` is the first checkpoint in the panel.
    family : of the student, the unit of independence. provider : of the teacher.
    near : a negative whose student learned from, or comes from, the teacher's provider: neither innocent
        nor guilty. later : the teacher came after the student.
    score : joint score; p_t, p_rank : its significance. contrasts : detector and statistic -> value, no
        null; statistics : the same -> (z, predictive p).
    references, innocents, decoys, decoy_providers, n_probes, unlike_all, templated : how much it
        rests on.
    others : joint score towards every group that came no later and is not the student's own.
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
    others: dict[str, float]

    @property
    def positive(self) -> bool:
        """Whether the student is documented to have learned from the teacher."""
        return self.label == POSITIVE

    @property
    def counted(self) -> bool:
        """Whether the pair is a clear case of either kind."""
        return self.positive or (self.label in NEGATIVES and not self.near)


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


def on_probes(measurements: Sequence[Measurement], probes: NDArray[np.int64]) -> list[Measurement]:
    """The same measurements on a part of the probes; weights learned from the others stay."""
    return [replace(m, values=m.values[:, :, probes]) for m in measurements]


def measured_pairs(
    case: Case, measurements: Sequence[Measurement], relations: Sequence[Relation]
) -> list[Pair]:
    """Every relation between models of the panel, judged without the student's family."""
    known = [r for r in present(relations, case.panel.subjects) if r.teachers[0] in case.models]
    taught: dict[str, set[str]] = {}
    for r in known:
        if r.label == POSITIVE:
            taught.setdefault(r.student, set()).add(case.lineage.provider(r.teachers[0]))
    found = []
    like: dict[str, weigh.Scene] = {}
    for student in dict.fromkeys(r.student for r in known):
        judged, scene = held_out(case, measurements, student, like)
        mine = [r for r in known if r.student == student]
        close = taught.get(student, set()) | {case.lineage.provider(student)}
        found += [_pair(judged, scene, r, close) for r in mine]
    return [p for p in found if np.isfinite(p.score)]


def scores(case: Case, measurements: Sequence[Measurement], of: Sequence[Pair]) -> Float64:
    """(n_pairs,) joint scores of these pairs by other measurements of the same panel."""
    like: dict[str, weigh.Scene] = {}
    scenes = {p.student: held_out(case, measurements, p.student, like)[1] for p in of}
    found = [
        scenes[p.student].scores[weigh.SCORE][
            scenes[p.student].student, scenes[p.student].group_of(p.teacher)
        ]
        for p in of
    ]
    return np.array(found)


def held_out(
    case: Case, measurements: Sequence[Measurement], student: str, like: dict[str, weigh.Scene]
) -> tuple[Case, weigh.Scene]:
    """The case and scene of one student, its family no part of any null.

    `like` : scenes made so far by the provider that is no decoy; scores depend on the student by that alone.
    """
    judged = replace(case, student=student)
    scene = compare.scene_of(judged, measurements, CompareConfig(student=student, bootstrap=0))
    provider = case.lineage.provider(student)
    barred = provider if provider in scene.columns.provider else ""
    if scene.measurements[0].values.shape != measurements[0].values.shape:
        return judged, weigh.keeping(scene, scene.families != scene.families[scene.student])
    if barred in like:
        weigh.share_scores(like[barred], scene)
    else:
        _ = scene.scores
        like[barred] = scene
    return judged, weigh.keeping(scene, scene.families != scene.families[scene.student])


def _pair(case: Case, scene: weigh.Scene, relation: Relation, close: set[str]) -> Pair:
    teacher = relation.teachers[0]
    null = weigh.with_decoys(scene, teacher, cases.null_for(case, teacher))
    family = scene.families[scene.subjects.index(case.student)]
    null = weigh.only(null, {s for s, f in zip(scene.subjects, scene.families, strict=True) if f != family})
    found = weigh.p_values(scene, teacher, null)
    joint = found.get(weigh.SCORE)
    provider = case.lineage.provider(teacher)
    column = scene.group_of(teacher)
    decoys = scene.columns.decoys_for(scene.models.index(teacher), scene.student)[scene.student]
    nan = float("nan")
    return Pair(
        student=case.student,
        teacher=teacher,
        group=case.lineage.group(teacher),
        label=relation.label,
        family=case.lineage.row(case.student).family or case.student,
        provider=provider,
        near=relation.label != POSITIVE and provider in close,
        later=cases.later(case, teacher),
        score=float(scene.scores[weigh.SCORE][scene.student, column]) if scene.has_joint else nan,
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
        others=_others(case, scene),
    )


def _others(case: Case, scene: weigh.Scene) -> dict[str, float]:
    """Joint score towards every group that could have taught the student."""
    if not scene.has_joint:
        return {}
    own = case.lineage.group(case.student)
    first = {case.lineage.group(m): m for m in reversed(case.models)}
    row = scene.scores[weigh.SCORE][scene.student]
    return {
        group: float(row[c])
        for c, group in enumerate(scene.groups)
        if group != own and not cases.later(case, first[group]) and np.isfinite(row[c])
    }
