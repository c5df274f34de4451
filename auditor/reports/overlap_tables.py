"""The result of `audit overlap` as tables in the order of reading, each with what it means.

Takes the result as a mapping with the field names of its JSON. Leaves out layout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.reports.bench_tables import Table
from auditor.reports.numerals import exact_p
from auditor.reports.shares import share

Part = Mapping[str, Any]
Row = tuple[str, ...]
GROUPS_SHOWN, PAIRS_SHOWN = 25, 25
ROLES = {"left": "LEFT", "right": "RIGHT", "reference": "reference"}


def percent(part: int | None, whole: int | None) -> str:
    """A share as people read it: "2.3 %"."""
    if part is None or whole is None:
        return "n/a"
    if not part or not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.1f} %" if value >= 0.95 else f"{value:.2g} %" if value >= 0.001 else "below .001 %"


def similarity(value: float) -> str:
    """Jaccard similarity or containment with two decimals: ".83", "1"; never rounded up to 1."""
    return "1" if value >= 1 else f"{min(value, 0.99):.2f}".replace("0.", ".", 1)


def tables(found: Part) -> list[Table]:
    """Every table that has rows."""
    every = [corpora(found), chance(found), *groups(found), recall(found), pairs(found)]
    return [t for t in every if t.rows]


def corpora(found: Part) -> Table:
    """What was compared, and how much of it was matched."""
    rows: list[Row] = [
        (
            f"{ROLES[c['role']]}: {c['name']}",
            *(shown(c[k]) for k in ("documents", "distinct", "matched")),
            percent(c["matched"], c["documents"]),
            shown(c["contained"]),
            shown(c["explained"]),
            percent(c["explained"], c["shingles"]),
        )
        for c in found["corpora"]
    ]
    counts = (
        "Counts are exact: every pair that was looked at was counted again, shingle by shingle "
        f"({found['shingle']})."
        if found["estimated"] is None
        else f"Estimates from signatures of {found['estimated']} minima ({found['shingle']}): RIGHT is a "
        "sketch without texts, so nothing matched was counted exactly."
    )
    note = (
        f"{counts} Equal documents are looked at once and counted as often as they come. "
        "Shingles are a document's different ones, added up over documents; explained are those in the near "
        "copies; held are documents that hold enough of one of RIGHT."
    )
    head = (
        "corpus",
        "documents",
        "different",
        "matched",
        "share",
        "held",
        "shingles explained",
        "share of shingles",
    )
    return Table("corpora", "What was compared", note, head, rows)


def chance(found: Part) -> Table:
    """The left corpus among the references."""
    every = [c for c in found["corpora"] if c["role"] != "right"]
    of = found["weighed"]
    if len(every) < 2:
        return Table("chance", "What chance predicts", "", (), [])
    order = sorted(every, key=lambda c: -_share(c))
    rows: list[Row] = [
        (
            f"{ROLES[c['role']]}: {c['name']}",
            shown(c["matched"]),
            shown(c["documents"]),
            percent(c["matched"], c["documents"]),
        )
        for c in order[:GROUPS_SHOWN]
    ]
    note = (
        "Corpora that are said to be independent of RIGHT, held against it like LEFT. "
        f"Rank p {exact_p(of['p_rank'])}, its smallest possible value {exact_p(of['p_floor'])} with "
        f"{of['references']} references."
    )
    return Table("chance", "What chance predicts", note, ("corpus", "matched", "of", "share"), rows)


def groups(found: Part) -> list[Table]:
    """By teacher, then by source."""
    left = found["corpora"][0]
    teachers = [g for g in found["groups"] if g["kind"] == "teacher"]
    sources = [g for g in found["groups"] if g["kind"] == "source"]
    by_teacher: list[Row] = [
        (
            g["name"],
            shown(g["documents"]),
            shown(g["matched"]),
            percent(g["matched"], left["documents"]),
            percent(g["explained"], left["shingles"]),
        )
        for g in teachers[:GROUPS_SHOWN]
    ]
    by_source: list[Row] = [
        (
            g["name"],
            shown(g["documents"]),
            shown(g["matched"]),
            percent(g["matched"], g["documents"]),
            percent(g["explained"], g["shingles"]),
        )
        for g in (sources[:GROUPS_SHOWN] if len(sources) > 1 else ())
    ]
    note = "A document of LEFT that has near copies by several teachers counts for each." + _rest(teachers)
    return [
        Table(
            "teachers",
            "By teacher (or file) of RIGHT",
            note,
            (
                "teacher",
                "its documents",
                "documents of LEFT matched",
                "share of LEFT",
                "share of its shingles",
            ),
            by_teacher,
        ),
        Table(
            "sources",
            "By source of LEFT",
            _rest(sources).strip(),
            ("source", "documents", "matched", "share", "share of shingles"),
            by_source,
        ),
    ]


def recall(found: Part) -> Table:
    """How surely a pair was looked at."""
    rows: list[Row] = [
        (
            f"Jaccard similarity {similarity(r['at'])}"
            if r["kind"] == "jaccard"
            else f"{r['at']:.0f} shingles, {similarity(found['containment'])} of them in LEFT",
            share(r["probability"]) if r["probability"] < 0.9995 else "above .999",
        )
        for r in found["recalls"]
    ]
    note = (
        "What is below the threshold is not reported; what is above it may be missed with the rest of the "
        "probability."
    )
    return Table("recall", "How surely a pair is found", note, ("pair of", "found with probability"), rows)


def pairs(found: Part) -> Table:
    """The pairs that share most."""
    rows: list[Row] = [
        (
            p["left_id"],
            p["right_id"],
            p["teacher"],
            shown(p["shared"]),
            f"{shown(p['left_size'])} and {shown(p['right_size'])}",
            similarity(p["jaccard"]),
            similarity(p["left_in_right"]),
            similarity(p["right_in_left"]),
        )
        for p in found["pairs"][:PAIRS_SHOWN]
    ]
    note = f"{shown(found['n_pairs'])} in all; those that share most shingles are shown."
    head: Row = ("LEFT", "RIGHT", "teacher", "shingles shared", "of", "Jaccard", "of LEFT's", "of RIGHT's")
    if found["estimated"] is not None:
        note += (
            " All of it but LEFT's shingles is estimated; the standard error is that of Jaccard similarity."
        )
        head = (*head[:5], "Jaccard, estimated", *head[6:], "standard error")
        errors = (_error(p["jaccard"], found["estimated"]) for p in found["pairs"])
        rows = [(*row, error) for row, error in zip(rows, errors, strict=False)]
    return Table("pairs", "Near copies", note, head, rows)


def _error(jaccard: float, k: int) -> str:
    """Standard error of an estimate from k minima."""
    return f"{math.sqrt(jaccard * (1 - jaccard) / k):.3f}".replace("0.", ".", 1)


def _share(corpus: Part) -> float:
    return corpus["matched"] / corpus["documents"] if corpus["documents"] else 0.0


def _rest(rows: Sequence[Part]) -> str:
    more = len(rows) - GROUPS_SHOWN
    return f" The {more} with fewest matches are in the JSON report." if more > 0 else ""


def shown(value: int | None) -> str:
    """A count as people read it."""
    return "n/a" if value is None else f"{value:,}"
