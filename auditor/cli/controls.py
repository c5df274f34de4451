"""`audit controls`: train students on purpose, so that a report can say what would have been found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Words, option, shared
from auditor.cli.progress import Bars
from auditor.cli.reading import read_options, reading
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.controls import Plan


@click.command(short_help="Train students of a known share of a teacher's answers.")
@option(
    "--panel", metavar="FILE", required=True, help="Answers of the teacher and of others ('audit panel')."
)
@option("-t", "--teacher", metavar="NAME", required=True, help="The model of the panel that teaches.")
@option(
    "--base",
    metavar="MODEL",
    default="tiny",
    show_default=True,
    help="hf:DIR (LoRA), or tiny (from scratch).",
)
@option(
    "-o", "--output", metavar="FOLDER", required=True, help="Where to write; must not exist, or be empty."
)
@option("--mix", metavar="LIST", default="0,1,5,25,100", show_default=True, help="Per cent from the teacher.")
@option("--students", type=click.IntRange(min=1), default=2, show_default=True, help="How many of each.")
@option(
    "--other", multiple=True, type=Words("NAME"), help="Whose answers fill up.  [default: all unconnected]"
)
@option("--lineage", metavar="FILE", help="CSV or TOML: tells who is connected with the teacher.")
@option(
    "--epochs", type=click.FloatRange(min=0.01), default=1.0, show_default=True, help="Passes over documents."
)
@option(
    "--max-tokens", type=click.IntRange(min=1), default=200, show_default=True, help="Length of an answer."
)
@option("--seed", type=int, default=0, show_default=True, help="Seed of every random draw.")
@option("--dry-run", is_flag=True, help="Print what would be trained on what, and stop.")
@reading
@shared
@click.pass_context
def controls(ctx: click.Context, /, panel: str, output: str, lineage: str | None, **given: Any) -> None:
    """Train students on a teacher's recorded answers, and let them answer prompts that they were not taught.

    Half of the panel's prompts teach, the others are asked. Of a student's documents, the share --mix is the
    teacher's, the rest other models'; 0 makes innocents. Into FOLDER go checkpoints, and panel.parquet,
    lineage.csv and relations-SHARE.csv, with which 'audit bench' says how many were found.
    """
    terminal = ctx.ensure_object(Terminal)

    from auditor import control_run, controls, fitting, pupils
    from auditor import lineage as lineages
    from auditor.panel import assemble
    from auditor.readers import read

    shares = _shares(given["mix"])
    known = assemble([read(Path(panel), read_options(given))], match=given["match"])
    settings = controls.Settings(given["teacher"], shares, given["students"], seed=given["seed"])
    made = controls.plan(known, settings, given["other"], lineages.read(Path(lineage)) if lineage else None)
    terminal.say(_summary(made))
    if given["dry_run"]:
        return
    out = _folder(output)
    recipe = fitting.Recipe(epochs=given["epochs"], answer_tokens=given["max_tokens"])
    with Bars(terminal) as progress:
        progress.stage("Opening the base")
        students = pupils.open_base(given["base"], made.common, recipe, given["seed"], out)
        rows = control_run.run(made, known, students, out, progress)
    terminal.rows(rows, "text")
    terminal.say(f"Panel with the students: {out / 'panel.parquet'}")


def _shares(text: str) -> tuple[int, ...]:
    """Read the list of --mix."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(
            f"--mix must be whole per cents such as 0,5,25,100, got {text!r}."
        ) from error


def _summary(made: Plan) -> str:
    """Say what is trained on what."""
    return (
        f"{len(made.controls)} students of {made.settings.teacher}, {len(made.taught)} documents each "
        f"({', '.join(f'{share} %' for share in made.settings.shares)} the teacher's, the rest of "
        f"{len(made.others)} other models); {len(made.asked)} other prompts are asked"
    )


def _folder(output: str) -> Path:
    """Make the folder, unless something is in it."""
    out = Path(output)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise click.UsageError(f"Cannot write to {output!r}: it is there already. Give -o another name.")
    out.mkdir(parents=True, exist_ok=True)
    return out
