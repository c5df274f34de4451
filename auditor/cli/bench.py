"""`audit bench`: how well it does on pairs of known history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.options import destinations, option, refuse_overwriting, shared, written
from auditor.cli.progress import Bars
from auditor.cli.reading import known_pairs, read_options, reading
from auditor.cli.terminal import Terminal


@click.command(short_help="Measure the quality of the answers on pairs of known history.")
@known_pairs
@option(
    "--probes",
    metavar="N",
    multiple=True,
    type=click.IntRange(min=5),
    default=(20, 50, 100, 400),
    show_default=True,
    help="Measure at this many probes, too.",
)
@option("--seed", type=int, default=0, show_default=True, help="Seed of the random choice of probes.")
@reading
@written(("text", "json", "html"))
@shared
@click.pass_context
def bench(
    ctx: click.Context, /, panel: str, relations: str, lineage: str | None, seed: int, **given: Any
) -> None:
    """Judge every pair of known history with the student's family held out, and count.

    Separation, error rates for each teacher and each detector, likelihood ratios, attribution, and what
    becomes of it all with fewer probes.
    """
    terminal = ctx.ensure_object(Terminal)
    places = destinations(given["format"], given["output"])
    refuse_overwriting(
        given["output"],
        {"the panel": panel, "the table of relations": relations, "the lineage table": lineage},
    )

    from auditor import bench as job
    from auditor.reports.bench import render

    with Bars(terminal) as progress:
        found = job.run(
            Path(panel), Path(relations), lineage, read_options(given), given["probes"], seed, progress
        )
    for format_, output in places:
        terminal.write(render(found, format_), output)
