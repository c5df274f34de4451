"""`audit sign`: sign a run that is stored.

Leaves out making keys (`audit key`) and checking (`audit verify`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.key import opened
from auditor.cli.options import option, refuse_overwriting, shared
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

signing = option("--sign", metavar="FILE", help="Sign the run with this key ('audit key new').")


@click.command(short_help="Sign a run.")
@click.argument("evidence", metavar="EVIDENCE")
@click.argument("run", metavar="[RUN]", default="latest")
@option("--key", "file", metavar="FILE", required=True, help="The key ('audit key new').")
@option("-o", "--output", metavar="FILE", help="Write the envelope here, too (.dsse.json).")
@shared
@click.pass_context
def sign(ctx: click.Context, /, evidence: str, run: str, file: str, output: str | None) -> None:
    """Sign RUN (an id of 'audit list', or 'latest') in the file EVIDENCE.

    What is signed is an in-toto statement about the run's seal and its report, in a DSSE envelope. It is
    added to the evidence file.
    """
    refuse_overwriting([output or "-"], {"the evidence file": evidence, "the key": file})
    envelope = signed(ctx.ensure_object(Terminal), evidence, run, opened(Path(file)))
    if output:
        Path(output).write_text(envelope, encoding="utf-8")
        ctx.ensure_object(Terminal).say(f"Envelope written to {output}")


def key_of(file: str | None) -> Ed25519PrivateKey | None:
    """The key of --sign, opened before the work begins and not after; None = nothing is to be signed."""
    return opened(Path(file)) if file else None


def signed(terminal: Terminal, evidence: str, run: str, key: Ed25519PrivateKey) -> str:
    """Sign a stored run, and say by whom; the envelope."""
    from auditor import keys
    from auditor.signing import sign_run

    envelope = sign_run(Path(evidence), run, key)
    terminal.say(f"Signed by {keys.fingerprint(key.public_key())}")
    return envelope
