"""`lift`: how much likelier a subject finds a teacher's answers than the subject's own base does.

The three-way likelihood lift of docs/method.md, section 3 ("lift"): student, base and teacher's text, and a
fourth party, the decoys' texts, which the model-level null subtracts (`null.py`). Beside it the lift where
the teacher itself deviates, and the correlation of the two deviations. Leaves out matching the lengths of
texts (the null's), texts that teacher and decoy share word for word (their lift cancels in the contrast),
and telling a student from a model of the teacher's own training corpus or from a copy: see
docs/detectors/lift.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from detectors.scored_view import ScoredView, by_probe, correlation_parts, deviations, ratio_parts
from detectors.scores import Aligned
from detectors.types import Access, Channel, Float64, Measurement

LN2 = float(np.log(2.0))
STATISTICS = {"lift": "bits/byte", "weighted": "bits/byte", "correlation": "correlation"}


@dataclass(frozen=True)
class Lift:
    """Likelihood lift on the teachers' recorded answers.

    Parameters
    ----------
    fewest : with fewer spans on one author's texts nothing is measured.
    """

    fewest: int = 100

    name = "lift"
    channel = Channel.LIKELIHOOD
    needs = Access.PROMPT_LOGPROBS

    def lacks(self, view: ScoredView) -> str:
        """Scores of at least one subject and of its own base."""
        reasons = view.unmeasured()
        if len(reasons) < len(view.subjects):
            return ""
        return "needs log-probabilities of the panel's answers from a model and from its own base"

    def measure(self, view: ScoredView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `lift`, `weighted` and `correlation`, the last two only where the teacher scored, too.

        With s = log p_S - log p_B and t = log p_T - log p_B over the spans of T's answers, B being S's own
        base: `lift` is sum(s) / bytes by probe; `weighted` sum(max(t, 0) s) / sum(max(t, 0) bytes) and
        `correlation` that of s and t, both over all probes, given as parts whose mean they are.

        Parameters
        ----------
        teachers : rows of `view.subjects`: teachers and decoys.

        Returns
        -------
        Three measurements of (n_subjects, n_teachers, n_probes) float32; NaN for subjects without a base
        of their own (`ScoredView.unmeasured`) and for probes that not everybody scored.
        """
        shape = (len(view.subjects), len(teachers), len(view.probes))
        values = {name: np.full(shape, np.nan, np.float32) for name in STATISTICS}
        for column, teacher in enumerate(teachers):
            author = view.subjects[teacher]
            lie = deviations(view, author, others=(author,))
            if lie is None or len(lie.found.text) < self.fewest:
                continue
            for base, deviation, row in zip(lie.base, lie.deviation, lie.rows, strict=True):
                for name, parts in _parts(lie.found, base, deviation, author, view.probes).items():
                    values[name][row, column] = parts
        params = asdict(self)
        return tuple(
            Measurement(self.name, name, self.channel, unit, values[name], params)
            for name, unit in STATISTICS.items()
        )


def _parts(
    found: Aligned, base: Float64, deviation: Float64, author: str, probes: Sequence[str]
) -> dict[str, Float64]:
    """(n_probes,) by statistic, of one subject on one author's texts."""

    def added(values: Float64) -> Float64:
        return by_probe(found.sums(values), found, probes)

    bits = deviation / LN2
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = {"lift": added(bits) / added(found.n_bytes.astype(np.float64))}
    if author not in found.scorers:
        return parts
    of_teacher = found.row(author) - base
    weight = np.maximum(of_teacher, 0.0)
    parts["weighted"] = ratio_parts(added(weight * bits), added(weight * found.n_bytes))
    parts["correlation"] = correlation_parts(deviation, of_teacher, found, probes)
    return parts
