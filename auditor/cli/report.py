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

    from auditor.store import is_overlap

    write = _overlap if is_overlap(Path(evidence), run) else _comparison
    for format_, place in places:
        terminal.write(write(Path(evidence), run, format_), place)


def _comparison(evidence: Path, run: str, format: str) -> str:
    """A report of `audit compare`."""
    from auditor.reports import render
    from auditor.store import read_report

    return render(read_report(evidence, run), format)


def _overlap(evidence: Path, run: str, format: str) -> str:
    """A report of `audit overlap`."""
    from dataclasses import asdict

    from auditor.reports.overlap import render
    from auditor.store import read_overlap

    return render(asdict(read_overlap(evidence, run)), format)
