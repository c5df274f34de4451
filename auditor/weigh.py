"""Weigh measurements: the student's values against the references', for every statistic and the score.

The joint score is computed for the student and every reference alike (`detectors.combine`); p-values
are the strictest over the pooled references and each stratum. Leaves out words and levels (`verdict.py`).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from auditor.lineage import Lineage
from auditor.references import References
from auditor.report import Exclusion, Finding, Interval
from detectors.combine import (
    JOINT_STATISTICS,
    Means,
    Terms,
    contrast_terms,
    joint_score,
    left_out_scores,
    scales,
)
from detectors.null import (
    Columns,
    Significance,
    plain_contrast,
    predictive_t,
    resample_counts,
    resampled_means,
    significance,
    strictest,
)
from detectors.types import Bool, Float64, Measurement

# A stratum smaller than this gives no p-value of its own.
SMALLEST_STRATUM = 10
JOINT = "joint"
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """Everything the weighing of one student needs.

    Attributes
    ----------
    subjects : row names; columns : column models (teachers, their siblings, decoys).
    student : row of the student. lineage : history of the subjects.
    measurements : (n_subjects, n_columns, n_probes) each.
    resamples, seed : of the bootstrap over probes.
    """

    subjects: tuple[str, ...]
    models: tuple[str, ...]
    columns: Columns
    student: int
    lineage: Lineage
    measurements: tuple[Measurement, ...]
    resamples: int
    seed: int

    @cached_property
    def means(self) -> Means:
        """Mean over probes of every statistic, (n_subjects, n_columns)."""
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
        """Contrasts of every subject towards every column."""
        return contrast_terms(self.means, self.columns, self.student)

    @cached_property
    def resampled(self) -> Means:
        """Student's means over resampled probes: (resamples, n_columns) for every statistic."""
        n_probes = self.measurements[0].values.shape[2]
        counts = resample_counts(n_probes, self.resamples, np.random.default_rng(self.seed))
        return {
            (m.detector, m.statistic): resampled_means(m.values[self.student], counts)
            for m in self.measurements
        }

    def siblings(self, teacher: str) -> Rows:
        """Columns of the teacher and its sibling checkpoints."""
        group = self.lineage.group(teacher)
        return np.array([c for c, m in enumerate(self.models) if self.lineage.group(m) == group])

    def rows(self, names: Sequence[str]) -> Rows:
        """Row numbers of these subjects."""
        place = {name: row for row, name in enumerate(self.subjects)}
        return np.array([place[n] for n in names], dtype=np.int64)


@dataclass(frozen=True)
class JointNull:
    """Joint score of the student and of the references towards one teacher.

    Attributes
    ----------
    value : the student's, references : (K,), all scaled together (rank p-value, figures).
    left_out_value, left_out : the same with no row in its own scaling (predictive t).
    """

    value: float
    references: Float64
    left_out_value: float
    left_out: Float64


def weigh(scene: Scene, teacher: str, null: References) -> list[Finding]:
    """Findings of every statistic, the joint score first; `null.models` may be empty."""
    findings = []
    if scene.has_joint:
        findings.append(_joint_finding(scene, teacher, null))
    findings += [_finding(scene, teacher, null, m) for m in scene.measurements]
    return findings


def joint_null(scene: Scene, terms: Terms, teacher: str, references: Sequence[str]) -> JointNull:
    """Scores towards the teacher's best sibling checkpoint, for every row alike."""
    rows = np.concatenate(([scene.student], scene.rows(references)))
    part = Terms(terms.plain[:, rows], terms.matched[:, rows], terms.log_odds[rows])
    every = np.arange(len(rows))
    columns = scene.siblings(teacher)
    together = joint_score(part, scales(part, every))[:, columns].max(axis=1)
    of_student, of_references = left_out_scores(part, every[1:], 0)
    return JointNull(
        float(together[0]),
        together[1:],
        float(of_student[columns].max()),
        of_references[:, columns].max(axis=1) if len(references) else np.empty(0),
    )


