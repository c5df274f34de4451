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

ROOT = Path(__file__).parents[2]
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


def short(value: float | None, digits: int = 3) -> str:
    """A share without its leading zero; "-" = not measured."""
    return "-" if value is None else f"{value:.{digits}f}".removeprefix("0")


def rate(found: Report) -> str:
    """Count and rate: n of m = rate [Clopper-Pearson 95 %]."""
    if not found["of"]:
        return "none"
    inside = f"[{short(found['lower95'])}, {short(found['upper95'])}]"
    return f"{found['n']} of {found['of']} = {short(found['rate'])} {inside}"


def rows(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def overall(b: Report) -> str:
    """The figures of all pairs together."""
    labels = {"negative": "human data", "negative-wrong-teacher": "wrong teacher"}
    aucs = " / ".join(short(b["by_label"].get(label, {}).get("auc")) for label in labels)
    return rows(
        ("measure", "value", "aim"),
        [
            (f"AUC of the likelihood ratio: pooled / {' / '.join(labels.values())}",
             f"{short(b['auc'])} / {aucs}", ".98 / .96 / .985"),
            ("students above 99 % of the innocents", rate(b["tpr_at_fpr01"]), ".80"),
            ("students above 95 % of the innocents", rate(b["tpr_at_fpr05"]), ".92"),
            ("innocent pairs at moderate or above", rate(b["controls_at_moderate_or_above"]), ".01"),
            ("documented students at moderate or above", rate(b["students_at_moderate_or_above"]), ".70"),
            ("Cllr / after the best recalibration", f"{short(b['cllr'])} / {short(b['cllr_min'])}", ".30"),
            ("nearest candidate teacher is the documented one", rate(b["top1_teacher"]), ".80"),
            ("its provider is", rate(b["top1_provider"]), ".95"),
            ("... by always naming the commonest provider", rate(b["constant_provider"]), "to be beaten"),
        ],
    )  # fmt: skip


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
        (name, *(short(d[k]) for k in ("auc", "auc_human_data", "auc_with_null")),
         *(short(d[k]["rate"]) for k in ("false_positives_at_p05", "true_positives_at_p05")))
        for name, d in found if d["auc"] is not None
    ]  # fmt: skip
    head = ("statistic", "AUC", "human data", "with its null", "innocents at p .05", "students at p .05")
    return rows(head, body)


def probes(b: Report) -> str:
    """Separation by the number of probes that the student answered."""
    keys = ("auc", "tpr_at_fpr01", "tpr_at_fpr05")
    body = [(n, *(short(p[k]) for k in keys)) for n, p in b["by_probes"].items()]
    return rows(("probes", "AUC", "TPR at 1 %", "TPR at 5 %"), body)


TABLES: dict[str, Callable[[Report], str]] = {
    "overall": overall,
    "teachers": teachers,
    "detectors": detectors,
    "probes": probes,
}

if __name__ == "__main__":
    main()
