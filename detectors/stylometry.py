"""`stylometry`: whether a subject writes in the teacher's manner, whatever it says.

Burrows's Delta (Burrows 2002) and Cosine Delta (Smith & Aldridge 2011; Evert et al. 2017) between the
style profiles of two models, on z-scores over the models of the panel and on equal-length prefixes.
Both are statistics of a whole corpus; per-probe values are their jackknife pseudo-values (Tukey 1958),
whose mean is the bias-corrected statistic. Leaves out part-of-speech templates.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass

import numpy as np

from detectors.style_features import DENOMINATOR, FEATURES, PER, count_features
from detectors.types import Access, Bool, Channel, Float32, Float64, Measurement, PanelView


@dataclass(frozen=True)
class Stylometry:
    """Burrows's Delta and Cosine Delta of style profiles.

    Parameters
    ----------
    characters : every answer is cut to this many characters first, so that long answers do not look
        alike for being long.
    clip : z-scores are clipped to plus or minus this, so that one rare feature cannot decide.
    """

    characters: int = 600
    clip: float = 3.0

    name = "stylometry"
    channel = Channel.STYLE
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `burrows_delta` (negated) and `cosine_delta`; see `Detector.measure`."""
        counts, totals, answered = count_panel(panel, self.characters)
        delta, cosine = self._pseudo_values(counts, totals, answered, teachers)
        params = asdict(self)
        return (
            Measurement(self.name, "burrows_delta", self.channel, "negated mean |z|", delta, params),
            Measurement(self.name, "cosine_delta", self.channel, "cosine", cosine, params),
        )

    def _pseudo_values(
        self, counts: Float32, totals: Float32, answered: Bool, teachers: tuple[int, ...]
    ) -> tuple[Float32, Float32]:
        """Jackknife over probes: n * whole - (n - 1) * without the probe, for both statistics."""
        n_probes = answered.shape[1]
        all_counts, all_totals = counts.sum(axis=1, dtype=np.float64), totals.sum(axis=1, dtype=np.float64)
        frequency = rates(all_counts, all_totals)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a feature that no text can show stays NaN
            center, spread = np.nanmean(frequency, axis=0), np.nanstd(frequency, axis=0)
        used = np.isfinite(spread) & (spread > 1e-12)
        n_answers = answered.sum(axis=1)[:, None]

        def compare(subject_counts: Float64, subject_totals: Float64) -> tuple[Float64, Float64]:
            z = (rates(subject_counts, subject_totals) - center)[:, used] / spread[used]
            z = np.clip(z, -self.clip, self.clip)
            return deltas(z, z[list(teachers)])

        whole = compare(all_counts, all_totals)
        values = [np.full((*whole[0].shape, n_probes), np.nan, dtype=np.float32) for _ in whole]
        for probe in range(n_probes):
            without = compare(all_counts - counts[:, probe], all_totals - totals[:, probe])
            both = answered[:, probe][:, None] & answered[list(teachers), probe][None, :]
            for value, every, less in zip(values, whole, without, strict=True):
                pseudo = n_answers * every - (n_answers - 1) * less if n_probes > 1 else every
                value[:, :, probe] = np.where(both, pseudo, np.nan)
        return values[0], values[1]


def count_panel(panel: PanelView, characters: int) -> tuple[Float32, Float32, Bool]:
    """Feature counts of every answer.

    Returns
    -------
    counts : (n_subjects, n_probes, n_features) float32; totals : (n_subjects, n_probes, 5) float32;
    answered : (n_subjects, n_probes) bool.
    """
    n_subjects, n_probes = len(panel.subjects), len(panel.probes)
    counts = np.zeros((n_subjects, n_probes, len(FEATURES)), dtype=np.float32)
    totals = np.zeros((n_subjects, n_probes, len(PER)), dtype=np.float32)
    answered = np.zeros((n_subjects, n_probes), dtype=bool)
    for probe in range(n_probes):
        for subject, text in enumerate(panel.answers(probe)):
            if text is not None:
                counts[subject, probe], totals[subject, probe] = count_features(text[:characters])
                answered[subject, probe] = True
    return counts, totals, answered


def rates(counts: Float64, totals: Float64) -> Float64:
    """(n_subjects, n_features) relative frequencies; NaN for a subject without any text."""
    with np.errstate(invalid="ignore", divide="ignore"):
        frequency: Float64 = counts / totals[:, DENOMINATOR]
    return frequency


def deltas(z: Float64, targets: Float64) -> tuple[Float64, Float64]:
    """Negated Burrows's Delta and Cosine Delta of every profile to every target.

    Parameters
    ----------
    z : (n_subjects, n_features) z-scores; targets : (n_teachers, n_features).

    Returns
    -------
    Two (n_subjects, n_teachers) float64; cosine 0 for an all-zero profile, NaN for a subject without text.
    """
    if not z.shape[1]:  # no feature varies: every style is the same
        return np.zeros((len(z), len(targets))), np.zeros((len(z), len(targets)))
    burrows = -np.stack([np.abs(z - target).mean(axis=1) for target in targets], axis=1)
    length = np.linalg.norm(z, axis=1)[:, None] * np.linalg.norm(targets, axis=1)[None, :]
    cosine = z @ targets.T / np.where(length == 0, 1.0, length)
    return burrows, cosine
