"""What the likelihood detectors see: who scored which texts, and which model is whose base.

A model's deviation is how much likelier it finds a span than *its own* base does; with somebody else's
base, innocents of other bases are accused (docs/method.md, "lift"). Also the parts into which a statistic
over all spans falls, text by text. Leaves out how scores come about and what the statistics mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from detectors.scores import Aligned, Scores, aligned, texts_by
from detectors.types import Float64


@dataclass(frozen=True)
class ScoredView:
    """The panel as far as likelihoods were recorded.

    Attributes
    ----------
    subjects : names of the n_subjects models, in row order, as in `PanelView`; teachers and decoys, whose
        texts were scored, are among them, whether or not they scored anything themselves.
    probes : ids of the n_probes probes, in column order.
    scores : one `Scores` a scorer: subjects and bases.
    bases : each subject's own base. A subject without one, or whose base scored nothing, is not measured.
    groups, providers : of sibling checkpoints and of whoever makes them, one a subject; empty = every
        subject its own.
    references : by teacher, models known to have learned nothing from it (for `contrast`).
    same_data : by teacher, scorers known to be trained on the teacher's public data and not on its outputs.
    """

    subjects: tuple[str, ...]
    probes: tuple[str, ...]
    scores: tuple[Scores, ...]
    bases: Mapping[str, str]
    groups: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    same_data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scorers = [s.scorer for s in self.scores]
        for what, names in (("subjects", self.subjects), ("probes", self.probes), ("scorers", scorers)):
            if len(set(names)) < len(names):
                twice = sorted({n for n in names if list(names).count(n) > 1})
                raise ValueError(f"{what} must be named once each, got twice: {', '.join(twice)}.")
        for what, given in (("groups", self.groups), ("providers", self.providers)):
            if given and len(given) != len(self.subjects):
                raise ValueError(
                    f"{what} must name one a subject ({len(self.subjects)}) or be empty, got {len(given)}."
                )

    @cached_property
    def by_scorer(self) -> dict[str, Scores]:
        """The scores by name of the scorer."""
        return {s.scorer: s for s in self.scores}

    def unmeasured(self) -> dict[str, str]:
        """Subjects that no likelihood detector measures, and why."""
        reasons = {}
        for subject in self.subjects:
            base = self.bases.get(subject)
            if subject not in self.by_scorer:
                reasons[subject] = "scored no texts"
            elif base is None:
                reasons[subject] = "its own base is not given"
            elif base not in self.by_scorer:
                reasons[subject] = f"its base {base} scored no texts"
        return reasons

    def kin(self, a: str, b: str, of: tuple[str, ...]) -> bool:
        """Whether two models are one, or the same in `groups` or `providers`; a stranger is its own."""
        first, second = (of[self.subjects.index(n)] if of and n in self.subjects else n for n in (a, b))
        return first == second


@dataclass(frozen=True)
class Deviations:
    """Every measurable subject beside its own base on one author's texts.

    Attributes
    ----------
    found : the spans. rows : (n_rows,) subjects that are measured, as rows of the panel.
    base : (n_rows, n_spans) float64, natural log; deviation : likewise, the subject's less its base's.
    """

    found: Aligned
    rows: tuple[int, ...]
    base: Float64
    deviation: Float64


def deviations(view: ScoredView, text_of: str, others: Sequence[str] = ()) -> Deviations | None:
    """Lay all subjects and their bases side by side on one author's texts; None = nobody scored any.

    `others` : scorers that are needed besides, without a base. Texts that one scorer lacks are left out for
    all, but a subject that scored none of this author's texts (or whose base did not) is left out itself.
    """
    mine = {name: texts_by(scores, text_of) for name, scores in view.by_scorer.items()}
    mine = {name: scores for name, scores in mine.items() if scores.texts}
    rows = tuple(i for i, s in enumerate(view.subjects) if s in mine and view.bases.get(s) in mine)
    names = [view.subjects[i] for i in rows]
    needed = dict.fromkeys([*names, *(view.bases[n] for n in names), *(o for o in others if o in mine)])
    if not rows:
        return None
    found = aligned([mine[name] for name in needed])
    place = {name: i for i, name in enumerate(found.scorers)}
    base = found.logprobs[[place[view.bases[n]] for n in names]]
    return Deviations(found, rows, base, found.logprobs[[place[n] for n in names]] - base)


def by_probe(values: Float64, found: Aligned, probes: Sequence[str]) -> Float64:
    """Add up values of texts over the samples of each probe.

    Parameters
    ----------
    values : (..., n_texts). probes : ids; a text of any other probe is left out.

    Returns
    -------
    (..., n_probes) float64, 0 where there is no text.
    """
    place = {probe: i for i, probe in enumerate(probes)}
    known = [i for i, text in enumerate(found.texts) if text.probe in place]
    added = np.zeros((len(probes), *values.shape[:-1]))
    np.add.at(added, [place[found.texts[i].probe] for i in known], np.moveaxis(values[..., known], -1, 0))
    return np.moveaxis(added, 0, -1)


def ratio_parts(numerator: Float64, denominator: Float64) -> Float64:
    """Parts whose mean is the ratio of two sums, one part a probe.

    The part of probe j is R + (n_j - R d_j) / mean(d), the infinitesimal jackknife's pseudo-value (Efron
    1982, The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6), so that resampling the parts
    shows the uncertainty of the ratio.

    Parameters
    ----------
    numerator, denominator : (..., n_probes), denominator >= 0 and 0 where nothing was scored.

    Returns
    -------
    (..., n_probes) float64; NaN where the denominator is 0, everywhere if it always is.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = numerator.sum(axis=-1, keepdims=True) / denominator.sum(axis=-1, keepdims=True)
        scored = (denominator > 0).sum(axis=-1, keepdims=True)
        mean = denominator.sum(axis=-1, keepdims=True) / scored
        parts = ratio + (numerator - ratio * denominator) / mean
    return np.where(denominator > 0, parts, np.nan)


def correlation_parts(
    y: Float64, d: Float64, found: Aligned, probes: Sequence[str], steady: float = 1e-9
) -> Float64:
    """Parts whose mean is the correlation of y and d over all spans, one part a probe.

    With zy, zd standardised over all spans, the part of probe j is r plus the sum over its spans of
    zy zd - r (zy^2 + zd^2) / 2, times n_probes / n_spans: pseudo-values as in `ratio_parts`.

    Parameters
    ----------
    y, d : (..., n_spans). steady : a variance at most this does not count as one.

    Returns
    -------
    (..., n_probes) float64; NaN for a probe without spans, and where y or d does not vary.
    """
    counts = by_probe(found.sums(np.ones(len(found.text))), found, probes)
    asked = np.isin([t.probe for t in found.texts], list(probes))[found.text]
    y, d = (_standard(x[..., asked], steady) for x in (y, d))
    r = (y * d).mean(axis=-1, keepdims=True) if y.shape[-1] else np.full((*y.shape[:-1], 1), np.nan)
    terms = np.zeros((*y.shape[:-1], len(asked)))
    terms[..., asked] = y * d - r * (y**2 + d**2) / 2
    scored = np.count_nonzero(counts)
    parts = r + by_probe(found.sums(terms), found, probes) * (scored / max(counts.sum(), 1.0))
    return np.where(counts > 0, parts, np.nan)


def _standard(x: Float64, steady: float) -> Float64:
    """Standardise over the last axis; NaN where it does not vary."""
    if not x.shape[-1]:
        return x
    off = x - x.mean(axis=-1, keepdims=True)
    variance = (off**2).mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > steady, off / np.sqrt(variance), np.nan)
