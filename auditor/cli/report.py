"""`audit report`: write a report again, from the evidence file alone."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import destinations, refuse_overwriting, shared, written
from auditor.cli.terminal import Terminal


@click.command(short_help="Write a report from the evidence file.")
@click.argument("evidence", metavar="EVIDENCE")
@click.argument("run", metavar="[RUN]", default="latest")
@written()
@shared
@click.pass_context
def report(
    ctx: click.Context, /, evidence: str, run: str, format: tuple[str, ...], output: tuple[str, ...]
) -> None:
    """Write the report of RUN (an id of 'audit list', or 'latest') in the file EVIDENCE.

    Several at once: -f html -o report.html -f json -o report.json
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(format, output)
    refuse_overwriting(output, {"the evidence file": evidence})

    from auditor.reports import render
    from auditor.store import read_report

    found = read_report(Path(evidence), run)
    for format_, place in places:
        terminal.write(render(found, format_), place)
