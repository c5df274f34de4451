"""The help texts in README.md; run as a program it writes them anew (`make readme`)."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from auditor.cli import main

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"(<!-- help:(?P<command>[a-z ]+) -->\n```text\n)(?P<text>.*?)(```\n)", re.DOTALL)
WIDTH = 100


def help_of(command: str) -> str:
    """What `COMMAND --help` prints."""
    arguments = [*command.split()[1:], "--help"]
    return CliRunner().invoke(main, arguments, prog_name="audit", terminal_width=WIDTH).stdout


def found(readme: str) -> dict[str, str]:
    """The help text README has for each command."""
    return {match["command"]: match["text"] for match in BLOCK.finditer(readme)}


def renewed(readme: str) -> str:
    """README with every help text as it is now."""
    return BLOCK.sub(lambda match: match[1] + help_of(match["command"]) + match[4], readme)


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
