"""`shared_rows`: the rows whose prompt is one of a panel's, by the generator that each names.

DuckDB joins the prompts of the rows with those of the panel, so that nothing is kept but rows that meet one;
of several answers to one prompt under one name, the first of its file. Leaves out rows that name two models
or none, and what the answers are worth (`auditor.scan.verify`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from auditor.overlap.statements import literal
from auditor.panel import normalised
from auditor.scan.finding import Evidence
from auditor.scan.models import canonical
from auditor.scan.rows.exchanges import Exchange, exchanges, narrowed, who
from auditor.scan.rows.files import DataFile
from auditor.scan.rows.look import connected
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.readers import Connection, Opened, open_file, source

LONGEST_ANSWER = 100_000
"""Characters of an answer that are kept."""
BLANK = r"[\s\v\pZ\x{85}\x{1c}-\x{1f}]+"
"""What Python's `str.split` splits at, for RE2."""


@dataclass(frozen=True)
class SharedRow:
    """The answer of one row to one prompt of the panel.

    Attributes
    ----------
    named : plain name of the model that the row names. prompt : index into the prompts that were asked for.
    at : where it stands; its excerpt is empty.
    """

    named: str
    prompt: int
    answer: str
    at: Evidence


def shared_rows(
    root: Path, files: Sequence[DataFile], prompts: Sequence[str], named: Iterable[str], sample: int
) -> tuple[SharedRow, ...]:
    """Return what the rows of some files share with a panel.

    Parameters
    ----------
    root, files, sample : as for `scan_rows`. prompts : of the panel. named : names, as findings write them.
    """
    wanted = pa.table({"named": pa.array(sorted(set(named)), pa.string())})
    keys = _keys(prompts)
    longest = max((len(k) for k in keys), default=0)
    table = pa.table({"key": pa.array(list(keys), pa.string()), "prompt": pa.array(list(keys.values()))})
    kept: dict[tuple[str, int], SharedRow] = {}
    with tempfile.TemporaryDirectory(prefix="audit-scan-") as folder, connected(Path(folder)) as con:
        con.register("audit_prompts", table)
        con.register("audit_named", wanted)
        # Called for names alone, each once, not for rows.
        con.create_function("canonical", canonical, ["VARCHAR"], "VARCHAR")
        for file in files:
            try:
                opened = open_file(con, root, file, sample, Path(folder))
                for row in _rows(con, opened, longest, sample):
                    kept.setdefault((row.named, row.prompt), row)
            except (Unreadable, duckdb.Error, pa.ArrowException, OSError, ValueError, KeyError):
                continue  # `scan_rows` reads the same file, and has said what is wrong with it.
    return tuple(kept.values())


def _keys(prompts: Sequence[str]) -> dict[str, int]:
    """Normalised prompt -> its place; an empty one, or one that no row can hold, is none."""
    keys: dict[str, int] = {}
    for place, prompt in enumerate(prompts):
        key = normalised(prompt)
        if key and "\0" not in key:
            keys.setdefault(key.encode("utf-8", "replace").decode(), place)
    return keys


def _rows(con: Connection, opened: Opened, longest: int, sample: int) -> Iterator[SharedRow]:
    """Return the rows of one file."""
    narrow = replace(opened, plan=narrowed(opened.plan))
    steps = who(narrow.plan, "j")
    for exchange in exchanges(narrow.plan, "j"):
        # A reader of ours gives its batches once, so each exchange opens the file again.
        rows = source(con, [narrow], sample).sql
        found = con.execute(_statement(exchange, rows, steps, longest))
        # Rows of this table are prompts that both have, no more than the panel has for each name.
        for named, prompt, answer, line, row in found.fetchall():
            yield SharedRow(named, prompt, answer, Evidence(opened.file.path, line, row, exchange.field))


def _statement(exchange: Exchange, rows: str, steps: Sequence[str], longest: int) -> str:
    """SQL of the first answer of each name to each prompt."""
    read = f"SELECT line, row, j, {exchange.prompt} AS asked, {exchange.answer} AS answer FROM {rows}"
    # White space and combining marks can make a prompt longer than its key, not many times as long.
    likely = f"SELECT * FROM ({read}) WHERE length(asked) <= {8 * longest + 64} AND trim(answer) != ''"
    key = f"trim(regexp_replace(nfc_normalize(asked), {literal(BLANK)}, ' ', 'g'))"
    joined = (
        f"SELECT line, row, j, answer, prompt FROM (SELECT *, {key} AS key FROM ({likely})) "
        "JOIN audit_prompts USING (key)"
    )
    if exchange.model is not None:
        told = f"SELECT *, {literal(exchange.model)} AS plain FROM ({joined})"
        alike = "plain AS named"
    else:
        told, alike = joined, "canonical(plain) AS named"
        for step in steps:
            told = f"SELECT *, {step} FROM ({told})"
    return (
        f"WITH told AS MATERIALIZED (SELECT line, row, answer, prompt, plain FROM ({told})), "
        f"names AS (SELECT plain, {alike} FROM (SELECT DISTINCT plain FROM told WHERE plain IS NOT NULL)) "
        f"SELECT named, prompt, arg_min(left(answer, {LONGEST_ANSWER}), row), arg_min(line, row), min(row) "
        "FROM told JOIN names USING (plain) SEMI JOIN audit_named USING (named) "
        "GROUP BY named, prompt ORDER BY named, prompt"
    )
