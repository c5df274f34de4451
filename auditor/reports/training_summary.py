"""The section on synthetic data of the public summary of training content, as a draft in Markdown.

Source: Regulation (EU) 2024/1689, Article 53(1)(d), and section 2.5 of the Commission's template of 24 July
2025; the words are ours. Filled from evidence; what only a person can know is marked. Leaves out every other
section of the summary.
"""

from __future__ import annotations

from auditor.reports.bench_tables import Row, Table
from auditor.reports.markdown import bullets, inline, table
from auditor.reports.scan_findings import numbers, ordered
from auditor.reports.scan_tables import generator, untold, used
from auditor.reports.scan_words import LIMITS, Part, count, moment, name, percent, short

TODO = "TO COMPLETE"
SHOWN = 60
HEAD = (
    "model",
    "provider",
    "rows",
    "share",
    "through the dataset",
    "how sure",
    "findings",
    "on the EU market?",
    "link to its summary",
)


def render(found: Part) -> str:
    """Render as GitHub-flavoured Markdown."""
    title = inline(name(found["name"]))
    known = [g for g in found["generators"] if g["provider"] and g["name"]]
    others = [g for g in found["generators"] if not (g["provider"] and g["name"])]
    parts = [
        f"# Synthetic data in {title}",
        "**Draft** for section 2.5 of the public summary of training content (Regulation (EU) 2024/1689, "
        "Article 53(1)(d); template of 24 July 2025). Filled from what a scan found in one dataset. "
        f"{inline(LIMITS[0])}",
        f"Lines that begin with **{TODO}** are for a person: no file tells them. Take the words of the "
        "template that is in force.",
        "## The dataset",
        *_dataset(found),
        "## Is there synthetic data in it?",
        inline(_is_there(found)),
        _todo(
            "confirm. Rows that a model only cleaned, translated, labelled or enriched do not belong here: "
            "strike them."
        ),
        _todo(
            "say for each model below whether the rows were made by you, for you, or by somebody else who "
            "published them, and whether for distillation, for alignment, or for something else."
        ),
        "## Modality",
        "Text: the scan reads text alone.",
        _todo("add images, audio, video or other kinds, if the dataset has them."),
        "## Models that are known by name",
        *_models(known, found, "None was found."),
        "## Other models: own, not on the market, or not known",
        *_models(others, found, "None was found."),
        _todo(
            "name them where the publisher can be asked; for your own models, say what they were trained on."
        ),
        "## What is not known",
        bullets(_open(found)),
        _todo("ask the publisher, or say in the summary that this part of the data is of unknown origin."),
        "## How this draft was made",
        inline(
            f"distill-audit {name(found['package'])}, {moment(found['created'])}; "
            f"{short(found['knowledge'])}."
        ),
        bullets(LIMITS[1:4]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _todo(text: str) -> str:
    return f"**{TODO}**: {text}"


def _dataset(found: Part) -> list[str]:
    licences = "; ".join(dict.fromkeys(name(d["licence"] or d["text"]) for d in found["declared"][:SHOWN]))
    rows = [
        ("name", name(found["name"])),
        ("rows looked at", count(found["rows"])),
        ("rows of each file", f"{found['sample']:,} at most" if found["sample"] else "all"),
        ("licences as declared", licences or "none"),
    ]
    return [
        table(("what", "value"), rows),
        _todo("where the dataset is published, and when and for which model you used it."),
    ]


def _is_there(found: Part) -> str:
    """Yes where a sure sign is, else what there is instead; never no."""
    sure = [g for g in found["generators"] if g["confidence"] == "high"]
    if sure:
        counted = [g["share"] for g in sure if g["share"] is not None]
        of = f", up to {percent(min(1.0, sum(counted)))} of the rows" if counted else ""
        return f"Yes: {count(len(sure), 'model')} wrote rows, by a sure sign{of}."
    if found["generators"]:
        return "Perhaps: there are signs, none of them sure. See how sure each is."
    if found["human"]:
        return (
            "No sign was found, and the card or a list of known datasets says that people wrote it. That was "
            "not tested."
        )
    return (
        "Not known: no sign was found, and nothing says who wrote the rows. That is no proof that people did."
    )


def _models(generators: list[Part], found: Part, none: str) -> list[str]:
    if not generators:
        return [none]
    of = numbers(found)
    rows: list[Row] = [(*generator(g, of, "not named"), TODO, TODO) for g in generators[:SHOWN]]
    shown = used(Table("models", "", "", HEAD, rows))
    parts = [table(shown.head, shown.rows), *_behind(generators[:SHOWN], found)]
    more = len(generators) - SHOWN
    return [*parts, f"{more:,} more are in the JSON report."] if more > 0 else parts


def _behind(generators: list[Part], found: Part) -> list[str]:
    """The findings that the models rest on."""
    wanted = {f for g in generators for f in g["findings"]}
    told = [f"{number}: {short(f['message'])}" for number, f in ordered(found) if f["fingerprint"] in wanted]
    return [bullets(told)] if told else []


def _open(found: Part) -> list[str]:
    """What the scan could not tell."""
    told = []
    rest = untold(found)
    if rest:
        told.append(f"Of {percent(rest)} of the rows nothing says who wrote them.")
    unread = [f for f in found["files"] if f["status"] in ("unreadable", "left out")]
    if unread:
        told.append(f"Not read: {count(len(unread), 'file')}, such as {name(unread[0]['path'])}.")
    if found["sample"]:
        told.append(f"Of each file {found['sample']:,} rows at most were read: a rare model may be missed.")
    told += [short(note) for note in found["notes"]]
    return told or ["Nothing further; see the limits below."]
