"""The section on synthetic data of the public summary of training content, for a model: a draft in Markdown.

Source: Regulation (EU) 2024/1689, Article 53(1)(d), and section 2.5 of the Commission's template of 24 July
2025; the words are ours. Filled from the evidence of `audit compare`; what only the provider can know is
marked. Leaves out the other sections; that of one dataset is `training_summary.py`.
"""

from __future__ import annotations

from auditor.report import Report, Verdict
from auditor.reports import gist, phrases
from auditor.reports.markdown import bullets, inline, table
from auditor.reports.model_card import check, documented, to_complete, unexamined
from auditor.reports.scan_words import short

PROVIDER = "the provider"
NOT_TOLD = "It could not tell direct training from training on data that holds such answers."
NOT_ASKED = "Other models were not asked about."
OPEN, AGAINST = ("insufficient",), ("against",)


def render(report: Report) -> str:
    """Render as GitHub-flavoured Markdown."""
    about = [v for v in report.verdicts if v.proposition == "distillation"]
    parts = [
        f"# Synthetic data behind {inline(gist.name(report.student))}",
        "**Draft** for section 2.5 of the public summary of training content (Regulation (EU) 2024/1689, "
        "Article 53(1)(d); template of 24 July 2025). Filled from one run that compared models: it read "
        "no training set.",
        bullets(gist.MEANING),
        "## Was it trained on what another model wrote?",
        inline(_is_there(report, about)),
        to_complete(PROVIDER, "yes or no; only the provider can answer for its own training"),
        "## As documented",
        *documented(report),
        "## Models that were asked about",
        *_models(report, about),
        to_complete(
            PROVIDER,
            "for each model that was used: whether the answers were made by you, for you, or by somebody "
            "else who published them; whether the model is on the Union market, and a link to its own "
            "summary",
        ),
        "## Modality",
        "Text: the run asked for text alone." if report.n_responses else "The run asked for no answers.",
        to_complete(PROVIDER, "images, audio, video or other kinds"),
        "## What stays open",
        bullets([*unexamined(report), "Models that were not asked about are neither named nor excluded."]),
        "## The evidence behind it",
        *check(report),
    ]
    return "\n\n".join(parts) + "\n"


def _is_there(report: Report, about: list[Verdict]) -> str:
    """What the run supports; never "no", as no run asks about every model."""
    found = [v for v in about if v.level not in (*OPEN, *AGAINST)]
    if found:
        named = "; ".join(short(phrases.title(v)) for v in found)
        return f"The run found: {named}. {NOT_TOLD}"
    if about and all(v.level in AGAINST for v in about):
        return f"The run found support against each model that was asked about. {NOT_ASKED}"
    if about:
        return "The run found not enough evidence either way. That is no answer of no."
    return "The run did not ask about training on another model's answers."


def _models(report: Report, about: list[Verdict]) -> list[str]:
    if not about:
        return ["None."]
    head = ("model", "provider, as documented", "answer", "likelihood ratio", "not told apart from")
    rows = [
        (
            gist.name(v.teacher),
            gist.name(gist.lineage(report, v.teacher).provider, "not known"),
            phrases.level_words(v.level),
            phrases.ratio(v),
            ", ".join(gist.name(m) for m in v.tied_with),
        )
        for v in about
    ]
    return [table(head, rows)]
