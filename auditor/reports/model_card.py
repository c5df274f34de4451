"""The section "Provenance audit" of a model card, in Markdown, to paste into the README of a model.

Source: Mitchell et al., Model Cards (2019), and the sections of Hugging Face's template; no YAML, as a
verdict is nothing that a hub should filter by. What only the maker knows is marked. Leaves out figures and
exhibits.
"""

from __future__ import annotations

from auditor.report import Report, Verdict
from auditor.reports import gist, phrases
from auditor.reports.markdown import bullets, fence, inline, table
from auditor.reports.numerals import MISSING, exact_p, p_value
from auditor.reports.scan_words import short

HEAD = (
    "teacher",
    "question",
    "answer",
    "likelihood ratio",
    "p, adjusted for the number of teachers",
    "references",
)
MAKER = "the maker of the model"


def render(report: Report) -> str:
    """Render as GitHub-flavoured Markdown."""
    parts = [
        "## Provenance audit",
        inline(report.headline) or "No teacher was judged.",
        bullets(gist.MEANING),
        "### What was asked",
        inline(
            f"Was {gist.name(report.student)} distilled from, made from, or the same as one of the models "
            f"below? {report.n_subjects:,} models, {report.n_probes:,} probes, "
            f"{report.n_responses:,} responses."
        ),
        *_answers(report),
        "### What it learned from, as documented",
        *documented(report),
        "### What was not examined",
        bullets(unexamined(report)) if unexamined(report) else "Every explanation on the list was examined.",
    ]
    if report.caveats:
        parts += ["### What weakens this audit", bullets(report.caveats)]
    return "\n\n".join([*parts, "### How to check it", *check(report)]) + "\n"


def to_complete(by: str, what: str) -> str:
    """A place that no evidence fills."""
    return f"**[to be completed by {by}: {what}]**"


def answers(report: Report) -> str:
    """The table of verdicts."""
    rows = [
        (
            gist.name(v.teacher),
            phrases.proposition(v)[0],
            phrases.level_words(v.level),
            MISSING if phrases.on_tests(v) else phrases.ratio(v),
            exact_p(v.p_adjusted) if phrases.on_tests(v) else p_value(v.p_adjusted),
            MISSING if phrases.on_tests(v) else str(v.references),
        )
        for v in report.verdicts
    ]
    return table(HEAD, rows)


def documented(report: Report) -> list[str]:
    """What the lineage table says of the student's data and base, and what it does not."""
    row = gist.lineage(report, report.student)
    told = [f"data: {said}" for said in gist.learned_from(row)]
    told += [f"base: {gist.name(row.base)}"] if row.base else []
    if not told:
        return [
            "Nothing is documented in the table that this run read.",
            to_complete(MAKER, "training data and base"),
        ]
    return [
        bullets(told),
        inline(f"Source: {gist.source(row)}."),
        to_complete(MAKER, "confirm or correct this, and add what is missing"),
    ]


def unexamined(report: Report) -> list[str]:
    """Explanations that stay open, each once, with the teachers that they are open for."""
    found: dict[tuple[str, str], list[str]] = {}
    for verdict in report.verdicts:
        for other in verdict.alternatives:
            if not other.examined:
                found.setdefault((other.name, other.text), []).append(gist.name(verdict.teacher))
    return [
        f"{short(name)} ({', '.join(dict.fromkeys(teachers))}): {short(text, gist.TEXT)}"
        for (name, text), teachers in found.items()
    ]


def check(report: Report) -> list[str]:
    """Commands, versions and hashes."""
    run = report.run
    facts = [("run", run.id), ("finished", run.finished), ("seed", str(run.seed))]
    facts += [(f"version of {name}", value) for name, value in run.versions.items()]
    facts += [(f"SHA-256 of {name}", value) for name, value in (run.hashes | run.inputs).items()]
    evidence = "`audit verify EVIDENCE RUN --recompute` checks the evidence file, and every figure again."
    return [fence(run.command), evidence, table(("what", "value"), facts)]


def _answers(report: Report) -> list[str]:
    if not report.verdicts:
        return []
    return ["### Answers", answers(report), *(part for v in report.verdicts for part in _words(v))]


def _words(verdict: Verdict) -> list[str]:
    """The words of a verdict, and how far it could have reached."""
    said = " ".join(filter(None, (verdict.words, phrases.ties(verdict), phrases.reach(verdict))))
    return [inline(f"{phrases.subject(verdict)}: {said}")] if said else []
