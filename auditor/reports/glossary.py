"""The words of a report that a reader outside the field does not know, each in a sentence or two."""

from __future__ import annotations

TERMS = (
    ("answer, response", "What a model wrote when it was given a probe."),
    ("bootstrap interval", "How far a value moves when the probes are drawn again, 95 % of the time."),
    ("calibration", "Learning from pairs of known history what a score is worth as a likelihood ratio."),
    (
        "channel",
        "A kind of trace: wording, style, meaning, errors, likelihood, weights. Statistics of one "
        "channel read the same trace.",
    ),
    ("decoy", "A teacher of another provider, so that what every assistant has in common cancels out."),
    ("detector", "A way of measuring; its statistics are its results."),
    ("distillation", "Training a model (the student) on what another (the teacher) wrote or computed."),
    ("documented", "Said by a source that the lineage table names; the auditor did not see it happen."),
    ("exhibit", "An example of a resemblance, for the reader; it carries no weight."),
    (
        "family",
        "Models that were made alike, by the same people from the same base or data; they are not "
        "independent.",
    ),
    ("held out", "Left out of everything that was fitted before it was judged."),
    ("Holm", "A way to adjust p-values for how many teachers were asked about."),
    ("innocent", "A model documented not to have learned from the teacher. No word of law."),
    (
        "level",
        "How strong the support is, from “support against” over “not enough evidence” to “strong”; a "
        "run cannot always reach all.",
    ),
    (
        "likelihood ratio",
        "How many times as common evidence like this is if the one proposition holds as if the other does.",
    ),
    (
        "lineage table",
        "What is documented about each model: who made it, from what, when, and by which source.",
    ),
    ("panel", "All models whose answers to the same probes were compared."),
    ("power", "How many true students the run would have found; what a negative answer is worth."),
    (
        "predictive p",
        "The share of innocents expected to resemble the teacher as much, if their values follow a t "
        "distribution.",
    ),
    ("prior odds", "The odds of a proposition before this evidence; not the auditor's business."),
    ("probe", "A prompt that every model was given."),
    (
        "rank p",
        "The share of references, the student counted in, that resemble the teacher at least as much.",
    ),
    (
        "reference",
        "A model documented not to have learned from the teacher; their spread is what “by chance” "
        "means here.",
    ),
    ("student, teacher", "The model in question, and the one that it may have learned from."),
    ("z", "Distance from the mean of the references, in their standard deviations."),
)
