"""`audit terms`: what terms of service and licences say about using a model's outputs.

Leaves out scanning a dataset.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from auditor.cli.options import listed, option, shared
from auditor.cli.terminal import Terminal


@click.group(short_help="What terms and licences say about a model's outputs.")
def terms() -> None:
    """What terms of service, usage policies and licences say about using a model's outputs.

    By channel and date, per intended use, in our own words with the clause's number. Not legal advice.
    """


@terms.command("list", short_help="List the terms and licences on file.")
@option("--provider", metavar="NAME", help="Only of this provider (a part of its name will do).")
@option("--model", metavar="NAME", help="Only what holds for this model.")
@option("--channel", metavar="NAME", help="With --model: how it was asked, such as api, consumer, self_host.")
@option("--date", "when", metavar="DATE", help="With --model: when, as 2024-07-23, 2024-07 or 2024.")
@option("--host", metavar="NAME", help="With --model: the service that served it, such as openrouter.ai.")
@option("--kind", metavar="NAME", help="Only service_terms, aup, model_license or dataset_license.")
@option("--use", metavar="NAME", help="Show the verdict on this use, such as train_competing_llm.")
@listed
@shared
@click.pass_context
def list_(
    ctx: click.Context,
    /,
    provider: str | None,
    model: str | None,
    channel: str | None,
    when: str | None,
    host: str | None,
    kind: str | None,
    use: str | None,
    format: str,
) -> None:
    """List the terms and licences on file, or those that held for a model.

    With --model and --use, the verdict of all that held together is on stderr.
    """
    from auditor.scan.terms import load
    from auditor.scan.terms_list import chosen, row

    terminal = ctx.ensure_object(Terminal)
    found = chosen(load(), provider, kind, use, model, channel, when, host)
    for note in found.notes:
        terminal.say(note)
    terminal.rows([row(entry, use, format) for entry in found.entries], format)
    if found.verdict:
        terminal.say(f"Together: {found.verdict}.")


@terms.command("show", short_help="Show what an entry says of each use, and why.")
@click.argument("id", metavar="ID")
@listed
@shared
@click.pass_context
def show(ctx: click.Context, /, id: str, format: str) -> None:
    """Show the entry ID ('audit terms list' names all), or the one that a licence is called by.

    What it is, since when and for whom, and for each use verdict, reason, clause and confidence.
    """
    from auditor.scan.terms import STALE_AFTER, load
    from auditor.scan.terms_audit import stale
    from auditor.scan.terms_words import as_dict, in_words

    entry = load().get(id)
    terminal = ctx.ensure_object(Terminal)
    if entry in stale():
        terminal.warn(f"This was read on {entry.read}, more than {STALE_AFTER} days ago: read {entry.source}")
    if format == "json":
        return terminal.out(json.dumps(as_dict(entry), indent=2, ensure_ascii=False))
    terminal.out(in_words(entry))


@terms.command("check", short_help="Check the terms, and say which have to be read again.")
@click.argument("folder", metavar="[FOLDER]", required=False)
@option("--on", metavar="DATE", help="Day for the age of a reading.  [default: today]")
@listed
@shared
@click.pass_context
def check(ctx: click.Context, /, folder: str | None, on: str | None, format: str) -> int:
    """Check the terms in FOLDER, or the shipped ones with the known datasets, against schema and each other.

    Exit code: 0 sound, 1 problems. Readings older than 180 days are warned of.
    """
    from auditor.scan.terms import STALE_AFTER
    from auditor.scan.terms_audit import problems, stale

    terminal = ctx.ensure_object(Terminal)
    place = Path(folder) if folder else None
    found = problems(place)
    terminal.rows([{"problem": problem} for problem in found], format)
    old = [] if found else stale(place, on)
    if old:
        ids = ", ".join(entry.id for entry in old)
        age = f"more than {STALE_AFTER} days before {on or 'today'}"
        terminal.warn(f"{len(old)} entries were read {age}. Read again: {ids}")
    return 1 if found else 0
