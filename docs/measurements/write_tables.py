"""Write the figures of `audit bench` into the documents that quote them, between <!-- bench:NAME --> marks.

Usage: audit bench --panel PANEL --relations RELATIONS -f json -o bench.json
       python docs/measurements/write_tables.py bench.json

Leaves out every computation: it only rounds and arranges.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from auditor.reports import bench_tables
from auditor.reports.bench_tables import Table
from auditor.reports.shares import rate, share, span

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "auditor/reports/error_rates.json"
DOCUMENTS = ("README.md", "docs/measurements/README.md", "docs/detectors/README.md")
BLOCK = re.compile(r"(<!-- bench:(?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
Report = dict[str, Any]


def main() -> None:
    """Fill every block of every document."""
    bench: Report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(BLOCK.sub(lambda m: m[1] + TABLES[m["name"]](bench) + m[3], text), encoding="utf-8")
    SHIPPED.write_text(shipped(), encoding="utf-8")


def shipped() -> str:
    """The tables that reports quote, as JSON, read back from the documents: the same figures in both."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    found = {
        m["name"]: [_cells(line) for line in m[0].splitlines() if line[:1] == "|"]
        for m in BLOCK.finditer(text)
    }
    panel = found["summary"][0][1].partition(" on ")[2]
    tables = {
        name: {"head": found[name][0], "rows": found[name][2:]}
        for name in ("overall", "misleading", "probes")
    }
    return json.dumps({"panel": panel, "tables": tables}, indent=1) + "\n"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def summary(b: Report) -> str:
    """The figures that README quotes."""
    panel = (
        f"{b['models']} models x {b['probes']} probes, {b['families']} families, each judged without itself"
    )
    return rows(
        ("question", f"answer on {b['panel']} ({panel})"),
        [
            ("innocents accused (moderate or above)", rate(b["controls_at_moderate_or_above"])),
            ("... whose teacher came no later", rate(b["controls_with_earlier_teacher"])),
            ("documented students found", rate(b["students_at_moderate_or_above"])),
            ("students above 99 % of the innocents", rate(b["tpr_at_fpr01"])),
            ("AUC [families resampled]", span(b["auc"], b["auc_family95"])),
            ("Cllr [families resampled]; 1 = says nothing", span(b["cllr"], b["cllr_family95"])),
            ("the nearest teacher is the documented one", rate(b["top1_teacher"])),
        ],
    )


def overall(b: Report) -> str:
    """The figures of all pairs together."""
    labels = {"negative": "human data", "negative-wrong-teacher": "wrong teacher"}
    aucs = " / ".join(share(b["by_label"].get(label, {}).get("auc")) for label in labels)
    return rows(
        ("measure", "value", "aim"),
        [
            (f"AUC of the likelihood ratio: pooled / {' / '.join(labels.values())}",
             f"{share(b['auc'])} / {aucs}", ".98 / .96 / .985"),
            ("students above 99 % of the innocents", rate(b["tpr_at_fpr01"]), ".80"),
            ("students above 95 % of the innocents", rate(b["tpr_at_fpr05"]), ".92"),
            ("innocent pairs at moderate or above", rate(b["controls_at_moderate_or_above"]), ".01"),
            ("... of those whose teacher came no later", rate(b["controls_with_earlier_teacher"]), ""),
            ("... with the rule on release dates off", rate(b["controls_without_dates"]), ""),
            ("documented students at moderate or above", rate(b["students_at_moderate_or_above"]), ".70"),
            ("Cllr [families resampled] / after the best recalibration",
             f"{span(b['cllr'], b['cllr_family95'])} / {share(b['cllr_min'])}", ".30"),
            ("nearest candidate teacher is the documented one", rate(b["top1_teacher"]), ".80"),
            ("its provider is", rate(b["top1_provider"]), ".95"),
            ("... by always naming the commonest provider", rate(b["constant_provider"]), "to be beaten"),
        ],
    )  # fmt: skip


def like_the_report(table: Callable[[Report], Table]) -> Callable[[Report], str]:
    """A table as the report of `audit bench` has it."""
    return lambda b: rows(table(b).head, table(b).rows)


def teachers(b: Report) -> str:
    """Teacher by teacher, those with students or with a false positive."""
    keys = ("false_positives_at_p05", "true_positives_at_p05", "students_at_moderate_or_above")
    shown = {t: r for t, r in b["by_teacher"].items() if r[keys[1]]["of"] or r[keys[0]]["n"]}
    rest = [r[keys[0]] for t, r in b["by_teacher"].items() if t not in shown]
    body = [(t, *(f"{r[k]['n']} of {r[k]['of']}" for k in keys)) for t, r in shown.items()]
    body.append((f"{len(rest)} others", f"0 of {sum(r['of'] for r in rest)}", "", ""))
    head = (
        "teacher",
        "innocents at p .05 of its own null",
        "students at p .05",
        "students at moderate or above",
    )
    return rows(head, body)


def detectors(b: Report) -> str:
    """Every statistic alone."""
    found = sorted(b["by_detector"].items(), key=lambda d: -(d[1]["auc"] or 0))
    body = [
        (name, *(share(d[k]) for k in ("auc", "auc_human_data", "auc_with_null")),
         *(share(d[k]["rate"]) for k in ("false_positives_at_p05", "true_positives_at_p05")))
        for name, d in found if d["auc"] is not None
    ]  # fmt: skip
    head = ("statistic", "AUC", "human data", "with its null", "innocents at p .05", "students at p .05")
    return rows(head, body)


def probes(b: Report) -> str:
    """Separation by the number of probes that the student answered."""
    keys = ("tpr_at_fpr01", "tpr_at_fpr05", "students_at_lr10", "controls_at_lr10")
    body = [
        (n, share(p["auc"]), *(share(p[k]["rate"]) for k in keys), share(p["cllr"]))
        for n, p in b["by_probes"].items()
    ]
    head = ("probes", "AUC", "TPR at 1 %", "TPR at 5 %", "students at LR 10", "innocents at LR 10", "Cllr")
    return rows(head, body)


TABLES: dict[str, Callable[[Report], str]] = {
    "summary": summary,
    "overall": overall,
    "misleading": like_the_report(bench_tables.misleading),
    "ece": like_the_report(bench_tables.cross_entropy),
    "tuning": like_the_report(bench_tables.tuning),
    "same_base": like_the_report(bench_tables.same_base),
    "same_provider": like_the_report(bench_tables.same_provider),
    "teachers": teachers,
    "detectors": detectors,
    "probes": probes,
}

if __name__ == "__main__":
    main()
