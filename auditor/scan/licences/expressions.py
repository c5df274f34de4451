"""Licence expressions ("MIT OR Apache-2.0"), with the ids of SPDX, of ScanCode and our own.

The `license-expression` library parses them. Leaves out names that are no ids (`declared.py`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from auditor.scan.licences import tables

LONGEST = 500
"""Characters of an expression; what is longer is not read."""
DEEPEST = 20
"""Brackets of an expression."""
_OURS = re.compile(r"LicenseRef-[A-Za-z0-9.\-]{1,80}", re.I)
# Written so on the hub, and no longer by SPDX; the library has the older ones.
_NEWER = ("OpenMDW-1.0", "OpenMDW-1.1")


@cache
def _by_lower() -> dict[str, str]:
    """Return every known id and its older names in lower case -> id."""
    from license_expression import get_spdx_licensing

    found: dict[str, str] = {}
    for key, symbol in get_spdx_licensing().known_symbols.items():
        if not symbol.is_exception:
            found.update({alias.lower(): key for alias in symbol.aliases})
    found |= {key.lower(): key for key in get_spdx_licensing().known_symbols}
    ours = {ref for ref in tables.references() if ref.lower() not in found}
    return found | {key.lower(): key for key in (*_NEWER, *ours)}


@cache
def _licensing() -> Any:
    """Return the library's parser with our ids."""
    from license_expression import LicenseSymbol as Symbol
    from license_expression import Licensing, get_spdx_licensing

    known = dict(get_spdx_licensing().known_symbols)
    for key in {*_by_lower().values()} - known.keys():
        known[key] = Symbol(key)
    return Licensing(known.values())


def spdx_id(name: str) -> str | None:
    """Return the id that a name is in another case or an older spelling; None = no known id."""
    return _by_lower().get(name.strip().lower())


def known(key: str) -> bool:
    """Tell whether a key is an id on a list, or a reference of our own making (`LicenseRef-cc-by-2.5-za`)."""
    return spdx_id(key) is not None or key.lower().startswith("licenseref-cc")


def tree(text: str) -> Any | None:
    """Return the expression as the library parses it; None = it is none."""
    import license_expression as library

    if len(text) > LONGEST or text.count("(") > DEEPEST:
        return None
    try:
        return _licensing().parse(text, validate=False)
    except (library.ExpressionError, library.ParseError, RecursionError):
        return None


def parsed(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the expression in normal form and its keys, unknown ones included; None = it is none."""
    found = tree(text)
    if found is None:
        return None
    return str(found.simplify().render()), tuple(_licensing().license_keys(found))


def key_of(leaf: Any) -> str:
    """Return the id of a leaf of a tree; of "A WITH B" that of A."""
    return str(getattr(leaf, "license_symbol", leaf).key)


def is_choice(branch: Any) -> bool:
    """Tell whether a branch of a tree lets one choose (OR)."""
    return isinstance(branch, _licensing().OR)


def joined(keys: tuple[str, ...], how: str = "AND") -> str:
    """Return an expression of several, each said once."""
    keys = tuple(dict.fromkeys(keys))
    return f" {how} ".join(f"({key})" if " " in key and len(keys) > 1 else key for key in keys)


def reference(key: str) -> bool:
    """Tell whether it looks like a LicenseRef."""
    return _OURS.fullmatch(key) is not None
