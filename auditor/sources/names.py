"""What a model on this disk is called: `hf:PLACE#NAME`, or after its folder.

Leaves out what is at the place (`checkpoint.py`).
"""

from __future__ import annotations

from pathlib import Path


def taken_apart(text: str) -> tuple[str, str]:
    """Place and name of "hf:PLACE#NAME"; the name is "" where none is given."""
    value = text.removeprefix("hf:").strip()
    if Path(value).expanduser().exists():
        return value, ""
    place, mark, name = value.rpartition("#")
    return (place, name) if mark else (value, "")


def called(text: str) -> str:
    """Name of the model "hf:PLACE#NAME", be it there or not; of an id on the hub, the id."""
    place, name = taken_apart(text)
    path = Path(place).expanduser()
    return name or (name_of(path) if path.exists() else place.partition("@")[0])


def name_of(path: Path) -> str:
    """What a folder or file is called; of a hub cache, OWNER/NAME.

    There a folder is models--OWNER--NAME/snapshots/REVISION.
    """
    whole = path.resolve()
    folder = whole.parent if whole.suffix == ".safetensors" and whole.stem == "model" else whole
    if folder.parent.name == "snapshots":
        return folder.parent.parent.name.removeprefix("models--").replace("--", "/")
    return folder.stem if folder.is_file() else folder.name or str(path)
