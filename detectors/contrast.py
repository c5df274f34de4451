"""`contrast`: whether a subject left its base in the direction the teacher lies, beyond what others share.

Partial correlation over spans of text of s = log p_S - log p_B and t = log p_T - log p_B (B: S's own base),
after both are regressed on a constant, log p_B, the references' mean deviation, each decoy teacher's
deviation and those of models trained on the teacher's public data (docs/method.md, section 3, "contrast").
Decoys and models of the same data are, like the teacher, taken less *S's* base, the references less their
own. On neutral text, and on the teacher's own answers, which show a small share of its outputs better.

Leaves out choosing neutral text, and telling a student from a fine-tune or copy of the teacher (run `descent`
first); without models of the same public data it cannot tell a student from these either, and says so in its
parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from detectors.scored_view import Deviations, ScoredView, correlation_parts, deviations
from detectors.scores import NEUTRAL
from detectors.types import Access, Channel, Float32, Float64, Measurement

UNIT = "partial correlation"


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
        """Texts that subjects and their own bases scored, and reference models."""
        if len(view.unmeasured()) == len(view.subjects):
            return "needs log-probabilities of texts from a model and from its own base"
        known = max((len(names) for names in view.references.values()), default=0)
        if known < self.references:
            return f"needs at least {self.references} reference models for a teacher, got {known}"
        return ""

    def measure(self, view: ScoredView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `neutral` and `answers`, each in [-1, 1] and given as parts whose mean it is.

        A reference is left out of its own mean, with its siblings, and so is the subject. Decoys of a
        column are the other columns, without the teacher's provider and the subject's own.

        Parameters
        ----------
        teachers : rows of `view.subjects`: teachers and decoys.

        Returns
        -------
        `answers`, on each column's own answers: (n_subjects, n_teachers, n_probes) float32.
        `neutral`: (n_subjects, n_teachers, n_documents); its last axis holds the neutral documents in order
        of their ids, *not* the probes of the panel (one column of NaN where nobody scored any).
        NaN: no base, teacher without scores, too few references or decoys, or nothing of the subject left
        after the regression. `params["without_same_data"]` names the teachers for which no model of the
        same public data scored the text: for these, a model of that data looks like a student.
        """
        names = [view.subjects[t] for t in teachers]
        shape = (len(view.subjects), len(names))
        answers = np.full((*shape, len(view.probes)), np.nan, np.float32)
        for column, name in enumerate(names):
            lie = self._side_by_side(view, name, names)
            if lie:
                self._fill(answers[:, column : column + 1], view, lie, names, [name], view.probes)
        lie = self._side_by_side(view, NEUTRAL, names)
        documents = tuple(t.probe for t in lie.found.texts) if lie else ()
        neutral = np.full((*shape, max(len(documents), 1)), np.nan, np.float32)
        if lie:
            self._fill(neutral, view, lie, names, names, documents)
        return (
            self._measured("neutral", neutral, {n: _controls(view, n, NEUTRAL) for n in names}),
            self._measured("answers", answers, {n: _controls(view, n, n) for n in names}),
        )

    def _side_by_side(self, view: ScoredView, text_of: str, names: Sequence[str]) -> Deviations | None:
        controls = [control for name in names for control in _controls(view, name, text_of)]
        lie = deviations(view, text_of, others=(*names, *controls))
        return lie if lie and len(lie.found.text) >= self.fewest else None

    def _measured(self, name: str, values: Float32, controls: dict[str, tuple[str, ...]]) -> Measurement:
        params = asdict(self) | {
            "same_data": {teacher: list(found) for teacher, found in controls.items() if found},
            "without_same_data": [teacher for teacher, found in controls.items() if not found],
        }
        if name == "neutral":
            params["documents"] = values.shape[2]
        return Measurement(self.name, name, self.channel, UNIT, values, params, contrasted=True)

    def _fill(
        self,
        values: Float32,
        view: ScoredView,
        lie: Deviations,
        names: list[str],
        asked: list[str],
        probes: Sequence[str],
    ) -> None:
        """Write the parts of every measurable subject; `names`: all columns, `asked`: those of `values`."""
        text_of = lie.found.texts[0].text_of
        controls = {name: _controls(view, name, text_of) for name in asked}
        for place, row in enumerate(lie.rows):
            values[row] = self._row(view, lie, place, names, controls, probes)

    def _row(
        self,
        view: ScoredView,
        lie: Deviations,
        place: int,
        names: list[str],
        controls: dict[str, tuple[str, ...]],
        probes: Sequence[str],
    ) -> Float64:
        """(n_asked, n_probes) of one subject: one QR holds every regression of the row."""
        found, base = lie.found, lie.base[place]
        subject = view.subjects[lie.rows[place]]
        columns: dict[tuple[str, str], Float64] = {
            ("", "one"): np.ones(len(base)),
            ("", "base"): base,
            ("", "own"): lie.deviation[place],
        }
        for name in names:
            if name in found.scorers:
                columns["teacher", name] = found.row(name) - base
        for teacher, same in controls.items():
            known = _mean_reference(view, lie, subject, teacher, self.references)
            if known is not None:
                columns["references", teacher] = known
            for control in same:
                if not view.kin(control, subject, view.groups):
                    columns["control", control] = found.row(control) - base
        q, r = np.linalg.qr(np.stack(list(columns.values()), axis=1))
        at = {key: i for i, key in enumerate(columns)}
        parts = np.full((len(controls), len(probes)), np.nan)
        for i, (teacher, same) in enumerate(controls.items()):
            decoys = [
                at["teacher", d]
                for d in names
                if ("teacher", d) in at
                and not view.kin(d, teacher, view.providers)
                and not view.kin(d, subject, view.providers)
            ]
            known_both = ("teacher", teacher) in at and ("references", teacher) in at
            if not known_both or len(decoys) < self.decoys:
                continue
            given = [at["", "one"], at["", "base"], at["references", teacher], *decoys]
            given += [at["control", c] for c in same if ("control", c) in at]
            both = r[:, [at["", "own"], at["teacher", teacher]]]
            left = both - r[:, given] @ np.linalg.lstsq(r[:, given], both, rcond=None)[0]
            y, d = (q @ left).T
            parts[i] = correlation_parts(y, d, found, probes)
        return parts


def _controls(view: ScoredView, teacher: str, text_of: str) -> tuple[str, ...]:
    """The models of a teacher's public data that scored these texts."""
    return tuple(
        name
        for name in view.same_data.get(teacher, ())
        if name in view.by_scorer and any(t.text_of == text_of for t in view.by_scorer[name].texts)
    )


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