def _joint_finding(scene: Scene, teacher: str, null: References) -> Finding:
    values = joint_null(scene, scene.terms, teacher, null.models)
    result = joint_significance(values, null.strata)
    return Finding(
        teacher=teacher,
        detector=JOINT,
        statistic="score",
        channel="wording",
        unit="sum of four scaled contrasts",
        value=_number(values.value),
        interval=_interval(resampled_score(scene, teacher, null.models)),
        z=result.z if result else None,
        p_rank=result.p_rank if result else None,
        p_floor=result.p_floor if result else None,
        p_t=result.p_t if result else None,
        p_t_family_range=_family_range(scene, values, null),
        p_t_decoy_range=_decoy_range(scene, teacher, null),
        n_probes=n_probes(scene, teacher),
        in_joint=True,
        reference_models=null.models,
        reference_values=tuple(float(v) for v in values.references),
        reference_strata=null.strata,
    )


def joint_significance(values: JointNull, strata: Sequence[str]) -> Significance | None:
    """Rank p from the common scale, predictive t from the left-out one; strictest over strata."""
    parts = []
    for chosen in _parts(strata):
        ranked = significance(values.value, values.references[chosen])
        p_t, z = predictive_t(values.left_out_value, values.left_out[chosen])
        parts.append(replace(ranked, p_t=p_t, z=z))
    return strictest(parts) if parts else None


def _parts(strata: Sequence[str]) -> list[Bool]:
    """Masks: all references, then each stratum that is large enough."""
    names = np.array(strata)
    if not len(names):
        return []
    masks = [names == s for s in sorted(set(strata))]
    return [np.ones(len(names), dtype=bool), *(m for m in masks if m.sum() >= SMALLEST_STRATUM)]


def _family_range(scene: Scene, values: JointNull, null: References) -> Interval | None:
    """Smallest and largest p_t when any one reference family is left out."""
    families = np.array([scene.lineage.row(m).family or m for m in null.models])
    found = []
    for family in np.unique(families) if len(families) else ():
        kept = families != family
        rest = JointNull(values.value, values.references[kept], values.left_out_value, values.left_out[kept])
        result = joint_significance(rest, [s for s, k in zip(null.strata, kept, strict=True) if k])
        if result and result.p_t is not None:
            found.append(result.p_t)
    return (min(found), max(found)) if len(found) > 1 else None


def _decoy_range(scene: Scene, teacher: str, null: References) -> Interval | None:
    """Smallest and largest p_t when any one decoy provider is left out; scales fixed by the references."""
    columns = scene.columns
    providers = sorted(set(columns.provider[columns.decoy]) - {scene.lineage.provider(teacher)})
    rows = scene.rows(null.models)
    if len(providers) < 2 or not len(rows):
        return None
    found = []
    for provider in providers:
        fewer = replace(columns, decoy=columns.decoy & (columns.provider != provider))
        terms = contrast_terms(scene.means, fewer, scene.student)
        score = joint_score(terms, scales(terms, rows))[:, scene.siblings(teacher)].max(axis=1)
        known = ~np.isnan(score[rows])
        values = JointNull(float(score[scene.student]), score[rows], float(score[scene.student]), score[rows])
        if known.all() and not np.isnan(values.value):
            result = joint_significance(values, null.strata)
            if result and result.p_t is not None:
                found.append(result.p_t)
    return (min(found), max(found)) if len(found) > 1 else None


def resampled_score(scene: Scene, teacher: str, references: Sequence[str]) -> Float64:
    """(resamples,) joint score of the student over resampled probes, scales fixed; empty = no score."""
    if not scene.has_joint or not scene.resamples or not len(references):
        return np.empty(0)
    rows = np.concatenate(([scene.student], scene.rows(references)))
    by = scales(scene.terms, rows)
    student = scene.columns.row_provider[scene.student]
    alone = replace(scene.columns, row_provider=np.repeat(np.array([student], dtype=object), scene.resamples))
    terms = contrast_terms(scene.resampled, alone, 0)
    score: Float64 = joint_score(terms, by)[:, scene.siblings(teacher)].max(axis=1)
    return score


def p_values(scene: Scene, teacher: str, null: References) -> dict[tuple[str, str], Significance | None]:
    """Significance of the joint score and of every statistic, without intervals and ranges."""
    found = {key: _significance(*_contrasts(scene, teacher, null, key), null.strata) for key in scene.means}
    if scene.has_joint:
        found[JOINT, "score"] = joint_significance(
            joint_null(scene, scene.terms, teacher, null.models), null.strata
        )
    return found


