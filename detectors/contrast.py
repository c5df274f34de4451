"""`contrast`: whether a subject left its base, on neutral text, in the direction the teacher lies.

Partial correlation, over spans of text that nobody of the panel wrote, of s = log p_S - log p_B and
t = log p_T - log p_B (B: S's own base), after both are regressed on a constant, log p_B, the references'
mean deviation, each decoy teacher's deviation and those of models trained on the teacher's public data
(docs/method.md, section 3, "contrast"). Decoys and models of the same data are, like the teacher, taken
less *S's* base, the references less their own. Leaves out choosing neutral text, and telling a student
from a fine-tune or copy of the teacher (run `descent` first); without a model of the same public data it
cannot tell a student from such a model either, and says so in its parameters.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from detectors.scored_view import Deviations, ScoredView, correlation_parts, deviations
from detectors.scores import NEUTRAL
from detectors.types import Access, Channel, Float64, Measurement


@dataclass(frozen=True)
class Contrast:
    """Partial contrast correlation on neutral text.

    Parameters
    ----------
    fewest : with fewer spans nothing is measured.
    references : how many reference models, besides the subject and its siblings, a mean needs.
    decoys : how many decoy teachers a column needs; without them students of any teacher look distilled.
    """

    fewest: int = 1000
    references: int = 3
    decoys: int = 2

    name = "contrast"
    channel = Channel.LIKELIHOOD
    needs = Access.PROMPT_LOGPROBS

    def lacks(self, view: ScoredView) -> str:
        """Neutral text that subjects and their own bases scored, and reference models."""
        if not any(text.text_of == NEUTRAL for scores in view.scores for text in scores.texts):
            return "needs log-probabilities of neutral text (text that no model of the panel wrote)"
        if len(view.unmeasured()) == len(view.subjects):
            return "needs log-probabilities of neutral text from a model and from its own base"
        known = max((len(names) for names in view.references.values()), default=0)
        if known < self.references:
            return f"needs at least {self.references} reference models for a teacher, got {known}"
        return ""

    def measure(self, view: ScoredView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `partial_correlation`, in [-1, 1], as parts whose mean it is.

        A reference is left out of its own mean, with its siblings, and so is the subject. Decoys of a
        column are the other columns, without the teacher's provider and the subject's own.

        Parameters
        ----------
        teachers : rows of `view.subjects`: teachers and decoys.

        Returns
        -------
        One measurement of (n_subjects, n_teachers, n_documents) float32. The last axis holds the neutral
        documents in order of their ids, *not* the probes of the panel. NaN: no base, teacher without
        scores, too few references or decoys, or nothing of the subject left after the regression.
        `params["without_same_data"]` names the teachers for which no model of the same public data scored
        the text: for these, a model of that data looks like a student.
        """
        names = [view.subjects[t] for t in teachers]
        controls = _controls(view, names)
        others = [control for found in controls.values() for control in found]
        lie = deviations(view, NEUTRAL, others=(*names, *others))
        n_documents = len(lie.found.texts) if lie else 0
        values = np.full((len(view.subjects), len(teachers), n_documents), np.nan, np.float32)
        if lie and len(lie.found.text) >= self.fewest:
            for place, row in enumerate(lie.rows):
                values[row] = self._row(view, lie, place, names, controls)
        params = asdict(self) | {
            "documents": n_documents,
            "same_data": {name: list(found) for name, found in controls.items() if found},
            "without_same_data": [name for name, found in controls.items() if not found],
        }
        return (
            Measurement(
                *(self.name, "partial_correlation", self.channel, "partial correlation", values, params),
                contrasted=True,
            ),
        )

    def _row(
        self,
        view: ScoredView,
        lie: Deviations,
        place: int,
        teachers: list[str],
        controls: dict[str, tuple[str, ...]],
    ) -> Float64:
        """(n_teachers, n_documents) of one subject: one QR holds every regression of the row."""
        found, base = lie.found, lie.base[place]
        subject = view.subjects[lie.rows[place]]
        columns: dict[tuple[str, str], Float64] = {
            ("", "one"): np.ones(len(base)),
            ("", "base"): base,
            ("", "own"): lie.deviation[place],
        }
        for teacher in teachers:
            if teacher in found.scorers:
                columns["teacher", teacher] = found.row(teacher) - base
            known = _mean_reference(view, lie, subject, teacher, self.references)
            if known is not None:
                columns["references", teacher] = known
            for control in controls[teacher]:
                if not view.kin(control, subject, view.groups):
                    columns["control", control] = found.row(control) - base
        q, r = np.linalg.qr(np.stack(list(columns.values()), axis=1))
        at = {key: i for i, key in enumerate(columns)}
        parts = np.full((len(teachers), len(found.texts)), np.nan)
        for i, teacher in enumerate(teachers):
            decoys = [
                d
                for d in teachers
                if ("teacher", d) in at
                and not view.kin(d, teacher, view.providers)
                and not view.kin(d, subject, view.providers)
            ]
            wanted = ("teacher", teacher) in at and ("references", teacher) in at
            if not wanted or len(decoys) < self.decoys:
                continue
            given = [at["", "one"], at["", "base"], at["references", teacher]]
            given += [at["teacher", d] for d in decoys]
            given += [at["control", c] for c in controls[teacher] if ("control", c) in at]
            both = r[:, [at["", "own"], at["teacher", teacher]]]
            left = both - r[:, given] @ np.linalg.lstsq(r[:, given], both, rcond=None)[0]
            y, d = (q @ left).T
            parts[i] = correlation_parts(y, d, found, [t.probe for t in found.texts])
        return parts


def _controls(view: ScoredView, teachers: list[str]) -> dict[str, tuple[str, ...]]:
    """By teacher, the models of its public data that scored neutral text."""
    scored = {s.scorer for s in view.scores if any(t.text_of == NEUTRAL for t in s.texts)}
    return {t: tuple(c for c in view.same_data.get(t, ()) if c in scored) for t in teachers}


def _mean_reference(
    view: ScoredView, lie: Deviations, subject: str, teacher: str, fewest: int
) -> Float64 | None:
    """(n_spans,) mean deviation of a teacher's references, without the subject, its siblings and controls."""
    left_out = (subject, teacher, *view.same_data.get(teacher, ()))
    places = [
        place
        for place, row in enumerate(lie.rows)
        if view.subjects[row] in view.references.get(teacher, ())
        and not any(view.kin(view.subjects[row], other, view.groups) for other in left_out)
    ]
    return lie.deviation[places].mean(axis=0) if len(places) >= fewest else None
