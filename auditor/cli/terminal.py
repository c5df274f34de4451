"""`Terminal`: what goes to stdout, what to stderr, and when a progress bar is drawn.

The report is alone on stdout; everything else is on stderr. A reader who stops early (`| head`) is no
error. Leaves out the words of a report.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from auditor.errors import AuditError, IncompleteError

# A model's answer, or its name, must not drive the reader's terminal: escapes, C1 codes, bidi overrides.
# Bold and its end, which the text report uses on text that it has escaped itself, hide nothing and may pass.
_CONTROL = re.compile(
    r"\x1b(?!\[[01]m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)


class Terminal:
    """The two streams of one call of `audit`."""

    def __init__(self) -> None:
        self.quiet = False
        self.verbosity = 0

    def out(self, text: str) -> None:
        """Print the report, or a part of it, on stdout."""
        _print(sys.stdout, text)

    def say(self, text: str, verbosity: int = 0) -> None:
        """Print a line for the person at the terminal, unless told to be quiet."""
        if not self.quiet and self.verbosity >= verbosity:
            _print(sys.stderr, text)

    def warn(self, text: str) -> None:
        """Print something the user should know but which stops nothing."""
        self.say(f"Warning: {text}")

    def fail(self, text: str) -> None:
        """Print why the call ended, however quiet it was asked to be."""
        _print(sys.stderr, f"Error: {text}")

    def rows(self, rows: Sequence[Mapping[str, object]], format: str) -> None:
        """Print a list as a table or as JSON."""
        self.out(json.dumps(rows, indent=2, ensure_ascii=False) if format == "json" else table(rows))

    def _bytes(self, made: bytes) -> None:
        """Print a report that is no text; never on a terminal, which would obey what is in it."""
        if sys.stdout.isatty():
            raise AuditError("This format is no text and a terminal cannot show it. Name a file with -o.")
        try:
            sys.stdout.buffer.write(made)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence(sys.stdout)

    def silence(self) -> None:
        """Stop writing: whoever read it has left."""
        _silence(sys.stdout)

    def write(self, made: str | bytes, output: str) -> None:
        """Write a report to the file `output`, or to stdout when it is "-"."""
        if output == "-":
            return self.out(made) if isinstance(made, str) else self._bytes(made)
        partial = Path(f"{output}.partial")
        try:
            partial.write_bytes(made.encode() if isinstance(made, str) else made)
            partial.replace(output)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            raise IncompleteError(
                f"Could not write {output!r}: {error.strerror}. The run is in the evidence file; "
                "'audit report' writes it again."
            ) from error
        self.say(f"Report written to {output}")


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Align rows under their keys: two blanks between columns, so that `awk` and people can read it."""
    if not rows:
        return "none"
    cells = [[key.upper() for key in rows[0]], *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)
    return "\n".join(lines)


def _cell(value: object) -> str:
    """Write one value of a row; a missing one as "-"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {v}" for key, v in value.items()) or "-"
    return "-" if value is None or value == "" else str(value)


def _print(stream: TextIO, text: str) -> None:
    """Print a line; when the other end was closed, keep silent from then on."""
    if stream.isatty():
        text = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    try:
        print(text.rstrip("\n"), file=stream, flush=True)
    except BrokenPipeError:
        _silence(stream)
    except UnicodeEncodeError:
        print(text.rstrip("\n").encode(stream.encoding, "replace").decode(stream.encoding), file=stream)


def _silence(stream: TextIO) -> None:
    """Let what is still written go nowhere: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