def _contrasts(scene: Scene, teacher: str, null: References, key: tuple[str, str]) -> tuple[float, Float64]:
    """Decoy contrast of one statistic, best sibling checkpoint: the student's and the references'."""
    contrast = _best_contrast(scene, scene.means[key], scene.siblings(teacher), scene.columns)
    return float(contrast[scene.student]), contrast[scene.rows(null.models)]


def _significance(value: float, references: Float64, strata: Sequence[str]) -> Significance | None:
    parts = [significance(value, references[p]) for p in _parts(strata)]
    return strictest(parts) if parts and not np.isnan(value) else None


def _finding(scene: Scene, teacher: str, null: References, measurement: Measurement) -> Finding:
    """One statistic by itself: decoy contrast, best sibling, against the same references."""
    key = (measurement.detector, measurement.statistic)
    columns = scene.siblings(teacher)
    value, references = _contrasts(scene, teacher, null, key)
    result = _significance(value, references, null.strata)
    student = scene.columns.row_provider[scene.student]
    interval = None
    if scene.resamples:
        rows = np.repeat(np.array([student], dtype=object), scene.resamples)
        alone = replace(scene.columns, row_provider=rows)
        interval = _interval(_best_contrast(scene, scene.resampled[key], columns, alone))
    return Finding(
        teacher=teacher,
        detector=measurement.detector,
        statistic=measurement.statistic,
        channel=str(measurement.channel),
        unit=measurement.unit,
        value=_number(value),
        interval=interval,
        z=result.z if result else None,
        p_rank=result.p_rank if result else None,
        p_floor=result.p_floor if result else None,
        p_t=result.p_t if result else None,
        p_t_family_range=None,
        p_t_decoy_range=None,
        n_probes=n_probes(scene, teacher),
        in_joint=key in JOINT_STATISTICS,
        reference_models=null.models,
        reference_values=tuple(float(v) for v in references),
        reference_strata=null.strata,
    )


def _best_contrast(scene: Scene, means: Float64, columns: Rows, by: Columns) -> Float64:
    """(n_rows,) largest decoy contrast over the teacher's checkpoints, NaN where there is none."""
    student = scene.student if len(by.row_provider) == len(scene.subjects) else 0
    found = [plain_contrast(means, by.decoys_for(int(c), student), int(c)) for c in columns]
    best: Float64 = np.max(found, axis=0)
    return best


def n_probes(scene: Scene, teacher: str) -> int:
    """Probes that student and teacher both answered."""
    column = scene.models.index(teacher)
    return int((~np.isnan(scene.measurements[0].values[scene.student, column])).sum())


def _interval(samples: Float64) -> Interval | None:
    """95 % percentile interval."""
    finite = samples[np.isfinite(samples)]
    if not len(finite):
        return None
    low, high = np.quantile(finite, (0.025, 0.975))
    return float(low), float(high)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def with_decoys(scene: Scene, teacher: str, null: References) -> References:
    """References that have a decoy left to be contrasted with; the others are excluded."""
    mask = scene.columns.decoys_for(scene.models.index(teacher), scene.student)
    bare = {m for m, row in zip(null.models, scene.rows(null.models), strict=True) if not mask[row].any()}
    left_out = tuple(
        Exclusion(m, teacher, "no decoy teacher of another provider is left for it")
        for m in null.models
        if m in bare
    )
    kept = [(m, s) for m, s in zip(null.models, null.strata, strict=True) if m not in bare]
    return References(tuple(m for m, _ in kept), tuple(s for _, s in kept), (*null.excluded, *left_out))


def source_caveats(scene: Scene, teacher: str, null: References, tested: bool) -> list[str]:
    """The answer again without the references whose lineage row names no source."""
    bare = [m for m in null.models if not scene.lineage.row(m).source]
    if not bare or not tested or not scene.has_joint:
        return []
    kept = [(m, s) for m, s in zip(null.models, null.strata, strict=True) if m not in bare]
    rest = References(tuple(m for m, _ in kept), tuple(s for _, s in kept), ())
    result = None
    if len(rest.models) > 1:
        result = joint_significance(joint_null(scene, scene.terms, teacher, rest.models), rest.strata)
    p = "cannot be computed" if result is None or result.p_t is None else f"is {result.p_t:.3g}"
    return [
        f"{teacher}: {len(bare)} of {len(null.models)} references have a lineage row without a source; "
        f"without them the predictive-t p (not adjusted) {p}."
    ]
