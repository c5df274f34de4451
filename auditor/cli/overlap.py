"""`audit overlap`: which documents of one corpus have a near copy in another.

Exit code 0: no evidence at or above --fail-on; 1: there is; 2: usage; 3: incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Words, destinations, option, refuse_overwriting, shared, written
from auditor.cli.progress import Bars
from auditor.cli.sign import key_of, signed, signing
from auditor.cli.terminal import Terminal
from auditor.config import LEVELS, NEVER

if TYPE_CHECKING:
    from auditor.overlap.config import OverlapConfig
    from auditor.overlap.result import OverlapReport

EVIDENCE_FOUND = 1
DEVICES = ("auto", "cpu", "cuda")
ENGINES = ("local", "ray")


@click.command(short_help="Find near copies of a teacher's answers in a training corpus.")
@click.argument("left", metavar="LEFT")
@click.argument("right", metavar="RIGHT")
@option(
    "--reference",
    multiple=True,
    type=Words("CORPUS"),
    help="An independent corpus of LEFT's kind; LEFT is ranked among them.",
)
@option(
    "--threshold",
    type=float,
    default=0.5,
    show_default=True,
    help="Jaccard similarity of shingles from which two documents are near copies.",
)
@option(
    "--containment",
    type=float,
    metavar="SHARE",
    help="Also find documents of RIGHT of whose shingles a longer one of LEFT holds this share.",
)
@option(
    "--shingle",
    metavar="UNIT:N",
    default="words:5",
    show_default=True,
    help="What is compared: words:5, characters:8, bytes:8.",
)
@option("--text", metavar="COLUMN", help="Column with the text.  [default: recognised]")
@option("--right-text", metavar="COLUMN", help="The same in RIGHT, where it has another name.")
@option("--id", metavar="COLUMN", help="Column that names a document.  [default: recognised]")
@option("--right-id", metavar="COLUMN", help="The same in RIGHT, where it has another name.")
@option("--by", metavar="COLUMN", help="Column of RIGHT that names the teacher.  [default: recognised]")
@option("--source", metavar="COLUMN", help="Column of LEFT to count by.  [default: the file]")
@option("--pairs", metavar="FILE", help="Write all near copies to FILE: .parquet, .csv or .jsonl.")
@option("--evidence", metavar="FILE", default="audit.duckdb", show_default=True, help="The evidence file.")
@option("--spill", metavar="FOLDER", help="Where to keep what does not fit in memory, while it runs.")
@option(
    "--memory",
    metavar="SIZE",
    help="What keys may take, such as 4GiB; the rest goes to --spill.  [default: half of the machine's]",
)
@option(
    "--device",
    type=click.Choice(DEVICES),
    default="auto",
    show_default=True,
    help="What makes the signatures.",
)
@option(
    "--engine",
    type=click.Choice(ENGINES),
    default="local",
    show_default=True,
    help="Who reads and hashes: this process, or the workers of a Ray cluster.",
)
@option("--keep-going", is_flag=True, help="Leave out lines that cannot be read, and count them.")
@option(
    "--fail-on",
    type=click.Choice([*LEVELS, NEVER]),
    default="weak",
    show_default=True,
    help="Exit with 1 for evidence of this level or above.",
)
@signing
@written()
@shared
@click.pass_context
def overlap(ctx: click.Context, /, **given: Any) -> None:
    """Find the documents of LEFT that have a near copy in RIGHT, and count them exactly.

    LEFT is the student's side: a training set, or a model's outputs. RIGHT is the teacher's: a log of what it
    served. Each is a file (JSON lines, JSON, Parquet, CSV, TSV, plain text; also .gz, .zst), a folder, a
    quoted pattern, or a table FILE.duckdb::TABLE; RIGHT may be index:FOLDER, of `audit index`. Corpora
    larger than memory are read in parts.

    Near copies are evidence once LEFT has more of them than 20 independent corpora (--reference).

    Exit code: 0 no evidence at or above --fail-on, 1 evidence, 2 usage, 3 incomplete.
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(given["format"], given["output"])
    from auditor.overlap.config import OverlapConfig

    kept = {name: given[name] for name in OverlapConfig.__dataclass_fields__ if name in given}
    config = OverlapConfig(references=given["reference"], **kept)
    files = {"LEFT": config.left, "RIGHT": config.right, "the evidence file": config.evidence}
    files |= {"the key": given["sign"]} if given["sign"] else {}
    files |= {f"the reference {name!r}": name for name in config.references}
    refuse_overwriting(given["output"], files | {"the file of --pairs": config.pairs})
    if config.pairs:
        refuse_overwriting([config.pairs], files)
    key = key_of(given["sign"])
    with Bars(terminal) as progress:
        report = _run(config, progress)
    if key:
        signed(terminal, config.evidence, report.run.id, key)
    _show(report, places, config, terminal)
    if config.fails_on(report.weighed.level):
        ctx.exit(EVIDENCE_FOUND)


def _run(config: OverlapConfig, progress: Bars) -> OverlapReport:
    from auditor.overlap import run

    if config.engine == "ray":
        from auditor.overlap.on_ray import join_on_ray

        return run.run(config, progress, join_on_ray)
    return run.run(config, progress)


def _show(
    report: OverlapReport, places: list[tuple[str, str]], config: OverlapConfig, terminal: Terminal
) -> None:
    """Write the report wherever it was asked for, and the answer on stderr when stdout does not say it."""
    from dataclasses import asdict

    from auditor.reports.overlap import render

    if ("text", "-") not in places:
        terminal.say(report.headline)
    terminal.say(f"Evidence: run {report.run.id} in {config.evidence}")
    for format_, output in places:
        terminal.write(render(asdict(report), format_), output)
