"""Weigh measurements: the student's values against innocent models', for every statistic and the score.

The predictive p comes from the null of `detectors.hierarchy`, fitted to every column at once; the rank p
from this teacher's references alone. Leaves out words and levels (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auditor.references import STRATA, References
from auditor.report import Exclusion, Finding, Interval
from auditor.scenes import SCORE, Key, Scene, best, contrasts, keeping, spread, units_of
from detectors.combine import JOINT_STATISTICS, contrast_terms, joint_score
from detectors.hierarchy import StratumNull, fit
from detectors.null import (
    MODEL_BASED_FLOOR,
    Columns,
    Significance,
    rank_p,
    resample_counts,
    resampled_means,
)
from detectors.types import Bool, Channel, Float64, Measurement

# A kind of reference with fewer models than this gives no rank p of its own.
SMALLEST_STRATUM = 10
# With fewer references than this no p-value below `MODEL_BASED_FLOOR` is quoted.
FLOOR_LIFTED_AT = 100


def weigh(scene: Scene, teacher: str, null: References) -> list[Finding]:
    """Findings of every statistic, the joint score first; `null.models` may be empty."""
    findings = []
    if scene.has_joint:
        findings.append(_joint_finding(scene, teacher, null))
    findings += [_finding(scene, teacher, null, m) for m in scene.measurements]
    return findings


def p_values(scene: Scene, teacher: str, null: References) -> dict[Key, Significance | None]:
    """Significance of the joint score and of every statistic, without intervals and ranges."""
    return {key: significance(scene, scene.scores[key], teacher, null) for key in scene.scores}


def null_of(scene: Scene, scores: Float64, teacher: str, null: References) -> StratumNull:
    """Null of every column; the teacher's holds exactly its eligible references."""
    strata = scene.strata.copy()
    column, eligible = scene.group_of(teacher), np.zeros(len(scene.subjects), dtype=bool)
    eligible[scene.rows(null.models)] = True
    strata[~eligible, column] = -1
    strata[scene.student] = -1
    return fit(scores, strata, scene.families, len(STRATA))


def significance(scene: Scene, scores: Float64, teacher: str, null: References) -> Significance | None:
    """Rank p and floor over this teacher's references, predictive p and z from the null of all columns."""
    column = scene.group_of(teacher)
    null = measurable(scene, scores, teacher, null)
    value, references = scores[scene.student, column], scores[scene.rows(null.models), column]
    if np.isnan(value) or not len(references):
        return None
    ranks = [rank_p(float(value), references[part]) for part in _parts(null.strata)]
    p_rank, p_floor = max(ranks)
    fitted = null_of(scene, scores, teacher, null)
    if not fitted.models[:, column].any():
        return Significance(p_rank, p_floor, None, None, len(references))
    p = float(fitted.p_value(scores[scene.student])[column])
    known = fitted.models.sum(axis=1) > 0
    z = float(fitted.z(scores[scene.student])[known, column].min())
    p = p if len(references) >= FLOOR_LIFTED_AT else max(p, MODEL_BASED_FLOOR)
    return Significance(p_rank, p_floor, p, z, len(references))


def _joint_finding(scene: Scene, teacher: str, null: References) -> Finding:
    finding = _described(scene, teacher, null, SCORE, "wording", "sum of four scaled contrasts")
    return replace(
        finding,
        interval=_interval(resampled_score(scene, teacher)),
        p_t_family_range=_family_range(scene, teacher, null),
        p_t_decoy_range=_decoy_range(scene, teacher, null),
        in_joint=True,
    )


def _finding(scene: Scene, teacher: str, null: References, measurement: Measurement) -> Finding:
    """One statistic by itself, against the same references."""
    key = (measurement.detector, measurement.statistic)
    finding = _described(scene, teacher, null, key, str(measurement.channel), measurement.unit)
    if "documents" in measurement.params:
        finding = replace(finding, n_probes=measurement.params["documents"])
    if not scene.resamples:
        return finding
    resampled, means = _resampled(scene, measurement), scene.means[key]
    if not measurement.contrasted:
        resampled = contrasts(resampled, _alone(scene), 0)
        means = contrasts(means, scene.columns, scene.student)
    contrast, raw = best(scene, resampled), best(scene, means)
    return replace(finding, interval=_interval(contrast[:, scene.group_of(teacher)] / spread(raw)))


def _described(scene: Scene, teacher: str, null: References, key: Key, channel: str, unit: str) -> Finding:
    """A finding without intervals and ranges."""
    scores, column = scene.scores[key], scene.group_of(teacher)
    null = measurable(scene, scores, teacher, null)
    # Context has no weight, so it gets no p-value that a reader could weigh.
    result = None if channel == Channel.CONTEXT else significance(scene, scores, teacher, null)
    value = float(scores[scene.student, column])
    return Finding(
        teacher=teacher,
        detector=key[0],
        statistic=key[1],
        channel=channel,
        unit=unit,
        value=value if np.isfinite(value) else None,
        interval=None,
        z=result.z if result else None,
        p_rank=result.p_rank if result else None,
        p_floor=result.p_floor if result else None,
        p_t=result.p_t if result else None,
        p_t_family_range=None,
        p_t_decoy_range=None,
        n_probes=n_probes(scene, teacher),
        in_joint=key in JOINT_STATISTICS,
        reference_models=null.models,
        reference_values=tuple(float(v) for v in scores[scene.rows(null.models), column]),
        reference_strata=null.strata,
    )


