"""The words that go into a bundle: how to check it, and the commands that do. Leaves out the report."""

from __future__ import annotations

import json

from auditor.report import Run

PROGRAM = "distill-audit"


def script(run: Run, redacted: bool) -> str:
    """Plain commands that check the bundle on another machine, in the folder that it lies in."""
    version = run.versions.get(PROGRAM, "")
    again = "" if redacted else " --recompute"
    # As JSON, because what was typed may hold a line end, after which it would be a command of this script.
    typed = json.dumps(run.command)
    return f"""#!/bin/sh
# Checks this case from nothing. Usage: sh verify.sh case.zip [audit verify's options]
# Add --public-key FILE with a key that you got some other way than with this bundle.
set -eu
bundle="$1"; shift
python3 -m venv case-check
case-check/bin/python -m pip install '{PROGRAM}=={_plain(version)}'  # environment.txt has the rest
case-check/bin/audit verify "$bundle"{again} "$@"
# The run itself was started with (files it read are named with their SHA-256 in report.json):
# {typed}
"""


def readme(run: Run, headline: str, redacted: bool) -> str:
    """What is in the bundle, and what a check of it can and cannot tell."""
    texts = (
        "Prompts, answers and exhibits are withheld; their hashes and all measurements are here. What\n"
        "rests on the texts cannot be computed again, and audit verify says so.\n"
        if redacted
        else "Prompts and answers are here as they were used; they may be under licences of their own.\n"
    )
    return f"""Case of distill-audit, run {run.id}
{headline}

{texts}
report.html       to read            report.json     the same for programs (schema/)
evidence.duckdb   what it rests on: any DuckDB client reads it
seals.json        the chain of seals of the file this run comes from
signatures/       DSSE envelopes, one a signature    public-key-*.pem  keys the maker of the bundle added
environment.txt   versions it was made with          verify.sh         commands that check it
manifest.json     SHA-256 of every file

Check:  audit verify BUNDLE [--public-key FILE] [--seal HASH] [--recompute]

A seal shows that rows were changed by someone who could not seal them again. Whoever has the original file
can. What ties the case to a person is a signature by a key that you know from elsewhere; what ties it to a
time is a seal that you noted then.
"""


def _plain(text: str) -> str:
    """A version without anything that a shell reads."""
    return "".join(c for c in text if c.isalnum() or c in ".+-_")
