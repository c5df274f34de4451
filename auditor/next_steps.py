"""What further evidence could move a verdict."""

from __future__ import annotations

from auditor.reasons import UNWEIGHED
from auditor.reports.numerals import times
from auditor.thresholds import (
    ACCUSING,
    FEW_PROBES,
    GOOD_POWER,
    MIN_INNOCENTS,
    MIN_REFERENCES,
)
from auditor.verdict import Basis, few_decoys, one_part

# What would lift a reason.
STEPS = {
    "unlike_all": "Answers of the student in the language and form of the panel's.",
    "templated": "Answers without what a harness or a system prompt put in front of them.",
    "teacher_later": "A correction of the release dates in the lineage table.",
    "descends": "The weights of both models: they decide whether one was made from the other.",
    "related_weights": "The weights of the model that both may come from (--base).",
}
CONTRADICTED = (
    "A check of the lineage table against the weights: the table says that the student comes from the "
    "teacher's weights, and the weights that were given show no relation."
)
# What would make it easier to find a student, by the rule that sets the score it takes.
LIMITS = {
    "null": "More references, or some closer to the student: how they spread sets the score needed.",
    "rank": "More references: with so few, the rank p asks for a score above nearly all of them.",
    "ratio": "More pairs of known history in the calibration: the likelihood ratio sets the score needed.",
}
SECOND_PART = (
    "Other probes, on which a second part of the score may show: wording, opening tokens, first sentence or "
    "the log-odds of openings."
)
OTHER_PROBES = (
    "Other probes, closer to what the student may have been taught: on these its score is more common among "
    "models that did not learn from the teacher."
)


def would_change(level: str, reason: str, basis: Basis, missing: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What further evidence could move this verdict.

    `missing` : what the examination of the other explanations found wanting (`alternatives.missing`); it
    counts only where the resemblance was weighed.
    """
    steps = []
    if reason == "few_references":
        steps.append(
            f"More reference models of documented origin (now {basis.references}; at least {MIN_REFERENCES}, "
            f"{MIN_INNOCENTS} of them without any teacher)."
        )
    if few_decoys(basis):
        models, makers = basis.decoys_needed
        steps.append(f"At least {models} decoy teachers of {makers} other providers.")
    if one_part(basis):
        steps.append(SECOND_PART)
    if basis.uncontrolled:
        steps.append(
            f"A model trained on {basis.teacher}'s public data and not on its outputs (--same-data)."
        )
    if basis.joint and basis.joint.n_probes < FEW_PROBES:
        steps.append(f"More probes (now {basis.joint.n_probes}).")
    if reason == "descends" and basis.related is False:
        steps.append(CONTRADICTED)
    elif reason in STEPS:
        steps.append(STEPS[reason])
    leans_against = basis.ratio is not None and basis.ratio.log10_lr < 0
    if reason not in UNWEIGHED and leans_against:
        steps.append(OTHER_PROBES)
    elif reason not in UNWEIGHED:
        if level == "insufficient" and basis.power and basis.power.moderate.share < GOOD_POWER:
            steps.append(LIMITS[basis.power.moderate.rule])
        steps += missing
    if level in ACCUSING and basis.ratio and basis.ratio.log10_lr >= basis.ratio.cap:
        steps.append(
            f"More families in the calibration: with these the ratio ends at {times(basis.ratio.cap)}."
        )
    if level in ACCUSING:
        steps.append("A reference model trained on the same public data that scores as high as the student.")
    seen = "Log-probabilities" if basis.related is not None else "Log-probabilities or weights"
    steps.append(f"{seen} of the student; the teacher's log of served answers.")
    return tuple(steps)
