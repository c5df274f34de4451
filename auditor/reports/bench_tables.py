"""The result of `audit bench` as tables in the order of reading, each with what it means.

Takes the result as a mapping with the field names of its JSON. Every rate is a count with a Clopper-Pearson
95 % interval. Leaves out layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from auditor.reports.shares import of, rate, share, span

Part = Mapping[str, Any]
Row = tuple[str, ...]
PRIORS_SHOWN = (-2.0, -1.0, 0.0, 1.0, 2.0)
TUNINGS = {"sft": "on answers alone (SFT)", "preference": "also by preference or reinforcement"}


class Table(NamedTuple):
    """One table; `note` says what it means, in a sentence or three."""

    key: str
    title: str
    note: str
    head: Row
    rows: list[Row]


def headline(bench: Part) -> str:
    """The first line: what was judged, and the two rates that matter most."""
    controls, students = bench["controls_at_moderate_or_above"], bench["students_at_moderate_or_above"]
    return (
        f"{bench['panel']}: {of(controls)} innocent pairs accused at moderate or above "
        f"(95 % upper bound {share(controls['upper95'])}), {of(students)} documented students found; "
        f"{bench['families']} families, each judged without itself."
    )


def tables(bench: Part) -> list[Table]:
    """Every table that has rows."""
    every = [
        *(whole(bench), misleading(bench), cross_entropy(bench), innocents(bench), tuning(bench)),
        *(same_base(bench), same_provider(bench), teachers(bench), statistics(bench), probes(bench)),
        reasons(bench),
    ]
    return [t for t in every if t.rows]


def whole(bench: Part) -> Table:
    """All clear pairs together."""
    cost = f"{span(bench['cllr'], bench['cllr_family95'])}; {share(bench['cllr_min'])}"
    rows: list[Row] = [
        ("innocent pairs at moderate or above", rate(bench["controls_at_moderate_or_above"])),
        ("... of those whose teacher came no later", rate(bench["controls_with_earlier_teacher"])),
        ("... with the rule on release dates off", rate(bench["controls_without_dates"])),
        ("documented students at moderate or above", rate(bench["students_at_moderate_or_above"])),
        ("AUC [families resampled]", span(bench["auc"], bench["auc_family95"])),
        ("students above 99 % of the innocents", rate(bench["tpr_at_fpr01"])),
        ("students above 95 % of the innocents", rate(bench["tpr_at_fpr05"])),
        ("nearest teacher is the documented one", rate(bench["top1_teacher"])),
        ("its provider is the documented one", rate(bench["top1_provider"])),
        ("... by always naming the commonest provider", rate(bench["constant_provider"])),
        ("Cllr [families resampled]; after the best recalibration", cost),
    ]
    note = (
        "A teacher that came later than the student is never accused, so what the answers alone would do "
        "shows in the lines on dates."
    )
    return Table("whole", "All clear pairs", note, ("measure", "value"), rows)


def misleading(bench: Part) -> Table:
    """How often a likelihood ratio of some size points the wrong way."""
    rows: list[Row] = [
        (f"{int(limit):,} or more, 1/{int(limit):,} or less", rate(part["innocents"]), rate(part["students"]))
        for limit, part in bench["misleading"].items()
    ]
    note = (
        "Ratios of pairs whose family was held out, before the cap that 'audit compare' puts on them. A "
        "ratio alone accuses nobody: the teacher's own null has to agree."
    )
    return Table(
        *("misleading", "Likelihood ratios that mislead", note),
        *(("likelihood ratio", "innocents at or above", "students at or below"), rows),
    )


def cross_entropy(bench: Part) -> Table:
    """What is left unknown by whoever takes the ratios at their word, at a few prior odds."""
    found = bench["ece"] or {"log10_prior_odds": []}
    places = [
        (p, i) for p in PRIORS_SHOWN for i, at in enumerate(found["log10_prior_odds"]) if abs(at - p) < 1e-9
    ]
    rows: list[Row] = [
        (_odds(p), *(share(found[kind][i]) for kind in ("observed", "calibrated", "reference")))
        for p, i in places
    ]
    note = (
        "Bits, families of a kind weighed equally. At prior odds 1 it is Cllr. Where the first column is "
        "above the last, the ratios do more harm than none; its distance from the second is what "
        "calibration costs."
    )
    return Table(
        *("cross_entropy", "Empirical cross-entropy by prior odds of distillation", note),
        *(("prior odds", "these ratios", "recalibrated", "no evidence (LR 1)"), rows),
    )


def innocents(bench: Part) -> Table:
    """By kind of innocent."""
    rows: list[Row] = [
        (name, span(part["auc"], part["auc_family95"]), rate(part["at_moderate_or_above"]))
        for name, part in bench["by_label"].items()
    ]
    head = ("label", "AUC [families resampled]", "at moderate or above")
    return Table("innocents", "By kind of innocent", "", head, rows)


def tuning(bench: Part) -> Table:
    """Documented students by how they were tuned."""
    rows: list[Row] = [
        (
            TUNINGS.get(name, name),
            f"{part['pairs']} ({part['models']} models, {_families(part)})",
            span(part["auc"], part["auc_family95"]),
            *(rate(part[k]) for k in ("tpr_at_fpr01", "tpr_at_fpr05", "at_moderate_or_above")),
        )
        for name, part in bench["by_tuning"].items()
    ]
    note = (
        "Against all innocent pairs. Preference or reinforcement includes picking the best of several "
        "answers by a reward. How a student was tuned is what the table of relations says."
    )
    head = ("tuned", "pairs", "AUC [families]", "above 99 % of innocents", "above 95 %", "moderate or above")
    return Table("tuning", "Documented students by tuning", note, head, rows)


def same_base(bench: Part) -> Table:
    """Descent: shared weights or logits."""
    part = bench["same_base"]
    accused = of(part["at_moderate_or_above"]) if part else ""
    note = (
        f"These are built on the teacher's weights or learn from its logits. {accused} are accused, "
        "none of those whose descent the lineage table documents (descends). Text cannot tell descent "
        "from distillation; weights would. Nobody here counts as innocent or as a documented student."
    )
    return _apart("same_base", "Same base (descent, not distillation)", note, part)


def same_provider(bench: Part) -> Table:
    """Innocent pairs within one provider."""
    note = (
        "The relations call these negative, but the student learned from, or comes from, a model of the "
        "same provider, and those resemble each other: no controls. 'Documented line': it learned from a "
        "sibling checkpoint of this teacher, or by the lineage table from this one, so accusing it is no "
        "error. A teacher that came later is never accused; 'dates ignored' is without that rule."
    )
    return _apart(
        "same_provider", "Another model of the teacher's or student's provider", note, bench["same_provider"]
    )


def _apart(key: str, title: str, note: str, part: Part) -> Table:
    each = {**part["by_label"], "all": part} if part else {}
    if len(each) == 2:
        each.pop("all")
    rows: list[Row] = [
        (
            name,
            f"{p['pairs']} ({_families(p)})",
            rate(p["at_moderate_or_above"]),
            rate(p["without_dates"]),
            ", ".join(f"{reason} {n}" for reason, n in p["reasons"].items()),
        )
        for name, p in each.items()
    ]
    return Table(
        *(key, title, note, ("label", "pairs", "at moderate or above", "... dates ignored", "reasons"), rows)
    )


def teachers(bench: Part) -> Table:
    """By teacher: its own null, then the level."""
    keys = ("false_positives_at_p05", "true_positives_at_p05")
    levels = ("controls_at_moderate_or_above", "students_at_moderate_or_above")
    rows: list[Row] = [
        (name, share(part["auc"]), *(rate(part[k]) for k in (*keys, *levels)))
        for name, part in bench["by_teacher"].items()
    ]
    head = ("teacher", "AUC", "innocents at .05", "students at .05", "accused", "found")
    return Table("teachers", "By teacher (its own null, p at most .05; then the level)", "", head, rows)


def statistics(bench: Part) -> Table:
    """By statistic, without and with its null."""
    rows: list[Row] = [
        (
            name,
            *(share(part[k]) for k in ("auc", "auc_human_data", "auc_with_null")),
            *(rate(part[k]) for k in ("false_positives_at_p05", "true_positives_at_p05")),
        )
        for name, part in bench["by_detector"].items()
    ]
    return Table(
        *("statistics", "By statistic (without a null; with it; p at most .05)", ""),
        *(("statistic", "AUC", "human data", "with null", "innocents at .05", "students at .05"), rows),
    )


def probes(bench: Part) -> Table:
    """By the number of probes that the student answered."""
    keys = ("tpr_at_fpr01", "tpr_at_fpr05", "students_at_lr10", "controls_at_lr10")
    rows: list[Row] = [
        (name, share(part["auc"]), *(rate(part[k]) if part[k] else "" for k in keys), share(part["cllr"]))
        for name, part in bench["by_probes"].items()
    ]
    draws = max((part["draws"] for part in bench["by_probes"].values()), default=1)
    note = "Likelihood ratios by the fit on all probes, families held out, before any other rule." + (
        f" Fewer probes than all: means over {draws} random draws; an interval is the mean of theirs."
        if draws > 1
        else ""
    )
    head = (
        *("probes", "AUC", "above 99 % of innocents", "above 95 %"),
        *("students at LR 10", "innocents at LR 10", "Cllr"),
    )
    return Table("probes", "By number of probes", note, head, rows)


def reasons(bench: Part) -> Table:
    """By reason of the answer."""
    rows: list[Row] = [(name, str(n)) for name, n in bench["reasons"].items()]
    return Table("reasons", "By reason of the answer", "Clear pairs.", ("reason", "pairs"), rows)


def _families(part: Part) -> str:
    return f"{part['families']} {'family' if part['families'] == 1 else 'families'}"


def _odds(log10: float) -> str:
    size = f"{10 ** abs(log10):,.0f}"
    return "1" if log10 == 0 else f"{size} to 1" if log10 > 0 else f"1 to {size}"
