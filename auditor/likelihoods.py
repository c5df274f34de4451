"""What the held-out likelihood ratios are worth: cost, calibration, and how often they mislead.

All of it on ratios before the cap that `audit compare` puts on them. Cllr, ECE and Tippett weigh every
family of a kind equally; rates of misleading evidence count pairs. Leaves out the fit (`calibration.py`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor import calibration
from auditor.judged import Judged
from auditor.rates import rate, resampled
from detectors.types import Bool, Float64

PRIORS = np.arange(-25, 26) / 10
LIMITS = (10, 100, 1000)


def costs(clear: Judged) -> dict[str, Any]:
    """Cllr, its interval over resampled families, and Cllr after the best recalibration; None without LRs."""
    found = _calibrated(clear)
    if found is None:
        return dict.fromkeys(("cllr", "cllr_family95", "cllr_min"))
    log10_lr, positive, weight, families = found
    return {
        "cllr": calibration.cllr(log10_lr, positive, weight),
        "cllr_family95": cllr_interval(log10_lr, positive, families),
        "cllr_min": calibration.cllr_min(log10_lr, positive, weight),
    }


def cllr_interval(log10_lr: Float64, positive: Bool, families: NDArray[np.str_]) -> list[float]:
    """95 % interval of Cllr, families resampled: students and innocents of one move together."""
    names, inverse = np.unique(families, return_inverse=True)
    counts = resampled(len(names))
    drawn = np.zeros(len(counts))
    kept = np.ones(len(counts), dtype=bool)
    for kind, sign in ((positive, -1), (~positive, 1)):
        bits = np.logaddexp(0, sign * log10_lr * calibration.LN10) / np.log(2)
        size = np.bincount(inverse[kind], minlength=len(names))
        mean = np.bincount(inverse[kind], bits[kind], len(names)) / np.maximum(size, 1)
        present = counts @ (size > 0)
        kept &= present > 0
        drawn += 0.5 * (counts @ mean) / np.maximum(present, 1)
    low, high = np.quantile(drawn[kept], (0.025, 0.975))
    return [float(low), float(high)]


def tippett(clear: Judged) -> dict[str, list[float]] | None:
    """Share of students and of innocents at or above each log10 LR, families of a kind equal."""
    found = _calibrated(clear)
    if found is None:
        return None
    at, students, innocents = calibration.tippett(*found[:3])
    return {"log10_lr": at.tolist(), "students": students.tolist(), "innocents": innocents.tolist()}


def ece(clear: Judged) -> dict[str, list[float]] | None:
    """Empirical cross-entropy in bits over prior log10 odds, families of a kind equal.

    Of the LRs as they are, after the best recalibration (pool adjacent violators), and of LRs of 1.
    """
    found = _calibrated(clear)
    if found is None:
        return None
    log10_lr, positive, weight, _ = found
    ratios = {
        "observed": log10_lr,
        "calibrated": calibration.recalibrated(log10_lr, positive, weight),
        "reference": np.zeros(len(log10_lr)),
    }
    curves = {k: calibration.ece(lr, positive, weight, PRIORS).tolist() for k, lr in ratios.items()}
    return {"log10_prior_odds": PRIORS.tolist(), **curves}


def misleading(clear: Judged) -> dict[str, dict[str, Any]]:
    """Innocents at an LR of the limit or more, students at one over the limit or less, for each limit."""
    lr, known = clear.log10_lr, np.isfinite(clear.log10_lr)
    return {
        str(limit): {
            "innocents": asdict(rate(lr >= np.log10(limit), clear.families, clear.controls & known)),
            "students": asdict(rate(lr <= -np.log10(limit), clear.families, clear.students & known)),
        }
        for limit in LIMITS
    }


def _calibrated(clear: Judged) -> tuple[Float64, Bool, Float64, NDArray[np.str_]] | None:
    """log10 LR, kind, weight and family of the pairs that have a ratio; None unless both kinds have."""
    known = np.isfinite(clear.log10_lr)
    positive, families = clear.students[known], clear.families[known]
    if not positive.any() or positive.all():
        return None
    weight = calibration.equal_weights(positive, families)
    return clear.log10_lr[known], positive, weight, families
