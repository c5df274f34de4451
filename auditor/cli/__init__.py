"""The `audit` command: one file a verb; parses, calls, prints; computes nothing.

Here: the group of verbs, and what becomes of an error. A traceback reaches nobody who did not ask for
one with -vv. Leaves out the work: a verb imports it when it runs, so that `audit --help` is quick.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

import click
from click.core import ParameterSource

from auditor import clash
from auditor.cli.bench import bench
from auditor.cli.bundle import bundle
from auditor.cli.calibrate import calibrate
from auditor.cli.collect import collect
from auditor.cli.compare import compare
from auditor.cli.controls import controls
from auditor.cli.index import index
from auditor.cli.key import PASSPHRASE, key
from auditor.cli.list import list_
from auditor.cli.overlap import overlap
from auditor.cli.panel import panel
from auditor.cli.report import report
from auditor.cli.scan import scan
from auditor.cli.score import score
from auditor.cli.sign import sign
from auditor.cli.terminal import Terminal
from auditor.cli.terms import terms
from auditor.cli.verify import verify
from auditor.errors import AuditError, IncompleteError

INTERRUPTED = 130


class Audit(click.Group):
    """A group whose every error becomes one message and an exit code."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command line and exit; with `standalone_mode` off, let errors through."""
        terminal = Terminal()
        run: Callable[..., Any] = super().main

        def call() -> Any:
            clash.check()
            _warn_of_unknown_settings(self, terminal)
            return run(*args, standalone_mode=False, obj=terminal, **extra)

        return sys.exit(_guarded(call, terminal)) if standalone_mode else call()


def _warn_of_unknown_settings(group: click.Group, terminal: Terminal) -> None:
    """Say which AUDIT_... variables no option has: a misspelled one would be ignored in silence."""
    known = {PASSPHRASE, *_variables(group, "AUDIT")}
    verbs = tuple(f"AUDIT_{name.upper()}_" for name in group.commands)
    for name in sorted(set(os.environ) - known):
        if name.startswith(verbs):
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            terminal.warn(f"The environment variable {name} is no setting of this program{hint}")


def _variables(command: click.Command, prefix: str) -> Iterator[str]:
    """Environment variables of every option, as click names them."""
    if isinstance(command, click.Group):
        for name, verb in command.commands.items():
            yield from _variables(verb, f"{prefix}_{name.upper()}")
    yield from (f"{prefix}_{p.name.upper()}" for p in command.params if p.name)


def _guarded(call: Callable[[], Any], terminal: Terminal) -> int:
    """Call, and return the exit code: 2 usage, 3 incomplete, 130 interrupted."""
    try:
        result = call()
        return result if isinstance(result, int) else 0
    except Exception as error:
        code = _explain(error, terminal)
        if terminal.verbosity >= 2 and not isinstance(error, click.ClickException | click.Abort):
            traceback.print_exc()
        return code


def _explain(error: Exception, terminal: Terminal) -> int:
    """Print the one message of an error, and return its exit code."""
    match error:
        case click.ClickException():
            _with_origin(error).show()
            return AuditError.exit_code
        case click.Abort():
            terminal.fail("interrupted.")
            return INTERRUPTED
        case AuditError():
            terminal.fail(str(error))
            return error.exit_code
        case BrokenPipeError():
            terminal.silence()
            return 0
        case OSError():
            terminal.fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
            return IncompleteError.exit_code
        case _:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            terminal.fail(f"{what}\nThis is a defect; run with -vv for the traceback, and report it.")
            return IncompleteError.exit_code


def _with_origin(error: click.ClickException) -> click.ClickException:
    """Add to a bad value where it came from, when that is not the command line."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return error
    source = error.ctx.get_parameter_source(error.param.name or "")
    places = {
        ParameterSource.ENVIRONMENT: "the environment",
        ParameterSource.DEFAULT_MAP: "the settings file",
    }
    if source not in places:
        return error
    message = f"{error.message} It came from {places[source]}."
    return click.BadParameter(message, error.ctx, error.param)


@click.group(
    cls=Audit,
    context_settings={
        "auto_envvar_prefix": "AUDIT",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.version_option(package_name="distill-audit", message="%(prog)s %(version)s")
def main() -> None:
    """Judge whether a language model was distilled from another, with evidence both sides can check.

    A report goes to stdout, everything else to stderr. Any option can be set in the environment
    (AUDIT_COMPARE_SEED=7) or in audit.toml ([compare] seed = 7).
    """


for _verb in (
    compare,
    overlap,
    index,
    scan,
    terms,
    collect,
    score,
    panel,
    report,
    list_,
    verify,
    sign,
    bundle,
    key,
    calibrate,
    bench,
    controls,
):
    main.add_command(_verb)
