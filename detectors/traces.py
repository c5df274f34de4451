"""`traces`: whether a subject reasons in the teacher's manner and at the teacher's length.

`markers` is Burrows's Delta (Burrows 2002) on rates of reasoning markers and the share of the answer that
is trace, as jackknife pseudo-values like `stylometry.py`; `length_profile` is the correlation, over probes,
of log lengths beyond what the probe asks for. Both cues of distilled reasoning are described by Guo et al.
2025 (DeepSeek-R1, arXiv 2501.12948). Leaves out what the reasoning says, and markers not in English.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from detectors.markers import CLOSE_TAG, MARKERS, OPEN_TAG, THINK_TAG
from detectors.types import Access, Channel, Float32, Float64, Measurement, PanelView


@dataclass(frozen=True)
class Traces:
    """Reasoning markers and length profile.

    Parameters
    ----------
    characters : every answer is cut to this many characters first; long, because a trace is.
    clip : z-scores are clipped to plus or minus this, so that one rare marker cannot decide.
    """

    characters: int = 20_000
    clip: float = 3.0

    name = "traces"
    channel = Channel.STYLE
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: without any marker `markers` is NaN throughout, and lengths can still be measured."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `markers` (negated mean |z|) and `length_profile`; see `Detector.measure`."""
        texts = pc.utf8_slice_codeunits(panel.texts, 0, self.characters)
        shape = (len(panel.probes), len(panel.subjects))
        lengths = _numbers(pc.utf8_length(texts)).reshape(shape).T
        counts = np.stack([c.reshape(shape).T for c in count_markers(texts)], axis=2)
        params, columns = asdict(self), np.asarray(teachers, dtype=np.int64)
        markers = marker_distance(counts, lengths, columns, self.clip)
        profile = length_profile(lengths, columns)
        return (
            Measurement(self.name, "markers", self.channel, "negated mean |z|", markers, params),
            Measurement(self.name, "length_profile", self.channel, "correlation", profile, params),
        )


def _numbers(array: pa.Array) -> Float64:
    """float64, NaN where null."""
    values: Float64 = pc.cast(array, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def count_markers(texts: pa.LargeStringArray) -> list[Float32]:
    """How often every answer holds each marker, and how many of its characters are trace.

    Returns
    -------
    One (n_texts,) float32 for each of `MARKERS`, then the trace; 0 where there is no answer.
    """
    counts = [pc.count_substring_regex(texts, pattern, ignore_case=True) for pattern in MARKERS.values()]
    trace = np.zeros(len(texts))
    tagged = pc.fill_null(pc.match_substring_regex(texts, THINK_TAG, ignore_case=True), False)
    for row in np.flatnonzero(tagged.to_numpy(zero_copy_only=False)):
        trace[row] = trace_length(texts[int(row)].as_py())
    return [np.nan_to_num(_numbers(c)).astype(np.float32) for c in counts] + [trace.astype(np.float32)]


def trace_length(text: str) -> int:
    """Characters of reasoning trace: up to the last closing tag, from the first opening one if there is one.

    Without an opening tag the trace starts the answer (hosts put that tag into the prompt); without a
    closing one it never ended.
    """
    opened = OPEN_TAG.search(text)
    closed = [m.start() for m in CLOSE_TAG.finditer(text)]
    start = opened.end() if opened else 0
    if not closed:
        return len(text) - start if opened else 0
    return max(closed[-1] - (start if start <= closed[-1] else 0), 0)


def marker_distance(counts: Float32, lengths: Float64, columns: np.ndarray, clip: float) -> Float32:
    """Negated Burrows's Delta of marker profiles, as jackknife pseudo-values.

    A profile is the square root of counts per character, z-scored over the panel's models: the root keeps
    the few models that reason aloud from making all others look the same.

    Parameters
    ----------
    counts : (n_subjects, n_probes, n_markers) float32; lengths : (n_subjects, n_probes), NaN = no answer;
    columns : (n_teachers,) int64, rows of the teachers.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN where either gave no answer, and throughout where no
    marker tells two models apart.
    """
    answered = ~np.isnan(lengths)
    size = np.nan_to_num(lengths)
    values = np.full((len(counts), len(columns), counts.shape[1]), np.nan, dtype=np.float32)
    sums, total = counts.sum(axis=1, dtype=np.float64), size.sum(axis=1)
    whole_profile = _profile(sums, total)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a panel without any text
        center, spread = np.nanmean(whole_profile, axis=0), np.nanstd(whole_profile, axis=0)
    used = np.isfinite(spread) & (spread > 1e-12)
    if not used.any():
        return values

    def compare(profile: Float64) -> Float64:
        z = np.clip((profile[:, used] - center[used]) / spread[used], -clip, clip)
        return -np.stack([np.abs(z - z[t]).mean(axis=1) for t in columns], axis=1)

    whole, n = compare(whole_profile), answered.sum(axis=1)[:, None]
    for probe in range(counts.shape[1]):
        less = compare(_profile(sums - counts[:, probe], total - size[:, probe]))
        pseudo = np.where(np.isnan(less), whole, n * whole - (n - 1) * less)
        both = answered[:, probe][:, None] & answered[columns, probe][None, :]
        values[:, :, probe] = np.where(both, pseudo, np.nan)
    return values


def _profile(sums: Float64, total: Float64) -> Float64:
    """(n_subjects, n_markers) root rates; NaN for a subject without any text."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rates: Float64 = np.sqrt(np.maximum(sums, 0) / np.where(total > 0, total, np.nan)[:, None])
    return rates


def length_profile(lengths: Float64, columns: np.ndarray) -> Float32:
    """Products of standardised log lengths, whose mean over probes is their correlation.

    Of ln(1 + characters) the panel's mean for the probe is taken off, then every model's own mean and
    standard deviation: a model that is always long is alike to no one for that. Unrelated models
    correlate -1 / (n_subjects - 1) on average, because the panel's mean holds both.

    Parameters
    ----------
    lengths : (n_subjects, n_probes) characters, NaN = no answer; columns : (n_teachers,) int64.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN where either gave no answer or never varies.
    """
    log = np.log1p(lengths)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a probe nobody, or a subject that never, answered
        residual = log - np.nanmean(log, axis=0)
        residual -= np.nanmean(residual, axis=1, keepdims=True)
        spread = np.nanstd(residual, axis=1, keepdims=True)
    standard = (residual / np.where(spread > 1e-9, spread, np.nan)).astype(np.float32)
    product: Float32 = standard[:, None, :] * standard[None, columns, :]
    return product
