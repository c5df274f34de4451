"""`path`: where a file that ships with the package lies, in a wheel or in a checkout.

Leaves out reading it. A wheel carries the folder `data` of the repository as `auditor/_data`.
"""

from __future__ import annotations

from pathlib import Path

from auditor.errors import AuditError

_PACKAGE = Path(__file__).resolve().parent


def folder() -> Path:
    """Return the folder of shipped files, or say that the installation is damaged."""
    places = (_PACKAGE / "_data", _PACKAGE.parent / "data")
    for place in places:
        if place.is_dir():
            return place
    raise AuditError(
        f"The shipped data is missing: neither {places[0]} nor {places[1]} is a folder. "
        "Install distill-audit again."
    )


def path(name: str) -> Path:
    """Return the path of the shipped file `name`, such as "schema/report.json"."""
    found = folder() / name
    if not found.exists():
        raise AuditError(
            f"The shipped file {name!r} is missing: there is nothing at {found}. Install distill-audit again."
        )
    return found
