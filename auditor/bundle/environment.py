"""Versions of everything that the program was installed with, as a constraints file for pip."""

from __future__ import annotations

import platform
import re
from importlib import metadata

PROGRAM = "distill-audit"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def environment() -> str:
    """Lines `name==version` for the program and what it needs, directly or not, as far as installed."""
    found: dict[str, str] = {}
    waiting = [PROGRAM]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = about.version
        waiting += [match[0] for text in about.requires or () if (match := _NAME.match(text))]
    head = f"# Python {platform.python_version()} on {platform.system()} {platform.machine()}\n"
    return head + "".join(f"{name}=={found[name]}\n" for name in sorted(found))
