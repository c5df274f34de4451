"""`audit index`: keep a teacher's corpus as signatures and keys, or as a sketch to hand on.

Leaves out comparing: `audit overlap LEFT index:FOLDER` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import listed, option, shared
from auditor.cli.progress import Bars
from auditor.cli.terminal import Terminal

if TYPE_CHECKING:
    from auditor.overlap.reading import Corpus


@click.group(short_help="Index a teacher's corpus, or make a sketch of it to hand on.")
def index() -> None:
    """Keep a teacher's corpus as signatures and keys, so that a second audit does not hash it again.

    `audit overlap LEFT index:FOLDER` takes it in the place of RIGHT.
    """


def columns(function: Any) -> Any:
    """Add the options that say how a corpus is read."""
    for decorate in (
        option("--keep-going", is_flag=True, help="Leave out lines that cannot be read."),
        option("--by", metavar="COLUMN", help="Column that names the teacher.  [default: recognised]"),
        option("--id", metavar="COLUMN", help="Column that names a document.  [default: recognised]"),
        option("--text", metavar="COLUMN", help="Column with the text.  [default: recognised]"),
    ):
        function = decorate(function)
    return function


@index.command(short_help="Make an index of a corpus.")
@click.argument("corpus", metavar="CORPUS")
@option("-o", "--output", metavar="FOLDER", required=True, help="The index to make, a new folder.")
@option(
    "--sketch",
    is_flag=True,
    help="Make it to hand on: no text, no paths. Figures from it are estimates.",
)
@option("--no-ids", is_flag=True, help="Leave out the documents' ids.")
@option(
    "--shingle",
    metavar="UNIT:N",
    default="words:5",
    show_default=True,
    help="What is compared: words:5, characters:8, bytes:8.",
)
@option(
    "--threshold",
    type=float,
    default=0.5,
    show_default=True,
    help="Jaccard similarity that keys are kept for; others are made when asked for.",
)
@option("--containment", is_flag=True, help="Also keep what `audit overlap --containment` needs.")
@columns
@shared
@click.pass_context
def build(ctx: click.Context, /, corpus: str, output: str, **given: Any) -> None:
    """Make an index of CORPUS: a file, a folder, a quoted pattern, or a table FILE.duckdb::TABLE.

    Texts are not copied: for exact counts the corpus must stay where it is. A sketch needs no texts;
    it can be tested for a text that somebody guesses (docs/overlap-at-scale.md).
    """
    from auditor.overlap.index import build as building

    settings = building.settings(
        given["shingle"], given["threshold"], given["containment"], given["sketch"], not given["no_ids"]
    )
    terminal = ctx.ensure_object(Terminal)
    with Bars(terminal) as progress:
        made = building.build(_corpus(corpus, given), Path(output), settings, progress)
    terminal.say(f"{made.documents:,} documents: {output}")


@index.command(short_help="Add a corpus to an index.")
@click.argument("folder", metavar="FOLDER")
@click.argument("corpus", metavar="CORPUS")
@columns
@shared
@click.pass_context
def add(ctx: click.Context, /, folder: str, corpus: str, **given: Any) -> None:
    """Add CORPUS to the index FOLDER as a part of its own.

    What was there stays as it is; a run that is killed loses its own part and nothing else.
    """
    from auditor.overlap.index import build as building

    terminal = ctx.ensure_object(Terminal)
    with Bars(terminal) as progress:
        made = building.add(_corpus(corpus, given), Path(folder), progress)
    terminal.say(f"{made.parts[-1].documents:,} documents added, {made.documents:,} in all: {folder}")


@index.command(short_help="List the parts of an index, and check them.")
@click.argument("folder", metavar="FOLDER")
@listed
@shared
@click.pass_context
def show(ctx: click.Context, /, folder: str, format: str) -> None:
    """List the parts of the index FOLDER, after checking every file of it.

    Exit code 2 when a part is damaged or missing; which one is said.
    """
    from auditor.overlap.index import manifest

    found = manifest.read(Path(folder))
    for part in found.parts:
        for name in part.sha256:
            manifest.checked(Path(folder), part, name)
    own = found.settings
    kind = "sketch" if own.sketch else "index"
    rows = [
        {
            "part": part.name,
            "kind": kind,
            "corpus": part.corpus,
            "documents": part.documents,
            "files": len(part.sources),
            "shingle": own.shingle,
            "minima": own.k,
            "containment": own.rate is not None,
            "created": part.created,
        }
        for part in found.parts
    ]
    ctx.ensure_object(Terminal).rows(rows, format)


def _corpus(name: str, given: dict[str, Any]) -> Corpus:
    import tempfile

    from auditor.overlap.columns import Wanted
    from auditor.overlap.reading import Corpus

    wanted = Wanted(given["text"], given["id"], given["by"])
    return Corpus(name, "right", wanted, given["keep_going"], Path(tempfile.gettempdir()))
