"""`audit collect`: ask a model a set of probes, and keep the answers in a file.

Exit code 0: every answer is there; 2: usage; 3: some are missing, what came is kept; 130: interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import option, shared
from auditor.cli.progress import Bars
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.collect import CollectConfig, Outcome


@click.command(short_help="Ask a model a set of probes, and keep the answers.")
@click.argument("model", metavar="MODEL")
@option(
    "--probes",
    metavar="SET",
    required=True,
    help="What to ask: a shipped set (quick, all, or a tag such as code), or a file: JSON lines, CSV or "
    "Parquet with a column 'prompt', or a panel.",
)
@option("-o", "--output", metavar="FILE", help="The file (JSON lines) to add answers to.")
@option(
    "--evidence",
    metavar="FILE",
    help="Instead of -o: add them to the file beside this evidence file, where 'audit compare' looks for "
    "them (audit.duckdb: audit.answers.jsonl).",
)
@option(
    "--samples",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Answers to each probe; more than one needs --temperature.",
)
@option(
    "--temperature",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="0 = the likeliest token each time.",
)
@option(
    "--max-tokens",
    type=click.IntRange(min=1),
    default=1024,
    show_default=True,
    help="Where an answer is cut off.",
)
@option(
    "--logprobs",
    type=click.IntRange(min=0),
    metavar="K",
    help="Keep log probabilities, with the K likeliest tokens at each position.",
)
@option("--seed", type=int, help="Sample k is asked for with seed + k.  [default: none is sent]")
@option("--system", metavar="TEXT", help="System message.  [default: none is sent]")
@option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    help="Requests under way at once.",
)
@option("--rate", type=click.IntRange(min=1), help="Most requests a minute.  [default: no limit]")
@option(
    "--timeout", type=click.IntRange(min=1), default=120, show_default=True, help="Seconds for one request."
)
@option(
    "--tries",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="Times a request is tried before it is given up.",
)
@option("--dry-run", is_flag=True, help="Print what would be asked, and stop.")
@shared
@click.pass_context
def collect(ctx: click.Context, /, **given: Any) -> None:
    """Ask MODEL every probe it has not answered yet, and add the answers to FILE.

    MODEL is 'openai:NAME@URL', for any server with OpenAI's chat interface, such as
    openai:llama-3@http://localhost:8000/v1, or a model on this disk: 'hf:FOLDER', 'hf:FILE.gguf', or
    'hf:ORGANISATION/NAME' from the local cache; '#NAME' at its end names it. A key is read from AUDIT_API_KEY
    or OPENAI_API_KEY, and never kept. What FILE holds is not asked again: after an interruption the same
    command goes on. Then: audit compare --student FILE ...

    Exit code: 0 every answer is there, 2 usage, 3 some are missing (what came is kept), 130 interrupted.
    """
    terminal = ctx.ensure_object(Terminal)
    config = _config(given)

    from auditor import collect as job

    if given["dry_run"]:
        return terminal.out(str(job.plan(config)))
    with Bars(terminal) as progress:
        outcome = job.run(config, progress)
    _say(outcome, config, terminal)


def _config(given: dict[str, Any]) -> CollectConfig:
    """Freeze what was asked."""
    from auditor.collect import CollectConfig
    from auditor.collected import beside
    from auditor.sources.live import Manners
    from auditor.sources.pacing import Patience
    from auditor.sources.responder import Decoding

    if bool(given["output"]) == bool(given["evidence"]):
        raise click.UsageError("Where to keep the answers? Give -o FILE or --evidence FILE, one of them.")
    if given["samples"] > 1 and given["temperature"] == 0:
        raise click.UsageError(
            f"--samples {given['samples']} at temperature 0 would be the same answer again and again. "
            "Add --temperature, such as 0.7."
        )
    return CollectConfig(
        model=given["model"],
        probes=given["probes"],
        output=given["output"] or beside(given["evidence"]),
        samples=given["samples"],
        decoding=Decoding(
            **{k: given[k] for k in ("temperature", "max_tokens", "logprobs", "seed", "system")}
        ),
        manners=Manners(
            given["concurrency"], given["rate"], given["timeout"], Patience(tries=given["tries"])
        ),
    )


def _say(outcome: Outcome, config: CollectConfig, terminal: Terminal) -> None:
    """Say in the end what there is."""
    held = outcome.held
    marked = ", ".join(
        f"{held.counts[name]} {words}"
        for name, words in (("truncated", "cut off by --max-tokens"), ("empty", "empty"))
        if held.counts[name]
    )
    new = f"{outcome.kept} new" if outcome.asked else "nothing was missing"
    terminal.say(
        f"{len(held.keys)} answers in {config.output} ({new})" + (f"; {marked}" if marked else "") + "."
    )
    for ability, reason in outcome.missing.items():
        terminal.say(f"The model's source lacks {ability}: {reason}", verbosity=1)
