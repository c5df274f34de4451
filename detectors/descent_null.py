"""What chance alone gives for the statistics of `descent.py`: one-sided p-values, as log10, never zero.

Spearman's null is exact for few units and beyond that the larger of its two usual approximations; that of
its mean over runs is exact for few runs; the signed-rank null (Wilcoxon 1945) is exact for few pairs. Beyond,
both are normal. The approximations lie above the true tail where p is very small, because the statistics are
bounded. Leaves out the statistics themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import permutations
from math import lgamma, log, log10

import numpy as np
from scipy import stats

from detectors.types import Float64

# Up to this many units all n! orders are counted, and up to this many pairs all 2^n signs.
EXACT_UNITS, EXACT_PAIRS = 8, 50
# Units in a run, and the number of runs up to which the sum of their correlations is counted out.
RUN, EXACT_RUNS = 8, 12


def spearman_log10(rho: float, n: int, margin: float = 0.0) -> float:
    """log10 P(Spearman's rho >= `rho`) for n units in an order drawn at random.

    Parameters
    ----------
    rho : rank correlation without ties; n : number of units.
    margin : the null grants this much correlation before anything counts (0 = a random order).

    Returns
    -------
    log10 p. Up to 8 units all orders are counted; else the larger of the normal and the t approximation
    (n - 2 degrees of freedom; Kendall & Stuart 1973, section 31.19), never below 1 / n!.
    """
    if n < 3:
        return 0.0
    if n <= EXACT_UNITS and margin == 0.0:
        return float(log10(np.mean(_all_rhos(n) >= rho - 1e-9)))
    beyond = rho - margin
    normal = stats.norm.logsf(beyond * np.sqrt(n - 1))
    room = max(1.0 - beyond**2, 1e-300)
    student = stats.t.logsf(beyond * np.sqrt((n - 2) / room), n - 2)
    return float(max(normal, student, -lgamma(n + 1)) / log(10))


def runs_log10(order: np.ndarray) -> tuple[float, float]:
    """Mean of Spearman's rho within runs of 8 neighbours, and log10 P(at least that | a random order).

    Parameters
    ----------
    order : (n,) int64 without ties; cut into runs of 8, what is left over counts only where n is below 8.

    Returns
    -------
    (mean rho, log10 p). The runs of a random order are independent, so their sum is counted out for up to 12
    runs, else normal with variance 1/7 a run and continuity correction, never below the chance that all runs
    are in order.
    """
    if len(order) < RUN:
        rho = float(stats.spearmanr(np.arange(len(order)), order).statistic) if len(order) > 2 else 0.0
        return rho, spearman_log10(rho, len(order))
    runs = order[: len(order) // RUN * RUN].reshape(-1, RUN)
    ranks = runs.argsort(axis=1).argsort(axis=1)
    apart = int(((ranks - np.arange(RUN)) ** 2).sum()) // 2
    step = 12.0 / (len(runs) * RUN * (RUN**2 - 1))
    mean = 1.0 - step * apart
    if len(runs) <= EXACT_RUNS:
        return mean, log10(min(float(_apart(len(runs))[: apart + 1].sum()), 1.0))
    normal = float(stats.norm.logsf((mean - step / 2) * np.sqrt(len(runs) * (RUN - 1))))
    return mean, max(normal, -len(runs) * lgamma(RUN + 1)) / log(10)


@cache
def _apart(runs: int) -> Float64:
    """Chance of every sum of squared rank differences, halved, over this many runs."""
    squares = np.rint((1.0 - _all_rhos(RUN)) * RUN * (RUN**2 - 1) / 12).astype(np.int64)
    one: Float64 = np.bincount(squares) / len(squares)
    return one if runs == 1 else np.convolve(_apart(runs - 1), one)


@cache
def _all_rhos(n: int) -> Float64:
    """(n!,) rho of every order of n units with the order itself."""
    orders = np.array(list(permutations(range(n))), dtype=np.float64)
    squares = ((orders - np.arange(n)) ** 2).sum(axis=1)
    rhos: Float64 = 1.0 - 6.0 * squares / (n * (n**2 - 1))
    return rhos


def signed_rank_log10(values: Float64) -> float:
    """log10 p that values of random sign reach this signed-rank sum (Wilcoxon 1945), positive = larger.

    Parameters
    ----------
    values : (n_pairs,) float64; given their absolute values, every sign is a fair coin under the null.
        Zeros have no sign and are left out.

    Returns
    -------
    log10 p: all 2^n signs for up to 50 pairs, the normal approximation without continuity correction beyond.
    """
    kept = values[values != 0]
    if len(kept) == 0:
        return 0.0
    ranks = stats.rankdata(np.abs(kept))
    observed = float(ranks[kept > 0].sum())
    if len(kept) <= EXACT_PAIRS:
        return _signed_rank_exact(np.rint(2 * ranks).astype(np.int64), round(2 * observed))
    spread = np.sqrt((ranks**2).sum()) / 2
    return float(stats.norm.logsf((observed - ranks.sum() / 2) / spread) / log(10))


def _signed_rank_exact(doubled: np.ndarray, observed: int) -> float:
    """By dynamic programming over the sums of doubled ranks, (n_pairs,) int64, so that ties stay whole."""
    chance = np.zeros(int(doubled.sum()) + 1)
    chance[0] = 1.0
    for rank in doubled:
        chance = chance / 2 + np.concatenate((np.zeros(rank), chance[:-rank])) / 2
    return log10(max(min(float(chance[observed:].sum()), 1.0), 2.0 ** -len(doubled)))


def bonferroni_log10(each: Sequence[float]) -> float:
    """log10 of the smallest p times the number of tests, at most 0; holds under any dependence."""
    return min(0.0, min(each) + log10(len(each)))


def plain(log10_p: float) -> float:
    """The p-value itself, never rounded down to zero."""
    return float(max(10.0**log10_p, np.finfo(np.float64).tiny))
