"""A verdict as facts for other people's documents: name and value, each a short line, nothing added.

Bills of materials, model cards and drafts for a regulator take the same facts from here, so that none says
more than another. Leaves out their layout, and every figure of single statistics: JSON has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import LineageRow, Report, Verdict
from auditor.reports import phrases
from auditor.reports.inert import one_line
from auditor.reports.numerals import finite
from auditor.reports.scan_words import moment, short

TEXT, NAME = 2_000, 200
# What must stand beside every verdict that leaves the report.
MEANING = (
    "A verdict says how far the evidence of one run supports one proposition against another. It is not the "
    "chance that the model was distilled, and not enough evidence is no finding of independence.",
    "It says nothing about intent, and nothing about whether anybody's terms or law were broken.",
)
# Sources of `LineageRow.trained_on` that are no model.
ORIGINS = {
    "human": "text written by people",
    "first-party": "the provider's own data",
    "mixed": "data of several origins",
}

Fact = tuple[str, str]


def of_verdict(verdict: Verdict, report: Report) -> tuple[Fact, ...]:
    """What was asked, what is answered, on what figures, and what was and was not looked at."""
    return tuple((name, value) for name, value in _verdict(verdict, report) if value)


def of_run(report: Report) -> tuple[Fact, ...]:
    """What the run was: its size, what ran, and the hashes that fix its inputs."""
    return tuple((name, value) for name, value in _run(report) if value)


def when(report: Report) -> str:
    """When the run was finished, in UTC with a Z; "" where the file does not say."""
    try:
        return moment(report.run.finished or report.run.started)
    except ValueError:
        return ""


def name(text: str, otherwise: str = "not named") -> str:
    """A model's name, on one line and inert."""
    return short(text.strip(), NAME) or otherwise


def lineage(report: Report, model: str) -> LineageRow:
    """What is documented about a model; an empty row where nothing is."""
    return next((row for row in report.lineage if row.model == model), LineageRow(model))


def source(row: LineageRow) -> str:
    """Where a row of the lineage table comes from, and how certain it is."""
    told = [short(row.source), f"certainty {short(row.confidence, NAME)}" if row.confidence else ""]
    return "; ".join(part for part in told if part) or "no source is given"


def learned_from(row: LineageRow) -> tuple[str, ...]:
    """What a model is documented to have been trained on: "answers of gpt-4", "text written by people"."""
    named = [part.strip() for part in row.trained_on.split(";") if part.strip()]
    return tuple(ORIGINS.get(part) or f"answers of {name(part)}" for part in named)


def sides(verdict: Verdict) -> str:
    """The two propositions that were weighed."""
    _, claim, otherwise = phrases.proposition(verdict)
    return f"that {claim}, against that {otherwise}"


def figure(value: float | None) -> str:
    """A figure for a machine: six significant figures; "" where there is none."""
    return "" if finite(value) is None or value is None else f"{value:.6g}"


def _verdict(verdict: Verdict, report: Report) -> Iterator[Fact]:
    yield "proposition", verdict.proposition
    yield "weighed", sides(verdict)
    yield "level", verdict.level
    yield "title", short(phrases.title(verdict), TEXT)
    yield "words", short(verdict.words, TEXT)
    yield "reason", short(verdict.reason, NAME)
    yield "rests-on", verdict.evidence
    yield "log10-likelihood-ratio", figure(verdict.log10_lr)
    if verdict.log10_lr_interval and all(finite(v) is not None for v in verdict.log10_lr_interval):
        low, high = map(figure, verdict.log10_lr_interval)
        yield "log10-likelihood-ratio-95-interval", f"{low} to {high}"
    if verdict.log10_lr is None and not phrases.on_tests(verdict):
        yield "likelihood-ratio", phrases.ratio(verdict)
    yield "p-predictive", figure(verdict.p_t)
    yield "p-exact", figure(verdict.p_exact)
    yield "p-adjusted-holm", figure(verdict.p_adjusted)
    if verdict.p_adjusted is not None:
        yield "p-adjusted-for", phrases.tested(report, verdict)
    yield "p-rank", figure(verdict.p_rank)
    yield "p-rank-smallest-possible", figure(verdict.p_floor)
    if not phrases.on_tests(verdict):
        yield "reference-models", str(verdict.references)
        yield "decoy-teachers", str(verdict.decoys)
        yield "power", phrases.power(verdict)
    yield "highest-level-possible", short(phrases.reach(verdict), TEXT)
    yield "not-told-apart-from", ", ".join(name(m) for m in verdict.tied_with)
    yield "siblings", ", ".join(name(m) for m in verdict.teacher_group if m != verdict.teacher)
    for other in verdict.alternatives:
        looked = "examined" if other.examined else "not examined"
        yield f"alternative:{short(other.name, NAME)}", f"{looked}: {short(other.text, TEXT)}"
    for step in verdict.would_change:
        yield "would-change", short(step, TEXT)


def _run(report: Report) -> Iterator[Fact]:
    yield "run", short(report.run.id, NAME)
    yield "headline", short(report.headline, TEXT)
    yield "models", str(report.n_subjects)
    yield "probes", str(report.n_probes)
    yield "responses", str(report.n_responses)
    yield "teachers-tested", ", ".join(name(t) for t in phrases.teachers(report))
    yield "detectors-run", ", ".join(dict.fromkeys(short(f.detector, NAME) for f in report.findings))
    for names, reason in phrases.unmeasured(report):
        yield "not-measured", f"{short(names, TEXT)}: {short(reason, TEXT)}"
    for caveat in report.caveats:
        yield "caveat", short(caveat, TEXT)
    yield "seed", str(report.run.seed)
    yield "lineage-source", short(report.lineage_source, NAME)
    for what, digest in report.run.hashes.items():
        yield f"sha256:{short(what, NAME)}", short(digest, NAME)
    yield "meaning", one_line(" ".join(MEANING))
