"""Annexes XI and XII of the EU AI Act, as far as the evidence of a run fills them: a draft in Markdown.

Source: Regulation (EU) 2024/1689, Article 53(1)(a) and (b), Annex XI section 1 and Annex XII; the words are
ours. Whoever places the model on the market completes and answers for it. Leaves out section 2 of Annex XI
(evaluation, adversarial testing), of which an audit of provenance knows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report import Report
from auditor.reports import gist
from auditor.reports.markdown import bullets, inline
from auditor.reports.model_card import answers, check, documented, to_complete, unexamined

PROVIDER = "the provider"


@dataclass(frozen=True)
class Item:
    """One point of an annex: where it stands, what it asks for, and who else may not answer it."""

    place: str
    asks: str
    filled: str = ""


ANNEX_XI = (
    Item("1(a)", "tasks that the model is meant for, and AI systems it can be part of"),
    Item("1(b)", "acceptable use policies"),
    Item("1(c)", "date of release and ways of distribution", "released"),
    Item("1(d)", "architecture and number of parameters"),
    Item("1(e)", "modality and format of inputs and outputs", "modality"),
    Item("1(f)", "licence"),
    Item("2(a)", "technical means to integrate it: instructions, infrastructure, tools"),
    Item(
        "2(b)",
        "design of the model and of its training: methods, choices, what it is optimised for",
        "method",
    ),
    Item(
        "2(c)",
        "data for training, testing and validation: kind, provenance, curation, amount, how it was obtained",
        "data",
    ),
    Item("2(d)", "computing resources and training time"),
    Item("2(e)", "energy, known or estimated"),
)
ANNEX_XII = (
    Item("1(a)", "tasks that the model is meant for, and AI systems it can be part of"),
    Item("1(b)", "acceptable use policies"),
    Item("1(c)", "date of release and ways of distribution", "released"),
    Item("1(d)", "how it works together with hardware or software that is no part of it"),
    Item("1(e)", "versions of software that matter for its use"),
    Item("1(f)", "architecture and number of parameters"),
    Item("1(g)", "modality and format of inputs and outputs", "modality"),
    Item("1(h)", "licence"),
    Item("2(a)", "technical means to integrate it: instructions, infrastructure, tools"),
    Item("2(b)", "modality, format and greatest size of inputs and outputs", "modality"),
    Item("2(c)", "data for training, testing and validation: kind, provenance, curation", "data"),
)  # fmt: skip


def render(report: Report) -> str:
    """Render as GitHub-flavoured Markdown."""
    student = inline(gist.name(report.student))
    parts = [
        f"# Technical documentation of {student}: what an audit of provenance can fill",
        "**Draft** for Annexes XI and XII of Regulation (EU) 2024/1689. It is filled from the evidence of "
        f"one run of `audit compare` (run {inline(gist.name(report.run.id))}) and is no statement of "
        "conformity. Whoever made the model can be somebody else than whoever ran the audit: nothing here "
        "stands for the provider's own knowledge.",
        bullets(gist.MEANING),
        "## Annex XI, section 1: for the AI Office and national authorities",
        *_annex(ANNEX_XI, report),
        "## Annex XII: for providers of systems that use the model",
        *_annex(ANNEX_XII, report),
        "## The evidence behind it",
        *check(report),
    ]
    return "\n\n".join(parts) + "\n"


def _annex(items: tuple[Item, ...], report: Report) -> list[str]:
    parts = []
    for item in items:
        parts.append(f"### {item.place} {item.asks[0].upper()}{item.asks[1:]}")
        parts += _FILLED[item.filled](report) if item.filled else [to_complete(PROVIDER, item.asks)]
    return parts


def _released(report: Report) -> list[str]:
    row = gist.lineage(report, report.student)
    if not row.released:
        return [to_complete(PROVIDER, "date of release and ways of distribution")]
    known = f"Released {gist.name(row.released)}, as documented: {gist.source(row)}."
    return [inline(known), to_complete(PROVIDER, "confirm the date; ways of distribution")]


def _modality(report: Report) -> list[str]:
    known = (
        f"Text in, text out, as far as this run saw: {report.n_probes:,} probes."
        if report.n_responses
        else "This run asked the model nothing."
    )
    return [known, to_complete(PROVIDER, "all modalities and formats, and the greatest size of each")]


def _method(report: Report) -> list[str]:
    """Whether another model's outputs or weights went into it: what was asked, what is answered."""
    if not report.verdicts:
        return ["No teacher was judged.", to_complete(PROVIDER, "design and training")]
    return [
        "Whether outputs or weights of another model went into it was asked of the models in this table:",
        answers(report),
        *_open(report),
        to_complete(
            PROVIDER,
            "say whether the model was distilled, fine-tuned or merged, from which models, and on what "
            "permission; all else on design and training",
        ),
    ]


def _open(report: Report) -> list[str]:
    found = unexamined(report)
    return ["Not examined, and so not excluded:", bullets(found)] if found else []


def _data(report: Report) -> list[str]:
    return [
        "By the lineage table of this run:",
        *documented(report),
        "A run compares models; it reads no training set. `audit scan` and `audit overlap` do.",
        to_complete(
            PROVIDER, "amount, scope, selection, curation, and how unsuitable or biased sources were found"
        ),
    ]


_FILLED = {"released": _released, "modality": _modality, "method": _method, "data": _data}
