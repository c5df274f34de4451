"""`audit scan`: which licences and which providers' terms bind a dataset, for a stated use.

Exit code 0: nothing at or above --fail-on; 1: there is; 2: usage; 3: incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import EXTENSIONS, Words, destinations, option, refuse_overwriting, shared, written
from auditor.cli.progress import Bars
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.scan.result import ScanReport

FOUND = 1
NEVER = "never"
FAIL_ON = ("conflict", "cannot_tell", "allowed_with_conditions")
SCAN_EXTENSIONS = EXTENSIONS | {".sarif": "sarif", ".cdx.json": "cyclonedx", ".spdx.json": "spdx"}
FORMATS = tuple(dict.fromkeys((*SCAN_EXTENSIONS.values(), "training-summary")))


@click.command(short_help="Say which licences and terms bind a dataset, for a stated use.")
@click.argument("target", metavar="DATASET")
@option(
    "--use",
    "uses",
    multiple=True,
    type=Words("USE"),
    help="What the data is for, such as train_competing_llm; repeat it for several.  [default: every use]",
)
@option("--channel", metavar="NAME", help="How the generator was asked, such as api, consumer, self_host.")
@option("--date", "when", metavar="DATE", help="When the rows were made, as 2024-07-23, 2024-07 or 2024.")
@option("--host", metavar="NAME", help="The service that served the generator, such as openrouter.ai.")
@option("--sample", type=int, default=0, metavar="N", help="Rows of each file at most, 0 for all.")
@option(
    "--known", multiple=True, type=Words("INDEX"), help="Index of a known set, made by 'audit index build'."
)
@option(
    "--verify-generator",
    metavar="PANEL",
    help="Panel file ('audit panel import'): say whether the text of rows fits the generator they name.",
)
@option("--lineage", metavar="FILE", help="CSV or TOML of what is documented about the models of PANEL.")
@option("--ignore", metavar="FILE", help="Findings to leave out, each with a reason and a date.")
@option(
    "--fail-on",
    type=click.Choice([*FAIL_ON, NEVER]),
    default="conflict",
    show_default=True,
    help="Exit with 1 for this answer or a stricter one.",
)
@written(FORMATS)
@shared
@click.pass_context
def scan(
    ctx: click.Context, /, target: str, format: tuple[str, ...], output: tuple[str, ...], **given: Any
) -> None:
    """Say for a stated use what DATASET's licences, and the terms of whoever wrote its rows, allow.

    DATASET is a folder (a checkout from the hub, say), a file, or a quoted pattern: cards, licence files,
    metadata (dataset_infos.json, Croissant) and rows (JSON lines, JSON, CSV, Parquet, Arrow; also packed).
    Works offline. Not legal advice: every answer names the clause to read.

    The answers: allowed, allowed with conditions, cannot tell, conflict. The strictest chain decides.

    Exit code: 0 no answer at or above --fail-on, 1 one is, 2 usage, 3 incomplete.
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(format, output, SCAN_EXTENSIONS)
    refuse_overwriting(
        output,
        {
            "the dataset": target,
            "the ignore list": given["ignore"],
            "the panel": given["verify_generator"],
            "the lineage table": given["lineage"],
        },
    )
    fail_on = given.pop("fail_on")
    from auditor.scan import run
    from auditor.scan.answer import ANSWERS

    with Bars(terminal) as progress:
        report = run.run(run.ScanConfig(target, **given), progress)
    _show(report, places, terminal)
    if fail_on != NEVER and ANSWERS.index(run.strictest(report)) >= ANSWERS.index(fail_on):
        ctx.exit(FOUND)


def _show(report: ScanReport, places: list[tuple[str, str]], terminal: Terminal) -> None:
    """Write the report wherever it was asked for, and the answers on stderr when stdout does not say them."""
    from auditor.reports.scan import render
    from auditor.scan.report_data import as_data

    if ("text", "-") not in places:
        for answer in report.answers:
            terminal.say(f"{answer.use}: {answer.headline}")
    data = as_data(report)
    for format_, place in places:
        terminal.write(render(data, format_), place)
