"""`Metadata`: licences, names and origins in JSON beside a dataset: `dataset_infos.json`, Croissant.

Croissant is JSON-LD (mlcommons.org/croissant 1.0 and 1.1, with its RAI vocabulary). Leaves out the card, the
rows, and what the declared values mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from auditor.scan.tree import Found

MOST_BYTES = 16 << 20
_LICENCES = ("license", "licence", "sdLicense", "sc:license", "schema:license", "dct:license")
_NAMES = ("name", "dataset_name", "builder_name", "alternateName", "identifier", "url", "@id", "homepage")
_BASES = ("isBasedOn", "sc:isBasedOn", "prov:wasDerivedFrom", "wasDerivedFrom", "source_datasets")
_ORIGINS = (
    *(
        "rai:dataCollection",
        "rai:dataCollectionType",
        "rai:machineAnnotationTools",
        "rai:dataImputationProtocol",
    ),
    *("rai:dataPreprocessingProtocol", "rai:dataAnnotationProtocol", "rai:annotationsPerItem", "description"),
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """One file.

    Attributes
    ----------
    licences : as declared, of the dataset, not of its description (`sdLicense`) where there is another.
    names : it goes by, with addresses. bases : sets it was made from. prose : what it says of its origin.
    broken : why it cannot be read, or "".
    """

    file: Found
    licences: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    broken: str = ""


def read(file: Found) -> Metadata:
    """Read a file; never raises for what it holds."""
    if file.size > MOST_BYTES:
        return Metadata(file, broken=f"it is larger than {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(file.path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        return Metadata(file, broken=f"it cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        return Metadata(file, broken=f"it is not JSON ({error})"[:200])
    if not isinstance(found, dict):
        return Metadata(file)
    tables = [found, *_configurations(found)]
    own = [v for t in tables for key in _LICENCES if key != "sdLicense" for v in _texts(t.get(key))]
    return Metadata(
        file,
        licences=_once(own or _texts(found.get("sdLicense"))),
        names=_once(v for t in tables for key in _NAMES for v in _texts(t.get(key))),
        bases=_once(v for t in tables for key in _BASES for v in _texts(t.get(key))),
        prose=_once(v for key in _ORIGINS for v in _texts(found.get(key))),
    )


def _configurations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of `dataset_infos.json`, one a configuration."""
    for value in list(found.values())[:1000]:
        if isinstance(value, dict) and {"features", "license", "citation", "splits"} & set(value):
            yield value


def _texts(value: Any, depth: int = 0) -> list[str]:
    """Return the texts of a text, a list, or an object with a name or an address."""
    if isinstance(value, str):
        return [value.strip()[:2000]] if value.strip() else []
    if depth > 3:
        return []
    if isinstance(value, list):
        return [t for v in value[:1000] for t in _texts(v, depth + 1)]
    if isinstance(value, dict):
        keys = ("name", "@value", "url", "@id", "identifier")
        return [t for key in keys if key in value for t in _texts(value[key], depth + 1)]
    return []


def _once(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
