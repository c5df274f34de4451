"""`audit report`: write a report again, from the evidence file alone."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import (
    COMPARE_EXTENSIONS,
    COMPARE_FORMATS,
    FORMATS,
    destinations,
    refuse_overwriting,
    shared,
    written,
)
from auditor.cli.terminal import Terminal


@click.command(short_help="Write a report from the evidence file.")
@click.argument("evidence", metavar="EVIDENCE")
@click.argument("run", metavar="[RUN]", default="latest")
@written(COMPARE_FORMATS)
@shared
@click.pass_context
def report(
    ctx: click.Context, /, evidence: str, run: str, format: tuple[str, ...], output: tuple[str, ...]
) -> None:
    """Write the report of RUN (an id of 'audit list', or 'latest') in the file EVIDENCE.

    Several at once: -f html -o report.html -f cyclonedx -o model.cdx.json

    For machines: json, cyclonedx (1.7, ML-BOM), spdx (3.0.1). Drafts that a
    person completes: model-card, ai-act (EU AI Act, Annexes XI and XII),
    training-summary. A run of 'audit overlap' has text, json, markdown, html.
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(format, output, COMPARE_EXTENSIONS)
    refuse_overwriting(output, {"the evidence file": evidence})

    from auditor.store import is_overlap

    if is_overlap(Path(evidence), run):
        for format_, place in places:
            terminal.write(_overlap(Path(evidence), run, format_), place)
        return
    from auditor.reports import rendered
    from auditor.store import read_report

    found = read_report(Path(evidence), run)
    for format_, place in places:
        terminal.write(rendered(found, format_), place)


def _overlap(evidence: Path, run: str, format: str) -> str:
    """A report of `audit overlap`."""
    from dataclasses import asdict

    from auditor.reports.overlap import render
    from auditor.store import read_overlap

    if format not in FORMATS:
        raise click.UsageError(
            f"A run of 'audit overlap' cannot be written as {format!r}: allowed are {', '.join(FORMATS)}. "
            "It says nothing about one model."
        )
    return render(asdict(read_overlap(evidence, run)), format)
