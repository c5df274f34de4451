"""`errors`: whether a subject makes the teacher's mistakes on closed questions.

`identical_wrong` is the rate of identical wrong options minus the rate expected from the wrong options of
the other models of like accuracy; `kappa` is chance-adjusted agreement (CAPA's kappa_p on one-hot answers:
Goel et al. 2025, arXiv 2502.04313). Leaves out questions without a key, options' probabilities
and how the option is read (`choices.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from detectors.choices import LETTERS, NONE, Int16, choices, chosen_option, keys_of
from detectors.types import Access, Bool, Channel, Float32, Float64, Measurement, PanelView


@dataclass(frozen=True)
class Errors:
    """Identical mistakes and chance-adjusted agreement.

    Parameters
    ----------
    least : with fewer keyed probes than this nothing is measured.
    nearness : width of the kernel, in accuracy, that weighs the other models by how close theirs is to the
        subject's: capable models fall for the same options.
    smoothing : pseudo-count of wrong answers, spread evenly over the wrong options.
    characters : how much of an answer is searched for its option, from the end.
    """

    least: int = 20
    nearness: float = 0.1
    smoothing: float = 1.0
    characters: int = 4000

    name = "errors"
    channel = Channel.ERRORS
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """An answer key, enough probes that have one, and answers that name an option."""
        keys, _ = keys_of(panel)
        keyed = np.flatnonzero(keys != NONE)
        if not len(keyed):
            return "needs an answer key (audit compare --key)"
        if len(keyed) < self.least:
            return f"needs at least {self.least} probes with an answer key, got {len(keyed)}"
        answers = (text for probe in keyed for text in panel.answers(int(probe)) if text is not None)
        if all(chosen_option(text, len(LETTERS), self.characters) is None for text in answers):
            return "needs answers that name an option (A, B, ...); none does"
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `identical_wrong` and `kappa`; NaN where not both are wrong, or not both chose."""
        keys, options = keys_of(panel)
        chosen = choices(panel, self.characters)
        options = np.where(options > 0, options, np.maximum(chosen.max(axis=0, initial=1), keys) + 1)
        columns = np.asarray(teachers, dtype=np.int64)
        weights = self._capability_weights(chosen, keys, panel.groups)
        wrong = identical_wrong(
            chosen, keys, options, same_group(panel.groups), weights, columns, self.smoothing
        )
        agreement = kappa(chosen, keys, options, columns)
        params = asdict(self)
        return (
            Measurement(self.name, "identical_wrong", self.channel, "excess rate", wrong, params),
            Measurement(self.name, "kappa", self.channel, "kappa_p", agreement, params),
        )

    def _capability_weights(self, chosen: Int16, keys: Int16, groups: Sequence[str]) -> Float64:
        """(n_subjects, n_subjects) float64: how much each model counts in what is expected of a subject."""
        answered = (chosen != NONE).sum(axis=1)
        accuracy = (chosen == np.where(keys == NONE, NONE - 1, keys)).sum(axis=1) / np.maximum(answered, 1)
        kernel = np.exp(-((accuracy[:, None] - accuracy[None, :]) ** 2) / (2 * self.nearness**2))
        weights: Float64 = np.where(same_group(groups), 0.0, kernel)
        return weights


def same_group(groups: Sequence[str]) -> Bool:
    """(n_subjects, n_subjects) bool: whether two subjects are sibling checkpoints, or one and the same."""
    number = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)[1]
    same: Bool = number[:, None] == number[None, :]
    return same


def identical_wrong(
    chosen: Int16,
    keys: Int16,
    options: Int16,
    siblings: Bool,
    weights: Float64,
    columns: np.ndarray,
    smoothing: float,
) -> Float32:
    """Whether subject and teacher give the same wrong option, less how often others would.

    Expected is the share of the teacher's option among the wrong answers of all other models, weighted
    for each subject, without the siblings of either: they would count the same mistakes twice.

    Parameters
    ----------
    chosen : (n_subjects, n_probes) int16; keys, options : (n_probes,) int16.
    siblings : (n_subjects, n_subjects) bool; weights : the same shape, 0 for the subject's siblings.
    columns : (n_teachers,) int64, rows of the teachers.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32 in (-1, 1); NaN unless both are wrong.
    """
    values = np.full((len(chosen), len(columns), chosen.shape[1]), np.nan, dtype=np.float32)
    eligible = ~siblings[:, columns]  # (n_others, n_teachers)
    for probe in np.flatnonzero(keys != NONE):
        answers = chosen[:, probe]
        wrong = (answers != NONE) & (answers != keys[probe])
        same = answers[:, None] == answers[None, columns]
        others = eligible & wrong[:, None]
        alike, total = weights @ (others & same), weights @ others.astype(np.float64)
        even = smoothing / max(int(options[probe]) - 1, 1)
        both = wrong[:, None] & wrong[None, columns]
        values[:, :, probe] = np.where(both, same - (alike + even) / (total + smoothing), np.nan)
    return values


def kappa(chosen: Int16, keys: Int16, options: Int16, columns: np.ndarray) -> Float32:
    """CAPA's kappa_p of one-hot answers, as jackknife pseudo-values whose mean is the statistic.

    Parameters
    ----------
    chosen : (n_subjects, n_probes) int16; keys, options : (n_probes,) int16; columns : (n_teachers,) int64.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN unless both chose an option.
    """
    values = np.full((len(chosen), len(columns), chosen.shape[1]), np.nan, dtype=np.float32)
    keyed = np.flatnonzero(keys != NONE)
    sums = sum((_agreement(chosen[:, p], keys[p], options[p], columns) for p in keyed), np.zeros(()))
    if not len(keyed):
        return values
    whole = _kappa_of(sums)
    for probe in keyed:
        own = _agreement(chosen[:, probe], keys[probe], options[probe], columns)
        pseudo = sums[0] * whole - (sums[0] - 1) * _kappa_of(sums - own)
        values[:, :, probe] = np.where(own[0] > 0, pseudo, np.nan)
    return values


def _agreement(answers: Int16, key: int, options: int, columns: np.ndarray) -> Float64:
    """What one probe adds for each pair: both chose, same, either right, 1 / wrong options."""
    both = (answers != NONE)[:, None] & (answers[columns] != NONE)[None, :]
    same = answers[:, None] == answers[None, columns]
    right, teacher_right = (answers == key)[:, None], (answers[columns] == key)[None, :]
    rows = (both, both & same, both & right, both & teacher_right, both / max(options - 1, 1))
    return np.stack([r.astype(np.float64) for r in rows])


def _kappa_of(sums: Float64) -> Float64:
    """(observed - expected) / (1 - expected) from the sums of `_agreement`; NaN where undefined."""
    n, same, right, teacher_right, spread = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = right / n, teacher_right / n
        expected = p * q + (1 - p) * (1 - q) * spread / n
        value = np.where(expected < 1, (same / n - expected) / (1 - expected), np.nan)
    return value
