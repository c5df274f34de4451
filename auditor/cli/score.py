"""`audit score`: record what a local model gives to texts of other models.

Exit code 0: every text is scored; 2: usage; 3: incomplete; 130: interrupted, what was scored is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Words, option, refuse_overwriting, shared
from auditor.cli.progress import Bars
from auditor.cli.reading import read_options, reading
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.score import ScoreConfig


# As in `detectors.scores` and `auditor.score_texts`, which --help does not load.
KINDS = ("neutral", "served", "held-out")


@click.command(short_help="Record how likely a local model finds given texts.")
@click.argument("model", metavar="MODEL")
@option("--panel", metavar="FILE", help="Answers of many models ('audit panel'); with --texts-of.")
@option(
    "--texts-of",
    multiple=True,
    type=Words("NAME"),
    help="Score the answers of this model of the panel; repeat it for several.",
)
@option(
    "--texts",
    metavar="FILE",
    help=(
        "Score texts that none of the models wrote: JSON lines, CSV or Parquet with a column 'text', and "
        "'prompt' if there is one."
    ),
)
@option(
    "--text-of",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="What the texts of --texts are: nobody's, the teacher's served log, or answers held out from it.",
)
@option("-o", "--output", metavar="FILE", required=True, help="The file (Parquet) to write, or to add to.")
@option("--base", is_flag=True, help="MODEL is a base model: prompts are put without a chat template.")
@option("--name", metavar="NAME", help="What to call MODEL in the file.  [default: its folder or id]")
@option(
    "--max-chars",
    type=click.IntRange(min=1),
    metavar="N",
    help="Score only the first N characters of each text.  [default: all of it]",
)
@option(
    "--probes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Score only answers to N of the panel's probes, the same N for every model.  [default: all]",
)
@option("--dry-run", is_flag=True, help="Print what would be scored, and stop.")
@reading
@shared
@click.pass_context
def score(ctx: click.Context, /, **given: Any) -> None:
    """Record the log-probability that MODEL gives to every token of given texts.

    MODEL is 'hf:FOLDER', 'hf:FILE.gguf' or 'hf:ORGANISATION/NAME' from the local cache; weights must be
    safetensors or GGUF, and nothing is downloaded. What FILE holds is not scored again: after an interruption
    the same command goes on. Needs: pip install 'distill-audit[models]'.

    Exit code: 0 every text is scored, 2 usage, 3 incomplete, 130 interrupted (what was scored is kept).
    """
    terminal = ctx.ensure_object(Terminal)
    config = _config(given)

    from auditor import score as job

    if given["dry_run"]:
        return terminal.out(str(job.plan(config)))
    with Bars(terminal) as progress:
        outcome = job.run(config, progress)
    n = len(outcome.file.everything.texts)
    new = f"{outcome.n_new} new" if outcome.n_new else "nothing was missing"
    terminal.say(f"{n} texts scored by {outcome.file.about['scorer']}: {config.output} ({new})")


def _config(given: dict[str, Any]) -> ScoreConfig:
    """Freeze what was asked."""
    from auditor.score import ScoreConfig

    if bool(given["panel"]) != bool(given["texts_of"]):
        raise click.UsageError(
            "--panel and --texts-of go together: the file, and which of its models' answers to score."
        )
    if not given["panel"] and not given["texts"]:
        raise click.UsageError("Nothing to score. Give --panel FILE --texts-of NAME, or --texts FILE.")
    if given["text_of"] != KINDS[0] and not given["texts"]:
        raise click.UsageError("--text-of says what the texts of --texts FILE are. Give that, too.")
    refuse_overwriting(
        [given["output"]],
        {"the panel": given["panel"], "the texts": given["texts"], "the prompts": given["prompts"]},
    )
    return ScoreConfig(
        model=given["model"],
        output=given["output"],
        panel=given["panel"],
        texts_of=tuple(given["texts_of"]),
        texts=given["texts"],
        text_of=given["text_of"],
        base=given["base"],
        name=given["name"] or "",
        max_chars=given["max_chars"],
        n_probes=given["probes"],
        options=read_options(given),
    )
