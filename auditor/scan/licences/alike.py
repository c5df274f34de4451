"""Whether two ids may mean one licence: the same, one without its version, a port, a family and its member.

CC-BY-SA-3.0 and CC-BY-SA-4.0 are two; CC-BY-SA without a version may be either. Leaves out whether they go
together: that is asked of each use (`on_use.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_VERSION = re.compile(r"-v?(\d+(?:\.\d+)*)(?=-|$)")
_PORT = re.compile(r"-(?:[a-z]{2}|igo)$")
# Words of a name that say nothing of the licence itself.
_SUFFIX = re.compile(
    r"-(?:only|or-later|no-invariants(?:-only|-or-later)?|invariants(?:-only|-or-later)?|rfn|no-rfn)(?=-|$)"
)


@cache
def parts(key: str) -> tuple[str, str]:
    """Return family and version of an id: ("cc-by-sa", "3.0"); version "" = not said."""
    name = key.lower().removeprefix("licenseref-").removeprefix("scancode-")
    name = _SUFFIX.sub("", name)
    if name == "public-domain":
        return "public-domain", ""
    if name.startswith("cc-"):
        name = _PORT.sub("", name) if _VERSION.search(name) else name
    found = _VERSION.search(name)
    if not found:
        return name, ""
    return name.replace(found.group(), "", 1), found.group(1)


def alike(one: str, other: str) -> bool:
    """Tell whether both may mean one licence."""
    if one == other:
        return True
    return _covers(parts(one), parts(other)) or _covers(parts(other), parts(one))


def _covers(wide: tuple[str, str], narrow: tuple[str, str]) -> bool:
    """Tell whether the first may be a looser name of the second."""
    family, version = wide
    if family == "public-domain":
        return narrow[0] in ("public-domain", "cc0", "pddl", "unlicense")
    if family == "cc":
        return narrow[0].startswith("cc") and (not version or narrow[1] == version)
    if family == "bsd":
        return narrow[0].startswith("bsd-")
    if family == "openrail":
        return "rail" in narrow[0]
    if family != narrow[0]:
        return False
    return not version or version == narrow[1]


def distinct(keys: Iterable[str]) -> tuple[str, ...]:
    """Return each licence once, by its narrowest name, in their order."""
    keys = tuple(dict.fromkeys(keys))
    return tuple(key for key in keys if not any(other != key and _narrower(other, key) for other in keys))


def _narrower(one: str, other: str) -> bool:
    """Tell whether the first says the same as the second, and more."""
    return _covers(parts(other), parts(one)) and not _covers(parts(one), parts(other))
