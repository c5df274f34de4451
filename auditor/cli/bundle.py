"""`audit bundle`: everything about one run, to hand to the other side.

Leaves out checking it (`audit verify`).
"""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli.options import Words, option, refuse_overwriting, shared
from auditor.cli.terminal import Terminal


@click.command(short_help="Put a run with all that checks it into one file.")
@click.argument("evidence", metavar="EVIDENCE")
@click.argument("run", metavar="[RUN]", default="latest")
@option("-o", "--output", metavar="FILE", required=True, help="The bundle to write, such as case.zip.")
@option(
    "--redact",
    is_flag=True,
    help="Leave out prompts, answers and exhibits; hashes and measurements stay. Short answers can be "
    "guessed from their hashes.",
)
@option(
    "--public-key",
    "public_keys",
    multiple=True,
    type=Words("FILE"),
    help="A public key to put into it, for the reader's convenience.",
)
@shared
@click.pass_context
def bundle(
    ctx: click.Context, /, evidence: str, run: str, output: str, redact: bool, public_keys: tuple[str, ...]
) -> None:
    """Put RUN (an id of 'audit list', or 'latest') of the file EVIDENCE into one zip.

    In it: the report (HTML and JSON), the evidence of this run alone with the whole chain of seals, its
    signatures, schemas, versions, commands that check it, and a manifest. 'audit verify' opens it anywhere.
    """
    refuse_overwriting([output], {"the evidence file": evidence})

    from auditor import keys
    from auditor.bundle import Wanted, make

    wanted = Wanted(run, redact, tuple(keys.public(Path(file)) for file in public_keys))
    made = make(Path(evidence), wanted, Path(output))
    terminal = ctx.ensure_object(Terminal)
    texts = ", texts withheld" if redact else ""
    terminal.say(f"Run {made.run}: {len(made.files)} files{texts}: {output}")
