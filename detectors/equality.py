"""`equality`: how far two models are apart in the log-probabilities that they give to one text.

The statistic is a *gap*: the mean difference, without its sign, of what two models give to the same spans of
the same texts after the same prompts. Rounding of weights moves it a little, every training much more. Two
models are never called the same for a small gap alone: texts may be easy for everybody, so the gaps between
reference models and the teacher are the null, and the gap must be small beside the least of them. Leaves out
which models are references, how near rounding comes (`auditor/equality.py`), and sampled answers (Gao, Liang
& Guestrin 2024, Model Equality Testing, arXiv 2410.20247, whose question this is; their test sees samples
alone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from detectors.null import MODEL_BASED_FLOOR, rank_p
from detectors.scores import Scores, TextId, aligned, taken

# A gap below this counts as this: its logarithm must be finite, and two runs of one model differ by as much.
SMALLEST = 1e-7
# With fewer models no p below `MODEL_BASED_FLOOR` is quoted.
FLOOR_LIFTED_AT = 100


@dataclass(frozen=True)
class Gap:
    """Mean difference of two models' log-probabilities, nats a span; spans and texts that it rests on.

    A span is a token where both models cut alike, else what lies between two cuts that both have.
    """

    value: float
    spans: int
    texts: int


@dataclass(frozen=True)
class Closeness:
    """How small a gap is among those of reference models.

    p_rank : (1 + references with a gap as small) / (K + 1); p_floor : the least that can be. p_t : predictive
    t on the logarithm of the gap (model based), never below .001 with fewer than 100 references.
    """

    p_rank: float
    p_floor: float
    p_t: float


def gap(one: Scores, other: Scores, texts: Collection[TextId]) -> Gap | None:
    """Gap between two models on these texts, as far as both scored them; None = there is no common span.

    Where the two cut most texts alike, texts that they cut otherwise are left out: a model may spell its
    answer in tokens that its tokenizer would not choose, and then what stands before a token is not the same.
    """
    wanted = set(texts) & set(one.texts) & set(other.texts)
    if one.scorer == other.scorer:
        return None
    alike = cut_alike(one, other, wanted)
    wanted = alike if 2 * len(alike) > len(wanted) else wanted
    if not wanted:
        return None
    both = aligned([taken(scores, wanted) for scores in (one, other)])
    if not both.logprobs.shape[1]:
        return None
    differences = np.abs(both.logprobs[0] - both.logprobs[1])
    return Gap(float(differences.mean()), len(differences), len(np.unique(both.text)))


def cut_alike(one: Scores, other: Scores, texts: Collection[TextId]) -> set[TextId]:
    """The texts that both cut into the same tokens, as far as both scored them."""
    ends = [
        {t: s.ends[a:b] for t, a, b in zip(s.texts, s.starts, s.starts[1:], strict=False) if t in texts}
        for s in (one, other)
    ]
    return {
        text
        for text, mine in ends[0].items()
        if np.array_equal(mine[: len(ends[1][text])], ends[1][text][: len(mine)])
    }


def closeness(value: float, references: Sequence[float]) -> Closeness:
    """How unusually small a gap is.

    Parameters
    ----------
    value : gap of the student; references : (K,) gaps of reference models on the same texts, K at least 2.
    """
    logs = np.log(np.maximum(np.array(references, np.float64), SMALLEST))
    mine = np.log(max(value, SMALLEST))
    n = len(logs)
    p_rank, p_floor = rank_p(-mine, -logs)
    scale = logs.std(ddof=1) * np.sqrt(1 + 1 / n)
    p_t = float(stats.t.cdf((mine - logs.mean()) / scale, n - 1)) if scale > 0 else 1.0
    return Closeness(p_rank, p_floor, p_t if n >= FLOOR_LIFTED_AT else max(p_t, MODEL_BASED_FLOOR))