def _parts(strata: Sequence[str]) -> list[Bool]:
    """Masks: all references, then each kind that is large enough."""
    names = np.array(strata)
    masks = [names == s for s in sorted(set(strata))]
    return [np.ones(len(names), dtype=bool), *(m for m in masks if m.sum() >= SMALLEST_STRATUM)]


def _family_range(scene: Scene, teacher: str, null: References) -> Interval | None:
    """Smallest and largest predictive p when any one family of the references is left out."""
    families = set(scene.families[scene.rows(null.models)].tolist())
    found = []
    for family in families if len(families) > 1 else ():
        kept = keeping(scene, scene.families != family)
        rest = only(null, {scene.subjects[r] for r in np.flatnonzero(scene.families != family)})
        found.append(significance(kept, scene.scores[SCORE], teacher, rest))
    return _range(found)


def _decoy_range(scene: Scene, teacher: str, null: References) -> Interval | None:
    """Smallest and largest predictive p when any one decoy provider is left out."""
    columns = scene.columns
    providers = sorted(set(columns.provider[columns.decoy]) - {scene.lineage.provider(teacher)})
    found = []
    for provider in providers if len(providers) > 1 and len(null.models) else ():
        fewer = replace(columns, decoy=columns.decoy & (columns.provider != provider))
        terms = contrast_terms(scene.means, fewer, scene.student)
        units = scene.fixed or units_of(scene, terms)
        score = best(scene, joint_score(terms, units.terms)) / units.score
        known = {scene.subjects[r] for r in np.flatnonzero(~np.isnan(score[:, scene.group_of(teacher)]))}
        found.append(significance(scene, score, teacher, only(null, known)))
    return _range(found)


def _range(found: Sequence[Significance | None]) -> Interval | None:
    p = [s.p_t for s in found if s is not None and s.p_t is not None]
    return (min(p), max(p)) if len(p) > 1 else None


def measurable(scene: Scene, scores: Float64, teacher: str, null: References) -> References:
    """The references that a statistic could be measured on."""
    known = ~np.isnan(scores[scene.rows(null.models), scene.group_of(teacher)])
    return only(null, {m for m, k in zip(null.models, known, strict=True) if k})


def only(null: References, names: set[str]) -> References:
    """The references among these names."""
    kept = [(m, s) for m, s in zip(null.models, null.strata, strict=True) if m in names]
    return References(tuple(m for m, _ in kept), tuple(s for _, s in kept), null.excluded)


def resampled_score(scene: Scene, teacher: str) -> Float64:
    """(resamples,) joint score of the student over resampled probes, scales fixed; empty = no score."""
    if not scene.has_joint or not scene.resamples:
        return np.empty(0)
    resampled: Float64 = resampled_scores(scene)[:, scene.group_of(teacher)]
    return resampled


def resampled_scores(scene: Scene) -> Float64:
    """(resamples, n_groups) joint score of the student over resampled probes, scales fixed."""
    means = {(m.detector, m.statistic): _resampled(scene, m) for m in scene.measurements}
    score = joint_score(contrast_terms(means, _alone(scene), 0), scene.units.terms)
    resampled: Float64 = best(scene, score) / scene.units.score
    return resampled


def _alone(scene: Scene) -> Columns:
    """Columns for rows that are all the student, one a resample."""
    provider = np.array([scene.columns.row_provider[scene.student]], dtype=object)
    return replace(scene.columns, row_provider=np.repeat(provider, scene.resamples))


def _resampled(scene: Scene, measurement: Measurement) -> Float64:
    """(resamples, n_models) means of the student's values over resampled probes."""
    values = measurement.values[scene.student]
    counts = resample_counts(values.shape[1], scene.resamples, scene.seed)
    return resampled_means(values, counts)


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


def with_decoys(scene: Scene, teacher: str, null: References) -> References:
    """References that have a decoy left to be contrasted with; the others are excluded."""
    mask = scene.columns.decoys_for(scene.models.index(teacher), scene.student)
    bare = {m for m, row in zip(null.models, scene.rows(null.models), strict=True) if not mask[row].any()}
    left_out = tuple(
        Exclusion(m, teacher, "no decoy teacher of another provider is left for it")
        for m in null.models
        if m in bare
    )
    kept = only(null, set(null.models) - bare)
    return References(kept.models, kept.strata, (*null.excluded, *left_out))


def source_caveats(scene: Scene, teacher: str, null: References) -> list[str]:
    """The answer again without the references whose lineage row names no source."""
    bare = {m for m in null.models if not scene.lineage.row(m).source}
    if not bare or not scene.has_joint:
        return []
    sourced = np.array([bool(scene.lineage.row(s).source) for s in scene.subjects])
    rest = only(null, set(null.models) - bare)
    result = significance(keeping(scene, sourced), scene.scores[SCORE], teacher, rest)
    p = "cannot be computed" if result is None or result.p_t is None else f"is {result.p_t:.3g}"
    return [
        f"{teacher}: {len(bare)} of {len(null.models)} references have a lineage row without a source; "
        f"without them the predictive p (not adjusted) {p}."
    ]
