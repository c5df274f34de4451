"""`audit list`: which runs an evidence file holds."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import listed, shared
from auditor.cli.terminal import Terminal


@click.command("list", short_help="List the runs in an evidence file.")
@click.argument("evidence", metavar="EVIDENCE")
@listed
@shared
@click.pass_context
def list_(ctx: click.Context, /, evidence: str, format: str) -> None:
    """List the runs in the file EVIDENCE, the latest last."""
    from auditor.store import list_runs

    rows = [
        {
            "run": run.id,
            "finished": run.finished,
            "student": run.student,
            "verdicts": dict(zip(run.teachers, run.levels, strict=True)),
        }
        for run in list_runs(Path(evidence))
    ]
    ctx.ensure_object(Terminal).rows(rows, format)
