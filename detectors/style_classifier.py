"""`style_classifier`: whom of the teachers a classifier of style takes a subject for.

Multinomial logistic regression over the style features of equal-length prefixes, one class a teacher or
decoy column, as "Idiosyncrasies in Large Language Models" (Sun et al. 2025, arXiv 2502.12150) tells
models apart by text alone; probabilities calibrated by temperature (Guo et al. 2017, section 4.2). Fitted
on one half of the probes and read off the other, then the halves swap. Leaves out words and topics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from detectors.style_features import DENOMINATOR
from detectors.stylometry import count_panel
from detectors.types import Access, Bool, Channel, Float32, Float64, Measurement, PanelView

Int64 = NDArray[np.int64]

# One probe in this many of the fitting half is kept out of the fit, for the temperature.
CALIBRATION_EVERY = 5
COLDEST, HOTTEST = 0.1, 10.0
# A feature that varies less than this tells nobody apart.
SAME = 1e-9
# A class that is certain to the last bit would have infinite odds.
CERTAIN = 1e-6


@dataclass(frozen=True)
class StyleClassifier:
    """Calibrated log-odds of each teacher against the other columns.

    Parameters
    ----------
    characters : every answer is cut to this many characters first, so that length tells nobody apart.
    strength : inverse of the L2 penalty (scikit-learn's C) on standardised features.
    clip : standardised features are clipped to plus or minus this, so that one rare feature cannot decide.
    iterations : most steps of the solver.
    """

    characters: int = 600
    strength: float = 0.01
    clip: float = 3.0
    iterations: int = 200

    name = "style_classifier"
    channel = Channel.STYLE
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `log_odds`, nats an answer: ln p(teacher) - ln mean p(other columns).

        A subject that is itself a column meets a classifier that has learned from its answers to other
        probes. That is so in its own cell, which nobody is judged by, and makes its other cells low.
        """
        counts, totals, answered = count_panel(panel, self.characters)
        features = np.sqrt(counts / np.maximum(totals[:, :, DENOMINATOR], 1.0))
        # In the order of probe ids, so that neither the halves nor the fit depend on that of the panel.
        order = np.argsort([p.id for p in panel.probes], kind="stable")
        values = np.full((len(panel.subjects), len(teachers), len(order)), np.nan, dtype=np.float32)
        columns = list(teachers)
        for half in (0, 1):
            learned, read = order[half::2], order[1 - half :: 2]
            log_p = self._fit(features[columns][:, learned], answered[columns][:, learned])
            for probe in read:
                values[:, :, probe] = against_the_others(log_p(features[:, probe]))
        values[~np.broadcast_to(answered[:, None, :], values.shape)] = np.nan
        return (Measurement(self.name, "log_odds", self.channel, "nats", values, asdict(self)),)

    def _fit(self, features: Float32, answered: Bool) -> Callable[[Float32], Float64]:
        """Learn to tell the columns apart.

        Parameters
        ----------
        features : (n_teachers, n_probes, n_features) float32; answered : (n_teachers, n_probes) bool.

        Returns
        -------
        (n_answers, n_features) -> (n_answers, n_teachers) log-probabilities; NaN for a column that never
        answered.
        """
        held_out = np.arange(answered.shape[1]) % CALIBRATION_EVERY == CALIBRATION_EVERY - 1
        learned, held = answered & ~held_out, answered & held_out
        classes = np.flatnonzero(learned.any(axis=1))
        n_columns, clip = len(answered), self.clip
        if len(classes) < 2:
            return lambda rows: _uniform(len(rows), n_columns, classes)
        rows, labels = features[learned], np.nonzero(learned)[0]
        center, spread = rows.mean(axis=0), rows.std(axis=0)
        used = spread > SAME
        if not used.any():
            return lambda rows: _uniform(len(rows), n_columns, classes)

        def standardised(rows: Float32) -> Float32:
            z: Float32 = np.clip((rows[:, used] - center[used]) / spread[used], -clip, clip)
            return z

        regression = LogisticRegression(C=self.strength, max_iter=self.iterations, class_weight="balanced")
        regression.fit(standardised(rows), labels)
        held &= learned.any(axis=1)[:, None]
        scores = _scores(regression, standardised(features[held])) if held.any() else np.empty((0, 0))
        temperature = calibration_temperature(scores, np.searchsorted(classes, np.nonzero(held)[0]))

        def log_probabilities(rows: Float32) -> Float64:
            log_p = _uniform(len(rows), n_columns, classes)
            log_p[:, classes] = log_softmax(_scores(regression, standardised(rows)) / temperature, axis=1)
            return log_p

        return log_probabilities


def _scores(regression: LogisticRegression, rows: Float32) -> Float64:
    """(n_answers, n_classes) scores; scikit-learn gives one column for two classes."""
    scores: Float64 = regression.decision_function(rows).astype(np.float64)
    return scores if scores.ndim == 2 else np.stack((np.zeros_like(scores), scores), axis=1)


def _uniform(n_answers: int, n_columns: int, classes: Int64) -> Float64:
    """(n_answers, n_columns) log-probabilities that tell no class from another; NaN for the rest."""
    log_p = np.full((n_answers, n_columns), np.nan)
    log_p[:, classes] = -np.log(max(len(classes), 1))
    return log_p


def calibration_temperature(scores: Float64, labels: Int64) -> float:
    """The temperature by which scores must be divided to be least surprised by the labels.

    Parameters
    ----------
    scores : (n_answers, n_classes) float64, of answers that were not learned from; labels : (n_answers,).

    Returns
    -------
    A number between `COLDEST` and `HOTTEST`; 1 without answers.
    """
    if not len(labels):
        return 1.0

    def surprise(log_temperature: float) -> float:
        log_p = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(log_p[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(surprise, bounds=np.log((COLDEST, HOTTEST)), method="bounded").x))


def against_the_others(log_p: Float64) -> Float64:
    """Log-odds of each column: ln p(column) - ln mean p(the other columns); 0 where there is no other column.

    Parameters
    ----------
    log_p : (n_answers, n_columns) float64, NaN = not measurable.
    """
    measurable = ~np.isnan(log_p)
    others = measurable.sum(axis=1, keepdims=True) - 1
    p = np.clip(np.exp(log_p), CERTAIN, 1 - CERTAIN)
    odds = np.log(p) - np.log1p(-p) + np.log(np.maximum(others, 1))
    against: Float64 = np.where(measurable & (others < 1), 0.0, odds)
    return against
