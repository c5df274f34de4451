"""Why a level was given or withheld: the reasons by name, and as sentences.

Leaves out the rules that choose one (`verdict.py`) and what could change it (`next_steps.py`).
"""

from __future__ import annotations

from auditor.thresholds import MIN_INNOCENTS, MIN_PROBES, MIN_REFERENCES

LATER = "teacher_later"
REASONS = {
    "unusual": "the student resembles {t} more than models that did not learn from it are expected to",
    "resembles_less": "the student resembles {t} less than documented students of a teacher do",
    "not_unusual": "models that did not learn from {t} may resemble it as the student does",
    "public_data": "models trained on the public data that {t} was trained on resemble it as the student may",
    "uncontrolled": "no model of the panel trained on {t}'s public data was measured (--same-data), so "
    "learning from its outputs is not told from learning what it learned from",
    "lr_below_2": "the likelihood ratio is below 2",
    "rank_above_0.10": "too many reference models resemble {t} as much as the student does",
    "few_references": "too few references are eligible: at least {r} are needed, {i} of innocent origin",
    "few_decoys": "there are too few decoy teachers of other providers to set {t} apart from any assistant",
    "few_probes": "student and {t} share fewer than {n} answered probes",
    "teacher_later": "{t} was first available after the student's release",
    "same_answers": "most answers are {t}'s own, word for word: whether the student is {t} comes first",
    "same_model": "the student's log-probabilities are {t}'s: whoever is {t} was not taught by it",
    "unlike_all": "the student resembles no model of the panel enough for a comparison (another language?)",
    "templated": "most of the student's answers begin with the same words, or with the prompt: a template",
    "descends": "the student is documented to come from the weights of {t} or a sibling, which may alone "
    "explain the resemblance: answers do not tell descent from distillation, weights would",
    "related_weights": "the weights of the student and of {t} are related by exact tests: that explains a "
    "resemblance of their answers, whether or not the student learned from {t}'s, too",
    "not_measured": "the joint score could not be measured",
}
# The same for the first line of a report.
SHORTLY = {
    "not_unusual": "models that did not learn from it may resemble it as much",
    "public_data": "models of the teacher's public data resemble it as much",
    "uncontrolled": "no model trained on the teacher's public data was measured",
    "lr_below_2": "likelihood ratio below 2",
    "rank_above_0.10": "too many references are as much alike",
    "few_references": "too few references are eligible",
    "few_decoys": "too few decoy teachers",
    "few_probes": "too few probes are shared",
    LATER: "came after the student",
    "same_answers": "most answers are the same, word for word",
    "same_model": "the student's log-probabilities are the teacher's own",
    "unlike_all": "the student resembles no model of the panel enough for a comparison",
    "templated": "the student's answers begin with a template",
    "descends": "documented to come from the teacher's weights",
    "related_weights": "their weights are related, which explains the resemblance",
    "not_measured": "not measured",
}
# Reasons that say something about the inputs, not about the student.
UNABLE = (
    "uncontrolled",
    "few_references",
    "few_decoys",
    "few_probes",
    "unlike_all",
    "templated",
    "not_measured",
)
# Reasons that leave the student's resemblance unweighed.
UNWEIGHED = (*UNABLE, "teacher_later", "same_answers", "same_model", "descends", "related_weights")

# docs/measurements/false_accusations.py: 25 of 92 innocents passed on the 50 worst probes.
CHOSEN_PROBES = (
    "Only {n} probes were answered. If they were chosen after the answers were seen, no p-value here "
    "holds: on the 50 probes that look worst, a quarter of innocent models would be accused. Ask who chose "
    "them, and when."
)


def why(teacher: str, reason: str) -> str:
    """A reason as half a sentence."""
    return REASONS[reason].format(t=teacher, r=MIN_REFERENCES, i=MIN_INNOCENTS, n=MIN_PROBES)
