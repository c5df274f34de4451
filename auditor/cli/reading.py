"""The options of verbs that read recorded answers: what a file does not say of itself.

Leaves out reading (`auditor.readers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.cli.options import Words, option

if TYPE_CHECKING:
    from auditor.readers import ReadOptions

F = TypeVar("F", bound=Callable[..., Any])


def reading(function: F) -> F:
    """Add the options that say how recorded answers are read."""
    for decorate in (
        option(
            "--match",
            type=click.Choice(("auto", "text", "id")),
            default="auto",
            show_default=True,
            help="Match prompts by their text, by their id, or by text where there is one.",
        ),
        option("--keep-going", is_flag=True, help="Leave out lines that cannot be read, and say how many."),
        option(
            "--column",
            multiple=True,
            type=Words("FIELD=COLUMN"),
            callback=_pairs,
            help="Which column holds a field, such as output=answer.",
        ),
        option("--encoding", metavar="NAME", help="Encoding of text files.  [default: UTF-8]"),
        option("--input-format", metavar="NAME", help="Format of the files.  [default: recognised]"),
        option("--prompts", metavar="FILE", help="Prompt texts, for recordings that carry only their ids."),
    ):
        function = decorate(function)
    return function


def known_pairs(function: F) -> F:
    """Add the options that name a panel and what is known about pairs of its models."""
    for decorate in (
        option("--lineage", metavar="FILE", help="As for 'audit compare'."),
        option(
            "--relations",
            metavar="FILE",
            required=True,
            help="CSV with the columns label (positive, negative, negative-wrong-teacher, "
            "negative-temporal), student_model, teacher_models (checkpoints separated by ';').",
        ),
        option("--panel", metavar="FILE", required=True, help="Answers of the models ('audit panel')."),
    ):
        function = decorate(function)
    return function


def read_options(given: Mapping[str, Any], model: str | None = None) -> ReadOptions:
    """Turn the options of `reading` into what readers take."""
    from auditor.readers import ReadOptions

    return ReadOptions(
        format=given["input_format"],
        columns=given["column"],
        model=model,
        encoding=given["encoding"],
        keep_going=given["keep_going"],
        prompts=Path(given["prompts"]) if given["prompts"] else None,
    )


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read each `field=column` of --column."""
    pairs = {}
    for value in values:
        field, sign, column = value.partition("=")
        if not (field and sign and column):
            raise click.BadParameter(f"{value!r} is not of the form field=column, such as output=answer.")
        pairs[field] = column
    return pairs
