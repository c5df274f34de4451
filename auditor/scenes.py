"""Scenes: one student's measurements as a matrix, subjects x groups of sibling checkpoints.

Every statistic, and the joint score of `detectors.combine`, becomes one matrix, each cell the best
checkpoint's decoy contrast, student and references alike. Leaves out how unusual a cell is (`weigh.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from auditor.case import Case, mean_length
from auditor.config import CompareConfig
from auditor.lineage import Lineage
from auditor.references import LATER_FIRST_PARTY, STRATA, is_tuned
from detectors.combine import JOINT_STATISTICS, Means, Scales, Terms, contrast_terms, joint_score, scales
from detectors.hierarchy import Codes
from detectors.null import Columns, plain_contrast
from detectors.types import Bool, Float64, Measurement

# A student that answered less than this share of the probes is compared on those it answered: every
# model's mean is then over the same probes, while weights learned from other answers stay.
MOST_PROBES = 0.95
JOINT = "joint"
SCORE = (JOINT, "score")
Key = tuple[str, str]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """Standard deviations of the terms of the joint score, and of the score itself.

    `least_common` is the smallest mean cosine of wording to the decoys that any innocent has whose score is
    in these units (`comparable.py`); 0 where the panel's own references say it.
    """

    terms: Scales
    score: float
    least_common: float = 0.0


@dataclass(frozen=True)
class Scene:
    """Everything the weighing of one student needs.

    Attributes
    ----------
    subjects : row names; models : column models (teachers, their siblings, decoys); groups : their groups
        of sibling checkpoints, once each.
    student : row of the student. lineage : history of the subjects.
    strata : (n_subjects, n_groups) kind of innocent that each row is of each column (`STRATA`), -1 = none.
    families : (n_subjects,) codes. measurements : (n_subjects, n_models, n_probes) each.
    resamples, seed : of the bootstrap over probes. fixed : units of the score that were not taken from
        this panel (`borrowed.py`), or None.
    """

    subjects: tuple[str, ...]
    models: tuple[str, ...]
    groups: tuple[str, ...]
    columns: Columns
    student: int
    lineage: Lineage
    strata: Codes
    families: Rows
    measurements: tuple[Measurement, ...]
    resamples: int
    seed: int
    fixed: Units | None = None

    @cached_property
    def means(self) -> Means:
        """Mean over probes of every statistic, (n_subjects, n_models)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # all-NaN rows are NaN: not measurable
            return {
                (m.detector, m.statistic): np.nanmean(m.values, axis=2, dtype=np.float64)
                for m in self.measurements
            }

    @property
    def has_joint(self) -> bool:
        """Whether every statistic of the joint score was measured."""
        return all(s in self.means for s in JOINT_STATISTICS)

    @cached_property
    def terms(self) -> Terms:
        """Contrasts of every subject towards every column model."""
        return contrast_terms(self.means, self.columns, self.student)

    @cached_property
    def scores(self) -> dict[Key, Float64]:
        """(n_subjects, n_groups) of every statistic and of the joint score, in units of its spread."""
        plain = {(m.detector, m.statistic) for m in self.measurements if m.contrasted}
        found = {
            key: best(self, means if key in plain else contrasts(means, self.columns, self.student))
            for key, means in self.means.items()
        }
        found = {key: values / spread(values) for key, values in found.items()}
        if self.has_joint:
            found[SCORE] = best(self, joint_score(self.terms, self.units.terms)) / self.units.score
        return found

    @cached_property
    def units(self) -> Units:
        """Units of the joint score: the spread over this panel, unless they are fixed."""
        return self.fixed or units_of(self, self.terms)

    def group_of(self, teacher: str) -> int:
        """Column of a teacher's group."""
        return self.groups.index(self.lineage.group(teacher))

    def rows(self, names: Sequence[str]) -> Rows:
        """Row numbers of these subjects."""
        place = {name: row for row, name in enumerate(self.subjects)}
        return np.array([place[n] for n in names], dtype=np.int64)


def best(scene: Scene, values: Float64) -> Float64:
    """(..., n_models) -> (..., n_groups): the largest over sibling checkpoints."""
    of = [scene.lineage.group(m) for m in scene.models]
    columns = [[c for c, g in enumerate(of) if g == group] for group in scene.groups]
    return np.stack([values[..., c].max(axis=-1) for c in columns], axis=-1)


def units_of(scene: Scene, terms: Terms) -> Units:
    """Standard deviations over all subjects and columns."""
    by = scales(terms, np.arange(len(scene.subjects)))
    return Units(by, spread(best(scene, joint_score(terms, by))))


def spread(values: Float64) -> float:
    """Standard deviation over all cells; 1 where there is none."""
    found = float(np.nanstd(values)) if np.isfinite(values).any() else 0.0
    return found if found > 1e-12 else 1.0


def contrasts(means: Float64, columns: Columns, student: int) -> Float64:
    """(n_rows, n_models) decoy contrast of one statistic towards every column model."""
    every = range(means.shape[1])
    return np.stack([plain_contrast(means, columns.decoys_for(t, student), t) for t in every], axis=1)


def keeping(scene: Scene, rows: Bool) -> Scene:
    """The scene with only these rows as innocents, in every column."""
    kept = replace(scene, strata=np.where(rows[:, None], scene.strata, np.int8(-1)))
    share_scores(scene, kept)
    return kept


def share_scores(scene: Scene, other: Scene) -> None:
    """Let a scene with the same measurements and decoys use what was computed already."""
    for name in ("means", "terms", "units", "scores"):
        if name in scene.__dict__:
            other.__dict__[name] = scene.__dict__[name]


def scene_of(case: Case, measurements: Sequence[Measurement], config: CompareConfig) -> Scene:
    """Rows, columns and measurements as `weigh` wants them."""
    subjects = case.panel.subjects
    place = {s: i for i, s in enumerate(subjects)}
    rows = np.array([place[m] for m in case.models])
    columns = Columns(
        provider=np.array([case.lineage.provider(m) for m in case.models], dtype=object),
        row_provider=np.array([case.lineage.provider(s) for s in subjects], dtype=object),
        decoy=np.array([m in case.decoys for m in case.models]),
        length=mean_length(case.view)[rows],
    )
    asked = case.answered[place[case.student]]
    if asked.mean() < MOST_PROBES:
        measurements = [
            m if "documents" in m.params else replace(m, values=m.values[:, :, asked]) for m in measurements
        ]
    families = [case.lineage.row(s).family or s for s in subjects]
    return Scene(
        subjects,
        case.models,
        case.groups,
        columns,
        place[case.student],
        case.lineage,
        strata_for(case),
        np.unique(families, return_inverse=True)[1].astype(np.int64),
        tuple(measurements),
        config.bootstrap,
        config.seed,
    )


def strata_for(case: Case) -> Codes:
    """Kinds of innocents as this student's null takes them: never the student or its siblings."""
    later = np.int8(-1) if is_tuned(case.student, case.lineage) else np.int8(STRATA.index("first party"))
    strata = np.where(case.innocents == LATER_FIRST_PARTY, later, case.innocents)
    group = case.lineage.group(case.student)
    mine = np.array([case.lineage.group(s) == group for s in case.panel.subjects])
    return np.where(mine[:, None], np.int8(-1), strata)
