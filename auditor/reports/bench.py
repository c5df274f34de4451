"""The result of `audit bench` as text, JSON or one offline HTML page with a Tippett plot.

Takes the result as a dataclass and knows it by its field names only. Leaves out counting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from auditor.reports.inert import one_line

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 280, 48, 36


def render(found: Any, format: str) -> str:
    """Render a `Bench` in one of the formats text, json, html."""
    bench: dict[str, Any] = asdict(found)
    if format == "json":
        return json.dumps({"schema_version": "bench-1.0", **bench}, indent=2, ensure_ascii=False) + "\n"
    return _html(bench) if format == "html" else _text(bench)


def headline(bench: Mapping[str, Any]) -> str:
    """The first line: what was judged, and the two rates that matter most."""
    controls, students = bench["controls_at_moderate_or_above"], bench["students_at_moderate_or_above"]
    return (
        f"{bench['panel']}: {_of(controls)} innocent pairs accused at moderate or above "
        f"(95 % upper bound {_number(controls['upper95'])}), {_of(students)} documented students found; "
        f"{bench['families']} families, each judged without itself."
    )


def tables(bench: Mapping[str, Any]) -> list[Table]:
    """Title, head and rows of every table."""
    whole: list[tuple[str, ...]] = [
        ("AUC", _number(bench["auc"])),
        ("students above 99 % of the innocents", _rate(bench["tpr_at_fpr01"])),
        ("students above 95 % of the innocents", _rate(bench["tpr_at_fpr05"])),
        ("nearest teacher is the documented one", _rate(bench["top1_teacher"])),
        ("its provider is the documented one", _rate(bench["top1_provider"])),
        ("... by always naming the commonest provider", _rate(bench["constant_provider"])),
        ("Cllr, and after the best recalibration", f"{_number(bench['cllr'])}, {_number(bench['cllr_min'])}"),
        ("innocent pairs at moderate or above", _rate(bench["controls_at_moderate_or_above"])),
        ("documented students at moderate or above", _rate(bench["students_at_moderate_or_above"])),
    ]
    label: list[tuple[str, ...]] = [
        (name, _number(part["auc"]), _rate(part["at_moderate_or_above"]))
        for name, part in bench["by_label"].items()
    ]
    teacher: list[tuple[str, ...]] = [
        (
            name,
            _number(part["auc"]),
            _rate(part["false_positives_at_p05"]),
            _rate(part["true_positives_at_p05"]),
            _of(part["controls_at_moderate_or_above"]),
            _of(part["students_at_moderate_or_above"]),
        )
        for name, part in bench["by_teacher"].items()
    ]
    detector: list[tuple[str, ...]] = [
        (
            name,
            _number(part["auc"]),
            _number(part["auc_human_data"]),
            _number(part["auc_with_null"]),
            _rate(part["false_positives_at_p05"]),
            _rate(part["true_positives_at_p05"]),
        )
        for name, part in bench["by_detector"].items()
    ]
    probes: list[tuple[str, ...]] = [
        (name, _number(part["auc"]), _number(part["tpr_at_fpr01"]), _number(part["tpr_at_fpr05"]))
        for name, part in bench["by_probes"].items()
    ]
    reasons: list[tuple[str, ...]] = [(name, str(n)) for name, n in bench["reasons"].items()]
    return [
        ("All clear pairs", ("measure", "value"), whole),
        ("By kind of innocent", ("label", "AUC", "at moderate or above"), label),
        (
            "By teacher (its own null, p at most .05; then the level)",
            ("teacher", "AUC", "innocents at .05", "students at .05", "accused", "found"),
            teacher,
        ),
        (
            "By statistic (without a null; with it; p at most .05)",
            ("statistic", "AUC", "human data", "with null", "innocents at .05", "students at .05"),
            detector,
        ),
        ("By number of probes", ("probes", "AUC", "TPR at 1 %", "TPR at 5 %"), probes),
        ("By reason of the answer", ("reason", "pairs"), reasons),
    ]


def _text(bench: Mapping[str, Any]) -> str:
    lines = [headline(bench)]
    for title, head, rows in tables(bench):
        cells = [head, *rows]
        widths = [max(len(one_line(row[i])) for row in cells) for i in range(len(head))]
        lines += ["", title]
        lines += [
            "  ".join(one_line(c).ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
    return "\n".join(lines) + "\n"


def _html(bench: Mapping[str, Any]) -> str:
    parts = [f"<h1>{escape(one_line(headline(bench)))}</h1>", tippett(bench["rows"])]
    for title, head, rows in tables(bench):
        heads = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(one_line(c))}</td>" for c in row) + "</tr>\n" for row in rows
        )
        parts.append(
            f'<h2>{escape(title)}</h2><div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead>'
            f"<tbody>\n{body}</tbody></table></div>"
        )
    title = escape(one_line(f"Bench of {bench['panel']}"))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_STYLE}</style></head><body><main>\n{chr(10).join(parts)}\n</main></body></html>\n"
    )


def tippett(rows: Sequence[Mapping[str, Any]]) -> str:
    """Tippett plot: share of pairs with at least this log10 LR, students and innocents."""
    kinds = {
        "documented students": [r["log10_lr"] for r in rows if r["label"] == "positive"],
        "innocent pairs": [r["log10_lr"] for r in rows if r["label"] != "positive"],
    }
    known = {name: sorted(v for v in values if v is not None) for name, values in kinds.items()}
    every = [v for values in known.values() for v in values]
    if not every:
        return "<p>No likelihood ratio could be calibrated: too few families.</p>"
    low, high = float(min(every)), float(max(every))
    span = max(high - low, 1e-9)

    def x(value: float) -> float:
        return LEFT + (value - low) / span * (WIDTH - LEFT - 8)

    def y(share: float) -> float:
        return 8 + (1 - share) * (HEIGHT - BOTTOM - 8)

    paths = []
    for number, (name, values) in enumerate(known.items()):
        points = [f"{x(v):.1f},{y(1 - i / len(values)):.1f}" for i, v in enumerate(values)]
        paths.append(
            f'<polyline class="k{number}" points="{" ".join(points)}"><title>{name}</title></polyline>'
        )
    marks = "".join(
        f'<text x="{x(v):.1f}" y="{HEIGHT - 14}" text-anchor="middle">{v}</text>'
        f'<line x1="{x(v):.1f}" x2="{x(v):.1f}" y1="8" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        for v in range(int(low), int(high) + 1)
    )
    drawing = "".join((marks, *paths))
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Tippett plot">{drawing}'
        f'<text x="4" y="16">1</text><text x="4" y="{HEIGHT - BOTTOM}">0</text></svg>'
        "<figcaption>Tippett plot: share of documented students (solid) and of innocent pairs (dashed) with "
        "at least this log10 likelihood ratio, families held out.</figcaption></figure>"
    )


def _number(value: float | None) -> str:
    return (
        "n/a" if value is None else f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.3f}"
    )


def _of(rate: Mapping[str, Any]) -> str:
    return f"{rate['n']} of {rate['of']}"


def _rate(rate: Mapping[str, Any]) -> str:
    if rate["rate"] is None:
        return "none"
    return f"{_of(rate)} = {_number(rate['rate'])} [{_number(rate['lower95'])}, {_number(rate['upper95'])}]"


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 64rem; margin: auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; }
tbody tr { border-top: 1px solid #8884; } svg { max-width: 100%; height: auto; }
polyline { fill: none; stroke: currentColor; stroke-width: 2; } .k1 { stroke-dasharray: 6 4; }
text { font-size: 12px; fill: currentColor; } .grid { stroke: #8885; } figure { margin: 1rem 0; }
"""
