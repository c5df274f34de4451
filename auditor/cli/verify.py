"""`audit verify`: whether the evidence was touched, who signed it, does the verdict come out again.

Exit code 0: all that was asked is verified; 1: something differs; 2: usage; 3: not all could be checked; 4: a
signature is not valid; 5: a signature that was asked for is not there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Words, option, shared
from auditor.cli.progress import Bars
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.verify import Verification


@click.command(short_help="Check evidence: seals, signatures, the verdict again.")
@click.argument("evidence", metavar="EVIDENCE")
@click.argument("run", metavar="[RUN]", default="")
@option(
    "--public-key",
    "public_keys",
    multiple=True,
    type=Words("FILE"),
    help="A key that must have signed; get it, or its fingerprint, some other way than with the evidence.",
)
@option(
    "--seal",
    "seals",
    multiple=True,
    type=Words("HASH"),
    help="A seal noted earlier that must be in the chain.",
)
@option("--recompute", is_flag=True, help="Judge again from the answers, and compare every figure.")
@option(
    "--inputs",
    metavar="FOLDER",
    help="Files that a run read besides answers (scores, calibration, served logs), found by their SHA-256.",
)
@option(
    "-f", "--format", type=click.Choice(("text", "json")), default="text", show_default=True, help="Format."
)
@shared
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    evidence: str,
    run: str,
    public_keys: tuple[str, ...],
    seals: tuple[str, ...],
    recompute: bool,
    inputs: str | None,
    format: str,
) -> None:
    """Check the file EVIDENCE, or a bundle of 'audit bundle', for RUN (without it, every run).

    Always checked: that every row is as it was sealed, that no seal and no sealed run is gone, and that each
    teacher and detector that was tried is told of. Nothing is changed.

    Exit code: 0 all that was asked is verified, 1 something differs, 2 usage, 3 not all could be checked, 4 a
    signature is not valid, 5 a signature that was asked for is not there.
    """
    terminal = ctx.ensure_object(Terminal)
    if inputs and not Path(inputs).is_dir():
        raise click.UsageError(
            f"--inputs {inputs!r} is no folder. Give the folder with the files of the run."
        )
    for seal in seals:
        if len(seal) < 12 or set(seal.lower()) - set("0123456789abcdef"):
            raise click.UsageError(
                f"--seal {seal!r}: give at least the first 12 hexadecimal digits of a seal."
            )

    from auditor import keys
    from auditor.verify import Asked
    from auditor.verify.open import verify_any

    asked = Asked(
        run,
        tuple(keys.public(Path(file)) for file in public_keys),
        seals,
        recompute,
        Path(inputs) if inputs else None,
    )
    with Bars(terminal) as progress:
        found = verify_any(Path(evidence), asked, progress)
    terminal.out(json.dumps(found.as_data(), indent=2) if format == "json" else _text(found))
    ctx.exit(found.exit_code)


def _text(found: Verification) -> str:
    """The checks as lines, the outcome first."""
    lines = [found.headline, ""]
    for check in found.checks:
        about = f" of run {check.run}" if check.run else ""
        lines.append(f"{check.outcome.upper():<17} {check.name}{about}: {check.words}")
        lines += [f"{'':<17} - {detail}" for detail in check.details]
    return "\n".join(lines)
