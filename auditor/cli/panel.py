"""`audit panel`: bring recorded answers into one file, and look into it.

Leaves out judging anything: `audit compare` takes the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import listed, option, refuse_overwriting, shared
from auditor.cli.reading import read_options, reading
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.panel import Panel


@click.group(short_help="Bring recorded answers together, and look at them.")
def panel() -> None:
    """Bring recorded answers of many models to the same prompts into one file, and look into it."""


@panel.command("import", short_help="Put recorded answers into one panel file.")
@click.argument("files", metavar="FILES...", nargs=-1, required=True)
@option(
    "-o", "--output", metavar="FILE", required=True, help="The panel file to write, such as panel.parquet."
)
@option("--model", metavar="NAME", help="Name of the model, where a file does not say it.")
@reading
@shared
@click.pass_context
def import_(
    ctx: click.Context, /, files: tuple[str, ...], output: str, model: str | None, **given: Any
) -> None:
    """Put the recorded answers in FILES (files or folders) into one panel file.

    Recognised are AlpacaEval, Arena-Hard, lm-evaluation-harness, Inspect, OpenAI batch, JSON lines, CSV
    and Parquet. What was left out or repaired is said on stderr.
    """
    terminal = ctx.ensure_object(Terminal)
    refuse_overwriting([output], {f"the recording {file!r}": file for file in files})

    from auditor.panel import assemble
    from auditor.readers import read_all

    recordings = read_all((Path(file) for file in files), read_options(given, model))
    made = assemble(recordings, match=given["match"])
    for note in made.notes:
        terminal.warn(note)
    made.write(Path(output))
    terminal.say(
        f"{len(made.subjects)} models, {len(made.probes)} probes, {len(made.responses)} answers: {output}"
    )


@panel.command("list", short_help="List the models of a panel.")
@click.argument("file", metavar="PANEL")
@option("--lineage", metavar="FILE", help="CSV of what is documented about the models; adds their role.")
@listed
@shared
@click.pass_context
def list_(ctx: click.Context, /, file: str, lineage: str | None, format: str) -> None:
    """List the models of the file PANEL: how many probes each answered, and its role if documented."""
    found = _read(file)
    coverage = found.coverage()
    roles = _roles(lineage) if lineage else {}
    rows = [
        {
            "model": name,
            "role": roles.get(name, ""),
            "answered": round(coverage[name] * len(found.probes)),
            "probes": len(found.probes),
            "coverage": f"{coverage[name]:.1%}" if format == "text" else coverage[name],
        }
        for name in found.subjects
    ]
    ctx.ensure_object(Terminal).rows(rows, format)


@panel.command("show", short_help="Show what a model answered.")
@click.argument("file", metavar="PANEL")
@click.argument("model", metavar="MODEL")
@option("--probe", "probes", metavar="ID", multiple=True, help="Only this probe.")
@shared
@click.pass_context
def show(ctx: click.Context, /, file: str, model: str, probes: tuple[str, ...]) -> None:
    """Show the prompts and what MODEL answered, first samples, from the file PANEL."""
    terminal = ctx.ensure_object(Terminal)
    view = _read(file).select([model], probes or None).view()
    for probe, answer in zip(view.probes, view.answers_of(0), strict=True):
        terminal.out(f"== {probe.id}\n{probe.prompt or probe.source}\n--\n{answer or '(no answer)'}\n\n")


def _read(file: str) -> Panel:
    """Read a panel file, or any file of recorded answers as one."""
    from auditor.panel import assemble
    from auditor.readers import read

    return assemble([read(Path(file))])


def _roles(file: str) -> dict[str, str]:
    """Read the role of each model in a lineage table."""
    from auditor import lineage

    return {model: row.role for model, row in lineage.read(Path(file)).rows.items()}
