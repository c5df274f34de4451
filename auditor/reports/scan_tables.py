"""The facts of a scan as tables: licences as declared, who wrote the rows, files, rules, how it was made.

Takes the mapping that `ScanReport` is told as. Every cell is inert. Leaves out layout.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.reports.bench_tables import Row, Table
from auditor.reports.scan_findings import numbers, ordered
from auditor.reports.scan_words import (
    PLACES,
    Part,
    answer,
    count,
    given,
    name,
    percent,
    quoted,
    short,
    size,
    use,
)

SHOWN, PARTS_SHOWN = 100, 1000
FEW = 6
CONTRADICTORY = "LIC003"
ORDER = ("unreadable", "left out", "sampled", "read")


def tables(found: Part) -> list[Table]:
    """Every table that has rows, in the order of reading."""
    every = [parts(found), declared(found), generators(found), files(found), rules(found), facts(found)]
    return [t for t in every if t.rows]


def used(table: Table) -> Table:
    """The same without columns that are empty."""
    kept = [i for i in range(len(table.head)) if any(row[i] for row in table.rows)]
    head, *rows = (tuple(row[i] for i in kept) for row in (table.head, *table.rows))
    return table._replace(head=head, rows=rows)


def declared(found: Part) -> Table:
    """The licences, each where it stands."""
    rows: list[Row] = [
        (
            PLACES.get(d["place"]) or name(d["place"]),
            _where(d),
            quoted(d["text"], 120),
            name(d["licence"]) or "not known",
            "everything" if d["part"] == "." else name(d["part"]),
            "" if d["rows"] is None else count(d["rows"]),
        )
        for d in found["declared"][:SHOWN]
    ]
    if not rows:
        rows = [("nowhere", "", "", "no licence is declared", "", "")]
    head = ("declared in", "place", "as it stands there", "taken for", "holds for", "rows")
    note = "What the publisher says of the data. It cannot permit what the terms of a generator forbid."
    return used(Table("declared", "Licences as declared", note + _rest(found["declared"]), head, rows))


def contradictions(found: Part) -> list[str]:
    """What of the declared licences does not agree."""
    return [f"{number}: {short(f['message'])}" for number, f in ordered(found) if f["rule"] == CONTRADICTORY]


def generators(found: Part) -> Table:
    """Who wrote the rows, as far as it shows."""
    of = numbers(found)
    rows = [generator(g, of, "unknown model") for g in found["generators"][:SHOWN]]
    head = ("model", "provider", "rows", "share", "through the dataset", "confidence", "findings")
    return used(Table("generators", "Who wrote the rows", _who(found), head, rows))


def generator(g: Part, of: dict[str, str], unnamed: str) -> Row:
    """One model that wrote rows; `of` : fingerprint of a finding -> its number in the report."""
    return (
        name(g["name"]) or unnamed,
        name(g["provider"]) or "not known",
        count(g["rows"]),
        percent(g["share"]),
        name(g["through"]),
        name(g["confidence"]),
        ", ".join(of[f] for f in g["findings"] if f in of),
    )


def _who(found: Part) -> str:
    looked = f"{count(found['rows'])} looked at."
    if found["human"]:
        looked += " The card says that people wrote them, or the dataset is a known human one."
    if not found["generators"]:
        looked += " No sign of a model was found; that is no proof that people wrote them."
    return looked + _rest(found["generators"])


def untold(found: Part) -> float | None:
    """Share of rows of which nothing says who wrote them; None = not to be told from the counts."""
    shares = [g["share"] for g in found["generators"] if g["share"] is not None]
    told = sum(shares) + people(found)
    return 1 - told if shares and told <= 1 else None


def people(found: Part) -> float:
    """Share of rows of which a field says that they come from known sets by people."""
    return found["people"] / found["rows"] if found["rows"] else 0.0


def files(found: Part) -> Table:
    """What was read and what not, the latter first."""
    order = sorted(found["files"], key=lambda f: ORDER.index(f["status"]) if f["status"] in ORDER else -1)
    rows: list[Row] = [
        (
            name(f["path"]),
            name(f["format"]) or name(f["kind"]),
            size(f["size"]),
            "" if f["rows"] is None else f"{f['rows']:,}",
            name(f["status"]) if f["whole"] or f["status"] != "read" else "read in part",
            name(f["why"], 200),
        )
        for f in order[:SHOWN]
    ]
    unread = sum(f["status"] in ("unreadable", "left out") for f in found["files"])
    of = count(len(found["files"]), "file")
    note = f"{of}, {unread} not read. What was not read is no part of the answer."
    head = ("file", "taken for", "size", "rows", "read", "why not whole")
    return used(Table("files", "Files", note + _rest(found["files"]), head, rows))


def parts(found: Part) -> Table:
    """Several datasets in one folder, each with its answers."""
    rows: list[Row] = [
        (
            name(p["name"]),
            name(p["path"]),
            "; ".join(name(x) for x in p["licences"][:FEW]) or "none",
            "; ".join(name(x) for x in p["generators"][:FEW]),
            *(answer(code).lower() for code in p["answers"]),
        )
        for p in found["parts"][:PARTS_SHOWN]
    ]
    head = ("part", "folder", "licences", "models", *(use(a["use"]).lower() for a in found["answers"]))
    note = "Each by itself; the answers above are those of the strictest." + _rest(
        found["parts"], PARTS_SHOWN
    )
    return Table("parts", "Parts of the dataset", note, head, rows)


def rules(found: Part) -> Table:
    """The rules that were met, and what to do about each."""
    rows: list[Row] = [(short(r["id"]), short(r["title"]), short(r["help"], 600)) for r in found["rules"]]
    note = "Those alone that were met in this scan."
    return Table("rules", "What the findings mean", note, ("rule", "what was found", "why it matters"), rows)


def facts(found: Part) -> Table:
    """What was scanned, with what, by which knowledge."""
    rows: list[Row] = [
        ("scanned", name(found["target"], 400)),
        ("made", name(found["created"])),
        ("asked about", given(found)),
        ("rows of each file", f"{found['sample']:,} at most" if found["sample"] else "all"),
        ("distill-audit", name(found["package"])),
        ("knowledge base", name(found["knowledge"], 400)),
    ]
    return Table("facts", "How this report was made", "", ("what", "value"), rows)


def _where(declared: Part) -> str:
    line = f", line {declared['line']:,}" if declared["line"] is not None else ""
    return f"{name(declared['file'])}{line}"


def _rest(rows: Sequence[Part], shown: int = SHOWN) -> str:
    more = len(rows) - shown
    return f" {more:,} more are in the JSON report." if more > 0 else ""
