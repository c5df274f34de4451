"""What verbs share: options with an environment variable, `--config`, `-q`, `-v`, `-f`/`-o`.

A value comes from the command line, else from AUDIT_*, else from audit.toml, else from the default;
click does the choosing. Leaves out what any one verb asks for.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from auditor import config
from auditor.cli.terminal import Terminal
from auditor.errors import AuditError

F = TypeVar("F", bound=Callable[..., Any])

option = partial(click.option, show_envvar=True)

EXTENSIONS = {".txt": "text", ".json": "json", ".md": "markdown", ".html": "html", ".htm": "html"}
FORMATS = tuple(dict.fromkeys(EXTENSIONS.values()))
# What a report of `audit compare` can be besides.
COMPARE_EXTENSIONS = EXTENSIONS | {".pdf": "pdf", ".cdx.json": "cyclonedx", ".spdx.json": "spdx"}
COMPARE_FORMATS = (*dict.fromkeys(COMPARE_EXTENSIONS.values()), "model-card", "ai-act", "training-summary")


class Words(click.types.StringParamType):
    """Text that may be given several times; in an environment variable, separated as a shell would."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the word that stands for a value in the help."""
        return self.metavar

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Split at blanks, except inside quotes: a model's name may hold a blank."""
        try:
            return shlex.split(rv)
        except ValueError as error:
            raise click.BadParameter(f"cannot be split into values: {error}.") from error


def shared(function: F) -> F:
    """Add the options every verb has."""
    for decorate in (
        option("-v", "--verbose", count=True, expose_value=False, callback=_verbose, help="Say more."),
        option(
            "-q", "--quiet", is_flag=True, expose_value=False, callback=_quiet, help="Only errors on stderr."
        ),
        click.option(
            "--config",
            metavar="FILE",
            envvar="AUDIT_CONFIG",
            show_envvar=True,
            is_eager=True,
            expose_value=False,
            callback=_read_config,
            help=f"Settings file.  [default: {config.FILE} in this folder, if any]",
        ),
    ):
        function = decorate(function)
    return function


def listed(function: F) -> F:
    """Add the `-f` of verbs that print a list."""
    add = option(
        "-f",
        "--format",
        type=click.Choice(("text", "json")),
        default="text",
        show_default=True,
        help="Format of the list.",
    )
    return add(function)


def written(formats: Sequence[str] = FORMATS) -> Callable[[F], F]:
    """Add `-f` and `-o`, which pair up in order (see `destinations`)."""

    def add(function: F) -> F:
        function = option(
            "-o",
            "--output",
            multiple=True,
            type=Words("FILE"),
            help="Write to FILE, '-' for stdout; repeat it for several. Goes with the -f at the same place.",
        )(function)
        return option(
            "-f",
            "--format",
            multiple=True,
            type=click.Choice(formats),
            help="Format of the report; without it, what the ending of FILE says, else text.",
        )(function)

    return add


def destinations(
    formats: Sequence[str], outputs: Sequence[str], extensions: Mapping[str, str] = EXTENSIONS
) -> list[tuple[str, str]]:
    """Pair `-f` with `-o`: (format, file) each, "-" being stdout; `extensions` : ending -> format."""
    if not outputs and len(formats) < 2:
        return [(formats[0] if formats else "text", "-")]
    if not formats:
        return [(_guess(output, extensions), output) for output in outputs]
    if len(formats) != len(outputs):
        raise click.UsageError(
            f"Each -f needs its own -o: got {len(formats)} of -f and {len(outputs)} of -o. "
            "Write them in pairs, '-o -' for stdout: -f html -o report.html -f json -o -"
        )
    for output in outputs:
        _check_folder(output)
    return list(zip(formats, outputs, strict=True))


def refuse_overwriting(outputs: Iterable[str], inputs: Mapping[str, str | None]) -> None:
    """Refuse to write a report over something the run reads or keeps; `inputs` is what it is -> its path."""
    for output in outputs:
        for what, path in inputs.items():
            if path and output != "-" and Path(output).resolve() == Path(path).resolve():
                raise click.UsageError(
                    f"Cannot write to {output!r}: it is {what}, which would be lost. Give -o another name."
                )


def _guess(output: str, extensions: Mapping[str, str]) -> str:
    """Tell the format from a file's ending."""
    _check_folder(output)
    if output == "-":
        return "text"
    name = Path(output).name.lower()
    ending = max((e for e in extensions if name.endswith(e)), key=len, default=Path(name).suffix)
    if ending not in extensions:
        raise click.UsageError(
            f"Cannot tell the format of {output!r} from its ending {ending!r}: "
            f"known are {', '.join(extensions)}. Say which with -f."
        )
    return extensions[ending]


def _check_folder(output: str) -> None:
    """Refuse a file that cannot be written before the work begins, not after."""
    if output == "-":
        return
    if Path(output).is_dir():
        raise click.UsageError(f"Cannot write to {output!r}: it is a folder. Give -o a file name.")
    if not Path(output).parent.is_dir():
        raise click.UsageError(
            f"Cannot write to {output!r}: there is no folder {str(Path(output).parent)!r}."
        )


def _terminal(ctx: click.Context) -> Terminal:
    """Return the one terminal of this call."""
    terminal: Terminal = ctx.ensure_object(Terminal)
    return terminal


def _quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    """Note `--quiet`."""
    _terminal(ctx).quiet |= value


def _verbose(ctx: click.Context, _: click.Parameter, value: int) -> None:
    """Note `-v`."""
    terminal = _terminal(ctx)
    terminal.verbosity = max(terminal.verbosity, value)


def _read_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Make this verb's table of the settings file its defaults."""
    if ctx.resilient_parsing:
        return
    path = Path(value) if value else config.find(Path())
    if path is None:
        return
    if not path.is_file():
        raise AuditError(f"There is no settings file {str(path)!r}. Check --config and AUDIT_CONFIG.")
    found: Any = config.read(path, _schema(ctx.find_root().command))
    for name in _verb(ctx):
        found = found.get(name, {})
    ctx.default_map = found


def _verb(ctx: click.Context) -> list[str]:
    """Return the words of the verb that runs, such as ["panel", "import"]."""
    return [*_verb(ctx.parent), ctx.info_name or ""] if ctx.parent else []


def _schema(command: click.Command) -> dict[str, Any]:
    """Derive from the verbs and their options what audit.toml may say."""
    if isinstance(command, click.Group):
        return {name: _schema(verb) for name, verb in command.commands.items()}
    return {
        max(p.opts, key=len).lstrip("-"): _kind(p)
        for p in command.params
        if isinstance(p, click.Option) and not p.is_eager
    }


def _kind(param: click.Option) -> type:
    """Tell the type a settings file must give an option."""
    if param.multiple:
        return list
    if param.is_flag:
        return bool
    return int if param.count or isinstance(param.type, click.types.IntParamType) else str
