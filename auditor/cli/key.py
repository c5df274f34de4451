"""`audit key`: make the key that signs verdicts, and show the half of it that others need.

Leaves out signing (`audit sign`). A passphrase is typed, or stands in AUDIT_KEY_PASSPHRASE; no option
takes it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import option, shared
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE = "AUDIT_KEY_PASSPHRASE"
FILE = "audit.key.pem"


@click.group(short_help="Make a key that signs verdicts, and show its public half.")
def key() -> None:
    """Make the Ed25519 key that signs verdicts ('audit sign', --sign), and show its public half.

    The other side needs the public half and, some other way than with the evidence, its fingerprint.
    """


@key.command(short_help="Make a key.")
@option("-o", "--output", metavar="FILE", default=FILE, show_default=True, help="The key file, a new one.")
@option("--no-passphrase", is_flag=True, help="Ask for no passphrase; whoever reads the file can sign.")
@shared
@click.pass_context
def new(ctx: click.Context, /, output: str, no_passphrase: bool) -> None:
    """Make a key in a new file that only its owner may read (PKCS #8 in PEM, mode 0600).

    A passphrase is asked for, or taken from AUDIT_KEY_PASSPHRASE; an empty one means none.
    """
    from auditor import keys

    made = keys.new(Path(output), "" if no_passphrase else _chosen(Path(output)))
    terminal = ctx.ensure_object(Terminal)
    terminal.say(f"Key written to {output}; keep it, and a copy of it, where nobody else can read it.")
    terminal.say(f"Fingerprint: {keys.fingerprint(made.public_key())}")
    terminal.out(keys.pem(made.public_key()))


@key.command(short_help="Show the public half of a key.")
@click.argument("file", metavar="FILE", default=FILE)
@shared
@click.pass_context
def show(ctx: click.Context, /, file: str) -> None:
    """Print the public half of the key in FILE, and on stderr its fingerprint."""
    from auditor import keys

    path = Path(file)
    public = opened(path).public_key() if keys.is_encrypted(path) else keys.public(path)
    terminal = ctx.ensure_object(Terminal)
    terminal.say(f"Fingerprint: {keys.fingerprint(public)}")
    terminal.out(keys.pem(public))


def opened(path: Path) -> Ed25519PrivateKey:
    """The private key in a file, with its passphrase where it has one."""
    from auditor import keys

    return keys.private(path, _known(path) if keys.is_encrypted(path) else "")


def _chosen(path: Path) -> str:
    """The passphrase of a new key: from the environment, else typed twice, else none."""
    from auditor.errors import AuditError

    if PASSPHRASE in os.environ:
        return os.environ[PASSPHRASE]
    if not sys.stdin.isatty():
        raise AuditError(
            f"A passphrase for {path} cannot be asked for here. Set {PASSPHRASE}, or say --no-passphrase."
        )
    return str(_typed("Passphrase (empty for none)", confirmation_prompt=True))


def _known(path: Path) -> str:
    """The passphrase of a key that has one: from the environment, else typed, else none."""
    if PASSPHRASE in os.environ:
        return os.environ[PASSPHRASE]
    return str(_typed(f"Passphrase of {path}")) if sys.stdin.isatty() else ""


def _typed(text: str, confirmation_prompt: bool = False) -> str:
    prompted = click.prompt(
        text,
        hide_input=True,
        default="",
        show_default=False,
        err=True,
        confirmation_prompt=confirmation_prompt,
    )
    return str(prompted)
