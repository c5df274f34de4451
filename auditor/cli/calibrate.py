"""`audit calibrate`: learn from pairs of known history what a score is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.options import option, refuse_overwriting, shared
from auditor.cli.progress import Bars
from auditor.cli.reading import known_pairs, read_options, reading
from auditor.cli.terminal import Terminal


@click.command(short_help="Make a calibration from pairs of known history.")
@known_pairs
@option("-o", "--output", metavar="FILE", required=True, help="The calibration to write, a JSON file.")
@option("--seed", type=int, default=0, show_default=True, help="Seed of the random choice of probes.")
@reading
@shared
@click.pass_context
def calibrate(
    ctx: click.Context,
    /,
    panel: str,
    relations: str,
    lineage: str | None,
    output: str,
    seed: int,
    **given: Any,
) -> None:
    """Measure pairs of known history, and write what 'audit compare --calibration' takes.

    The file holds one line a pair: names, family, label and scores on all probes and on fewer, no text. What
    it is worth, judged with families held out, is printed.
    """
    terminal = ctx.ensure_object(Terminal)
    refuse_overwriting(
        [output], {"the panel": panel, "the table of relations": relations, "the lineage table": lineage}
    )

    from auditor import calibrate as job
    from auditor import calibration_file

    with Bars(terminal) as progress:
        found, summary = job.calibrate(
            Path(panel), Path(relations), lineage, read_options(given), seed, progress
        )
    calibration_file.write(found, Path(output))
    terminal.out(summary)
    terminal.say(f"Calibration written to {output}")
