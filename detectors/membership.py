"""`membership`: whether a model was trained on *this set* of a teacher's outputs (dataset inference).

Each document's mean log-probability under the student is regressed on the references' mean, on the
teacher's own score of the document and on whether it is of the suspect set; held-out documents of the same
source are the other half (Maini et al. 2024, arXiv 2406.06443, with the two scores as covariates: two logs
differ in how typical of the teacher they are, and a model like the teacher amplifies that). The references
go through the same test, and the student must stand out among them as well: the model is the unit.

Leaves out verdicts on single examples, which nothing supports; Min-K % and Min-K %++, which were never
better; finding texts that occur in both sets (they are not here); and whether the held-out set is what it
is said to be, beyond refusing sets that the teacher or the references score unlike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from detectors.null import MODEL_BASED_FLOOR
from detectors.scores import Scores, TextId, aligned
from detectors.types import Access, Bool, Channel, ExactTest, Float64, Skipped

# Of fewer reference models than this the tail of the spread between models is an assumption.
ENOUGH_REFERENCES = 100
# A z this far below 0 says that the held-out set is the one that was seen, or that the sets are unlike.
REVERSED = -3.0


@dataclass(frozen=True)
class Membership:
    """Dataset inference on recorded scores.

    Parameters
    ----------
    fewest : documents that either set needs; with fewer there is no answer.
    references : reference models that the mean and the spread between models need.
    unlike : sets that the teacher or the references score differently at this p are no fair comparison.
    """

    fewest: int = 20
    references: int = 5
    unlike: float = 0.001

    name = "membership"
    channel = Channel.LIKELIHOOD
    needs = Access.PROMPT_LOGPROBS

    def test(
        self,
        scores: Sequence[Scores],
        student: str,
        teacher: str,
        references: Sequence[str],
        suspect: Collection[TextId],
        held_out: Collection[TextId],
        proposition: str = "H_d",
    ) -> ExactTest | Skipped:
        """Test whether the student saw the suspect documents.

        Parameters
        ----------
        scores : of the student, the teacher and the references, of both sets; others are ignored.
        references : models that cannot have seen the set.
        suspect, held_out : documents of one source (outputs of the teacher); the student cannot have seen
            the held-out ones.
        proposition : what having seen the set speaks for: "H_d" for a log of the teacher's answers, "H_p"
            for a public dataset.

        Returns
        -------
        `ExactTest` whose p is the larger of two: `p_documents`, one-sided, of the student's z over the
        documents (HC3 errors: MacKinnon & White 1985), and `p_models`, the predictive t of that z among the
        references' own (never below .001 with fewer than 100). Or `Skipped`, with the reason.
        `params["reversed"]`: z is far below 0, so the sets may have been mixed up. `params["two_sided"]`:
        p of a z as far from 0 on either side.

        Raises
        ------
        ValueError : unknown or doubled names, or a document in both sets.
        """
        names = (student, teacher, *references)
        _refuse(names, {s.scorer for s in scores}, suspect, held_out)
        if len(references) < self.references:
            return self._skipped(f"needs at least {self.references} reference models, got {len(references)}")
        by = {s.scorer: s for s in scores}
        common = set.intersection(*(set(by[n].texts) for n in names))
        sizes = [len(common & set(part)) for part in (suspect, held_out)]
        if min(sizes) < self.fewest:
            return self._skipped(self._too_few(sizes))
        found = aligned([by[n] for n in names])
        seen, known = set(suspect), set(suspect) | set(held_out)
        spans = found.sums(np.ones(len(found.text)))
        kept = np.array([t in known for t in found.texts]) & (spans > 0)
        mean = found.sums(found.logprobs)[:, kept] / spans[kept]
        inside = np.array([t in seen for t in found.texts])[kept]
        sizes = [int(inside.sum()), int((~inside).sum())]
        if min(sizes) < self.fewest:
            return self._skipped(self._too_few(sizes))
        y, of_teacher, others = mean[0], mean[1], mean[2:]
        return self._judged(y, of_teacher, others, inside, proposition)

    def _judged(
        self, y: Float64, of_teacher: Float64, others: Float64, inside: Bool, proposition: str
    ) -> ExactTest | Skipped:
        average = others.mean(axis=0)
        balance = [
            float(stats.ttest_ind(x[inside], x[~inside], equal_var=False).pvalue)
            for x in (of_teacher, average)
        ]
        if min(1.0, 2 * min(balance)) < self.unlike:
            return self._skipped(
                "the suspect and the held-out documents are unlike: "
                f"{'the teacher' if balance[0] <= balance[1] else 'the reference models'} score them "
                f"differently (p = {min(balance):.1g}). Hold out documents drawn at random from one source"
            )
        effect, z = _coefficient(y, np.stack([average, of_teacher]), inside)
        placebo = [
            _coefficient(row, np.stack([np.delete(others, i, axis=0).mean(axis=0), of_teacher]), inside)[1]
            for i, row in enumerate(others)
        ]
        k, free = len(others), len(y) - 4
        spread = float(np.std(placebo, ddof=1)) * np.sqrt(1 + 1 / k)
        among = (z - float(np.mean(placebo))) / max(spread, 1e-12)
        p_documents = float(stats.t.sf(z, free))
        p_models = float(stats.t.sf(among, k - 1))
        if k < ENOUGH_REFERENCES:
            p_models = max(p_models, MODEL_BASED_FLOOR)
        p = max(p_documents, p_models)
        params = asdict(self) | {
            "z": z,
            "nats_per_token": effect,
            "z_among_references": among,
            "z_of_references": placebo,
            "p_documents": p_documents,
            "p_models": p_models,
            "two_sided": float(2 * stats.t.sf(abs(z), free)),
            "log10_p": float(np.log10(p)),
            "suspect": int(inside.sum()),
            "held_out": int((~inside).sum()),
            "balance_teacher": balance[0],
            "balance_references": balance[1],
            "reversed": z < REVERSED,
        }
        return ExactTest(self.name, proposition, "adjusted_mean", p, params)

    def _skipped(self, reason: str) -> Skipped:
        return Skipped(self.name, reason)

    def _too_few(self, sizes: Sequence[int]) -> str:
        return (
            f"needs at least {self.fewest} documents in either set that all models scored, got {sizes[0]} "
            f"suspect and {sizes[1]} held out; single documents cannot be judged"
        )


def _coefficient(y: Float64, covariates: Float64, inside: Bool) -> tuple[float, float]:
    """Coefficient of being in the suspect set, and it divided by its HC3 standard error.

    Parameters
    ----------
    y : (n,); covariates : (2, n); inside : (n,).
    """
    x = np.stack([inside.astype(np.float64), np.ones(len(y)), *covariates], axis=1)
    x[:, 2:] -= x[:, 2:].mean(axis=0)
    inverse = np.linalg.pinv(x.T @ x)
    weights = inverse @ x.T
    beta = weights @ y
    leverage = np.minimum(np.einsum("ij,ji->i", x, weights), 1 - 1e-9)
    left = (y - x @ beta) / (1 - leverage)
    error = float(np.sqrt(((weights[0] * left) ** 2).sum()))
    return float(beta[0]), float(beta[0]) / error if error > 1e-12 else 0.0


def _refuse(
    names: Sequence[str], scorers: Collection[str], suspect: Collection[TextId], held_out: Collection[TextId]
) -> None:
    unknown = [n for n in names if n not in scorers]
    if unknown:
        raise ValueError(
            f"No scores of {', '.join(unknown)}; there are scores of {', '.join(sorted(scorers))}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Student, teacher and references must be different models, got {', '.join(names)}.")
    both = set(suspect) & set(held_out)
    if both:
        raise ValueError(
            f"{len(both)} documents are in both sets, for example {min(both)}. Take them out of one."
        )
